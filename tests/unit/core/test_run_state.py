"""Where events take the tasks of a run, and that nothing else moves them."""

from __future__ import annotations

import time

import pytest

from autod_tui.core import run_events as ev
from autod_tui.core.events import Event, Recorded
from autod_tui.core.replay import apply, replay
from autod_tui.core.routes import back_off, mending_stage
from autod_tui.core.run import (
    RunRecord,
    RunState,
    SessionRecord,
    SessionState,
    TaskRecord,
    TaskState,
    TaskVerdict,
    Verdict,
)
from autod_tui.core.run_plan import BatchSpec, By, RunPlan, TaskSpec
from autod_tui.core.run_state import RUN_EVENTS
from autod_tui.core.state import State
from autod_tui.core.usage import Usage
from tests.support.simulate import RUN, make_run_plan, stage
from tests.support.values import EVENTS

PLAN = make_run_plan([stage("build", 3), stage("review", 3, needs_work="build")], 3)


def told(*events: Event, plan: RunPlan = PLAN, begin: State | None = None) -> State:
    begin = begin or replay([Recorded(1, 5.0, ev.RunStarted(run=RUN, plan=plan, base_oid="b"))])
    entries = [Recorded(begin.seq + at, 10.0 * (begin.seq + at), event) for at, event in enumerate(events, 1)]
    return replay(entries, begin)


def run(*events: Event, plan: RunPlan = PLAN) -> RunRecord:
    return told(*events, plan=plan).runs[RUN]


def task(*events: Event, plan: RunPlan = PLAN, id: str = "t1") -> TaskRecord:
    return run(*events, plan=plan).tasks[id]


def begun(id: str, *tasks: str, stage: str = "build", agent: str = "demo") -> Event:
    session = SessionRecord(id=id, stage=stage, tasks=tasks, agent=agent, base_oid="base")
    return ev.SessionStarted(run=RUN, session=session)


def ended(id: str, state: SessionState = SessionState.DONE, head: str = "") -> Event:
    return ev.SessionEnded(run=RUN, session=id, state=state, head=head)


def judged(
    verdict: Verdict, stage: str = "build", id: str = "t1", *, session: str = "", again: bool = False, reason: str = ""
) -> Event:
    told = TaskVerdict(stage=stage, verdict=verdict, session=session, reason=reason)
    return ev.TaskJudged(run=RUN, task=id, verdict=told, again=again)


YES, NO = Verdict.APPROVED, Verdict.NEEDS_WORK


def test_every_event_of_runs_has_a_rule() -> None:
    mine = {kind for kind in EVENTS if kind.__module__ == ev.__name__}
    assert mine == {*RUN_EVENTS, ev.RunStarted}


def test_run_starts_once_with_all_tasks_at_the_first_stage() -> None:
    record = run()
    assert (record.started_at, record.base_oid, record.state) == (5.0, "b", RunState.RUNNING)
    assert [(one.id, one.stage, one.state.value) for one in record.tasks.values()] == [
        (f"t{number}", "build", "queued") for number in (1, 2, 3)
    ]
    state = told(ev.TaskSettled(run=RUN, task="t1", state=TaskState.DONE, reason="there"))
    again = told(ev.RunStarted(run=RUN, plan=PLAN, base_oid="c"), begin=state)
    assert again.runs == state.runs


def test_run_changes_and_ends() -> None:
    paused = run(ev.RunChanged(run=RUN, state=RunState.PAUSED, reason="lunch"))
    assert (paused.state, paused.reason, paused.ended_at) == (RunState.PAUSED, "lunch", 0.0)
    over = told(ev.RunChanged(run=RUN, state=RunState.FAILED))
    assert over.runs[RUN].ended_at == 20.0
    back = told(ev.RunChanged(run=RUN, state=RunState.RUNNING), begin=over).runs[RUN]
    assert (back.state, back.ended_at) == (RunState.RUNNING, 0.0)


