"""What a run does next: pure, so that every promise about order and batches is a test without processes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

from autod_tui.core.queues import Group, Queues
from autod_tui.core.run import RunRecord, RunState, TaskState
from autod_tui.core.run_plan import By, Isolation, StageSpec


class StartSession(Struct, frozen=True):
    """Start an agent on these tasks."""

    run: str
    stage: str
    tasks: tuple[str, ...]
    agent: str
    """Profile; never empty."""
    model: str
    """Empty: the profile's own."""


class Judge(Struct, frozen=True):
    """Run the gates of a stage on these tasks."""

    run: str
    stage: str
    tasks: tuple[str, ...]


class AskReview(Struct, frozen=True):
    """A task has come to a stage by a person: run the stage's gates, if any, then ask."""

    run: str
    task: str


class Integrate(Struct, frozen=True):
    """Merge the heads of these tasks into the run's branch, in this order."""

    run: str
    tasks: tuple[str, ...]


class Finish(Struct, frozen=True):
    """The run has come to its end."""

    run: str
    state: RunState
    reason: str = ""


Step = StartSession | Judge | AskReview | Integrate | Finish


def next_steps(run: RunRecord, *, free: int, now: float, held: Mapping[str, str] | None = None) -> tuple[Step, ...]:
    """Return all that can be done now; the same run, `free` sessions of the project and time give the same steps.

    `held` names agents that may not start, with the reason: their tasks wait, and nobody goes without them.
    Steps are told again until the journal says that they were taken. A paused run starts nothing but brings home what
    is finished; a run that has ended does nothing.
    """
    if run.state not in (RunState.RUNNING, RunState.PAUSED):
        return ()
    queues = Queues(run, now, held)
    steps: list[Step] = list(_integration(run))
    if run.state is RunState.RUNNING:
        reviews = [AskReview(run.id, id) for id in queues.unasked]
        sessions = list(_sessions(queues, free))
        if not (sessions or reviews or queues.busy or queues.held_back):
            # nothing will come by itself: those who wait for mates in a review go without them
            queues.flush = True
            sessions = list(_sessions(queues, free))
        steps += [*reviews, *sessions]
    return tuple(steps) or tuple(_end(queues))


def wake_at(run: RunRecord, *, now: float = 0.0) -> float | None:
    """Return the first time after `now` at which a task's back-off is over; None when none is waited for."""
    pauses = [task.not_before for task in run.tasks.values() if task.state is TaskState.QUEUED]
    return min((at for at in pauses if at > now), default=None) if run.state is RunState.RUNNING else None


def holds(
    run: RunRecord, task_id: str, *, free: int | None = None, now: float = 0.0, held: Mapping[str, str] | None = None
) -> str:
    """Say in words why a queued task does not start; empty when nothing holds it (or it doesn't wait).

    `held`: agents that may not start, with the reason.
    """
    task = run.tasks.get(task_id)
    if task is None or task.state is not TaskState.QUEUED:
        return ""
    if run.state is not RunState.RUNNING:
        return f"the run is {run.state.value}"
    queues = Queues(run, now, held)
    if blocker := queues.blocker(task):
        return f"waits for {blocker}"
    if task.not_before > now:
        return f"waits {task.not_before - now:.0f} s after a session that broke off" if now else "waits after a break"
    stage = queues.stages.get(task.stage)
    if stage is None:
        return f"stage {task.stage!r} is not in the plan"
    if stage.by is By.AGENT and (reason := queues.held.get(queues.agent_of(stage, task))):
        return reason
    return _full(queues, stage, free) or _fills(queues, stage, task_id)


def _sessions(queues: Queues, free: int) -> Iterator[StartSession | Judge]:
    """Yield sessions, later stages first."""
    left = _agents_left(queues, free)
    for stage in reversed(queues.run.plan.stages):
        places = stage.sessions - queues.living.get(stage.name, 0)
        agents = stage.by is By.AGENT
        for group, ids in _fillings(queues, stage, min(places, left) if agents else places):
            if agents:
                left -= 1
                yield StartSession(queues.run.id, stage.name, ids, group.agent, group.model)
            else:
                yield Judge(queues.run.id, stage.name, ids)


