"""Ports to the panes: the terminals that agents live in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol

from msgspec import Struct


class PaneStatus(Struct, frozen=True, kw_only=True):
    """One pane of autod's tmux server."""

    pane: str
    window: str
    workstream: str
    """Value of the pane's window option @autod_workstream; empty for panes that are not a workstream's."""
    session: str
    """Value of @autod_session: the agent session that was started in it."""
    pid: int
    dead: bool = False
    exit_status: int | None = None
    signal: str = ""
    title: str = ""


class PaneEvent(Struct, frozen=True, kw_only=True):
    """Something that tmux told by itself."""

    kind: str
    """`output`, `dead`, `closed`, `title`, `bell`, `osc`, `window` (current window changed), `lost` (server gone),
    `deaf` (it flooded, so signals of the last moments may have been missed), `joined` (the server is heard from now on:
    what was printed before is told by nobody)."""
    pane: str = ""
    data: str = ""
    """For `osc`: `NUMBER;text` of OSC 9, 99, 777 and 7501; for `title` the title; for `window` the window id."""
    exit_status: int | None = None


class Launch(Struct, frozen=True, kw_only=True):
    """A program to be started as a pane's command."""

    workstream: str
    session: str
    title: str
    argv: tuple[str, ...]
    cwd: str
    env: Mapping[str, str]
    stdin_file: str = ""
    """File the program reads on standard input; empty leaves the terminal there."""
    setup: str = ""
    """Shell command that runs visibly in the pane first; the agent starts only when it succeeds."""
    setup_mark: str = ""
    """File that is made when `setup` has succeeded; empty for none."""
    log: str = ""
    """File that gets all that is printed in the pane; `LOG.end` appears once everything is in it. Empty for none."""


class Screen(Struct, frozen=True, kw_only=True):
    """What a pane shows."""

    lines: tuple[str, ...]
    """One string per row with SGR sequences, no other control characters."""
    cursor: tuple[int, int] | None = None
    """(column, row) from 0; None when hidden."""
    size: tuple[int, int] = (80, 24)
    """(columns, rows) of the pane."""


class PanesPort(Protocol):
    """The tmux server that holds the agents."""

    async def start(self, launch: Launch) -> PaneStatus:
        """Start a program in a window of its own and return its pane; raises AutodError when tmux refuses."""
        ...

    async def panes(self) -> list[PaneStatus]:
        """Return all panes; an empty list when no server runs."""
        ...

    def events(self) -> AsyncIterator[PaneEvent]:
        """Yield what tmux tells, until closed; the server is waited for and joined again when it returns."""
        ...

    async def paste(self, pane: str, text: str, *, submit: bool) -> None:
        """Paste text of any length (control characters stripped), then press Enter when `submit`."""
        ...

    async def keys(self, pane: str, data: bytes) -> None:
        """Send bytes as typed."""
        ...

    async def named_key(self, pane: str, name: str) -> None:
        """Send a key by its tmux name, such as `Up`; tmux translates it for the program's mode."""
        ...

    async def capture(self, pane: str, *, history: int = 0) -> Screen:
        """Read a pane's screen, preceded by up to `history` rows of scrollback."""
        ...

    async def resize(self, window: str, columns: int, rows: int) -> None:
        """Give a window that nobody is attached to a size of its own."""
        ...

    async def watch_output(self, panes: Sequence[str]) -> None:
        """Say whose output events matter now (all others may be switched off at the source)."""
        ...

    async def select(self, window: str) -> None:
        """Show a window full-screen on the attached terminals, sized to them."""
        ...

    async def close_window(self, window: str) -> None:
        """Close a window whose program has ended; one that is gone is no error."""
        ...

    async def kill(self, pane: str) -> None:
        """End a pane's whole process tree (SIGHUP, then SIGKILL for what is left) and close its window."""
        ...
