"""Plans, a journal in memory and ports in memory for tests of the engine's parts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

from autod_tui.core.agent_ports import Question
from autod_tui.core.checkpoint import CheckpointSpec
from autod_tui.core.errors import RefusedError
from autod_tui.core.events import Event, Recorded
from autod_tui.core.git_ports import WorktreeEntry
from autod_tui.core.pane_ports import PaneEvent, PaneStatus, Screen
from autod_tui.core.plan import AgentProfile, Plan, Project
from autod_tui.core.workstream import Guest, Reading, Source, WorkstreamSpec, WorkstreamState
from autod_tui.engine.house import House
from autod_tui.engine.stream import Stream


def workstream(name: str, *after: str, **fields: Any) -> WorkstreamSpec:
    """Declare a workstream in the usual places."""
    usual = {"title": name, "branch": f"workstream/{name}", "worktree": f"/w/{name}", "agent": "shell"}
    return WorkstreamSpec(**{"name": name, "after": after, **usual, **fields})


def checkpoint(name: str, *merge: str, **fields: Any) -> CheckpointSpec:
    """Declare a checkpoint that merges `merge` into a branch of its own."""
    return CheckpointSpec(**{"name": name, "title": name, "merge": merge, "into": f"integration/{name}", **fields})


def make_plan(
    workstreams: Sequence[WorkstreamSpec] = (), checkpoints: Sequence[CheckpointSpec] = (), **fields: Any
) -> Plan:
    """Put a plan together; `fields` go to the project, or replace `agents` and `resolve`."""
    agents = fields.pop("agents", {"shell": AgentProfile(name="shell", command=("sh",), waiting="continue\\?")})
    rules = fields.pop("resolve", ())
    project = Project(**{"root": "/r", "target": "main", **fields})
    return Plan(
        project=project, agents=agents, workstreams=tuple(workstreams), checkpoints=tuple(checkpoints), resolve=rules
    )


class MemoryJournal:
    """A journal whose clock ticks one second per event."""

    def __init__(self) -> None:
        self.entries: list[Recorded] = []

    def append(self, events: Sequence[Event]) -> list[Recorded]:
        first = len(self.entries) + 1
        new = [Recorded(seq=first + at, at=float(first + at), event=event) for at, event in enumerate(events)]
        self.entries += new
        return new

    def read(self, after: int = 0) -> list[Recorded]:
        return [entry for entry in self.entries if entry.seq > after]


class MemoryPanes:
    """Panes whose events and screens the test decides."""

    def __init__(self) -> None:
        self.listed: list[PaneStatus] = []
        self.told: asyncio.Queue[PaneEvent | None] = asyncio.Queue()
        self.screens: dict[str, tuple[str, ...]] = {}

    async def panes(self) -> list[PaneStatus]:
        return self.listed

    async def events(self) -> AsyncIterator[PaneEvent]:
        while (event := await self.told.get()) is not None:
            yield event

    async def capture(self, pane: str, *, history: int = 0) -> Screen:
        return Screen(lines=self.screens.get(pane, ()))


class MemoryRefs:
    """Refs and worktrees of a repository that has nothing else."""

    def __init__(self) -> None:
        self.all: dict[str, str] = {}
        self.entries: list[WorktreeEntry] = []
        self.removed: list[str] = []

    async def refs(self, *patterns: str) -> dict[str, str]:
        return {ref: oid for ref, oid in self.all.items() if ref.startswith(patterns)}

    async def worktrees(self) -> list[WorktreeEntry]:
        return self.entries

    async def checked_out(self, refs: Sequence[str]) -> dict[str, str]:
        held = {f"refs/heads/{entry.branch}": entry.path for entry in self.entries}
        return {ref: path for ref, path in held.items() if ref in refs}

    async def remove_worktree(self, path: str) -> None:
        self.removed.append(path)

    async def repair(self) -> list[str]:
        return []

    async def move_refs(self, moves: Sequence[tuple[str, str, str]]) -> None:
        for ref, old, _ in moves:
            if self.all.get(ref, "") != old:
                raise RefusedError(f"{ref!r} is not at {old!r}")
        for ref, _, new in moves:
            self.all.pop(ref, None)
            if new:
                self.all[ref] = new


class Words:
    """Agents that wait when their screen ends in `continue?`, and say so by OSC 9."""

    def read_screen(self, profile: AgentProfile, lines: tuple[str, ...]) -> Reading | None:
        if lines and lines[-1] == "continue?":
            return Reading(WorkstreamState.WAITING, "question", Source.SCREEN)
        return None

    def read_question(self, profile: AgentProfile, lines: tuple[str, ...]) -> Question | None:
        return None

    def read_osc(self, text: str) -> Reading | None:
        number, _, word = text.partition(";")
        return Reading(WorkstreamState(word), "", Source.TERMINAL) if number == "9" else None

    def read_title(self, profile: AgentProfile, title: str) -> Reading | None:
        return Reading(WorkstreamState(title), "", Source.TITLE) if title in tuple(WorkstreamState) else None

    def read_strange_title(self, before: str, title: str) -> Reading | None:
        return self.read_title(AgentProfile(name="", command=()), title)

    def read_notice(self, text: str) -> Reading | None:
        return None

    def read_last_words(self, rows: Sequence[str], now: float) -> Reading | None:
        return None

    def read_retry(self, rows: Sequence[str], now: float) -> Reading | None:
        return None


class NoProcesses:
    """No agent outlives its pane."""

    def of_session(self, session: str, *, after: int = 0, apart: object = None) -> list[int]:
        return []

    def of_worktree(self, worktree: str) -> list[int]:
        return []

    def runs(self, pid: int, names: object) -> bool:
        return False

    def reads_keys(self, pid: int) -> bool:
        return False

    def cpu_seconds(self, pid: int) -> float:
        return 0.0

    def working_in(self, worktree: str, names: object) -> list[int]:
        return []

    def guests(self, worktrees: object, names: object) -> dict[str, tuple[Guest, ...]]:
        return {}

    async def end_gates(self, house: str) -> None:
        return


def make_house(plan: Plan, directory: Path, *events: Event, **ports: Any) -> House:
    """Build a house whose journal holds `events`; ports that a test doesn't name are missing."""
    journal = MemoryJournal()
    journal.append(events)
    given: dict[str, Any] = {
        "git": MemoryRefs(),
        "forecasts": None,
        "panes": MemoryPanes(),
        "files": None,
        "processes": NoProcesses(),
        "gates": None,
        "agents": Words(),
        "write_workstream": None,
        "load_plan": lambda: plan,
        "load_run_plan": None,
        "state_dir": directory / "autod",
        "own_worktrees": directory / "own",
        "new_id": lambda: "id",
        "environ": {"PATH": "/bin", "GIT_DIR": "/elsewhere"},
    } | ports
    return House(stream=Stream(plan, journal, lambda: 1000.0), **given)
