"""Jumps: from wherever one is to a workstream on the home screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autod_tui.core.attention import CALLING
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
    """Select the next workstream that waits, after the present one; where none does, the next that needs a look."""
    home = home_of(app)
    names = [row.key for row in home.table.rows if row.key]
    at = names.index(home.table.selected) + 1 if home.table.selected in names else 0
    around = [view for name in (*names[at:], *names[:at]) if app.board and (view := app.board.workstream(name))]
    waiting = [view for view in around if view.limit or view.record.state is WorkstreamState.WAITING]
    found = waiting or [view for view in around if view.record.state in CALLING]
    if not found:
        app.say("nobody waits for you")
        return
    go_to(app, found[0].name)


async def find(app: AutodApp, selection: Selection) -> None:
    """Ask for a part of a name and select the workstream that is picked."""
    if app.board is None or not app.board.workstreams:
        app.say("there is no workstream yet; n makes one")
        return
    name = await app.push_screen_wait(FindDialog(app.board.workstreams))
    if name:
        go_to(app, name)


def go_to(app: AutodApp, name: str) -> None:
    """Select a workstream on the home screen, whatever covers it."""
    home = home_of(app)
    while app.screen is not home and len(app.screen_stack) > 1:
        app.pop_screen()
    home.table.select(name)
    home.table.focus()
