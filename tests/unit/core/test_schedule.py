"""What a run does next: one rule serves sessions of three, workers, batches and reviews."""

from __future__ import annotations

import random
import time
from collections import Counter
from math import ceil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autod_tui.core import run_events as ev
from autod_tui.core.replay import replay
from autod_tui.core.run import RunRecord, RunState, SessionRecord, SessionState, TaskState, Verdict
from autod_tui.core.run_plan import BatchSpec, By, Isolation, RunPlan, StageSpec, TaskSpec
from autod_tui.core.schedule import (
    AskReview,
    Finish,
    Integrate,
    Judge,
    StartSession,
    Step,
    holds,
    next_steps,
    wake_at,
)
from tests.support.simulate import RUN, Decide, Outcome, Simulation, make_run_plan, stage

THREES = [stage("execute", 3), stage("audit", 3, needs_work="execute")]
WORKERS = [
    stage("SPEC", 5),
    stage("TESTS_PRE", 5),
    stage("IMPL", 3, attempts=4),
    stage("TESTS_POST", by=By.GATES, needs_work="IMPL", attempts=4),
    stage("REVIEW", by=By.GATES, needs_work="IMPL", attempts=4),
    stage("PLAYTEST", 5, needs_work="IMPL", attempts=4),
    stage("COMMIT", 5),
]


def steps(simulation: Simulation, *, free: int = 99, now: float | None = None) -> tuple[Step, ...]:
    return next_steps(simulation.run, free=free, now=simulation.now if now is None else now)


def started(simulation: Simulation, **fields: int) -> list[tuple[str, tuple[str, ...]]]:
    return [(step.stage, step.tasks) for step in steps(simulation, **fields) if isinstance(step, StartSession)]


def rejecting(*ids: str, at: str, times: int = 1) -> Decide:
    left = dict.fromkeys(ids, times)

    def decide(run: RunRecord, session: SessionRecord) -> Outcome:
        bad = [id for id in session.tasks if session.stage == at and left.get(id)]
        for id in bad:
            left[id] -= 1
        return Outcome(commits=session.stage != at, rejected=frozenset(bad))

    return decide


# --- the figures of the source documents


@pytest.mark.parametrize(("tasks", "sessions", "last"), [(162, 54, 3), (161, 54, 2), (3, 1, 3), (1, 1, 1)])
def test_sessions_of_three_are_audited_before_the_next_three_start(tasks: int, sessions: int, last: int) -> None:
    done = Simulation(make_run_plan(THREES, tasks, isolation=Isolation.SHARED)).play()
    assert done.run.state is RunState.DONE
    order = [(step.stage, step.tasks) for step in done.steps if isinstance(step, StartSession)]
    ids = [f"t{number}" for number in range(1, tasks + 1)]
    threes = [tuple(ids[at : at + 3]) for at in range(0, tasks, 3)]
    assert order == [(name, three) for three in threes for name in ("execute", "audit")]
    assert (len(threes), len(threes[-1])) == (sessions, last)


def test_batches_of_three_in_the_plan_give_the_same_sessions() -> None:
    batches = tuple(
        BatchSpec(name=f"b{at}", tasks=tuple(f"t{n}" for n in range(at, at + 3))) for at in range(1, 163, 3)
    )
    done = Simulation(make_run_plan(THREES, 162, batches, isolation=Isolation.SHARED)).play()
    assert (len(done.sessions("execute")), len(done.sessions("audit"))) == (54, 54)
    assert all(len(tasks) == 3 for name in ("execute", "audit") for tasks in done.sessions(name))


@pytest.mark.parametrize("seed", range(20))
def test_twenty_features_pass_the_workers_in_as_few_sessions_as_their_sizes_allow(seed: int) -> None:
    dice = random.Random(seed)

    def decide(run: RunRecord, session: SessionRecord) -> Outcome:
        return Outcome(seconds=dice.uniform(1, 100), commits=bool(session.agent))

    done = Simulation(make_run_plan(WORKERS, 20), decide).play()
    assert done.run.state is RunState.DONE
    for one in WORKERS:
        least = ceil(20 / one.batch_size) if one.by is By.AGENT else 0
        assert len(done.sessions(one.name)) == least, one.name


