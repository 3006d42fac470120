"""A desk in memory: real plan, real events, real state; what is asked of it is recorded and answered by script."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

import msgspec

from autod_tui.core.agent_ports import InstalledAgent
from autod_tui.core.board import Board, make_board
from autod_tui.core.desk import ConflictSides, Update
from autod_tui.core.events import Event, Recorded
from autod_tui.core.names import name_problem
from autod_tui.core.pane_ports import Screen
from autod_tui.core.plan import Plan
from autod_tui.core.replay import apply
from autod_tui.core.requests import Answer, AnyRequest
from autod_tui.core.run import RunRecord
from autod_tui.core.state import State

NOW = 1_767_261_600.0
"""The clock of all scenarios: 2026-01-01 10:00 UTC."""

Reply = Answer | Callable[[Any], Answer | Any]


class FakeDesk:
    """Does what Desk promises for one plan; `happen` makes events, `replies` scripts answers by request type."""

    conducting = True

    def __init__(self, plan: Plan, *, now: float = NOW) -> None:
        self.plan = plan
        self.now = now
        self.state = State()
        self.entries: list[Recorded] = []
        self.asked: list[AnyRequest] = []
        self.pasted: list[tuple[str, str, int]] = []
        """(workstream, text, number of keys typed before it)."""
        self.metrics: dict[str, Any] = {
            "conflicts": 1, "conflicted_files": 2, "rollbacks": 0, "red_gates": 1, "rehearsals": 2, "direct_commits": 0,
            "checkpoints": {"total": 3, "merged": 1, "on_time": 1, "late": 0},
            "parallel": {"wall_seconds": 3600.0, "sum_seconds": 9000.0, "speedup": 2.5},
        }  # fmt: skip
        self.typed: list[tuple[str, bytes, str]] = []
        self.looked: list[tuple[tuple[str, ...], tuple[int, int] | None]] = []
        self.attached: list[str] = []
        self.attach_command = ""
        self.screens: dict[str, Screen] = {}
        self.captures = 0
        self.plans: list[str] = []
        self.logs: dict[str, list[bytes]] = {}
        self.diffs: dict[str, str] = {}
        self.sides: list[ConflictSides] = []
        self.replies: dict[type, Reply] = {}
        self.known_branches = ["main", "workstream/testing"]
        self._sent = 0
        self._changed = asyncio.Event()
        self._printed: set[str] = set()
        self._output = asyncio.Event()

    def happen(self, *events: Event, at: float | None = None) -> None:
        """Record events, as the conductor's stream does."""
        for event in events:
            entry = Recorded(len(self.entries) + 1, self.now if at is None else at, event)
            self.entries.append(entry)
            self.state = apply(self.state, entry)
        self._changed.set()

    def show(self, workstream: str, *lines: str, cursor: tuple[int, int] | None = None) -> None:
        """Let a pane show `lines`, and signal that it printed."""
        self.screens[workstream] = Screen(lines=lines, cursor=cursor, size=(80, max(len(lines), 1)))
        self.print(workstream)

    def print(self, workstream: str) -> None:
        """Signal that a pane printed."""
        self._printed.add(workstream)
        self._output.set()

    @property
    def runs(self) -> Mapping[str, RunRecord]:
        return self.state.runs

    def run_plans(self) -> tuple[str, ...]:
        return tuple(self.plans)

    async def task_diff(self, run: str, task: str) -> str:
        return self.diffs.get(task, "")

    async def session_output(self, run: str, session: str, *, follow: bool = True) -> AsyncIterator[bytes]:
        for piece in self.logs.get(session, ()):
            yield piece

    async def attach_session(self, run: str, session: str) -> str:
        self.attached.append(session)
        return self.attach_command

    def board(self) -> Board:
        return make_board(self.plan, self.state, self.now)

    async def updates(self) -> AsyncIterator[Update]:
        while True:
            fresh, self._sent = tuple(self.entries[self._sent :]), len(self.entries)
            self._changed.clear()
            yield Update(self.board(), fresh)
            await self._changed.wait()

    def history(self, limit: int = 200) -> list[Recorded]:
        return self.entries[-limit:]

    async def ask(self, request: AnyRequest) -> Answer:
        self.asked.append(request)
        reply = self.replies.get(type(request), Answer(message=f"{type(request).__name__} done"))
        if isinstance(reply, Answer):
            return reply
        answer = reply(request)
        if not isinstance(answer, Answer):
            answer = await answer
        assert isinstance(answer, Answer)
        return answer

    def reload(self) -> None:
        self._changed.set()

    async def diff(self, workstream: str) -> str:
        return self.diffs.get(workstream, "")

    async def conflict_sides(self, checkpoint: str) -> Sequence[ConflictSides]:
        transaction = self.state.checkpoint(checkpoint).transaction
        open_paths = {conflict.path for conflict in transaction.conflicts} if transaction else set()
        return [side for side in self.sides if side.path in open_paths]

    async def screen(self, workstream: str, *, history: int = 0) -> Screen | None:
        self.captures += 1
        return self.screens.get(workstream)

    async def outputs(self) -> AsyncIterator[frozenset[str]]:
        while True:
            await self._output.wait()
            self._output.clear()
            printed, self._printed = frozenset(self._printed), set()
            if printed:
                yield printed

    async def look_at(self, workstreams: Sequence[str], size: tuple[int, int] | None = None) -> None:
        self.looked.append((tuple(workstreams), size))

    async def type(self, workstream: str, data: bytes, key: str = "") -> None:
        self.typed.append((workstream, data, key))

    async def paste(self, workstream: str, text: str) -> None:
        self.pasted.append((workstream, text, len(self.typed)))

    async def report(self) -> dict[str, Any]:
        return self.metrics

    async def agents(self) -> list[InstalledAgent]:
        return [
            InstalledAgent(profile=profile, path=f"/bin/{name}" if name != "mine" else "", version="1.2.3")
            for name, profile in self.plan.agents.items()
        ]

    async def attach(self, workstream: str) -> str:
        self.attached.append(workstream)
        return self.attach_command

    async def branches(self) -> list[str]:
        return self.known_branches

    async def new_problems(self, fields: dict[str, str]) -> dict[str, str]:
        problems: dict[str, str] = {}
        if problem := name_problem(fields["name"]):
            problems["name"] = problem
        elif self.plan.workstream(fields["name"]):
            problems["name"] = f"{fields['name']!r} is a workstream already"
        if not fields["prompt"].strip():
            problems["prompt"] = "the prompt is empty: what should the agent do?"
        return problems


def planned(plan: Any) -> Answer:
    """Return the answer that carries a plan."""
    return Answer(data={"plan": msgspec.to_builtins(plan)})
