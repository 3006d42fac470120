"""What each command of the table does: small conversations with the desk and the person."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from autod_tui.core.board import WorkstreamView
from autod_tui.core.requests import Down, Send, Sync, Undo, Up
from autod_tui.core.resume import conversation_to_resume
from autod_tui.core.usage import Usage
from autod_tui.core.workstream import ALIVE_STATES
from autod_tui.tui.commands import Selection
from autod_tui.tui.jumps import find, home_of, next_waiting, show_pane
from autod_tui.tui.plans import plan_source, unsafe
from autod_tui.tui.run_actions import RUN_ACTIONS
from autod_tui.tui.screens.agents import agent_lines
from autod_tui.tui.screens.allow import allow_more
from autod_tui.tui.screens.answer import answer_agent
from autod_tui.tui.screens.conflict import ConflictScreen
from autod_tui.tui.screens.dialogs import Confirm, Pick, SendDialog
from autod_tui.tui.screens.help import help_rows
from autod_tui.tui.screens.home import HomeScreen
from autod_tui.tui.screens.merge import MergeScreen
from autod_tui.tui.screens.pager import DiffPage, FeedPage, LogPage, Pager
from autod_tui.tui.screens.pm import PmScreen
from autod_tui.tui.screens.report import metrics_of_runs, report_lines
from autod_tui.tui.screens.rollback import roll_back
from autod_tui.tui.screens.undo import UndoPage
from autod_tui.tui.screens.wizard import Wizard
from autod_tui.tui.text import joined
from autod_tui.tui.widgets.feed import feed_rows

if TYPE_CHECKING:
    from autod_tui.tui.app import AutodApp

Action = Callable[["AutodApp", Selection], Awaitable[None]]
RESUME_OR_NOT = (("r", "Go on with its conversation"), ("n", "Begin a new conversation"))
HISTORY = 5000
"""Rows of scrollback that the log shows."""


def _workstream(app: AutodApp, selection: Selection) -> WorkstreamView | None:
    if selection.workstream is None:
        app.say("select a workstream in the list first")
    return selection.workstream


def _checkpoint(app: AutodApp, selection: Selection) -> str:
    if selection.checkpoint is None:
        app.say("autod.toml declares no checkpoint for this")
        return ""
    return selection.checkpoint.name


async def attach(app: AutodApp, selection: Selection) -> None:
    """Show the pane full-screen, by a window switch where possible, else in place of the dashboard."""
    view = _workstream(app, selection)
    if view is None:
        return
    if not view.record.pane:
        app.say(f"{view.name} has no pane yet; u starts it")
        return
    await show_pane(app, view.name)


async def type_into(app: AutodApp, selection: Selection) -> None:
    """Send keys to the live pane from here."""
    view = _workstream(app, selection)
    if view is None:
        return
    if not view.record.pane:
        app.say(f"{view.name} has no pane yet; u starts it")
        return
    if isinstance(app.screen, HomeScreen):
        app.screen.live.enter_type_mode()


async def answer(app: AutodApp, selection: Selection) -> None:
    """Answer what the selected agent asks."""
    if view := _workstream(app, selection):
        await answer_agent(app, view.name)


async def allow(app: AutodApp, selection: Selection) -> None:
    """Raise the limit of the selected workstream, or the project's."""
    board = app.board
    await allow_more(app, selection.workstream, board.usage if board else Usage(), board.limit if board else "")


async def new(app: AutodApp, selection: Selection) -> None:
    """Open the wizard; what it declared is started at once."""
    request = await app.push_screen_wait(Wizard(await app.desk.branches()))
    if request is None:
        return
    answer = await app.ask(request, quiet=True)
    if answer.ok:
        home = home_of(app)
        home.table.select_when_there(request.name)
        home.table.focus()
        await app.ask(Up(names=(request.name,)))


async def up(app: AutodApp, selection: Selection) -> None:
    """Start the selected workstream; one that was cut short goes on with its conversation, or begins a new one."""
    if not (view := _workstream(app, selection)):
        return
    fresh = False
    if not view.record.reachable and conversation_to_resume(app.desk.plan, view.record, view.spec.agent):
        asked = Pick(f"start {view.name}", RESUME_OR_NOT)
        if not (picked := await app.push_screen_wait(asked)):
            return
        fresh = picked == "n"
    await app.ask(Up(names=(view.name,), fresh=fresh))


async def up_all(app: AutodApp, selection: Selection) -> None:
    """Start all that may start."""
    await app.ask(Up())


async def down(app: AutodApp, selection: Selection) -> None:
    """Stop the selected agent after a question."""
    if view := _workstream(app, selection):
        await _take_down(app, Down(names=(view.name,)), f"stop {view.name}", "Stop")


async def remove(app: AutodApp, selection: Selection) -> None:
    """Remove the worktree; what would be lost is listed, and losing it takes the name typed in full."""
    if view := _workstream(app, selection):
        await _take_down(app, Down(names=(view.name,), remove=True), f"remove the worktree of {view.name}", "Remove")


async def _take_down(app: AutodApp, request: Down, title: str, verb: str) -> None:
    planned = await app.desk.ask(request)
    if not planned.ok and "plan" not in planned.data:
        app.tell_answer(planned)
        return
    discard = request.remove and unsafe(planned.data.get("plan"))
    word = request.names[0] if discard else ""
    source = plan_source(planned, "This work would be lost (a backup is kept):" if discard else "")
    if await app.push_screen_wait(Confirm(title, source, verb="Discard" if discard else verb, word=word)):
        await app.ask(Down(names=request.names, remove=request.remove, discard=discard, approved=True))


