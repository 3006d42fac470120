"""What people and scripts are shown of a run."""

from __future__ import annotations

import json

import pytest

from autod_tui.core import run_events as ev
from autod_tui.core.board import make_board
from autod_tui.core.board_json import status_json
from autod_tui.core.run import RunState, SessionRecord, SessionState, TaskState
from autod_tui.core.run_json import run_json, runs_json
from autod_tui.core.run_plan import BatchSpec, By, TaskSpec
from autod_tui.core.run_view import batch_state, progress_text, run_view, saving
from autod_tui.core.usage import Usage, total_usage
from tests.support.engine import make_plan
from tests.support.simulate import RUN, Outcome, Simulation, make_run_plan, stage

BATCHES = (
    BatchSpec(name="x", title="First", tasks=("t1", "t2")),
    BatchSpec(name="y", tasks=("t3", "t4"), after=("x",)),
)
PLAN = make_run_plan([stage("build", 2), stage("audit", 2, needs_work="build")], 4, BATCHES, title="Four")
SHOWN = {
    "reason", "id", "plan", "state", "started_at", "ended_at", "into", "progress", "batches", "tasks", "sessions",
    "tokens", "cost_usd", "unasked",
}  # fmt: skip
TASK = {"reason", "id", "title", "batch", "stage", "state", "attempts", "verdicts", "outputs"}
SESSION = {"reason",
    "id", "stage", "tasks", "agent", "model", "state", "exit_status", "started_at", "ended_at", "pane", "log",
    "prompt_file", "tokens", "cost_usd", "halt", "permission",
}  # fmt: skip


def until(sessions: int) -> Simulation:
    """Play until so many sessions have ended and all that follows at once is done."""
    simulation = Simulation(PLAN)
    while sum(one.state is not SessionState.RUNNING for one in simulation.run.sessions.values()) < sessions:
        simulation.once()
    return simulation


@pytest.mark.parametrize(
    ("done", "total", "text"),
    [(3, 162, "3/162 (1.85%)"), (0, 0, "0/0"), (162, 162, "162/162 (100.00%)"), (0, 3, "0/3 (0.00%)")],
)
def test_progress(done: int, total: int, text: str) -> None:
    assert progress_text(done, total) == text


def test_nothing_is_known_at_the_start() -> None:
    view = run_view(Simulation(PLAN).run, 1000.0)
    assert (view.progress, view.per_hour, view.seconds_left, view.living) == ("0/4 (0.00%)", None, None, 0)
    assert (view.saving.sessions, view.saving.start_up, view.usage) == (0, None, Usage())
    assert [one.state for one in view.batches] == ["queued", "waiting"]
    assert view.states == {"queued": 4}


def test_pace_is_measured_on_the_time_in_which_sessions_ran() -> None:
    simulation = until(2)
    simulation.once()
    assert (simulation.run.done, simulation.now) == (2, 1020.0)
    view = run_view(simulation.run, 99_999.0)
    assert (view.working_seconds, view.per_hour, view.seconds_left) == (20.0, 360.0, 20.0)
    assert view.progress == "2/4 (50.00%)"
    over = run_view(simulation.play().run, 99_999.0)
    assert (over.state, over.seconds_left, over.working_seconds) == (RunState.DONE, None, 40.0)


def test_time_runs_on_while_a_session_does() -> None:
    simulation = until(1)
    simulation.once()
    assert run_view(simulation.run, simulation.now + 7.0).working_seconds == 17.0


def test_sessions_side_by_side_share_their_time() -> None:
    plan = make_run_plan([stage("build", sessions=2)], 4)
    long = Simulation(plan, lambda run, session: Outcome(seconds=50.0 if session.tasks == ("t1",) else 10.0)).play()
    assert run_view(long.run, 0.0).working_seconds == 50.0
    view = run_view(until(1).run, 1010.0)
    assert (view.working_seconds, view.seconds_left) == (10.0, 30.0)


def test_stages_show_who_is_there_who_passed_and_what_it_took() -> None:
    build, audit = run_view(until(1).run, 1010.0).stages
    assert (build.name, build.queued, build.passed, build.sessions) == ("build", 2, 2, 1)
    assert (build.seconds, build.seconds_per_task) == (10.0, 5.0)
    assert (audit.queued, audit.passed, audit.sessions, audit.seconds_per_task) == (2, 0, 0, None)
    simulation = until(1)
    simulation.tell(ev.TaskSettled(run=RUN, task="t1", state=TaskState.STOPPED, reason="x"))
    assert [one.failed for one in run_view(simulation.run, 0.0).stages] == [0, 1]
    assert [one.passed for one in run_view(Simulation(PLAN).play().run, 0.0).stages] == [4, 4]


