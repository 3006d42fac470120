"""What a plan of tasks says: its stages, tasks and batches, as read from `workstreams/NAME.toml`."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from autod_tui.core.checkpoint import GateSpec


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
