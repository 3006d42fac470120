"""The report of a run: counted from its sessions and verdicts, unknown where nobody said anything."""

from __future__ import annotations

import json

from msgspec.structs import replace

from autod_tui.core import run_events as ev
from autod_tui.core.run import RunRecord, SessionRecord, SessionState
from autod_tui.core.run_report import run_line, run_metrics, run_rows, stage_table, worker_table
from autod_tui.core.usage import Usage
from tests.support.simulate import RUN, Outcome, Simulation, make_run_plan, stage

KEYS = {
    "id", "plan", "state", "progress", "working_seconds", "per_hour", "seconds_left", "sessions", "stages", "workers",
    "saving", "attempts", "verdicts", "tokens", "cost_usd",
}  # fmt: skip
STAGE = {
    "name", "by", "sessions", "tasks", "seconds", "seconds_per_task", "per_hour", "attempts", "approved", "needs_work",
}  # fmt: skip
WORKER = {
    "slot", "agent", "model", "sessions", "tasks", "seconds", "approved", "per_hour", "tokens", "cost_usd",
}  # fmt: skip


def reworked() -> RunRecord:
    """Play four tasks in sessions of two; the first audit sends one task back."""

    def decide(run: RunRecord, session: SessionRecord) -> Outcome:
        first = session.stage == "audit" and not any(task.verdicts[1:] for task in run.tasks.values())
        return Outcome(seconds=30.0 if session.stage == "build" else 10.0, rejected=frozenset({"t1"} if first else ()))

    plan = make_run_plan([stage("build", 2), stage("audit", 2, needs_work="build")], 4)
    return Simulation(plan, decide).play().run


def with_start_up(run: RunRecord, seconds: float, slot: int = 1, usage: Usage = Usage()) -> RunRecord:  # noqa: B008
    sessions = {
        id: replace(one, first_output_at=one.started_at + seconds, slot=slot, usage=usage)
        for id, one in run.sessions.items()
    }
    return replace(run, sessions=sessions)


def test_metrics_have_exactly_the_documented_keys() -> None:
    shown = json.loads(json.dumps(run_metrics(reworked(), 9999.0)))
    assert set(shown) == KEYS
    assert all(set(one) == STAGE for one in shown["stages"])
    assert all(set(one) == WORKER for one in shown["workers"])
    assert set(shown["saving"]) == {"sessions", "sessions_alone", "start_up_seconds", "start_up_seconds_alone"}


def test_stages_workers_attempts_and_verdicts_are_counted() -> None:
    run = with_start_up(reworked(), 2.0)
    shown = run_metrics(run, 9999.0)
    build, audit = shown["stages"]
    assert (build["sessions"], build["tasks"], build["seconds"], build["seconds_per_task"]) == (3, 5, 90.0, 18.0)
    assert (build["attempts"], build["approved"], build["needs_work"]) == (5, 5, 0)
    assert build["per_hour"] == 200.0
    assert (audit["sessions"], audit["approved"], audit["needs_work"]) == (3, 4, 1)
    assert audit["per_hour"] == 4 * 3600 / 30
    assert shown["attempts"] == {"total": 10, "most": 2, "repeated": 1}
    assert shown["verdicts"] == {"approved": 9, "needs_work": 1}
    assert shown["sessions"] == {"done": 6}
    (worker,) = shown["workers"]
    assert (worker["slot"], worker["agent"], worker["sessions"], worker["tasks"]) == (1, "demo", 6, 10)
    assert (worker["seconds"], worker["approved"], worker["per_hour"]) == (100.0, 9, 324.0)
    assert shown["saving"] == {
        "sessions": 6, "sessions_alone": 10, "start_up_seconds": 12.0, "start_up_seconds_alone": 20.0
    }  # fmt: skip
    assert (shown["tokens"], shown["cost_usd"]) == (None, None)
    assert shown["progress"] == {"done": 4, "total": 4, "percent": 100.0}


def test_workers_are_told_apart_by_place_and_agent() -> None:
    run = with_start_up(reworked(), 2.0)
    second = replace(run.sessions["audit-2"], slot=2, model="big", usage=Usage(input=7, cost_usd=0.5))
    gates = replace(run.sessions["build-1"], agent="")
    run = replace(run, sessions={**run.sessions, "audit-2": second, "build-1": gates})
    shown = run_metrics(run, 9999.0)
    assert [(one["slot"], one["model"], one["sessions"]) for one in shown["workers"]] == [(1, "", 4), (2, "big", 1)]
    assert [one["cost_usd"] for one in shown["workers"]] == [None, 0.5]
    assert (shown["tokens"], shown["cost_usd"]) == ({"input": 7, "output": None, "cached": None}, 0.5)
    assert [row[0] for row in worker_table(shown)] == ["WORKER", "1: demo", "2: demo big"]
    assert worker_table(shown)[2][-2:] == ["7 input", "$0.50"]


def test_time_of_a_running_session_counts() -> None:
    simulation = Simulation(make_run_plan([stage("build", 2)], 4))
    simulation.once()
    shown = run_metrics(simulation.run, simulation.now + 5.0)
    assert (shown["working_seconds"], shown["workers"][0]["seconds"], shown["stages"][0]["seconds"]) == (5.0, 5.0, 0)
    assert (shown["sessions"], shown["stages"][0]["sessions"]) == ({"running": 1}, 0)


def test_rows_say_what_is_unknown() -> None:
    rows = {row.metric: row.value for row in run_rows(run_metrics(Simulation(make_run_plan([stage("b")], 1)).run, 0.0))}
    assert rows["done"] == "0/1 (0.00%)"
    assert {rows[name] for name in ("tasks per hour", "time left", "start-up time", "tokens", "cost")} == {"unknown"}
    assert rows["sessions"] == "none yet"


def test_rows_say_what_was_saved() -> None:
    run = with_start_up(reworked(), 2.0, usage=Usage(input=5, output=1, cost_usd=0.25))
    shown = run_metrics(run, 9999.0)
    rows = {row.metric: row.value for row in run_rows(shown)}
    assert rows["agents' sessions"] == "6, one by one 10: 4 saved"
    assert rows["start-up time"] == "12.0 s, one by one 20.0 s: 8.0 s saved"
    assert rows["attempts"] == "10, at most 2 at one stage; tried again: 1"
    assert (rows["tokens"], rows["cost"]) == ("30 input, 6 output", "$1.50")
    assert stage_table(shown)[1] == ["build", "3", "5", "2m", "18s", "200.0", "5", "5", "0"]
    assert run_line(shown).value == "done, 4/4 (100.00%), 4 sessions saved"


def test_a_lost_session_saves_nothing_but_is_told() -> None:
    simulation = Simulation(make_run_plan([stage("build", 2)], 2))
    simulation.once()
    simulation.tell(ev.SessionEnded(run=RUN, session="build-1", state=SessionState.LOST))
    shown = run_metrics(simulation.run, simulation.now)
    assert (shown["sessions"], shown["saving"]["sessions"]) == ({"lost": 1}, 0)
