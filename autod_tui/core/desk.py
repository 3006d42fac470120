"""The desk: all that an interface (TUI or command line) may see of and ask from the running engine."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, Protocol

from msgspec import Struct

from autod_tui.core.agent_ports import InstalledAgent
from autod_tui.core.board import Board
from autod_tui.core.events import Recorded
from autod_tui.core.pane_ports import Screen
from autod_tui.core.plan import Plan
from autod_tui.core.requests import Answer, AnyRequest
from autod_tui.core.run import RunRecord


class Update:
    """What became true since the last update; a board costs more the longer a run is, and is made when it is read."""

    def __init__(self, board: Board | Callable[[], Board], entries: tuple[Recorded, ...] = ()) -> None:
        """Tell `entries`; `board` may be what makes it."""
        self._board = board
        self.entries = entries

    @property
    def board(self) -> Board:
        """What is true; the same at each reading."""
        if not isinstance(self._board, Board):
            self._board = self._board()
        return self._board


class ConflictSides(Struct, frozen=True, kw_only=True):
    """One conflicted file with both sides as text; None where a side has no file, or it is binary."""

    path: str
    kind: str
    ours: str | None
    theirs: str | None
    base: str | None
    merged: str | None
    """The file with conflict markers."""


class Desk(Protocol):
    """What an interface talks to; the same in the conductor's process and in any other."""

    @property
    def plan(self) -> Plan:
        """The plan in force."""
        ...

    @property
    def conducting(self) -> bool:
        """True when this process is the conductor."""
        ...

    def board(self) -> Board:
        """Return what is true now."""
        ...

    @property
    def runs(self) -> Mapping[str, RunRecord]:
        """All runs by id, oldest first."""
        ...

    def updates(self) -> AsyncIterator[Update]:
        """Yield after every change, changes in quick succession as one; the first comes at once."""
        ...

    def history(self, limit: int = 200) -> list[Recorded]:
        """Return the last `limit` journal entries, oldest first."""
        ...

    async def ask(self, request: AnyRequest) -> Answer:
        """Have a request carried out and return its answer; never raises AutodError."""
        ...

    def reload(self) -> None:
        """Read the configuration again; raises SettingsError and keeps the old plan when it is wrong."""
        ...

    async def diff(self, workstream: str) -> str:
        """Return the unified diff of a workstream, uncommitted work included."""
        ...

    async def conflict_sides(self, checkpoint: str) -> Sequence[ConflictSides]:
        """Return the open conflicts of a merge under way."""
        ...

    async def screen(self, workstream: str, *, history: int = 0) -> Screen | None:
        """Return what the workstream's pane shows; None when it has none."""
        ...

    def outputs(self) -> AsyncIterator[frozenset[str]]:
        """Yield the workstreams whose panes printed something, at once; several in one when behind."""
        ...

    async def look_at(self, workstreams: Sequence[str], size: tuple[int, int] | None = None) -> None:
        """Say which panes are on screen, and give their windows (columns, rows) when `size` is set."""
        ...

    async def type(self, workstream: str, data: bytes, key: str = "") -> None:
        """Send typed bytes, or a key by its tmux name, to a workstream's pane."""
        ...

    async def paste(self, workstream: str, text: str) -> None:
        """Paste text of any number of lines into a workstream's pane; nothing is submitted."""
        ...

    async def report(self) -> dict[str, Any]:
        """Return the success metrics of the plan; `core.report` says which, and lays them out for people."""
        ...

    async def agents(self) -> Sequence[InstalledAgent]:
        """Return all agents that may be used, and what of them is installed; waits for their programs' words."""
        ...

    def run_plans(self) -> tuple[str, ...]:
        """Return the names of the plans of tasks that can be run, sorted."""
        ...

    async def task_diff(self, run: str, task: str) -> str:
        """Return the unified diff of a task's work against where the run's `into` branch met it; "" for no work."""
        ...

    def session_output(self, run: str, session: str, *, follow: bool = True) -> AsyncIterator[bytes]:
        """Yield what a session's log holds, then with `follow` what is added to it, until the session has ended."""
        ...

    async def attach_session(self, run: str, session: str) -> str:
        """Show a session's pane as `attach` does; raises UsageError when it has none any more."""
        ...

    async def attach(self, workstream: str) -> str:
        """Show the pane full-screen when this runs in autod's own tmux server, and return "".

        Elsewhere return the shell command that attaches from a plain terminal.
        """
        ...

    async def branches(self) -> list[str]:
        """Return the repository's local branches."""
        ...

    async def new_problems(self, fields: dict[str, str]) -> dict[str, str]:
        """Check the wizard's fields (those of `New`): field to problem."""
        ...
