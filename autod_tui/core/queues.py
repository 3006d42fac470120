"""The tasks of a run as a scheduler sees them: who waits where, for whom, and who is on the way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import ceil
from typing import NamedTuple

from autod_tui.core.run import RunRecord, TaskRecord, TaskState, Verdict
from autod_tui.core.run_plan import By, RunPlan, StageSpec, TaskSpec


class Group(NamedTuple):
    """What tasks must share to share a session."""

    batch: str
    agent: str
    model: str


class _Kind(NamedTuple):
    """What decides a task's group in any stage."""

    batch: str
    role: str
    model: str


class _Index:
    """A plan's lookups, made once per plan."""

    def __init__(self, plan: RunPlan) -> None:
        self.plan = plan
        self.stages = {stage.name: stage for stage in plan.stages}
        self.order = {task.id: place for place, task in enumerate(plan.tasks)}
        self.place = {stage.name: place for place, stage in enumerate(plan.stages)}
        self.specs: dict[str, TaskSpec] = {task.id: task for task in plan.tasks}
        self.batches = {batch.name: batch for batch in plan.batches}
        batch_of = {id: batch.name for batch in plan.batches for id in batch.tasks}
        kinds: dict[_Kind, _Kind] = {}
        self.kinds = {
            task.id: kinds.setdefault(kind, kind)
            for task in plan.tasks
            for kind in [_Kind(batch_of.get(task.id, ""), task.role, task.model)]
        }
        ordered = {batch.name for batch in plan.batches if batch.after}
        self.ordered = {task.id for task in plan.tasks if task.after or self.kinds[task.id].batch in ordered}
        """Tasks that may have to wait for others."""


_ON_THE_WAY = (TaskState.QUEUED, TaskState.RUNNING, TaskState.REVIEW)
_GONE_BY = frozenset({TaskState.APPROVED, TaskState.DONE})
_last_index: list[_Index] = []


def _index_of(plan: RunPlan) -> _Index:
    """Return the plan's lookups; a few are remembered, as plans hardly ever change."""
    for index in _last_index:
        if index.plan is plan:
            return index
    _last_index[4:] = []
    _last_index.insert(0, _Index(plan))
    return _last_index[0]