def test_features_sent_back_from_the_playtest_cost_few_sessions_more() -> None:
    seen: set[str] = set()

    def decide(run: RunRecord, session: SessionRecord) -> Outcome:
        bad = {id for id in session.tasks if session.stage == "PLAYTEST" and int(id[1:]) % 3 == 0} - seen
        seen.update(bad)
        return Outcome(commits=bool(session.agent), rejected=frozenset(bad))

    done = Simulation(make_run_plan(WORKERS, 20), decide).play()
    assert (done.run.state, len(seen)) == (RunState.DONE, 6)
    assert sum(isinstance(step, StartSession) for step in done.steps) <= 32


# --- fill or flush


def test_session_waits_for_first_attempts_on_the_way_and_never_for_reworked_ones() -> None:
    plan = make_run_plan([stage("a", 1, sessions=2), stage("b", 2)], 3)
    simulation = Simulation(plan, lambda run, session: Outcome(seconds=1.0 if session.tasks == ("t1",) else 50.0))
    simulation.once()
    assert simulation.once() and simulation.run.tasks["t1"].stage == "b"
    assert started(simulation) == [("a", ("t3",))]
    assert holds(simulation.run, "t1") == "waits for 2 more on the way to b, to fill a session of 2"
    simulation.play()
    assert simulation.sessions("b") == [("t1", "t2"), ("t3",)]


def test_reworked_task_holds_nobody() -> None:
    plan = make_run_plan([stage("a", 3), stage("b", 3, needs_work="a")], 3)
    simulation = Simulation(plan, rejecting("t2", at="a"))
    while not simulation.sessions("b"):
        simulation.once()
    assert simulation.sessions("a")[0] == ("t1", "t2", "t3")
    assert simulation.sessions("b")[0] == ("t1", "t3")
    assert simulation.play().run.state is RunState.DONE
    assert simulation.sessions("b") == [("t1", "t3"), ("t2",)]


def test_full_session_starts_whoever_is_on_the_way() -> None:
    plan = make_run_plan([stage("a", 2), stage("b", 2)], 6)
    simulation = Simulation(plan)
    simulation.once()
    simulation.once()
    assert started(simulation) == [("b", ("t1", "t2")), ("a", ("t3", "t4"))]


def test_mates_in_a_review_are_not_waited_for_when_nothing_else_goes_on() -> None:
    plan = make_run_plan([stage("a", 1, sessions=9), stage("look", by=By.PERSON, needs_work="a"), stage("b", 5)], 4)
    simulation = Simulation(plan)
    while not all(task.state is TaskState.REVIEW for task in simulation.run.tasks.values()):
        simulation.once()
    assert steps(simulation) == ()
    simulation.once()
    assert simulation.run.tasks["t1"].stage == "b"
    assert started(simulation) == [("b", ("t1",))]
    assert simulation.play().run.state is RunState.DONE


def test_lost_mate_is_waited_for_while_it_pauses() -> None:
    def decide(run: RunRecord, session: SessionRecord) -> Outcome:
        if session.id == "a-2":
            return Outcome(state=SessionState.LOST, seconds=20.0)
        return Outcome()

    done = Simulation(make_run_plan([stage("a", 1, sessions=2), stage("b", 2)], 2), decide)
    while done.run.tasks["t2"].lost == 0:
        done.once()
    assert started(done) == []
    assert wake_at(done.run, now=done.now) == done.run.tasks["t2"].not_before == done.now + 2
    assert holds(done.run, "t2", now=done.now) == "waits 2 s after a session that broke off"
    assert done.play().sessions("b") == [("t1", "t2")]