async def send(app: AutodApp, selection: Selection) -> None:
    """Send a text to the selected agent."""
    if (view := _workstream(app, selection)) and (text := await app.push_screen_wait(SendDialog(view.name))):
        await app.ask(Send(names=(view.name,), text=text))


async def broadcast(app: AutodApp, selection: Selection) -> None:
    """Send a text to every living agent."""
    views = app.board.workstreams if app.board else ()
    alive = [view.name for view in views if view.record.state in ALIVE_STATES]
    if not alive:
        app.say("no agent is alive")
        return
    if text := await app.push_screen_wait(SendDialog(f"all {len(alive)}: {joined(alive)}")):
        await app.ask(Send(text=text))


async def diff(app: AutodApp, selection: Selection) -> None:
    """Show what the workstream changed."""
    if view := _workstream(app, selection):
        app.push_screen(DiffPage(view.name, await app.desk.diff(view.name)))


async def log(app: AutodApp, selection: Selection) -> None:
    """Show the pane's scrollback."""
    view = _workstream(app, selection)
    if view is None:
        return

    async def read() -> tuple[str, ...]:
        screen = await app.desk.screen(view.name, history=HISTORY)
        return screen.lines if screen else ()

    app.push_screen(LogPage(view.name, read))


async def pm(app: AutodApp, selection: Selection) -> None:
    """Go to the project-manager view, or back from it."""
    if isinstance(app.screen, PmScreen):
        app.pop_screen()
    else:
        app.push_screen(PmScreen(selection.checkpoint.name if selection.checkpoint else ""))


async def check(app: AutodApp, selection: Selection) -> None:
    """Rehearse the checkpoint and show how it goes."""
    if name := _checkpoint(app, selection):
        app.push_screen(MergeScreen(name, rehearse=True))


async def merge(app: AutodApp, selection: Selection) -> None:
    """Show the merge plan, or the merge that is under way."""
    name = _checkpoint(app, selection)
    view = app.board.checkpoint(name) if app.board and name else None
    if view and view.stuck:
        app.push_screen(ConflictScreen(name, MergeScreen))
    elif name:
        app.push_screen(MergeScreen(name, running=bool(view and view.record.transaction)))


async def rollback(app: AutodApp, selection: Selection) -> None:
    """Show the rollback plan and carry it out."""
    if name := _checkpoint(app, selection):
        await roll_back(app, name)


async def sync(app: AutodApp, selection: Selection) -> None:
    """Offer the checkpoint's result to the workstreams still open."""
    name = _checkpoint(app, selection)
    if not name:
        return
    planned = await app.desk.ask(Sync(checkpoint=name))
    if not planned.ok:
        app.tell_answer(planned)
        return
    source = plan_source(planned, f"The result of {name} is merged into:")
    if await app.push_screen_wait(Confirm(f"sync {name}", source, verb="Sync")):
        await app.ask(Sync(checkpoint=name, approved=True))


async def resolve(app: AutodApp, selection: Selection) -> None:
    """Open the conflicts that the selected checkpoint's merge waits for, or any other's."""
    selected = [selection.checkpoint] if selection.checkpoint else []
    around = [*selected, *(app.board.checkpoints if app.board else ())]
    if stuck := next((view for view in around if view.stuck), None):
        app.push_screen(ConflictScreen(stuck.name, MergeScreen))
    else:
        app.say("no merge waits for conflicts to be settled")


async def events(app: AutodApp, selection: Selection) -> None:
    """Show the whole feed."""
    app.push_screen(FeedPage("events", lambda width: feed_rows(app.entries, width, whole=True)))


async def report(app: AutodApp, selection: Selection) -> None:
    """Show the success metrics."""
    if board := app.board:
        metrics = await app.desk.report()
        runs = metrics_of_runs(app.desk.runs.values(), app.clock())
        app.push_screen(Pager("report", lambda width: report_lines(metrics, board, width, runs), "autod report"))


async def agents(app: AutodApp, selection: Selection) -> None:
    """Show the agents and what of them is installed."""
    found = await app.desk.agents()
    app.push_screen(
        Pager("agents", lambda width: agent_lines(found), "autod agents check NAME tells whether one works")
    )


async def undo(app: AutodApp, selection: Selection) -> None:
    """List the backups."""
    answer = await app.desk.ask(Undo())
    if not answer.ok:
        app.tell_answer(answer)
        return
    app.push_screen(UndoPage(answer))


async def show_help(app: AutodApp, selection: Selection) -> None:
    """Show all commands."""
    app.push_screen(Pager("help", help_rows, "autod --help tells the command lines"))


async def palette(app: AutodApp, selection: Selection) -> None:
    """Open the palette."""
    app.action_command_palette()


async def leave(app: AutodApp, selection: Selection) -> None:
    """Leave the dashboard."""
    app.exit(0)


async def on_conflict(app: AutodApp, selection: Selection) -> None:
    """Open the conflict view, to which these commands belong."""
    if isinstance(app.screen, ConflictScreen):
        return
    await resolve(app, selection)


ACTIONS: dict[str, Action] = {
    "attach": attach, "answer": answer, "type": type_into, "new": new, "up": up, "up_all": up_all, "down": down,
    "remove": remove, "send": send, "broadcast": broadcast, "next_waiting": next_waiting, "find": find, "diff": diff,
    "log": log, "pm": pm, "check": check, "merge": merge, "rollback": rollback, "sync": sync, "resolve": resolve,
    "events": events, "report": report, "undo": undo, "help": show_help, "palette": palette, "quit": leave,
    "allow": allow, "agents": agents,
    **RUN_ACTIONS,
    **dict.fromkeys(("ours", "theirs", "edit", "hand_over", "helper", "leave_out", "abandon"), on_conflict),
}  # fmt: skip