def test_session_takes_its_tasks_and_keeps_them_when_told_again_with_its_pane() -> None:
    first = [begun("s", "t1", "t2"), ev.SessionPrinted(run=RUN, session="s"), ev.SessionPrinted(run=RUN, session="s")]
    record = run(*first, ev.TaskRequeued(run=RUN, task="t2"), begun("s", "t1", "t2"))
    assert (record.sessions["s"].started_at, record.sessions["s"].first_output_at) == (20.0, 30.0)
    assert [one.state.value for one in record.tasks.values()] == ["running", "queued", "queued"]
    assert record.tasks["t1"].session == "s"
    over = run(*first, ended("s"), begun("s", "t1", "t2"))
    assert over.sessions["s"].state is SessionState.DONE


def test_session_ends_with_all_that_it_leaves() -> None:
    end = ev.SessionEnded(
        run=RUN, session="s", state=SessionState.FAILED, reason="exit status 7", exit_status=7, head="h",
        usage=Usage(input=3), handoff="go on",
    )  # fmt: skip
    record = run(begun("s", "t1"), end, ended("s", SessionState.DONE, "late"))
    session = record.sessions["s"]
    assert (session.state, session.reason, session.exit_status) == (SessionState.FAILED, "exit status 7", 7)
    assert (session.ended_at, session.head, session.usage.input, record.handoff) == (30.0, "h", 3, "go on")
    quiet = run(begun("s", "t1"), end, begun("z", "t1"), ended("z"))
    assert quiet.handoff == "go on"


def test_commits_give_tasks_a_head_and_bind_them_to_all_whose_work_is_in_it() -> None:
    first = [begun("s", "t1", "t2"), ended("s", head="h1"), judged(YES), judged(YES, id="t2")]
    record = run(*first)
    assert [(one.head, one.bound) for one in record.tasks.values()] == [("h1", ("t2",)), ("h1", ("t1",)), ("", ())]
    nothing = run(*first, begun("n", "t1", stage="review"), ended("n", head="base"))
    assert (nothing.tasks["t1"].head, nothing.tasks["t1"].bound) == ("h1", ("t2",))
    second = run(*first, begun("x", "t2", "t3", stage="build"), ended("x", head="h2"))
    assert [(one.head, set(one.bound)) for one in second.tasks.values()] == [
        ("h1", {"t2"}),
        ("h2", {"t1", "t3"}),
        ("h2", {"t1", "t2"}),
    ]


def test_approved_goes_on_and_past_the_last_stage() -> None:
    on = task(begun("s", "t1"), ended("s"), judged(YES))
    assert (on.state, on.stage, on.attempts) == (TaskState.QUEUED, "review", {"build": 1})
    through = task(judged(YES), judged(YES, "review"))
    assert (through.state, through.stage, through.attempts) == (
        TaskState.APPROVED, "review", {"build": 1, "review": 1},
    )  # fmt: skip
    assert [(one.stage, one.at) for one in through.verdicts] == [("build", 20.0), ("review", 30.0)]


def test_needs_work_goes_back_with_its_findings_and_approved_clears_them() -> None:
    back = task(judged(YES), judged(NO, "review", reason="too short\nsee 3"))
    assert (back.state, back.stage, back.findings) == (TaskState.QUEUED, "build", "too short\nsee 3")
    assert task(judged(YES), judged(NO, "review", reason="x"), judged(YES)).findings == ""


def test_verdicts_of_another_stage_or_on_settled_tasks_change_nothing() -> None:
    for events in (
        [judged(YES, "review")],
        [judged(YES, "nowhere")],
        [judged(YES, id="unknown")],
    ):
        assert run(*events) == run()
    stopped = ev.TaskSettled(run=RUN, task="t1", state=TaskState.STOPPED, reason="by hand")
    assert task(stopped, judged(YES)) == task(stopped)
    assert task(judged(YES), judged(YES, "review"), judged(NO, "review")).state is TaskState.APPROVED


def reworked(times: int) -> list[Event]:
    events: list[Event] = []
    for number in range(times):
        events += [begun(f"s{number}", "t1"), ended(f"s{number}", head=f"h{number}"), judged(YES)]
        events += [judged(NO, "review", reason=f"flaw {number}")]
    return events