def test_only_tasks_of_one_batch_agent_and_model_share_a_session() -> None:
    tasks = [
        TaskSpec(id="a", model="flash"), TaskSpec(id="b", model="pro"), TaskSpec(id="c", role="architect"),
        TaskSpec(id="d", model="flash"), TaskSpec(id="e"), TaskSpec(id="f"),
    ]  # fmt: skip
    batches = (BatchSpec(name="x", tasks=("a", "b", "c", "d", "e")), BatchSpec(name="y", tasks=("f",)))
    plan = make_run_plan([stage("s", 9, sessions=9, model="base")], tasks, batches, roles={"architect": "claude"})
    assert steps(Simulation(plan)) == (
        StartSession(RUN, "s", ("a", "d"), "demo", "flash"),
        StartSession(RUN, "s", ("b",), "demo", "pro"),
        StartSession(RUN, "s", ("c",), "claude", "base"),
        StartSession(RUN, "s", ("e",), "demo", "base"),
        StartSession(RUN, "s", ("f",), "demo", "base"),
    )
    own = make_run_plan([stage("s", 9, agent="codex")], [TaskSpec(id="c", role="architect")], roles={"architect": "x"})
    assert steps(Simulation(own)) == (StartSession(RUN, "s", ("c",), "codex", ""),)


def test_adaptive_size_keeps_every_place_busy() -> None:
    plan = make_run_plan([stage("a", 5, sessions=3, adaptive=True)], 7)
    assert [ids for _, ids in started(Simulation(plan))] == [("t1", "t2", "t3"), ("t4", "t5", "t6"), ("t7",)]
    plain = make_run_plan([stage("a", 5, sessions=3)], 7)
    assert [len(ids) for _, ids in started(Simulation(plain))] == [5, 2]
    assert [len(ids) for _, ids in started(Simulation(make_run_plan([*plan.stages], 30)))] == [5, 5, 5]


# --- limits and order


def test_limits_of_stage_run_and_project() -> None:
    plan = make_run_plan([stage("a", sessions=3)], 9)
    assert len(started(Simulation(plan))) == 3
    assert len(started(Simulation(plan), free=2)) == 2
    assert started(Simulation(plan), free=0) == []
    assert started(Simulation(plan), free=-1) == []
    assert len(started(Simulation(make_run_plan([*plan.stages], 9, max_sessions=2)))) == 2
    simulation = Simulation(plan)
    simulation.once()
    assert steps(simulation) == ()
    assert holds(simulation.run, "t4") == "waits for a free session of a (3 of 3 run)"


def test_gates_judge_in_their_own_places_without_agents() -> None:
    plan = make_run_plan([stage("g", 2, by=By.GATES, sessions=2)], 5)
    assert steps(Simulation(plan), free=0) == (Judge(RUN, "g", ("t1", "t2")), Judge(RUN, "g", ("t3", "t4")))
    done = Simulation(plan).play()
    assert done.run.state is RunState.DONE


def test_priority_goes_first_then_the_declared_order() -> None:
    tasks = [TaskSpec(id="a"), TaskSpec(id="b", priority=5), TaskSpec(id="c"), TaskSpec(id="d", priority=5)]
    simulation = Simulation(make_run_plan([stage("s")], tasks))
    assert started(simulation) == [("s", ("b",))]
    simulation.tell(ev.RunTuned(run=RUN, priorities={"c": 9, "b": 0}))
    simulation.play()
    assert simulation.sessions("s") == [("c",), ("d",), ("a",), ("b",)]


