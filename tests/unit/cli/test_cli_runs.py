"""Runs on the command line: what is asked of the desk, what is told, and with which exit code."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from autod_tui.core import requests as rq
from autod_tui.core import run_events as ev
from autod_tui.core.events import Recorded
from autod_tui.core.requests import Answer
from autod_tui.core.run import RunRecord, RunState, SessionRecord, SessionState, TaskRecord, TaskState, Verdict
from autod_tui.core.run_plan import By, RunPlan, StageSpec, TaskSpec
from autod_tui.core.state import State

PLAN = RunPlan(
    name="week1",
    title="Week 1",
    into="integration/week1",
    target="main",
    stages=(
        StageSpec(name="build", needs_work="build"),
        StageSpec(name="review", by=By.PERSON, needs_work="build", checklist=("No secrets in it",)),
    ),
    tasks=(TaskSpec(id="1.1", title="Skeleton", declared={"size": "10 KB"}), TaskSpec(id="1.2")),
    agent="claude",
    max_sessions=2,
)
DONE = TaskRecord(id="1.1", stage="review", state=TaskState.DONE)
FAILED = TaskRecord(id="1.2", stage="build", state=TaskState.FAILED, reason="3 attempts at build")
BROKEN = SessionRecord(
    id="build-1", stage="build", tasks=("1.2",), agent="claude", state=SessionState.HUNG, reason="quiet"
)


def record(**changes: Any) -> RunRecord:
    values = {"id": "week1-20261121120000", "plan": PLAN, "tasks": {"1.1": DONE, "1.2": FAILED}}
    return RunRecord(**{**values, "sessions": {"build-1": BROKEN}, "started_at": 1000.0, **changes})


def put(desk, *runs: RunRecord) -> None:
    desk.state = State(runs={run.id: run for run in runs or (record(),)})


def test_run_asks_for_what_the_words_say_and_stays_until_the_end(run, desk) -> None:
    ended = Recorded(1, 1000.0, ev.RunChanged(run=record().id, state=RunState.DONE))
    other = Recorded(2, 1000.0, ev.RunChanged(run="other", state=RunState.DONE))
    desk.batches = [(ended, other)]
    desk.answers[rq.StartRun] = Answer(message="started", data={"id": record().id})
    put(desk, record(state=RunState.DONE, tasks={"1.1": DONE}))
    words = ("run", "week1", "--items", "1.1-1.2", "--model", "pro", "--batch-size", "build=3", "--sessions", "build=2")
    result = run(*words, "--json")
    assert desk.asked == [
        rq.StartRun(plan="week1", items="1.1-1.2", model="pro", batch_sizes={"build": 3}, sessions={"build": 2})
    ]
    lines = [json.loads(line) for line in result.out.splitlines()]
    assert lines[-1]["progress"] == {"done": 1, "total": 1}
    assert [line.get("run") for line in lines[:-1]] in ([], [record().id])
    assert result.code == 0


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"state": RunState.FAILED, "reason": "1 failed"}, 1, "1 of 2 tasks done; 1 failed"),
        ({"state": RunState.STOPPED, "reason": ""}, 1, "stopped"),
        ({"tasks": {"1.1": replace(DONE, state=TaskState.REVIEW)}}, 0, "1 task waits for your review"),
    ],
)
def test_the_end_of_a_run_is_told_with_an_exit_code(run, desk, changes, code, words) -> None:
    desk.answers[rq.ResumeRun] = Answer(message="goes on", data={"id": record().id})
    put(desk, record(**{"sessions": {}, **changes}))
    result = run("resume", "week1")
    assert (result.code, words in result.out + result.err) == (code, True)
    assert desk.asked == [rq.ResumeRun(run=record().id)]


def test_a_dry_run_neither_stays_nor_conducts(run, desk, engine) -> None:
    desk.answers[rq.StartRun] = Answer(message="would run 2 tasks", data={"tasks": ["1.1", "1.2"]})
    result = run("run", "week1", "--dry-run")
    assert "would run 2 tasks" in result.out
    assert engine.roles == ["ask"]


def test_a_detached_run_is_handed_over(run, desk, engine) -> None:
    desk.answers[rq.StartRun] = Answer(message="started", data={"id": record().id})
    assert run("run", "week1", "--detach").code == 0
    assert engine.roles == ["ask"]
    assert engine.entered == ["carry on"]


def test_a_detached_run_that_was_refused_is_not_handed_over(run, desk, engine) -> None:
    desk.answers[rq.StartRun] = Answer(exit_code=2, message="no plan")
    assert run("run", "week1", "--detach").code == 2
    assert engine.entered == []


@pytest.mark.parametrize("pair", ["build", "build=", "=3", "build=x", "build=-1", "build=²"])
def test_a_pair_that_is_none_is_refused(run, desk, pair) -> None:
    assert run("run", "week1", "--batch-size", pair).code == 2
    assert desk.asked == []


def test_runs_are_listed_newest_first(run, desk) -> None:
    put(desk, record(id="old"), record(id="new"))
    lines = run("runs").out.splitlines()
    assert [line.split()[0] for line in lines] == ["RUN", "new", "old"]
    assert "1/2 (50.00%)" in lines[1]
    assert [one["id"] for one in json.loads(run("runs", "--json").out)["runs"]]


def test_no_runs_are_told(run) -> None:
    assert "autod run PLAN" in run("runs").out


def test_a_run_is_found_by_plan_and_by_the_start_of_its_id(run, desk) -> None:
    put(desk, record(id="week1-1"), record(id="week1-2"))
    for word in ("week1", "week1-2"):
        assert json.loads(run("show", word, "--json").out)["id"] == "week1-2"
    wrong = run("show", "wek1-2")
    assert (wrong.code, "did you mean 'week1-2'" in wrong.err) == (2, True)


def test_show_tells_tasks_and_the_sessions_that_went_wrong(run, desk) -> None:
    put(desk)
    out = run("show", "week1").out
    assert "3 attempts at build" in out
    assert "build-1" in out
    assert "hung" in out


def test_stop_says_what_ends_and_asks(run, desk) -> None:
    put(desk, record(sessions={"build-1": replace(BROKEN, state=SessionState.RUNNING)}))
    assert run("stop", "week1").code == 2
    assert desk.asked == []
    assert "1 session ends with all its processes" in run("stop", "week1", "--yes").out
    assert desk.asked == [rq.StopRun(run=record().id)]
    run("stop", "week1", "1.2", "--yes")
    assert desk.asked[-1] == rq.StopRun(run=record().id, tasks=("1.2",))


def test_retry_pause_tune_and_add_pass_their_words_on(run, desk, tmp_path: Path) -> None:
    put(desk, record(state=RunState.FAILED))
    desk.answers[rq.RetryTasks] = Answer(message="queued", data={"id": record().id})
    run("retry", "week1", "1.2", "--stage", "build")
    run("pause", "week1")
    run("tune", "week1", "--sessions", "build=4", "--priority", "1.2=9")
    body = tmp_path / "body.md"
    body.write_text("Do it\n")
    run("add", "week1", "1.3", "--title", "Third", "--prompt", str(body), "--output", "a.txt", "--priority", "2")
    assert desk.asked == [
        rq.RetryTasks(run=record().id, tasks=("1.2",), stage="build"),
        rq.PauseRun(run=record().id),
        rq.TuneRun(run=record().id, sessions={"build": 4}, priorities={"1.2": 9}),
        rq.AddTasks(
            run=record().id,
            tasks=(TaskSpec(id="1.3", title="Third", body="Do it\n", outputs=("a.txt",), priority=2),),
        ),
    ]
    assert run("tune", "week1").code == 2


def test_review_lists_then_judges(run, desk) -> None:
    put(desk, record(tasks={"1.1": replace(DONE, state=TaskState.REVIEW), "1.2": FAILED}))
    out = run("review", "week1").out
    assert "1.1" in out
    assert "[ ] No secrets in it" in out
    assert json.loads(run("review", "week1", "--json").out)["review"] == ["1.1"]
    assert desk.asked == []
    run("review", "week1", "--approve")
    run("review", "week1", "1.1", "--changes", "--comment", "line 3: why?")
    assert desk.asked == [
        rq.Review(run=record().id, verdict=Verdict.APPROVED),
        rq.Review(run=record().id, tasks=("1.1",), verdict=Verdict.NEEDS_WORK, comment="line 3: why?"),
    ]
    assert run("review", "week1", "--changes").code == 2


def test_export_writes_what_anyone_can_read(run, desk, engine, tmp_path: Path) -> None:
    log = tmp_path / "output.log"
    log.write_text("hello\n")
    put(desk, record(sessions={"build-1": replace(BROKEN, log=str(log))}))
    target = tmp_path / "out"
    assert run("export", "week1", str(target)).code == 0
    tracker = json.loads((target / "tracker.json").read_text())
    assert tracker["executionPhase"]["progress"] == "1/2 (50.00%)"
    assert tracker["taskStatus"]["1.1"]["declared"] == {"size": "10 KB"}
    assert tracker["taskStatus"]["1.2"]["completed"] is False
    assert json.loads((target / "tasks" / "0002-1.2.json").read_text())["reason"] == "3 attempts at build"
    assert (target / "sessions" / "build-1.output").read_text() == "hello\n"
    assert run("export", "week1", str(target)).code == 2


def test_carrying_on_ends_when_no_run_goes_on(run, desk, engine) -> None:
    put(desk, record(state=RunState.DONE))
    assert run("carry-on").code == 0
    assert engine.roles == ["run"]


def test_report_of_a_run_by_its_plan(run, desk) -> None:
    put(desk)
    shown = json.loads(run("report", "week1", "--json").out)
    assert (shown["id"], shown["progress"]) == (record().id, {"done": 1, "total": 2, "percent": 50.0})
    rows = [" ".join(line.split()) for line in run("report", record().id).out.splitlines()]
    assert rows[0] == record().id
    assert "done 1/2 (50.00%)" in rows
    assert "tokens unknown" in rows
    assert run("report", "week9").code == 2


def test_report_of_the_plan_has_a_line_per_run(run, desk) -> None:
    put(desk, record(), record(id="week2", state=RunState.DONE, tasks={"1.1": DONE}))
    desk.metrics = {
        "conflicts": 0, "conflicted_files": 0, "rollbacks": 0, "direct_commits": 0, "red_gates": 0, "rehearsals": 0,
        "checkpoints": {"total": 0, "merged": 0, "on_time": 0, "late": 0},
        "parallel": {"wall_seconds": 0.0, "sum_seconds": 0.0, "speedup": None},
    }  # fmt: skip
    assert [one["id"] for one in json.loads(run("report", "--json").out)["runs"]] == [record().id, "week2"]
    rows = [" ".join(line.split()) for line in run("report").out.splitlines()]
    assert rows[-2:] == [
        f"run {record().id} running, 1/2 (50.00%), 0 sessions saved",
        "run week2 done, 1/1 (100.00%), 0 sessions saved",
    ]


@pytest.mark.parametrize("words", [("week1", "build-1"), ("week1/build-1",), ("week1/1.2",)])
def test_a_session_is_named_with_a_slash_too(run, desk, monkeypatch, words: tuple[str, ...]) -> None:
    async def output(self: object, run: str, session: str, *, follow: bool) -> AsyncIterator[bytes]:
        yield f"{session} says hello\n".encode()

    monkeypatch.setattr(type(desk), "session_output", output, raising=False)
    task = replace(record().tasks["1.2"], session="build-1")
    put(desk, record(sessions={"build-1": BROKEN}, tasks={**record().tasks, "1.2": task}))
    assert run("log", *words).out == "build-1 says hello\n"


def test_judgements_by_gates_are_no_sessions_in_the_list(run, desk) -> None:
    gates = replace(BROKEN, id="gates-1", agent="", worktree="")
    put(desk, record(sessions={"build-1": BROKEN, "gates-1": gates}))
    assert run("runs").out.splitlines()[1].split()[3:5] == ["(50.00%)", "1"]
