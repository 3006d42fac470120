"""Guests: agents that somebody started by hand in a worktree, outside autod's panes.

No event tells that a program has started there: it is looked for whenever something else happens. Its end is told.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from autod_tui.core.agent_events import GuestsChanged
from autod_tui.core.plan import Plan
from autod_tui.core.ports import ProcessesPort
from autod_tui.core.state import State, with_workstream
from autod_tui.core.workstream import Guest
from autod_tui.engine.dwellers import programs
from autod_tui.engine.house import House

APART = 1.0
"""Seconds between two looks at least, however much happens."""


def guests_now(processes: ProcessesPort, plan: Plan, state: State) -> Mapping[str, tuple[Guest, ...]]:
    """Return who is there now, by workstream."""
    worktrees = {spec.name: spec.worktree for spec in plan.workstreams}
    worktrees |= {record.name: record.worktree for record in state.workstreams.values() if record.worktree}
    worktrees = {name: worktree for name, worktree in worktrees.items() if Path(worktree).is_dir()}
    found = processes.guests(set(worktrees.values()), programs(plan)) if worktrees else {}
    return {name: found[worktree] for name, worktree in worktrees.items() if worktree in found}


def with_guests(processes: ProcessesPort, plan: Plan, state: State) -> State:
    """Return the state with those who are there now, whatever its conductor saw last."""
    there = guests_now(processes, plan, state)
    names = [name for name, record in state.workstreams.items() if record.guests]
    for name in {*names, *there}:
        state = with_workstream(state, name, guests=there.get(name, ()))
    return state


class Guests:
    """Keeps who is there as far as events allow."""

    def __init__(self, house: House) -> None:
        """Look for those of `house`."""
        self._house = house
        self._looked = 0.0
        self._due: asyncio.TimerHandle | None = None
        self._ends: dict[int, Callable[[], None]] = {}
        """Process to what calls off the news of its end."""

    def look(self) -> None:
        """Look once, and tell what differs from what is known."""
        self._looked = asyncio.get_running_loop().time()
        state = self._house.state
        there = guests_now(self._house.processes, self._house.plan, state)
        before = {record.name: record.guests for record in state.workstreams.values() if record.guests}
        changed = [name for name in dict.fromkeys([*before, *there]) if before.get(name) != there.get(name)]
        self._follow({guest.pid for guests in there.values() for guest in guests})
        if changed:
            self._house.stream.emit(*(GuestsChanged(name=name, guests=there.get(name, ())) for name in changed))

    def soon(self) -> None:
        """Look as soon as enough time has passed since the last look."""
        if self._due is None:
            loop = asyncio.get_running_loop()
            self._due = loop.call_at(max(loop.time(), self._looked + APART), self._look_now)

    def close(self) -> None:
        """Look no more."""
        self._follow(set())
        if self._due is not None:
            self._due.cancel()

    def _look_now(self) -> None:
        self._due = None
        self.look()

    def _follow(self, pids: set[int]) -> None:
        for pid in self._ends.keys() - pids:
            self._ends.pop(pid)()
        for pid in pids - self._ends.keys():
            self._ends[pid] = self._house.processes.when_ended(pid, partial(self._ended, pid))

    def _ended(self, pid: int) -> None:
        self._ends.pop(pid, None)
        self.look()