def test_batch_starts_when_those_before_it_are_in_the_branch() -> None:
    batches = (BatchSpec(name="x", tasks=("t1", "t2")), BatchSpec(name="y", tasks=("t3",), after=("x",)))
    simulation = Simulation(make_run_plan([stage("s", 2, sessions=9)], 3, batches))
    assert started(simulation) == [("s", ("t1", "t2"))]
    assert holds(simulation.run, "t3") == "waits for batch x"
    simulation.once()
    simulation.once()
    assert simulation.run.tasks["t1"].state is TaskState.APPROVED
    assert steps(simulation) == (Integrate(RUN, ("t1", "t2")),)
    simulation.once()
    assert started(simulation) == [("s", ("t3",))]
    unmerged = Simulation(make_run_plan([stage("s", 2)], 3, batches, merge=False)).play()
    assert unmerged.run.state is RunState.DONE
    assert unmerged.run.done == 3
    assert not any(isinstance(step, Integrate) for step in unmerged.steps)


def test_task_starts_after_the_tasks_that_it_names() -> None:
    tasks = [TaskSpec(id="a", after=("b", "not in this run")), TaskSpec(id="b")]
    simulation = Simulation(make_run_plan([stage("s")], tasks))
    assert started(simulation) == [("s", ("b",))]
    assert holds(simulation.run, "a") == "waits for task b"
    assert simulation.play().sessions("s") == [("b",), ("a",)]


def test_tasks_of_a_chain_share_a_session_in_their_order() -> None:
    tasks = [TaskSpec(id="a"), TaskSpec(id="b", after=("a",)), TaskSpec(id="c", after=("b",)), TaskSpec(id="d")]
    simulation = Simulation(make_run_plan([stage("s", 2, sessions=2)], tasks))
    assert started(simulation) == [("s", ("a", "b")), ("s", ("d",))]
    assert simulation.play().sessions("s") == [("a", "b"), ("d",), ("c",)]


def test_task_after_one_of_another_model_waits() -> None:
    tasks = [TaskSpec(id="a", model="pro"), TaskSpec(id="b", after=("a",))]
    simulation = Simulation(make_run_plan([stage("s", 2, sessions=2)], tasks))
    assert started(simulation) == [("s", ("a",))]


def test_person_is_asked_and_the_run_waits() -> None:
    plan = make_run_plan([stage("a"), stage("look", by=By.PERSON, needs_work="a")], 1)
    simulation = Simulation(plan)
    while simulation.run.tasks["t1"].stage != "look":
        simulation.once()
    assert steps(simulation) == (AskReview(RUN, "t1"),)
    simulation.once()
    assert simulation.run.tasks["t1"].state is TaskState.REVIEW
    assert steps(simulation) == ()


def test_paused_run_starts_nothing_and_brings_home_what_is_finished() -> None:
    simulation = Simulation(make_run_plan([stage("s", sessions=2)], 3))
    simulation.once()
    simulation.tell(ev.RunChanged(run=RUN, state=RunState.PAUSED))
    assert holds(simulation.run, "t3") == "the run is paused"
    while simulation.once():
        pass
    assert [task.state for task in simulation.run.tasks.values()] == [TaskState.DONE, TaskState.DONE, TaskState.QUEUED]
    for state in (RunState.STOPPED, RunState.FAILED, RunState.DONE):
        simulation.tell(ev.RunChanged(run=RUN, state=state))
        assert steps(simulation) == ()
    simulation.tell(ev.RunChanged(run=RUN, state=RunState.RUNNING))
    assert simulation.play().run.state is RunState.DONE


# --- integration and the end


def failing(*ids: str) -> Decide:
    def decide(run: RunRecord, session: SessionRecord) -> Outcome:
        return Outcome(rejected=frozenset(ids))

    return decide


def test_bound_tasks_wait_for_each_other_in_worktrees_and_not_in_a_shared_lane() -> None:
    plan = make_run_plan([stage("s", 2)], 4)
    failed = Simulation(plan, failing("t2")).play()
    assert [failed.run.tasks[id].state.value for id in ("t1", "t2")] == ["approved", "failed"]
    assert failed.run.state is RunState.FAILED
    assert "1 failed (t2)" in failed.run.reason
    assert "approved but bound to those" in failed.run.reason
    lane = make_run_plan([stage("s", 2)], 4, isolation=Isolation.SHARED)
    shared = Simulation(lane, failing("t2")).play()
    assert [task.state.value for task in shared.run.tasks.values()] == ["done", "failed", "done", "done"]