class Queues:
    """One look at a run at a time `now` (Unix); costs one pass over the tasks."""

    def __init__(self, run: RunRecord, now: float, held: Mapping[str, str] | None = None) -> None:
        """Sort the tasks of `run`; `held` names agents that may not start now, with the reason."""
        self.run = run
        self.held = held or {}
        self.held_back = False
        """True once a session was left out because its agent is held."""
        self._index = _index_of(run.plan)
        self.stages = self._index.stages
        self.flush = False
        """True lets nobody wait for mates that a person looks at."""
        self.living: dict[str, int] = {}
        """Stage to the sessions that run there."""
        self.agents = 0
        """Sessions of agents that run."""
        self.unasked: list[str] = []
        """Tasks that a person is to be asked about."""
        self.alive = False
        """True while a task runs, is in a review, or may start now or later."""
        self._waiting: dict[str, list[TaskRecord]] = {}
        self._followers: dict[str, list[TaskRecord]] = {}
        """Tasks that wait for others of their stage's queue alone: they may share a session, behind those."""
        self._firsts: dict[tuple[_Kind, int, bool], int] = {}
        self._unfinished: dict[str, bool] = {}
        self._look(now)

    @property
    def busy(self) -> bool:
        """True while a session runs."""
        return bool(self.living)

    def size(self, stage: StageSpec) -> int:
        """Return how many tasks a session of `stage` takes now."""
        if not stage.adaptive:
            return max(1, stage.batch_size)
        return max(1, min(stage.batch_size, ceil(len(self._waiting.get(stage.name, ())) / max(1, stage.sessions))))

    def groups(self, stage: StageSpec) -> dict[Group, list[str]]:
        """Return the ids that wait for `stage`, in order, by what may share a session."""
        found: dict[Group, list[str]] = {}
        by_kind: dict[_Kind, list[str]] = {}
        for task in self._waiting.get(stage.name, ()):
            kind = self._index.kinds[task.id]
            ids = by_kind.get(kind)
            if ids is None:
                ids = by_kind[kind] = found.setdefault(self._group(stage, kind), [])
            ids.append(task.id)
        if stage.by is By.AGENT and stage.name in self._followers:
            self._add_followers(stage, found)
        return found

    def _add_followers(self, stage: StageSpec, found: dict[Group, list[str]]) -> None:
        present = {group: dict.fromkeys(ids) for group, ids in found.items()}
        for task in self._followers[stage.name]:
            group = self._group(stage, self._index.kinds[task.id])
            if group in present and all(id in present[group] for id in self._open_tasks(task)):
                present[group][task.id] = None
        found.update({group: sorted(ids, key=self._order) for group, ids in present.items()})

    def packs(self, ids: Sequence[str], size: int) -> Iterator[tuple[str, ...]]:
        """Split ids into sessions; a task that waits for others goes behind them in the same one, or not at all."""
        left = list(ids)
        while left:
            pack = dict.fromkeys(left[:size]) if not self._followers else self._pack(left, size)
            if not pack:
                return
            yield tuple(pack)
            left = left[size:] if not self._followers else [id for id in left if id not in pack]

    def _pack(self, ids: Sequence[str], size: int) -> dict[str, None]:
        pack: dict[str, None] = {}
        grown = True
        while grown:  # by priority one may stand before the one it comes after
            grown = False
            for id in ids:
                known = id in pack or len(pack) >= size
                if not known and all(other in pack for other in self._open_tasks(self.run.tasks[id])):
                    pack[id], grown = None, True
        return pack

    def _open_tasks(self, task: TaskRecord) -> list[str]:
        """Return the tasks that a task which never started waits for."""
        if task.session or task.id not in self._index.ordered:
            return []
        tasks = self.run.tasks
        return [id for id in self._index.specs[task.id].after if id in tasks and tasks[id].state not in _GONE_BY]

    def _order(self, id: str) -> tuple[int, int]:
        return -self._priority(self.run.tasks[id]), self._index.order[id]

    def agent_of(self, stage: StageSpec, task: TaskRecord) -> str:
        """Return the agent profile that works on `task` in `stage`."""
        return self._group(stage, self._index.kinds[task.id]).agent

    def upstream(self, stage: StageSpec, group: Group) -> int:
        """Return how many first-attempt mates are on the way to `stage`; gates wait for nobody."""
        if stage.by is not By.AGENT:
            return 0
        place = self._index.place[stage.name]
        return sum(
            count
            for (kind, at, reviewed), count in self._firsts.items()
            if at < place and not (reviewed and self.flush) and self._group(stage, kind) == group
        )

    def blocker(self, task: TaskRecord) -> str:
        """Name what a task that never started has to wait for, such as `batch week1`; empty when nothing."""
        if task.session or task.id not in self._index.ordered:
            return ""
        if waits := self._open_tasks(task):
            return f"task {waits[0]}"
        return self._open_batch(task)

    def _open_batch(self, task: TaskRecord) -> str:
        own = self._index.batches.get(self._index.kinds[task.id].batch)
        open_ones = [name for name in (own.after if own else ()) if self._is_unfinished(name)]
        return f"batch {open_ones[0]}" if open_ones else ""

    def _look(self, now: float) -> None:
        for session in self.run.living:
            self.living[session.stage] = self.living.get(session.stage, 0) + 1
            self.agents += bool(session.agent)
        queued, running, review = _ON_THE_WAY
        for task in self.run.tasks.values():  # thousands, at each event: most of them are done, or have never run
            state = task.state
            if (state is queued or state is running or state is review) and task.stage in self.stages:
                self._place(task, state, now)
        for waiting in self._waiting.values():
            if any(map(self._priority, waiting)):
                waiting.sort(key=lambda task: -self._priority(task))

    def _place(self, task: TaskRecord, state: TaskState, now: float) -> None:
        queued = state is TaskState.QUEUED
        if queued and task.id in self._index.ordered and self.blocker(task):
            if not self._open_batch(task):
                self._followers.setdefault(task.stage, []).append(task)
            return
        self.alive = True
        if _is_first(task):
            key = (self._index.kinds[task.id], self._index.place[task.stage], state is TaskState.REVIEW)
            self._firsts[key] = self._firsts.get(key, 0) + 1
        if not queued or task.not_before > now:
            return
        if self.stages[task.stage].by is By.PERSON:
            self.unasked.append(task.id)
        else:
            self._waiting.setdefault(task.stage, []).append(task)

    def _priority(self, task: TaskRecord) -> int:
        return self._index.specs[task.id].priority if task.priority is None else task.priority

    def _group(self, stage: StageSpec, kind: _Kind) -> Group:
        plan = self.run.plan
        return Group(kind.batch, stage.agent or plan.roles.get(kind.role, "") or plan.agent, kind.model or stage.model)

    def _is_unfinished(self, batch: str) -> bool:
        if batch not in self._unfinished:
            found, final = self._index.batches.get(batch), self.run.final_states
            ids = found.tasks if found else ()
            self._unfinished[batch] = any(id in self.run.tasks and self.run.tasks[id].state not in final for id in ids)
        return self._unfinished[batch]


def agents_of(plan: RunPlan) -> frozenset[str]:
    """Return the agent profiles that may work on tasks of `plan`."""
    return frozenset({*(stage.agent for stage in plan.stages if stage.agent), *plan.roles.values(), plan.agent})


def _is_first(task: TaskRecord) -> bool:
    """True for a task that nothing has sent back so far."""
    if task.attempts.get(task.stage):
        return False
    return not task.verdicts or not any(verdict.verdict is Verdict.NEEDS_WORK for verdict in task.verdicts)