def _agents_left(queues: Queues, free: int) -> int:
    """Return how many agents may start; a shared lane has one writer."""
    places = 1 if queues.run.plan.isolation is Isolation.SHARED else queues.run.plan.max_sessions
    return max(0, min(free, queues.run.plan.max_sessions, places - queues.agents))


def _fillings(queues: Queues, stage: StageSpec, places: int) -> Iterator[tuple[Group, tuple[str, ...]]]:
    """Yield (group, tasks) of the next sessions of a stage: full ones, and the rest of groups that nobody adds to."""
    if stage.by is By.PERSON or places <= 0:
        return
    size = queues.size(stage)
    for group, ids in queues.groups(stage).items():
        if stage.by is By.AGENT and group.agent in queues.held:
            queues.held_back = True
            continue
        for taken in queues.packs(ids, size):
            if places <= 0 or (len(taken) < size and queues.upstream(stage, group)):
                break
            places -= 1
            yield group, taken


def _integration(run: RunRecord) -> Iterator[Integrate]:
    """Yield one merge of all approved tasks whose companions have arrived too."""
    if not run.plan.merge:
        return
    arrived = {TaskState.APPROVED, TaskState.DONE}
    if run.plan.isolation is Isolation.SHARED:
        # the lane holds everybody's work anyway: one that failed keeps nobody
        arrived |= {TaskState.FAILED, TaskState.STOPPED}
    ready = tuple(
        task.id
        for task in run.tasks.values()
        if task.state is TaskState.APPROVED
        and all(run.tasks[id].state in arrived for id in task.bound if id in run.tasks)
    )
    if ready:
        yield Integrate(run.id, ready)


def _end(queues: Queues) -> Iterator[Finish]:
    run = queues.run
    if run.done == len(run.tasks):
        yield Finish(run.id, RunState.DONE)
    elif run.state is RunState.RUNNING and not queues.alive:
        yield Finish(run.id, RunState.FAILED, _why(queues))


def _why(queues: Queues) -> str:
    """Say what keeps a run from its end."""
    run, parts = queues.run, list[str]()
    for state, words in (
        (TaskState.FAILED, "failed"),
        (TaskState.STOPPED, "stopped"),
        (TaskState.QUEUED, "waiting for those"),
        (TaskState.APPROVED, "approved but bound to those"),
    ):
        ids = [task.id for task in run.tasks.values() if task.state is state]
        if ids:
            more = f" and {len(ids) - 5} more" if len(ids) > 5 else ""
            parts.append(f"{len(ids)} {words} ({', '.join(ids[:5])}{more})")
    return f"{run.done} of {len(run.tasks)} tasks are done; {', '.join(parts)}"


def _full(queues: Queues, stage: StageSpec, free: int | None) -> str:
    running = queues.living.get(stage.name, 0)
    if running >= stage.sessions and stage.by is not By.PERSON:
        return f"waits for a free session of {stage.name} ({running} of {stage.sessions} run)"
    if stage.by is not By.AGENT:
        return ""
    if queues.run.plan.isolation is Isolation.SHARED and queues.agents:
        return "waits for the lane: one session at a time works in it"
    if queues.agents >= queues.run.plan.max_sessions:
        return f"waits for a free session of the run ({queues.agents} of {queues.run.plan.max_sessions} run)"
    return "waits for a free session of the project" if free is not None and free <= 0 else ""


def _fills(queues: Queues, stage: StageSpec, id: str) -> str:
    size = queues.size(stage)
    for group, ids in queues.groups(stage).items():
        if id in ids and len(ids) < size and (mates := queues.upstream(stage, group)):
            return f"waits for {mates} more on the way to {stage.name}, to fill a session of {size}"
    return ""