def test_batches_have_a_state() -> None:
    simulation = Simulation(PLAN)
    simulation.once()
    assert [batch_state(simulation.run, one) for one in BATCHES] == ["running", "waiting"]
    assert batch_state(until(1).run, BATCHES[0]) == "running"
    simulation.tell(ev.ReviewAsked(run=RUN, task="t3"))
    assert batch_state(simulation.run, BATCHES[1]) == "review"
    for state in (TaskState.STOPPED, TaskState.FAILED):
        settled = Simulation(PLAN)
        settled.tell(*(ev.TaskSettled(run=RUN, task=id, state=state, reason="x") for id in ("t1", "t2")))
        assert batch_state(settled.run, BATCHES[0]) == state.value
    done = run_view(Simulation(PLAN).play().run, 0.0)
    assert [(one.state, one.done, one.title) for one in done.batches] == [("done", 2, "First"), ("done", 2, "")]


def session(tasks: int, seconds: float, state: SessionState = SessionState.DONE, agent: str = "demo") -> SessionRecord:
    ids = tuple(f"t{number}" for number in range(tasks))
    printed = 100.0 + seconds if seconds else 0.0
    return SessionRecord(
        id="s", stage="a", tasks=ids, agent=agent, state=state, started_at=100.0, first_output_at=printed
    )


def test_saving_is_measured_on_agents_that_started() -> None:
    found = saving(
        [session(3, 2.0), session(2, 4.0), session(3, 0.0), session(9, 9.0, SessionState.LOST),
         session(9, 9.0, SessionState.RUNNING), session(9, 9.0, agent="")]
    )  # fmt: skip
    assert (found.sessions, found.sessions_alone) == (3, 8)
    assert (found.start_up, found.start_up_alone) == (6.0, 14.0)
    assert saving([session(3, 0.0)]).start_up_alone is None


def test_usage_adds_up_what_is_known() -> None:
    total = total_usage([Usage(input=3, cost_usd=0.5), Usage(input=4, output=1, cost_usd=0.25), Usage()])
    assert total == Usage(input=7, output=1, cached=None, cost_usd=0.75)


def test_a_sum_with_an_unknown_part_has_no_cost() -> None:
    assert total_usage([Usage(input=3, cost_usd=0.5), Usage(input=4)]).cost_usd is None


def test_show_has_exactly_the_documented_keys() -> None:
    simulation = until(1)
    end = ev.SessionEnded(run=RUN, session="audit-2", state=SessionState.DONE, usage=Usage(input=5, cost_usd=0.25))
    simulation.once()
    simulation.tell(end)
    shown = json.loads(json.dumps(run_json(simulation.run)))
    assert set(shown) == SHOWN
    assert shown["progress"] == {"done": 0, "total": 4}
    assert shown["batches"][0] == {"name": "x", "state": "running", "tasks": ["t1", "t2"]}
    assert all(set(task) == TASK for task in shown["tasks"])
    assert all(set(one) == SESSION for one in shown["sessions"])
    assert shown["tasks"][0]["attempts"] == {"build": 1}
    assert shown["tasks"][0]["verdicts"] == [
        {"stage": "build", "verdict": "APPROVED", "reason": "", "session": "build-1"}
    ]
    build, audit = shown["sessions"][:2]
    assert (build["tokens"], build["cost_usd"], build["pane"]) == (None, None, None)
    assert (audit["tokens"], audit["cost_usd"]) == ({"input": 5, "output": None, "cached": None}, 0.25)


def test_status_lists_the_runs() -> None:
    simulation = until(2)
    simulation.once()
    board = make_board(make_plan([]), simulation.state, simulation.now)
    assert board.run(RUN) == board.runs[0]
    assert board.run("other") is None
    (entry,) = json.loads(json.dumps(status_json(board)["runs"]))
    assert (entry["id"], entry["state"], entry["progress"]) == (RUN, "running", {"done": 2, "total": 4})
    assert (entry["tasks"], entry["sessions"]) == ({"done": 2, "queued": 2}, {"running": 0, "ended": 2})
    assert set(runs_json(simulation.state.runs)[0]) == set(entry)


def test_approved_is_done_where_nothing_is_merged_and_skipped_tasks_say_nothing_about_pace() -> None:
    plain = make_run_plan([stage("build")], [TaskSpec(id="a")], merge=False)
    assert run_view(Simulation(plain).play().run, 0.0).progress == "1/1 (100.00%)"
    skipped = Simulation(make_run_plan([stage("look", by=By.PERSON)], 2))
    skipped.tell(ev.TaskSettled(run=RUN, task="t1", state=TaskState.DONE, reason="there"))
    view = run_view(skipped.run, 0.0)
    assert (view.done, view.per_hour, view.seconds_left) == (1, None, None)
