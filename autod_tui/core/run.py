"""Runs: tasks that flow through stages, taken up by sessions, joined by merges."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from autod_tui.core.run_plan import By, RunPlan
from autod_tui.core.usage import Usage
from autod_tui.core.workstream import Source, WorkstreamState


class Verdict(StrEnum):
    """What a stage says about a task."""

    APPROVED = "APPROVED"
    NEEDS_WORK = "NEEDS_WORK"


class TaskVerdict(Struct, frozen=True, kw_only=True):
    """One verdict with its story."""

    stage: str
    verdict: Verdict
    reason: str = ""
    session: str = ""
    by: By = By.AGENT
    at: float = 0.0
    measured: Mapping[str, float] = {}
    """Gate to the number that it measured."""


class TaskState(StrEnum):
    """Where a task stands."""

    QUEUED = "queued"
    RUNNING = "running"
    REVIEW = "review"
    """Waits for a person's verdict."""
    APPROVED = "approved"
    """Past the last stage, its work not yet in `into`."""
    DONE = "done"
    """Its work is in `into` (or was there before: skipped)."""
    FAILED = "failed"
    STOPPED = "stopped"


SETTLED_STATES = frozenset({TaskState.DONE, TaskState.FAILED, TaskState.STOPPED})
"""States from which a task moves only when somebody asks."""
FINAL_STATES = frozenset({TaskState.DONE})
"""States of a task that is through."""


class TaskRecord(Struct, frozen=True, kw_only=True):
    """What has happened to one task so far."""

    id: str
    state: TaskState = TaskState.QUEUED
    reason: str = ""
    stage: str
    """Stage it is in or waits for; the last one when it is through."""
    session: str = ""
    """Session that has it now, or had it last."""
    head: str = ""
    """Commit with its work so far; empty when no session has worked on it."""
    bound: tuple[str, ...] = ()
    """Tasks whose work is in `head` too: they arrive in `into` together."""
    attempts: Mapping[str, int] = {}
    """Stage to the sessions that ended there with a verdict or a failure."""
    lost: int = 0
    """Sessions in a row that vanished under it."""
    rejected_head: str | None = None
    """`head` as the last NEEDS_WORK met it; None before the first."""
    unchanged: int = 0
    """Times in a row that NEEDS_WORK met a head that it had met before."""
    not_before: float = 0.0
    """Unix time before which no session takes it (back-off)."""
    findings: str = ""
    """What the next prompt has to quote: reason of the last NEEDS_WORK, or a conflict."""
    verdicts: tuple[TaskVerdict, ...] = ()
    size: int = 0
    """Bytes of its outputs as last counted."""
    measured: Mapping[str, float] = {}
    """Gate to the number that it measured last."""
    done_at: float = 0.0
    priority: int | None = None
    """Priority given while running; None leaves the declared one."""


class SessionState(StrEnum):
    """Where a session stands."""

    RUNNING = "running"
    DONE = "done"
    """Exit status 0; says nothing about its tasks."""
    FAILED = "failed"
    TIMED_OUT = "timed-out"
    HUNG = "hung"
    STOPPED = "stopped"
    LOST = "lost"
    """Its processes vanished without an exit status."""


HALTS = frozenset({WorkstreamState.WAITING, WorkstreamState.RATE_LIMITED, WorkstreamState.FAILED})
"""States of an agent in which its session does not go on by itself, or not yet."""


class Halt(Struct, frozen=True, kw_only=True):
    """Why the agent of a living session does not go on."""

    state: WorkstreamState
    """One of HALTS: it waits for a person, for the end of a rate limit, or has failed by its own word."""
    reason: str = ""
    source: Source
    since: float = 0.0
    """Unix time."""
    until: float = 0.0
    """Unix time at which a rate limit is expected to end; 0 when unknown or none."""


class SessionRecord(Struct, frozen=True, kw_only=True):
    """One life of an agent (or one judgement by gates: then `agent` is empty)."""

    id: str
    """Short and readable: `build-7`."""
    stage: str
    tasks: tuple[str, ...]
    agent: str = ""
    model: str = ""
    state: SessionState = SessionState.RUNNING
    reason: str = ""
    exit_status: int | None = None
    started_at: float = 0.0
    first_output_at: float = 0.0
    ended_at: float = 0.0
    marker: str = ""
    """UUID in AUTOD_SESSION of every process it started."""
    pane: str = ""
    window: str = ""
    pid: int = 0
    slot: int = 0
    """Number of the worktree it works in; 0 for none."""
    worktree: str = ""
    branch: str = ""
    base_oid: str = ""
    head: str = ""
    """Commit that it left."""
    log: str = ""
    prompt_file: str = ""
    usage: Usage = Usage()
    halt: Halt | None = None
    """None while its agent goes on, as far as that tells, and once the session is over."""
    permission: str = ""
    """Permission mode that its agent was started with; empty where that is not known."""

    @property
    def waits(self) -> bool:
        """True while its agent waits for a person."""
        return self.halt is not None and self.halt.state is WorkstreamState.WAITING

    @property
    def unasked(self) -> bool:
        """True when its agent runs without asking for anything."""
        return self.permission == "all"


class RunState(StrEnum):
    """Where a run stands."""

    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"
    DONE = "done"
    """Every task is done."""
    FAILED = "failed"
    """Nothing more can go on by itself, and not every task is done."""


class RunRecord(Struct, frozen=True, kw_only=True, weakref=True):
    """What has happened to one run so far."""

    id: str
    """Such as `week1-20261121120000`."""
    plan: RunPlan
    """As started, with the tasks added and the sizes tuned since."""
    state: RunState = RunState.RUNNING
    reason: str = ""
    started_at: float = 0.0
    ended_at: float = 0.0
    base_oid: str = ""
    """Where `into` was when the run started."""
    tasks: Mapping[str, TaskRecord] = {}
    """In declared order."""
    sessions: Mapping[str, SessionRecord] = {}
    handoff: str = ""
    """Text that the last session left for the next one."""

    @property
    def final_states(self) -> frozenset[TaskState]:
        """States of tasks that are through: approved is enough for a run that merges nothing."""
        return FINAL_STATES if self.plan.merge else FINAL_STATES | {TaskState.APPROVED}

    @property
    def done(self) -> int:
        """How many tasks are through."""
        states = [task.state for task in self.tasks.values()]
        return sum(map(states.count, self.final_states))

    @property
    def living(self) -> tuple[SessionRecord, ...]:
        """Sessions that run."""
        for sessions, living in _known_living:
            if sessions is self.sessions:
                return living
        living = tuple(one for one in self.sessions.values() if one.state is SessionState.RUNNING)
        _known_living[3:] = []
        _known_living.insert(0, (self.sessions, living))
        return living


_known_living: list[tuple[Mapping[str, SessionRecord], tuple[SessionRecord, ...]]] = []
"""Asked for many times between two changes, and there may be thousands of sessions."""