def test_attempts_are_bounded() -> None:
    assert task(*reworked(2)).state is TaskState.QUEUED
    failed = task(*reworked(3))
    assert (failed.state, failed.reason, failed.stage) == (TaskState.FAILED, "3 attempts at build: flaw 2", "build")
    once = make_run_plan([stage("build", attempts=1)], 1)
    assert task(judged(NO), plan=once).reason == "1 attempt at build"
    strict = make_run_plan([stage("build", attempts=9), stage("review", attempts=1, needs_work="build")], 1)
    assert task(*reworked(1), judged(YES), plan=strict).reason == "1 attempt at review"


def test_work_that_stays_as_it_was_is_stuck() -> None:
    plan = make_run_plan([stage("build", attempts=9)], 1)
    assert task(judged(NO), judged(NO), plan=plan).state is TaskState.QUEUED
    stuck = task(judged(NO), judged(NO), judged(NO, reason="empty"), plan=plan)
    assert (stuck.state, stuck.reason) == (TaskState.FAILED, "stuck: its work stayed as it was 2 times: empty")
    moved = [event for number in range(6) for event in (begun(f"{number}", "t1"), ended(f"{number}", head=f"h{number}"),
                                                        judged(NO))]  # fmt: skip
    assert task(*moved, plan=plan).state is TaskState.QUEUED


def test_failed_session_moves_nothing_and_counts_as_an_attempt_after_a_pause() -> None:
    at_review = [judged(YES), begun("s", "t1", stage="review"), ended("s", SessionState.FAILED)]
    failed = task(*at_review, judged(NO, "review", session="s", again=True, reason="exit status 7"))
    assert (failed.state, failed.stage, failed.findings) == (TaskState.QUEUED, "review", "exit status 7")
    assert (failed.attempts, failed.not_before) == ({"build": 1, "review": 1}, 51.0)
    lied = task(*at_review, judged(YES, "review", session="s"))
    assert (lied.state, lied.stage, lied.attempts["review"]) == (TaskState.QUEUED, "review", 1)
    assert task(*at_review, judged(NO, "review", session="s")).stage == "build"
    thrice = [judged(NO, again=True, reason="exit status 7")] * 3
    over = task(*thrice)
    assert (over.state, over.reason, over.not_before) == (TaskState.FAILED, "3 attempts at build: exit status 7", 0.0)
    assert [back_off(times) for times in (0, 1, 2, 3, 7, 99)] == [1, 1, 2, 4, 60, 60]


def vanished(times: int) -> list[Event]:
    return [
        event
        for number in range(times)
        for event in (
            begun(f"s{number}", "t1"),
            ended(f"s{number}", SessionState.LOST),
            ev.TaskRequeued(run=RUN, task="t1", not_before=99.0),
        )
    ]


def test_lost_sessions_cost_no_attempt_and_end_after_five_in_a_row() -> None:
    lost = task(*vanished(4))
    assert (lost.state, lost.lost, lost.not_before, lost.attempts) == (TaskState.QUEUED, 4, 99.0, {})
    assert task(*vanished(5)).reason == "5 sessions in a row vanished"
    assert task(*vanished(4), begun("z", "t1"), ended("z"), judged(YES)).lost == 0
    stopped = [begun("s", "t1"), ended("s", SessionState.STOPPED), ev.TaskRequeued(run=RUN, task="t1")]
    assert (task(*stopped).lost, task(*stopped).state) == (0, TaskState.QUEUED)


def test_review_integration_conflict_and_settling() -> None:
    assert task(ev.ReviewAsked(run=RUN, task="t1")).state is TaskState.REVIEW
    through = [begun("s", "t1"), ended("s", head="h"), judged(YES), judged(YES, "review")]
    merged = ev.TasksIntegrated(run=RUN, tasks=("t1", "unknown"), before_oid="b", after_oid="a")
    assert (task(*through, merged).state, task(*through, merged).done_at) == (TaskState.DONE, 60.0)
    assert task(*through, merged, merged).done_at == 60.0
    conflict = ev.TaskConflicted(run=RUN, task="t1", findings="a.txt")
    back = task(*through, conflict)
    assert (back.state, back.stage, back.findings, back.rejected_head) == (TaskState.QUEUED, "build", "a.txt", "h")
    assert task(*through, merged, conflict).state is TaskState.DONE
    skipped = task(ev.TaskSettled(run=RUN, task="t1", state=TaskState.DONE, reason="there"))
    assert (skipped.state, skipped.reason, skipped.done_at) == (TaskState.DONE, "there", 20.0)
    assert task(ev.TaskSettled(run=RUN, task="t1", state=TaskState.RUNNING, reason="x")).state is TaskState.QUEUED


