"""Ports: what the engine asks of processes, gates, files and the journal, without knowing how they do it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from autod_tui.core.checkpoint import GateSpec
from autod_tui.core.events import Event, Recorded
from autod_tui.core.requests import Answer, AnyRequest
from autod_tui.core.workstream import Guest

Clock = Callable[[], float]
"""Returns the Unix time in seconds."""


class JournalPort(Protocol):
    """The events, and requests of other processes; every call is one short SQLite transaction."""

    def append(self, events: Sequence[Event]) -> list[Recorded]:
        """Write events (all or none) and return them with seq and time."""
        ...

    def read(self, after: int = 0) -> list[Recorded]:
        """Return all events with a seq above `after`, oldest first."""
        ...


class RequestsPort(Protocol):
    """Requests that one process posts to the conductor in another."""

    def post_request(self, request: AnyRequest) -> int:
        """Write a request and return its number."""
        ...

    def take_answer(self, id: int) -> Answer | None:
        """Return the answer to a request, None while there is none."""
        ...

    def pending_requests(self) -> list[tuple[int, AnyRequest]]:
        """Claim and return the requests that nobody has claimed, oldest first."""
        ...

    def answer(self, number: int, answer: Answer) -> None:
        """Leave the answer to a claimed request."""
        ...

    def forsake(self, answer: Answer) -> None:
        """Give `answer` to all requests that were claimed by a conductor that is gone."""
        ...


class Follow(Protocol):
    """Wakes a reader of the journal."""

    def __call__(self) -> AsyncIterator[None]:
        """Yield once at the start and after every write of any process: events, requests or answers."""
        ...


class ProcessesPort(Protocol):
    """Processes of agents that no pane holds any more."""

    def of_session(self, session: str, *, after: int = 0, apart: Sequence[int] | None = None) -> list[int]:
        """Return the living processes that carry an agent session's marker in their environment.

        `after`: look only at those started after this process, which must have been started moments ago. `apart`: the
        processes of other sessions' panes; what belongs to those is not looked at.
        """
        ...

    def of_worktree(self, worktree: str) -> list[int]:
        """Return the living processes of agents that were ever started for a workstream's worktree, in any session."""
        ...

    def runs(self, pid: int, names: Collection[str]) -> bool:
        """Tell whether a process runs a program of one of these names, be it by an interpreter."""
        ...

    def working_in(self, worktree: str, names: Collection[str]) -> list[int]:
        """Return the living processes of such programs that work in a worktree, whoever started them."""
        ...

    def reads_keys(self, pid: int) -> bool:
        """Tell whether a process's terminal hands on each key as it is pressed, or can't tell that."""
        ...

    def cpu_seconds(self, pid: int) -> float:
        """Return the time that processors have worked for a process and those that it started."""
        ...

    def guests(self, worktrees: Collection[str], names: Collection[str]) -> Mapping[str, tuple[Guest, ...]]:
        """Return those that autod has not started, by worktree; of a program and those it started only the first."""
        ...

    def when_ended(self, pid: int, told: Callable[[], None]) -> Callable[[], None]:
        """Have the running loop call `told` once a process has ended; the returned function calls that off."""
        ...

    async def end_worktree(self, worktree: str) -> None:
        """End all of these, their descendants included."""
        ...

    async def end_session(self, session: str) -> None:
        """End all of them, their descendants included."""
        ...

    async def end_gates(self, house: str) -> None:
        """End what is left of gates that a killed conductor was running; `house` is their AUTOD_GATES."""
        ...


class GateOutcome(Struct, frozen=True, kw_only=True):
    """How a gate's command ended."""

    exit_status: int | None
    """None when it ran out of time or was killed."""
    seconds: float
    timed_out: bool = False


class GateRunnerPort(Protocol):
    """Runs gate commands."""

    async def run(self, gate: GateSpec, cwd: str, log: Path, env: Mapping[str, str]) -> GateOutcome:
        """Run the command by `sh -c` in `cwd`, its output going to `log` as it comes.

        Its whole process tree is ended on time-out or cancellation.
        """
        ...


class FilesPort(Protocol):
    """Tells which worktrees changed."""

    def changes(self) -> AsyncIterator[frozenset[str]]:
        """Yield sets of keys (as given to `watch`) whose files changed, debounced."""
        ...

    async def watch(self, paths: Mapping[str, str]) -> None:
        """Set what is watched: key to absolute path; `refs` keys watch git's own files."""
        ...