def test_conflict_sends_a_task_back_to_the_stage_that_can_mend_it() -> None:
    left = {"t1": 1}
    plan = make_run_plan([stage("a"), stage("look", by=By.PERSON, needs_work="a")], 2)
    simulation = Simulation(plan, conflicts=lambda task: bool(left.pop(task, 0)))
    assert simulation.play().run.state is RunState.DONE
    assert Counter(simulation.sessions("a")) == {("t1",): 2, ("t2",): 1}


def test_task_that_only_conflicts_fails_in_the_end() -> None:
    simulation = Simulation(make_run_plan([stage("a")], 1), conflicts=lambda task: True).play()
    assert simulation.run.tasks["t1"].reason == "3 attempts at a: conflict"
    assert simulation.run.state is RunState.FAILED


def test_run_ends() -> None:
    assert steps(Simulation(make_run_plan([stage("a")], 0))) == (Finish(RUN, RunState.DONE),)
    tasks = [TaskSpec(id="a"), TaskSpec(id="b", after=("a",)), TaskSpec(id="c")]
    failed = Simulation(make_run_plan([stage("a")], tasks), failing("a")).play()
    assert failed.run.reason == "1 of 3 tasks are done; 1 failed (a), 1 waiting for those (b)"
    stopped = Simulation(make_run_plan([stage("a")], 1))
    stopped.tell(ev.TaskSettled(run=RUN, task="t1", state=TaskState.STOPPED, reason="by hand"))
    assert stopped.play().run.reason == "0 of 1 tasks are done; 1 stopped (t1)"
    skipped = Simulation(make_run_plan([stage("a")], 1))
    skipped.tell(ev.TaskSettled(run=RUN, task="t1", state=TaskState.DONE, reason="it is there"))
    assert skipped.play().run.state is RunState.DONE


def test_added_tasks_flow_through_while_the_run_goes_on() -> None:
    simulation = Simulation(make_run_plan(THREES, 3, isolation=Isolation.SHARED))
    simulation.once()
    simulation.tell(ev.TasksAdded(run=RUN, tasks=(TaskSpec(id="new", priority=1), TaskSpec(id="t1"))))
    assert simulation.play().run.done == 4
    assert simulation.sessions("audit") == [("t1", "t2", "t3"), ("new",)]


# --- thousands of plans


@st.composite
def plans(draw: st.DrawFn) -> RunPlan:
    count = draw(st.integers(1, 4))
    names = ["A", "B", "C", "D"][:count]
    stages = []
    for at, name in enumerate(names):
        by = By.AGENT if at == 0 else draw(st.sampled_from([By.AGENT, By.AGENT, By.GATES, By.PERSON]))
        stages.append(
            StageSpec(
                name=name, by=by, batch_size=draw(st.integers(1, 4)), sessions=draw(st.integers(1, 3)),
                adaptive=draw(st.booleans()), attempts=draw(st.integers(1, 3)),
                needs_work=draw(st.sampled_from(names[: at + 1])),
            )
        )  # fmt: skip
    total = draw(st.integers(1, 9))
    ids = [f"t{number}" for number in range(total)]
    tasks = tuple(
        TaskSpec(
            id=id, model=draw(st.sampled_from(["", "m"])), priority=draw(st.integers(0, 1)),
            after=tuple(draw(st.lists(st.sampled_from(ids[:at]), max_size=1))) if at else (),
        )
        for at, id in enumerate(ids)
    )  # fmt: skip
    return RunPlan(
        name="p", into="i", target="main", agent="demo", stages=tuple(stages), tasks=tasks,
        batches=draw(batches_of(ids)), isolation=draw(st.sampled_from(Isolation)),
        max_sessions=draw(st.integers(1, 4)), merge=draw(st.booleans()),
    )  # fmt: skip


