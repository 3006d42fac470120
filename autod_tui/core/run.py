"""Runs: tasks that flow through stages, taken up by sessions, joined by merges."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from autod_tui.core.checkpoint import GateSpec
from autod_tui.core.usage import Usage
from autod_tui.core.workstream import Source, WorkstreamState


class By(StrEnum):
    """Who gives the verdicts of a stage."""

    AGENT = "agent"
    GATES = "gates"
    PERSON = "person"


class Isolation(StrEnum):
    """Where sessions work."""

    WORKTREE = "worktree"
    """A worktree for each session, started from `into` plus the work of its tasks so far."""
    SHARED = "shared"
    """All in one lane, one writer at a time."""


class StageSpec(Struct, frozen=True, kw_only=True):
    """One stage of a plan's pipeline."""

    name: str
    by: By = By.AGENT
    prompt: str = ""
    """Absolute path of the prompt's template; empty takes the built-in one."""
    batch_size: int = 1
    """Tasks in one session at most."""
    adaptive: bool = False
    """Take smaller batches when the queue is short, so that no session slot stays idle."""
    sessions: int = 1
    """Sessions of this stage at once."""
    agent: str = ""
    """Agent profile; empty: the task's role, then the project's default."""
    model: str = ""
    attempts: int = 3
    """Times that a task may enter this stage before it has failed."""
    timeout: float = 1800.0
    """Seconds after which a session is ended; 0 for never."""
    silence: float = 0.0
    """Seconds without output after which a session counts as hung; 0 for never."""
    gates: tuple[GateSpec, ...] = ()
    """Judge each task's work: alone with `by = "gates"`, else before the agent or the person is asked."""
    auto: tuple[GateSpec, ...] = ()
    """In a stage by a person: when all of these are green the task is approved without asking."""
    needs_work: str = ""
    """Stage that NEEDS_WORK sends a task to; never empty once loaded."""
    checklist: tuple[str, ...] = ()
    """What a person looks at in a review."""


class TaskSpec(Struct, frozen=True, kw_only=True):
    """A unit of work with an outcome."""

    id: str
    title: str = ""
    body: str = ""
    model: str = ""
    role: str = ""
    kind: str = ""
    """Type of the task in a tracker, such as `page`."""
    outputs: tuple[str, ...] = ()
    """Paths relative to the worktree; all there already: the task is done and is skipped."""
    min_bytes: int = 0
    """Smallest size of each output that counts."""
    priority: int = 0
    """Higher goes first."""
    after: tuple[str, ...] = ()
    """Tasks that must be approved first."""
    declared: Mapping[str, str] = {}
    """What a tracker says about the task (status, size, score): shown beside what was counted, never believed."""


class BatchSpec(Struct, frozen=True, kw_only=True):
    """Tasks that are started, stopped and judged together."""

    name: str
    tasks: tuple[str, ...]
    after: tuple[str, ...] = ()
    title: str = ""


class RunPlan(Struct, frozen=True, kw_only=True):
    """A plan of tasks, as read from `workstreams/NAME.toml`; a run keeps the one that it was started with."""

    name: str
    title: str = ""
    isolation: Isolation = Isolation.WORKTREE
    into: str
    """Branch that finished tasks are merged into; made from `target` when missing."""
    target: str
    stages: tuple[StageSpec, ...]
    tasks: tuple[TaskSpec, ...]
    batches: tuple[BatchSpec, ...] = ()
    roles: Mapping[str, str] = {}
    """Role to agent profile."""
    agent: str
    """Agent profile where neither stage nor role names one."""
    max_sessions: int
    """Sessions of all stages at once."""
    max_tasks: int = 0
    """Most tasks that a run may take; 0 for no cap."""
    merge: bool = True
    """Merge approved work into `into`; without it the work stays on the sessions' branches."""
    warnings: tuple[str, ...] = ()
    """What was odd in the files it came from; none of it hinders a run."""

    def stage(self, name: str) -> StageSpec:
        """Return a stage by name; KeyError when there is none."""
        return {stage.name: stage for stage in self.stages}[name]

    def task(self, id: str) -> TaskSpec:
        """Return a task by id; KeyError when there is none."""
        return {task.id: task for task in self.tasks}[id]

    def batch_of(self, task: str) -> BatchSpec | None:
        """Return the batch that owns `task`, or None."""
        return next((batch for batch in self.batches if task in batch.tasks), None)


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
