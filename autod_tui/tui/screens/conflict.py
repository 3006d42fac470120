"""The conflicts of a merge under way: the files, both sides, and the ways out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container

from autod_tui.core.amounts import count
from autod_tui.core.board import CheckpointView
from autod_tui.core.desk import ConflictSides, Update
from autod_tui.core.errors import AutodError
from autod_tui.core.requests import Abandon, AnyRequest, LeaveOut, PrepareEdit, Resolve
from autod_tui.core.workstream import WorkstreamRecord, WorkstreamState
from autod_tui.tui.clashes import Clash
from autod_tui.tui.commands import bindings, conflict_commands
from autod_tui.tui.foreground import SuspendNotSupported, editor, run_foreground
from autod_tui.tui.jumps import show_pane
from autod_tui.tui.screens.base import BoardWatcher, Page, titled
from autod_tui.tui.screens.dialogs import Confirm, text_source
from autod_tui.tui.text import Row, row, shorten
from autod_tui.tui.widgets.bars import Hint
from autod_tui.tui.widgets.lines import LineView
from autod_tui.tui.widgets.sides import BEFORE, first_difference, places, side_rows
from autod_tui.tui.words import WORKSTREAM
from autod_tui.tui.workers import start

if TYPE_CHECKING:
    from autod_tui.tui.screens.merge import MergeScreen


class FileList(LineView, inherit_bindings=False):
    """The conflicting files; letters are left to the commands."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "move(1)", show=False),
        Binding("up", "move(-1)", show=False),
    ]


