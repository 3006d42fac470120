"""Keys, footer entries and palette hits, all made from the command table of the core."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, cast

from msgspec import Struct
from textual.binding import Binding
from textual.command import DiscoveryHit, Hit, Hits, Provider

from autod_tui.core.board import CheckpointView, WorkstreamView
from autod_tui.core.checkpoint import CheckpointState
from autod_tui.core.commands import COMMANDS, Command
from autod_tui.core.run import RunRecord, SessionRecord, TaskRecord
from autod_tui.core.workstream import ALIVE_STATES, WorkstreamState
from autod_tui.tui.run_scopes import RUN_SCOPES, run_suits
from autod_tui.tui.widgets.bars import Hint, key_word

if TYPE_CHECKING:
    from autod_tui.tui.app import AutodApp

BOARD_SCOPES = frozenset({"any", "workstream", "checkpoint"})

_RANKS = {
    **dict.fromkeys(("answer", "resolve", "attach", "up", "merge", "rollback", "new", "pm", "help", "quit"), 0),
    **dict.fromkeys(("check", "down"), 2),
    "palette": 3,
}
"""Which keys of the footer stay in sight in a narrow terminal: the low ones; 1 where none is named."""


class Selection(Struct, frozen=True):
    """What commands act on; None where nothing is selected."""

    workstream: WorkstreamView | None = None
    checkpoint: CheckpointView | None = None
    home: bool = True
    """True on the home screen, where workstreams come first."""
    run: RunRecord | None = None
    stage: str = ""
    """Stage of the run that tuning changes."""
    task: TaskRecord | None = None
    session: SessionRecord | None = None
    scopes: frozenset[str] = frozenset()
    """Scopes of the screen in which runs are looked at; empty elsewhere."""


def bindings(scopes: Iterable[str]) -> list[Binding]:
    """Return the key bindings of all commands in `scopes`; each runs `action_command(id)`."""
    wanted = frozenset(scopes)
    return [
        Binding(key, f"command('{entry.id}')", entry.title, show=entry.footer)
        for entry in COMMANDS
        if entry.scope in wanted
        for key in entry.keys
        if key != "ctrl+p"
    ]


def relevant(entry: Command, selection: Selection) -> bool:
    """Say whether the command makes sense for what is selected, so that footer and palette offer it."""
    if entry.scope == "workstream":
        return selection.workstream is not None and _suits_workstream(entry.id, selection.workstream)
    if entry.scope == "checkpoint":
        return selection.checkpoint is not None and _suits_checkpoint(entry.id, selection.checkpoint)
    if entry.scope in RUN_SCOPES:
        return entry.scope in selection.scopes and run_suits(entry.id, selection)
    return entry.scope == "any"


def _suits_workstream(id: str, view: WorkstreamView) -> bool:
    alive = view.record.state in ALIVE_STATES
    rules = {
        "attach": bool(view.record.pane),
        "type": bool(view.record.pane) and alive,
        "answer": bool(view.record.pane) and view.record.state is WorkstreamState.WAITING,
        "log": bool(view.record.pane),
        "send": bool(view.record.pane),
        "up": not alive,
        "down": alive or view.record.wanted,
        "remove": bool(view.record.worktree),
        "diff": bool(view.record.worktree),
    }
    return rules.get(id, True)


def _suits_checkpoint(id: str, view: CheckpointView) -> bool:
    record = view.record
    merged = record.state is CheckpointState.MERGED
    under_way = record.transaction is not None
    rules = {
        "check": not merged and not under_way,
        "merge": not merged and not (record.transaction and record.transaction.conflicts),
        "rollback": merged,
        "sync": merged,
        "resolve": bool(record.transaction and record.transaction.conflicts),
    }
    return rules.get(id, True)


def footer(selection: Selection) -> list[Hint]:
    """Return the keys that the footer shows, those for what is selected first."""
    shown = [entry for entry in COMMANDS if relevant(entry, selection) and _in_footer(entry, selection)]
    order = {"workstream": 0, "checkpoint": 1, "any": 2} if selection.home else {"checkpoint": 0, "any": 1}
    entries = sorted((entry for entry in shown if entry.scope in order), key=lambda entry: order[entry.scope])
    return [_hint(entry, selection) for entry in entries]


def _hint(entry: Command, selection: Selection) -> Hint:
    title = "Home" if entry.id == "pm" and not selection.home else entry.title
    return Hint(key_word(entry.keys[0]), title, f"command('{entry.id}')", rank=_RANKS.get(entry.id, 1))


def _in_footer(entry: Command, selection: Selection) -> bool:
    if not selection.home and entry.scope == "checkpoint":
        return True
    first = selection.workstream is not None and selection.workstream.record.state is WorkstreamState.PLANNED
    return bool(entry.keys) and (entry.footer or entry.id == "resolve" or (first and entry.id == "up_all"))


def conflict_commands() -> list[Command]:
    """Return the commands of the conflict view."""
    return [entry for entry in COMMANDS if entry.scope == "conflict"]


class CommandProvider(Provider):
    """Offers every command of the table that suits the present selection."""

    async def discover(self) -> Hits:
        """Yield all commands before anything is typed."""
        for entry in self._entries():
            yield DiscoveryHit(_title(entry), partial(self._run, entry.id), help=entry.help)

    async def search(self, query: str) -> Hits:
        """Yield the commands whose title matches, and after them those whose help holds the query."""
        matcher, words = self.matcher(query), query.strip().lower()
        for entry in self._entries():
            score = max(matcher.match(entry.title), 0.01 if words in entry.help.lower() else 0.0)
            if score > 0:
                yield Hit(score, _title(entry), partial(self._run, entry.id), help=entry.help)

    def _entries(self) -> Sequence[Command]:
        selection = cast("AutodApp", self.app).selection()
        return [entry for entry in COMMANDS if relevant(entry, selection) and entry.id != "palette"]

    def _run(self, id: str) -> None:
        cast("AutodApp", self.app).run_command(id)


def _title(entry: Command) -> str:
    return f"{entry.title}  ({key_word(entry.keys[0])})" if entry.keys else entry.title