@st.composite
def batches_of(draw: st.DrawFn, ids: list[str]) -> tuple[BatchSpec, ...]:
    cut = draw(st.integers(0, len(ids)))
    if not cut or draw(st.booleans()):
        return ()
    # in declared order, as tasks only come after earlier ones: anything else might be a cycle
    after = draw(st.sampled_from([(), ("one",)]))
    return (BatchSpec(name="one", tasks=tuple(ids[:cut])), BatchSpec(name="two", tasks=tuple(ids[cut:]), after=after))


class Watched(Simulation):
    """A simulation that looks at each step before it is taken."""

    def once(self) -> bool:
        run = self.run
        found = steps(self, free=self.free - len(self._agents()))
        assert found == steps(self, free=self.free - len(self._agents()))
        check(run, found, self.free)
        return super().once()


def check(run: RunRecord, found: tuple[Step, ...], free: int) -> None:
    plan = run.plan
    agents = [step for step in found if isinstance(step, StartSession)]
    living = [session for session in run.living if session.agent]
    assert len(agents) + len(living) <= min(free, plan.max_sessions)
    if plan.isolation is Isolation.SHARED:
        assert len(agents) + len(living) <= 1, "one writer per worktree"
    taken = [id for step in found if isinstance(step, StartSession | Judge) for id in step.tasks]
    held = [id for session in run.living for id in session.tasks if run.tasks[id].session == session.id]
    assert len(set(taken + held)) == len(taken + held), "two sessions on one task"
    for step in found:
        if isinstance(step, StartSession | Judge):
            check_session(run, step)
    for name in (one.name for one in plan.stages):
        mine = [step for step in found if isinstance(step, StartSession | Judge) and step.stage == name]
        running = [session for session in run.living if session.stage == name]
        assert not mine or len(mine) + len(running) <= plan.stage(name).sessions


def check_session(run: RunRecord, step: StartSession | Judge) -> None:
    spec = run.plan.stage(step.stage)
    assert 1 <= len(step.tasks) <= spec.batch_size
    assert len({(run.plan.batch_of(id), run.plan.task(id).model) for id in step.tasks}) == 1
    for id in step.tasks:
        task = run.tasks[id]
        assert (task.state, task.stage) == (TaskState.QUEUED, step.stage)
        assert task.attempts.get(step.stage, 0) < spec.attempts, "more attempts than allowed"
        if task.session:
            continue
        for before in run.plan.task(id).after:
            done = run.tasks[before].state in (TaskState.DONE, TaskState.APPROVED)
            earlier_in_it = before in step.tasks[: step.tasks.index(id)] and isinstance(step, StartSession)
            assert done or earlier_in_it, "before its time"
        own = run.plan.batch_of(id)
        for name in own.after if own else ():
            earlier = next(batch for batch in run.plan.batches if batch.name == name)
            assert all(run.tasks[one].state in run.final_states for one in earlier.tasks), "batch before its time"
    if isinstance(step, StartSession) and len(step.tasks) < spec.batch_size and not spec.adaptive:
        check_flushed(run, step)


def check_flushed(run: RunRecord, step: StartSession) -> None:
    """A session that isn't full waits while mates are running or about to, and starts when there are none."""
    names = [one.name for one in run.plan.stages]
    earlier = set(names[: names.index(step.stage)])
    model, batch = run.plan.task(step.tasks[0]).model, run.plan.batch_of(step.tasks[0])
    for task in run.tasks.values():
        same = run.plan.task(task.id).model == model and run.plan.batch_of(task.id) == batch
        fresh = not task.attempts.get(task.stage) and all(v.verdict is Verdict.APPROVED for v in task.verdicts)
        if same and fresh and task.stage in earlier:
            assert task.state is not TaskState.RUNNING, "did not wait for a mate that is on its way"


