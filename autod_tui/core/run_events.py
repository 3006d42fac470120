"""What happens to runs, their sessions and their tasks."""

from __future__ import annotations

from collections.abc import Mapping

from autod_tui.core.events import Event
from autod_tui.core.run import RunState, SessionRecord, SessionState, TaskState, TaskVerdict
from autod_tui.core.run_plan import BatchSpec, RunPlan, TaskSpec
from autod_tui.core.usage import Usage
from autod_tui.core.workstream import Source, WorkstreamState


class RunStarted(Event, frozen=True, kw_only=True):
    """A plan is being carried out."""

    run: str
    plan: RunPlan
    base_oid: str


class RunChanged(Event, frozen=True, kw_only=True):
    """A run was paused, resumed or stopped, or came to its end."""

    run: str
    state: RunState
    reason: str = ""


class TasksAdded(Event, frozen=True, kw_only=True):
    """Tasks arrived while the run goes on; they wait for the first stage."""

    run: str
    tasks: tuple[TaskSpec, ...]
    batches: tuple[BatchSpec, ...] = ()


class RunTuned(Event, frozen=True, kw_only=True):
    """Batch sizes, session counts (stage to number) or priorities (task to number) are now these."""

    run: str
    batch_sizes: Mapping[str, int] = {}
    sessions: Mapping[str, int] = {}
    priorities: Mapping[str, int] = {}


class SessionStarted(Event, frozen=True, kw_only=True):
    """A session has its tasks: they are running."""

    run: str
    session: SessionRecord


class SessionPrinted(Event, frozen=True, kw_only=True):
    """A session's first output: its start-up is over."""

    run: str
    session: str


class SessionHalted(Event, frozen=True, kw_only=True):
    """The agent of a session waits for a person or for the end of a rate limit, or says that it has failed."""

    run: str
    session: str
    state: WorkstreamState
    reason: str = ""
    source: Source
    until: float = 0.0
    """Unix time at which a rate limit is expected to end; 0 when unknown or none."""


class SessionWentOn(Event, frozen=True, kw_only=True):
    """The agent of a session that was halted goes on."""

    run: str
    session: str


class SessionEnded(Event, frozen=True, kw_only=True):
    """A session is over; what it means for its tasks follows as `TaskJudged` or `TaskRequeued` in the same write."""

    run: str
    session: str
    state: SessionState
    reason: str = ""
    exit_status: int | None = None
    head: str = ""
    """Commit it left; empty or equal to its base when it changed nothing."""
    usage: Usage = Usage()
    handoff: str = ""


class SessionMeasured(Event, frozen=True, kw_only=True):
    """A session of a run has used this in all."""

    run: str
    session: str
    usage: Usage


class TaskJudged(Event, frozen=True, kw_only=True):
    """A stage gave its verdict: the task goes on, back, to a person (`review`) or fails (attempts used up)."""

    run: str
    task: str
    verdict: TaskVerdict
    again: bool = False
    """The session itself failed: the task waits for the same stage again, the attempt counted."""
    size: int = 0
    """Bytes of its outputs as counted."""


class TaskRequeued(Event, frozen=True, kw_only=True):
    """A session was lost or stopped under the task: it waits for the same stage again, no attempt counted."""

    run: str
    task: str
    not_before: float = 0.0


class ReviewAsked(Event, frozen=True, kw_only=True):
    """A task is ready to be looked at by a person: in a stage of theirs (its gates are green), or after a jump."""

    run: str
    task: str
    reason: str = ""
    """Why it is asked, where that is not the stage's nature: such as a number that jumped."""
    measured: Mapping[str, float] = {}
    """Gate to the number that it measured."""


class TaskSettled(Event, frozen=True, kw_only=True):
    """A task is done without a session (its outputs are there), stopped, or failed for good."""

    run: str
    task: str
    state: TaskState
    reason: str


class TasksIntegrated(Event, frozen=True, kw_only=True):
    """The work of these tasks is in `into`: they are done."""

    run: str
    tasks: tuple[str, ...]
    before_oid: str
    after_oid: str


class TaskConflicted(Event, frozen=True, kw_only=True):
    """Merging a finished task met a conflict: it goes back with the conflict as its finding."""

    run: str
    task: str
    findings: str


class TasksRetried(Event, frozen=True, kw_only=True):
    """Somebody asked for these failed or stopped tasks again: queued for `stage`, attempts forgotten."""

    run: str
    tasks: tuple[str, ...]
    stage: str = ""
    """Empty: the stage each one failed in."""
