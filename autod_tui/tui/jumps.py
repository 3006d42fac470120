"""Jumps: from wherever one is to a workstream on the home screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autod_tui.core.attention import CALLING
from autod_tui.core.board import WorkstreamView
from autod_tui.core.run_sessions import waiting_sessions
from autod_tui.core.workstream import WorkstreamState
from autod_tui.tui.commands import Selection
from autod_tui.tui.foreground import SuspendNotSupported, run_shell
from autod_tui.tui.screens.find import FindDialog
from autod_tui.tui.screens.home import HomeScreen

if TYPE_CHECKING:
    from autod_tui.tui.app import AutodApp


def home_of(app: AutodApp) -> HomeScreen:
    """Return the home screen, which is always at the bottom."""
    return next(screen for screen in app.screen_stack if isinstance(screen, HomeScreen))


async def show_pane(app: AutodApp, name: str) -> None:
    """Show a pane full-screen, by a window switch where possible, else in place of the dashboard."""
    command = await app.desk.attach(name)
    if not command:
        return
    home = home_of(app)
    home.live.watch_now(False)
    try:
        await run_shell(app, command)
    except SuspendNotSupported:
        app.say(f"this terminal can't be handed over; run: {command}", failed=True)
    home.live.watch_now(True)


async def next_waiting(app: AutodApp, selection: Selection) -> None:
    """Go to the next one who waits, after the present one: workstreams, then sessions of runs.

    Where nobody does, it is the next workstream that needs a look.
    """
    home, board = home_of(app), app.board
    names = [row.key for row in home.table.rows if row.key]
    sessions = waiting_sessions(app.desk.runs.values())
    around = _after(app.jumped_to if app.jumped_to in sessions else home.table.selected, [*names, *sessions])
    views = {name: view for name in names if board and (view := board.workstream(name))}
    found = [name for name in around if name in sessions or _waits(views.get(name))]
    found = found or [name for name in around if name in views and views[name].record.state in CALLING]
    if not found:
        app.say("nobody waits for you")
        return
    app.jumped_to = found[0]
    if found[0] in sessions:
        go_to_session(app, found[0])
    else:
        go_to(app, found[0])


def _after(present: str, names: list[str]) -> list[str]:
    """Return all names, beginning behind the present one."""
    at = names.index(present) + 1 if present in names else 0
    return [*names[at:], *names[:at]]


def _waits(view: WorkstreamView | None) -> bool:
    return view is not None and (bool(view.limit) or view.record.state is WorkstreamState.WAITING)


async def find(app: AutodApp, selection: Selection) -> None:
    """Ask for a part of a name and select the workstream that is picked."""
    if app.board is None or not app.board.workstreams:
        app.say("there is no workstream yet; n makes one")
        return
    name = await app.push_screen_wait(FindDialog(app.board.workstreams))
    if name:
        go_to(app, name)


def go_to_session(app: AutodApp, name: str) -> None:
    """Select a session, called RUN/SESSION, on the board of its run."""
    from autod_tui.tui.screens.board import RunBoard  # its actions jump, too

    run, _, session = name.partition("/")
    top = app.screen
    if isinstance(top, RunBoard) and top.run_id == run:
        top.go_to_session(session)
    else:
        app.push_screen(RunBoard(run, session=session))


def go_to(app: AutodApp, name: str) -> None:
    """Select a workstream on the home screen, whatever covers it."""
    home = home_of(app)
    while app.screen is not home and len(app.screen_stack) > 1:
        app.pop_screen()
    home.table.select(name)
    home.table.focus()