class ConflictScreen(Page, BoardWatcher):
    """Settles the conflicts of one step, file by file."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings({"conflict"}),
        Binding("tab", "app.focus_next", show=False),
        Binding("n", "clash(1)", show=False),
        Binding("N", "clash(-1)", show=False),
    ]

    def __init__(self, checkpoint: str, go_on: Callable[..., MergeScreen]) -> None:
        """Show what the merge of `checkpoint` waits for; `go_on` makes the screen that follows it afterwards."""
        super().__init__()
        self.checkpoint = checkpoint
        self._go_on = go_on
        self.sides: Sequence[ConflictSides] = ()
        self._paths: tuple[str, ...] = ()
        self._busy = ""
        self._follower: MergeScreen | None = None
        self._given_up = False
        self._places: dict[str, list[Clash]] = {}
        """Where each file clashes."""
        self._at = 0
        """Which of them is looked at."""

    def body(self) -> ComposeResult:
        """Files above, the two sides below."""
        yield FileList(id="files", classes="panel")
        with Container(id="sides"):
            yield LineView(id="ours", classes="panel side")
            yield LineView(id="theirs", classes="panel side")

    def on_mount(self) -> None:
        """Read the sides."""
        super().on_mount()
        self.query_one("#files").focus()
        self._take_paths()

    def view(self) -> CheckpointView | None:
        """Return the checkpoint as it is now."""
        board = self.autod.board
        return board.checkpoint(self.checkpoint) if board else None

    def helper(self) -> WorkstreamRecord | None:
        """Return the agent that was handed the conflicts, if there is one."""
        view = self.view()
        return view.helper if view else None

    def board_changed(self, update: Update) -> None:
        """Follow the files still open."""
        self._take_paths()
        self._leave_when_settled()

    def _take_paths(self) -> None:
        view = self.view()
        transaction = view.record.transaction if view else None
        paths = tuple(conflict.path for conflict in transaction.conflicts) if transaction else ()
        step = transaction.at_step if transaction else ""
        titled(
            self.query_one("#files"),
            f"{self.checkpoint}: {step} conflicts in {count(len(paths), 'file')}",
            self._busy or _helped(self.helper()),
        )
        self.show_hints()
        if paths != self._paths:
            self._paths = paths
            start(self, self._load, group="sides", exclusive=True)
        self.query_one("#files", LineView).show_rows(self._file_rows)

    async def _load(self) -> None:
        try:
            self.sides = await self.autod.desk.conflict_sides(self.checkpoint) if self._paths else ()
        except AutodError as error:
            self.autod.say(str(error), failed=True)
        self._places = await asyncio.to_thread(places, self.sides)
        self.query_one("#files", LineView).show_rows(self._file_rows)
        self._show_sides()

    def _file_rows(self, width: int) -> list[Row]:
        if not self._paths:
            return [row((" every conflict is resolved, the merge goes on", "ok"))]
        kinds = {side.path: side.kind for side in self.sides}
        return [
            row((f" {shorten(path, max(width - 18, 8))}  ", ""), (kinds.get(path, ""), "dim"), key=path)
            for path in self._paths
        ]

    def _show_sides(self) -> None:
        path = self.query_one("#files", LineView).selected
        self._at = 0
        side = next((entry for entry in self.sides if entry.path == path), None)
        view = self.view()
        transaction = view.record.transaction if view else None
        step = transaction.at_step if transaction else "theirs"
        titled(self.query_one("#theirs"), f"theirs: {step}", "t takes it")
        for name, own, other in (("ours", "ours", "theirs"), ("theirs", "theirs", "ours")):
            rows = side_rows(getattr(side, own), getattr(side, other)) if side else []
            self.query_one(f"#{name}", LineView).show_rows(lambda width, rows=rows: rows)  # type: ignore[misc]
        self._show_clash()
        self.show_hints()

    def _clashes(self) -> list[Clash]:
        return self._places.get(self.query_one("#files", LineView).selected, [])

    def action_clash(self, by: int) -> None:
        """Go to the next place in the file where the sides clash, or to the one before."""
        self._at = (self._at + by) % max(len(self._clashes()), 1)
        self._show_clash()

    def _show_clash(self) -> None:
        """Bring the place that is looked at into sight on both sides; without any, the first difference."""
        found = self._clashes()
        which = f"clash {self._at + 1} of {len(found)} (n)  " if len(found) > 1 else ""
        titled(self.query_one("#ours"), "ours: already merged", f"{which}o takes it")
        for name in ("ours", "theirs"):
            view = self.query_one(f"#{name}", LineView)
            line = getattr(found[self._at], name) if found else first_difference(view.rows)
            view.call_after_refresh(view.scroll_to, y=max(line - BEFORE, 0), animate=False)

    @on(LineView.Highlighted, "#files")
    def _selected(self) -> None:
        self._show_sides()

    def hints(self) -> list[Hint]:
        """Return the commands of the conflict scope."""
        idle = "hand_over" if self.helper() else "helper"  # handed over once, its pane is what one wants
        offered = [entry for entry in conflict_commands() if entry.id != idle]
        own = [Hint(entry.keys[0], entry.title, f"command('{entry.id}')") for entry in offered]
        more = [Hint("n", "Next clash", "clash(1)")] if len(self._clashes()) > 1 else []
        return [*own, *more, Hint("escape", "Back", "leave")]

    def action_command(self, id: str) -> None:
        """Carry out one of the ways to settle a conflict."""
        path = self.query_one("#files", LineView).selected
        paths = (path,) if path else ()
        if id in ("ours", "theirs") and paths:
            self._start(Resolve(checkpoint=self.checkpoint, how=id, paths=paths), f"taking {id}")
        elif id == "edit" and paths:
            start(self, partial(self._edit, path), exclusive=True, group="deed")
        elif id == "hand_over":
            self._start(Resolve(checkpoint=self.checkpoint, how="agent"), "starting an agent")
        elif id == "helper":
            start(self, self._show_helper, exclusive=True, group="deed")
        elif id in ("leave_out", "abandon"):
            start(self, partial(self._give_up, id), exclusive=True, group="deed")
        elif id not in ("ours", "theirs", "edit"):
            super().action_command(id)

    async def _show_helper(self) -> None:
        if helper := self.helper():
            await show_pane(self.autod, helper.name)
        else:
            self.autod.say("no agent was handed these conflicts; a starts one")

    def _start(self, request: AnyRequest, word: str) -> None:
        start(self.app, partial(self._deed, request, word))

    async def _deed(self, request: AnyRequest, word: str) -> None:
        """Ask for it; the answer may come much later, when the merge that goes on has ended."""
        app = self.autod
        self._busy = word
        self._take_paths()
        answer = await app.desk.ask(request)
        self._busy = ""
        if self._follower is not None and self._follower.is_attached:
            self._follower.finish(answer)
            return
        if self.is_attached:
            self._take_paths()
            self._leave_when_settled()
        app.tell_answer(answer)

    def _leave_when_settled(self) -> None:
        """Follow the merge as it goes on, once nothing is left to resolve."""
        view = self.view()
        transaction = view.record.transaction if view else None
        settled = transaction is None or not transaction.conflicts
        if settled and self.app.screen is self and self._given_up:
            self.dismiss()
        elif settled and self.app.screen is self and self._follower is None:
            self._follower = self._go_on(self.checkpoint, running=True)
            self.app.switch_screen(self._follower)

    async def _edit(self, path: str) -> None:
        """Open the marked file in the person's editor; saved and closed, it is the resolution."""
        prepared = await self.autod.desk.ask(PrepareEdit(checkpoint=self.checkpoint))
        if not prepared.ok:
            self.autod.tell_answer(prepared)
            return
        worktree = str(prepared.data["worktree"])
        file = str(Path(worktree) / path)
        try:
            status = await run_foreground(self.app, [*editor(), file], cwd=worktree)
        except (SuspendNotSupported, OSError, AutodError) as error:
            self.autod.say(f"{_no_editor(error)}; set $EDITOR, or edit {file} elsewhere", failed=True)
            return
        if status != 0:
            self.autod.say(f"the editor ended with exit status {status}; {path} stays open", failed=True)
            return
        self._start(Resolve(checkpoint=self.checkpoint, how="edit", paths=(path,)), "taking your edit")

    async def _give_up(self, id: str) -> None:
        view = self.view()
        step = view.record.transaction.at_step if view and view.record.transaction else ""
        text, verb, request = self._way_out(id, step)
        if await self.app.push_screen_wait(Confirm(verb.lower(), text_source(text), verb=verb)):
            self._given_up = id == "abandon"
            self._start(request, verb.lower())

    def _way_out(self, id: str, step: str) -> tuple[str, str, AnyRequest]:
        if id == "leave_out":
            text = f"{self.checkpoint} is merged without {step}.\nIts branch stays as it is and can merge later."
            return text, "Leave out", LeaveOut(checkpoint=self.checkpoint, workstream=step)
        text = f"The merge of {self.checkpoint} is given up.\nNothing has moved and nothing will."
        return text, "Abandon", Abandon(checkpoint=self.checkpoint)


def _helped(helper: WorkstreamRecord | None) -> str:
    """Say how far an agent is that works on the conflicts."""
    if helper is None:
        return ""
    if helper.state in (WorkstreamState.STARTING, WorkstreamState.WORKING):
        return f"{helper.agent} works on it"
    return f"{helper.agent} {WORKSTREAM[helper.state].word}: v shows its pane, e what it made"


def _no_editor(error: Exception) -> str:
    """Say why the editor did not run."""
    if isinstance(error, AutodError):
        return error.message
    reason = error.strerror if isinstance(error, OSError) else "this terminal can't be handed over"
    return f"{' '.join(editor())}: {reason}"