def test_retry_forgets_attempts_and_keeps_findings() -> None:
    again = task(*reworked(3), ev.TasksRetried(run=RUN, tasks=("t1", "t2")))
    assert (again.state, again.stage, again.attempts, again.reason) == (TaskState.QUEUED, "build", {}, "")
    assert (again.findings, again.rejected_head, len(again.verdicts)) == ("flaw 2", None, 6)
    assert task(*reworked(3), ev.TasksRetried(run=RUN, tasks=("t1",), stage="review")).stage == "review"
    busy = [begun("s", "t1"), ev.TasksRetried(run=RUN, tasks=("t1",), stage="review")]
    assert task(*busy) == task(*busy[:1])


def test_tasks_are_added_once_and_sizes_are_tuned() -> None:
    batches = (BatchSpec(name="x", tasks=("t1", "t2", "t3")),)
    more = ev.TasksAdded(
        run=RUN,
        tasks=(TaskSpec(id="n", title="new"), TaskSpec(id="t1", title="other")),
        batches=(BatchSpec(name="x", tasks=("n", "t1")), BatchSpec(name="y", tasks=())),
    )
    record = run(more, more, plan=make_run_plan([stage("build")], 3, batches))
    assert [*record.tasks] == ["t1", "t2", "t3", "n"]
    assert [(one.name, one.tasks) for one in record.plan.batches] == [("x", ("t1", "t2", "t3", "n")), ("y", ())]
    assert record.plan.task("t1").title == ""
    tuned = ev.RunTuned(run=RUN, batch_sizes={"build": 7, "?": 2}, sessions={"review": 0}, priorities={"t2": 4, "?": 1})
    record = run(tuned)
    assert [(one.batch_size, one.sessions) for one in record.plan.stages] == [(7, 1), (3, 1)]
    assert [one.priority for one in record.tasks.values()] == [None, 4, None]


@pytest.mark.parametrize(
    ("stages", "expected"),
    [
        ([stage("a")], "a"),
        ([stage("a"), stage("b", needs_work="a")], "a"),
        ([stage("a"), stage("b", by=By.GATES, needs_work="a"), stage("c", by=By.PERSON, needs_work="b")], "a"),
        ([stage("g", by=By.GATES), stage("a", needs_work="g"), stage("c", by=By.PERSON, needs_work="g")], "a"),
        ([stage("g", by=By.GATES), stage("c", by=By.PERSON, needs_work="g")], "g"),
    ],
)
def test_conflicts_are_mended_where_an_agent_works(stages: list[object], expected: str) -> None:
    assert mending_stage(make_run_plan(stages, 1)).name == expected  # type: ignore[arg-type]


def test_ten_thousand_events_on_a_thousand_tasks_replay_fast() -> None:
    plan = make_run_plan([stage("build"), stage("review", needs_work="build")], 1000)
    state = replay([Recorded(1, 1.0, ev.RunStarted(run=RUN, plan=plan, base_oid="b"))])
    events: list[Event] = []
    for number in range(1, 1001):
        for name in ("build", "review"):
            id = f"{name}-{number}"
            events += [begun(id, f"t{number}", stage=name), ev.SessionPrinted(run=RUN, session=id), ended(id)]
            events += [judged(YES, name, f"t{number}", session=id)]
        events += [ev.TasksIntegrated(run=RUN, tasks=(f"t{number}",), before_oid="b", after_oid="a")] * 2
    begin = time.process_time()
    for at, event in enumerate(events, 2):
        state = apply(state, Recorded(at, float(at), event))
    assert time.process_time() - begin < 3
    assert (len(events), state.runs[RUN].done) == (10_000, 1000)
