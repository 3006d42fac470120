"""A run without processes: the scheduler's steps are carried out by a clock and a table of outcomes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from autod_tui.core import run_events as ev
from autod_tui.core.events import Event, Recorded
from autod_tui.core.replay import apply
from autod_tui.core.run import RunRecord, RunState, SessionRecord, SessionState, TaskState, TaskVerdict, Verdict
from autod_tui.core.run_plan import BatchSpec, By, RunPlan, StageSpec, TaskSpec
from autod_tui.core.schedule import AskReview, Finish, Integrate, Judge, StartSession, Step, next_steps, wake_at
from autod_tui.core.state import State

RUN = "r"


@dataclass(frozen=True)
class Outcome:
    """How a session ends."""

    state: SessionState = SessionState.DONE
    seconds: float = 10.0
    commits: bool = True
    rejected: frozenset[str] = frozenset()
    """Tasks that get NEEDS_WORK."""


Decide = Callable[[RunRecord, SessionRecord], Outcome]


def stage(name: str, batch_size: int = 1, **fields: Any) -> StageSpec:
    """Return a stage that sends work back to itself unless told otherwise."""
    return StageSpec(name=name, batch_size=batch_size, **{"needs_work": name, **fields})


def make_run_plan(
    stages: list[StageSpec], tasks: int | list[TaskSpec], batches: tuple[BatchSpec, ...] = (), **fields: Any
) -> RunPlan:
    """Return a plan; a number makes that many tasks `t1`, `t2` ..."""
    specs = [TaskSpec(id=f"t{number}") for number in range(1, tasks + 1)] if isinstance(tasks, int) else tasks
    usual = {"name": "p", "into": "i", "target": "main", "agent": "demo", "max_sessions": 8}
    return RunPlan(stages=tuple(stages), tasks=tuple(specs), batches=batches, **{**usual, **fields})


def always(record: RunRecord, session: SessionRecord) -> Outcome:
    """Every session does all its tasks."""
    return Outcome(commits=bool(session.agent))


@dataclass
class Simulation:
    """Carries out a run's steps."""

    plan: RunPlan
    decide: Decide = always
    free: int = 99
    review: Callable[[RunRecord, str], Verdict] = lambda run, task: Verdict.APPROVED
    conflicts: Callable[[str], bool] = lambda task: False
    state: State = field(default_factory=State)
    journal: list[Recorded] = field(default_factory=list)
    now: float = 1000.0
    steps: list[Step] = field(default_factory=list)
    """All that were carried out, in order."""
    looks: int = 0
    _ending: list[tuple[float, int, SessionRecord, Outcome]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Start the run."""
        self.tell(ev.RunStarted(run=RUN, plan=self.plan, base_oid="base"))

    @property
    def run(self) -> RunRecord:
        """The run as it stands."""
        return self.state.runs[RUN]

    def tell(self, *events: Event) -> None:
        """Write events."""
        for event in events:
            self.journal.append(Recorded(len(self.journal) + 1, self.now, event))
            self.state = apply(self.state, self.journal[-1])

    def sessions(self, stage: str) -> list[tuple[str, ...]]:
        """Return the tasks of all agents' sessions of a stage, in order of their start."""
        return [step.tasks for step in self.steps if isinstance(step, StartSession) and step.stage == stage]

    def play(self, looks: int = 100_000) -> Simulation:
        """Go on until the run ends or only a person could help; AssertionError after too many looks."""
        while self.run.state is RunState.RUNNING and self.once():
            assert self.looks < looks, f"the run does not end: {self.steps[-5:]}"
        return self

    def once(self) -> bool:
        """Carry out what is next, or let time pass; False when nothing can happen any more."""
        self.looks += 1
        steps = next_steps(self.run, free=self.free - len(self._agents()), now=self.now)
        for step in steps:
            self.steps.append(step)
            self._carry_out(step)
        return bool(steps) or self._pass_time()

    def _agents(self) -> list[SessionRecord]:
        return [session for session in self.run.living if session.agent]

    def _carry_out(self, step: Step) -> None:
        if isinstance(step, StartSession):
            self._start(step.stage, step.tasks, step.agent, step.model)
        elif isinstance(step, Judge):
            self._start(step.stage, step.tasks, "", "")
        elif isinstance(step, AskReview):
            self.tell(ev.ReviewAsked(run=RUN, task=step.task))
        elif isinstance(step, Integrate):
            self._integrate(step)
        elif isinstance(step, Finish):
            self.tell(ev.RunChanged(run=RUN, state=step.state, reason=step.reason))

    def _start(self, stage: str, tasks: tuple[str, ...], agent: str, model: str) -> None:
        id = f"{stage}-{len(self.run.sessions) + 1}"
        session = SessionRecord(id=id, stage=stage, tasks=tasks, agent=agent, model=model, base_oid=f"base of {id}")
        self.tell(ev.SessionStarted(run=RUN, session=session))
        outcome = self.decide(self.run, session)
        self._ending.append((self.now + outcome.seconds, len(self.run.sessions), session, outcome))
        self._ending.sort(key=lambda one: one[:2])

    def _integrate(self, step: Integrate) -> None:
        bad = [id for id in step.tasks if self.conflicts(id)]
        good = tuple(id for id in step.tasks if id not in bad)
        self.tell(*(ev.TaskConflicted(run=RUN, task=id, findings="conflict") for id in bad))
        if good:
            self.tell(ev.TasksIntegrated(run=RUN, tasks=good, before_oid="b", after_oid="a"))

    def _pass_time(self) -> bool:
        wake = wake_at(self.run, now=self.now)
        if self._ending and (wake is None or self._ending[0][0] <= wake):
            self.now, _, session, outcome = self._ending.pop(0)
            self._end(session, outcome)
            return True
        if wake is not None:
            self.now = wake
            return True
        asked = [task.id for task in self.run.tasks.values() if task.state is TaskState.REVIEW]
        for id in asked[:1]:
            self._judge(id, self.run.tasks[id].stage, "", self.review(self.run, id), By.PERSON)
        return bool(asked)

    def _end(self, session: SessionRecord, outcome: Outcome) -> None:
        lost, whole = outcome.state is SessionState.LOST, outcome.state is SessionState.DONE
        head = f"head of {session.id}" if outcome.commits and session.agent and not lost else session.base_oid
        self.tell(ev.SessionEnded(run=RUN, session=session.id, state=outcome.state, head=head, handoff="next"))
        for id in session.tasks:
            task = self.run.tasks[id]
            if task.state is not TaskState.RUNNING:
                continue
            if lost:
                self.tell(ev.TaskRequeued(run=RUN, task=id, not_before=self.now + 2.0 ** (task.lost + 1)))
                continue
            fine = whole and id not in outcome.rejected
            by = By.AGENT if session.agent else By.GATES
            verdict = Verdict.APPROVED if fine else Verdict.NEEDS_WORK
            self._judge(id, session.stage, session.id, verdict, by, again=not whole)

    def _judge(self, task: str, stage: str, session: str, verdict: Verdict, by: By, *, again: bool = False) -> None:
        reason = "" if verdict is Verdict.APPROVED else "not enough"
        judged = TaskVerdict(stage=stage, verdict=verdict, reason=reason, session=session, by=by)
        self.tell(ev.TaskJudged(run=RUN, task=task, verdict=judged, again=again))