ENDINGS = [*[SessionState.DONE] * 8, SessionState.FAILED, SessionState.TIMED_OUT, SessionState.HUNG, SessionState.LOST]


def diced(dice: random.Random, luck: float) -> Decide:
    def decide(run: RunRecord, session: SessionRecord) -> Outcome:
        rejected = frozenset(id for id in session.tasks if dice.random() > luck)
        state = dice.choice(ENDINGS) if session.agent else SessionState.DONE
        return Outcome(state, dice.uniform(0.1, 9.0), dice.random() < 0.8, rejected)

    return decide


@given(plans(), st.integers(0, 2**32), st.sampled_from([1.0, 0.8, 0.4]), st.integers(1, 5))
@settings(max_examples=1500, deadline=None)
def test_any_plan_with_any_outcomes_keeps_every_promise_and_ends(
    plan: RunPlan, seed: int, luck: float, free: int
) -> None:
    dice = random.Random(seed)

    def review(run: RunRecord, task: str) -> Verdict:
        return Verdict.APPROVED if dice.random() < luck else Verdict.NEEDS_WORK

    simulation = Watched(plan, diced(dice, luck), free, review, lambda task: dice.random() > max(luck, 0.7))
    run = simulation.play(looks=2000).run
    assert run.state in (RunState.DONE, RunState.FAILED)
    assert run.living == ()
    assert (run.state is RunState.DONE) == all(task.state in run.final_states for task in run.tasks.values())
    assert not any(task.state in (TaskState.RUNNING, TaskState.REVIEW) for task in run.tasks.values())
    if run.state is RunState.FAILED:
        assert any(task.state is TaskState.FAILED for task in run.tasks.values())
    for task in run.tasks.values():
        for name, times in task.attempts.items():
            assert times <= plan.stage(name).attempts
    assert replay(simulation.journal) == simulation.state
    cut = seed % (len(simulation.journal) + 1)
    assert replay(simulation.journal[cut:], replay(simulation.journal[:cut])) == simulation.state


@given(plans(), st.integers(0, 2**32))
@settings(max_examples=300, deadline=None)
def test_each_task_is_done_once_when_nothing_goes_wrong(plan: RunPlan, seed: int) -> None:
    dice = random.Random(seed)

    def decide(run: RunRecord, session: SessionRecord) -> Outcome:
        return Outcome(seconds=dice.uniform(0.1, 9.0))

    done = Watched(plan, decide).play(looks=2000)
    assert done.run.state is RunState.DONE
    for one in plan.stages:
        if one.by is By.AGENT:
            taken = Counter(id for ids in done.sessions(one.name) for id in ids)
            assert taken == dict.fromkeys(done.run.tasks, 1)
    merged = Counter(id for step in done.steps if isinstance(step, Integrate) for id in step.tasks)
    assert merged == (dict.fromkeys(done.run.tasks, 1) if plan.merge else {})


def test_thousand_tasks_are_looked_at_in_milliseconds() -> None:
    simulation = Simulation(make_run_plan([stage("a", sessions=8), stage("b", 5)], 1000))
    simulation.once()
    begin = time.process_time()
    for _ in range(20):
        steps(simulation)
    assert (time.process_time() - begin) / 20 < 0.02


def test_a_chain_with_priorities_shares_its_sessions_all_the_same() -> None:
    tasks = [TaskSpec(id=f"t{n}", after=(f"t{n - 1}",) if n > 1 else (), priority=n % 2) for n in range(1, 7)]
    batches = [BatchSpec(name="b1", tasks=("t1", "t2", "t3")), BatchSpec(name="b2", tasks=("t4", "t5", "t6"))]
    played = Simulation(make_run_plan([stage("build", batch_size=3)], tasks, batches=tuple(batches))).play()
    assert [one.tasks for one in played.run.sessions.values()] == [("t1", "t2", "t3"), ("t4", "t5", "t6")]
