"""Whole runs: conflicts, reviews, the shared lane, killed conductors, lost sessions."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from autod_tui import processes
from autod_tui.core import requests as rq
from autod_tui.core import run_events as ev
from autod_tui.core.events import Event
from autod_tui.core.run import RunState, SessionState, TaskState, Verdict
from tests.support.runs import REPORT, RunRig
from tests.support.terminals import wait_until


def plan(count: int, stages: str = '[[stage]]\nname = "build"\nsessions = 4\n', head: str = "") -> str:
    tasks = "".join(f'[[task]]\nid = "t{number}"\n' for number in range(1, count + 1))
    return f'[plan]\ninto = "done"\n{head}\n{stages}\n{tasks}'


def merges(rig: RunRig) -> list[str]:
    """Return the tasks that the merges into `done` name, in order."""
    return [
        line.split(": ")[1]
        for line in rig.git("log", "--reverse", "--format=%B", "done").splitlines()
        if line.startswith("Autod-Task: ")
    ]


async def test_conflict_goes_back_with_its_finding_and_is_settled(rig: RunRig) -> None:
    script = f"""
if grep -q "git merge done" "$AUTOD_PROMPT_FILE"; then
  git merge -q done
  git checkout -q --theirs same.txt; echo "$AUTOD_TASKS" >> same.txt; git commit -qam settled
else echo "$AUTOD_TASKS" > same.txt; fi
{REPORT}"""
    rig.prepare(plan(2), script)
    await rig.conduct()
    run = await rig.finished(await rig.start())
    assert run.state is RunState.DONE, run
    assert sorted(rig.git("show", "done:same.txt").split()) == ["t1", "t2"]
    assert len(run.sessions) == 3
    assert sorted(merges(rig)) == ["t1", "t2"]


async def test_person_reviews_with_a_comment_that_is_the_next_prompt(rig: RunRig) -> None:
    stages = '[[stage]]\nname = "build"\n[[stage]]\nname = "look"\nby = "person"\n'
    script = f'grep -q "be bolder" "$AUTOD_PROMPT_FILE" && echo bold > bold.txt\necho 1 > $AUTOD_TASKS.txt\n{REPORT}'
    rig.prepare(plan(2, stages), script)
    await rig.conduct()
    id = await rig.start()
    await rig.until(lambda: all(task.state is TaskState.REVIEW for task in rig.run(id).tasks.values()))
    assert not (await rig.ask(rq.Review(run=id, verdict=Verdict.NEEDS_WORK))).ok
    sent = await rig.ask(rq.Review(run=id, tasks=("t1",), verdict=Verdict.NEEDS_WORK, comment="be bolder"))
    assert sent.ok, sent
    await rig.until(lambda: rig.task(id, "t1").state is TaskState.REVIEW)
    assert rig.run(id).state is RunState.RUNNING
    assert (await rig.ask(rq.Review(run=id, verdict=Verdict.APPROVED))).data["tasks"] == ["t1", "t2"]
    assert (await rig.finished(id)).state is RunState.DONE
    assert {"bold.txt", "t1.txt", "t2.txt"} <= rig.files("done")


async def test_shared_lane_hands_on(rig: RunRig) -> None:
    script = f"""
echo "$AUTOD_TASKS" >> chain.txt
grep "last was" "$AUTOD_PROMPT_FILE" >> seen.txt
echo "last was $AUTOD_TASKS" > "$AUTOD_HANDOFF"
{REPORT}"""
    rig.prepare(plan(3, head='isolation = "shared"'), script)
    await rig.conduct()
    run = await rig.finished(await rig.start())
    assert run.state is RunState.DONE, run
    assert rig.git("show", "done:chain.txt").split() == ["t1", "t2", "t3"]
    assert rig.git("show", "done:seen.txt").splitlines() == ["last was t1", "last was t2"]
    assert len({one.worktree for one in run.sessions.values()}) == 1


async def test_gates_judge_alone(rig: RunRig) -> None:
    rig.write("check.sh", "test -f t1.txt\n")
    rig.prepare(
        plan(1, '[[stage]]\nname = "build"\n[[stage]]\nname = "test"\nby = "gates"\ngates = ["check"]\n'),
        f"echo 1 > $AUTOD_TASKS.txt\n{REPORT}",
    )
    await rig.conduct()
    run = await rig.finished(await rig.start())
    assert run.state is RunState.DONE, run
    assert [(one.stage, one.agent) for one in run.sessions.values()] == [("build", "script"), ("test", "")]


async def until_there(path: Path, seconds: float = 20.0) -> None:
    async with asyncio.timeout(seconds):
        while not path.exists():
            await asyncio.sleep(0.02)


async def test_killed_conductors_lose_and_double_nothing(rig: RunRig) -> None:
    rig.prepare(plan(16), f"echo $AUTOD_TASKS >> file-$AUTOD_TASKS\nsleep 0.2\n{REPORT}")
    child = rig.conductor_process("week")
    await until_there(rig.root / ".git/autod/runs")
    for pause in (0.2, 0.9, 1.3, 1.1):
        await asyncio.sleep(pause)  # a moment by chance is the point
        child.send_signal(signal.SIGKILL)
        child.wait()
        child = rig.conductor_process()
    child.kill()
    child.wait()
    await rig.conduct()
    (id,) = rig.conductor.house.state.runs
    run = await rig.finished(id, 60)
    assert run.state is RunState.DONE, run
    assert sorted(merges(rig)) == sorted(run.tasks)
    for task in run.tasks:
        assert set(rig.git("show", f"done:file-{task}").split()) == {task}


async def test_lost_server_gives_tasks_back(rig: RunRig) -> None:
    rig.prepare(plan(1), f"echo begun; test -f {rig.directory}/go || sleep 1000\n{REPORT}")
    await rig.conduct()
    id = await rig.start()
    await rig.until(lambda: any(one.first_output_at for one in rig.run(id).living))
    (session,) = rig.run(id).living
    (rig.directory / "go").touch()
    rig.server.stop()
    run = await rig.finished(id)
    assert run.sessions[session.id].state is SessionState.LOST
    assert run.state is RunState.DONE
    assert run.tasks["t1"].attempts == {"build": 1}
    assert processes.marked(f"AUTOD_SESSION={session.marker}") == []


async def test_stop_breaks_gates_off(rig: RunRig, tmp_path: Path) -> None:
    rig.write("check.sh", f"touch {tmp_path}/judging; sleep 1000\n")
    gates = '[[stage]]\nname = "build"\n[[stage]]\nname = "test"\nby = "gates"\ngates = ["check"]\n'
    rig.prepare(plan(1, gates), REPORT)
    await rig.conduct()
    id = await rig.start()
    await rig.until(lambda: any(one.stage == "test" for one in rig.run(id).living))
    while not (tmp_path / "judging").exists():
        await asyncio.sleep(0.01)
    assert (await rig.ask(rq.StopRun(run=id))).ok
    assert rig.run(id).living == ()
    assert rig.task(id, "t1").state is TaskState.QUEUED
    assert processes.marked(f"AUTOD_GATES={rig.conductor.house.own_worktrees}") == []


async def test_checked_out_branch_follows(rig: RunRig) -> None:
    rig.prepare(plan(1).replace('into = "done"', 'into = "main"'), f"echo 1 > $AUTOD_TASKS.txt\n{REPORT}")
    await rig.conduct()
    run = await rig.finished(await rig.start())
    assert run.state is RunState.DONE, run
    assert (rig.root / "t1.txt").read_text() == "1\n"
    assert rig.git("status", "--porcelain") == ""


async def test_ended_while_nobody_conducted_counts(rig: RunRig, tmp_path: Path) -> None:
    rig.prepare(plan(1), f"echo ready; read go < {tmp_path}/go; echo 1 > $AUTOD_TASKS.txt\n{REPORT}")
    os.mkfifo(tmp_path / "go")
    await rig.conduct()
    id = await rig.start()
    await rig.until(lambda: any(one.first_output_at for one in rig.run(id).living))
    (session,) = rig.run(id).living
    await rig.leave()
    (tmp_path / "go").write_text("go\n")
    while processes.alive(session.pid):
        await asyncio.sleep(0.01)
    await rig.conduct()
    run = await rig.finished(id)
    assert (run.state, len(run.sessions)) == (RunState.DONE, 1)
    assert run.sessions[session.id].exit_status == 0


async def test_a_stop_that_was_cut_short_is_finished_by_the_next_conductor(rig: RunRig) -> None:
    rig.prepare(plan(2), "trap '' HUP TERM; sleep 500\n")
    await rig.conduct()
    id = await rig.start()
    await rig.until(lambda: all(one.pane for one in rig.run(id).living) and len(rig.run(id).living) == 2)
    markers = [one.marker for one in rig.run(id).living]
    wait_until(lambda: all(processes.marked(f"AUTOD_SESSION={marker}") for marker in markers), "the agents to live")
    rig.conductor.house.stream.emit(ev.RunChanged(run=id, state=RunState.STOPPED, reason="stopped"))
    await rig.leave()  # as if it had been killed before it ended the sessions
    assert all(processes.marked(f"AUTOD_SESSION={marker}") for marker in markers)
    await rig.conduct()
    run = rig.run(id)
    assert {one.state for one in run.sessions.values()} == {SessionState.STOPPED}
    assert {(task.state, sum(task.attempts.values())) for task in run.tasks.values()} == {(TaskState.QUEUED, 0)}
    assert not any(processes.marked(f"AUTOD_SESSION={marker}") for marker in markers)


async def test_killed_between_the_move_and_its_event_merges_once(rig: RunRig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.prepare(plan(2), f"echo $AUTOD_TASKS > file-$AUTOD_TASKS\n{REPORT}")
    await rig.conduct()
    stream, moved = rig.conductor.house.stream, asyncio.Event()
    emit = stream.emit

    def killed(*events: Event) -> None:
        if any(isinstance(event, ev.TasksIntegrated) for event in events):
            moved.set()
            raise asyncio.CancelledError  # nothing after the move is ever written
        emit(*events)

    monkeypatch.setattr(stream, "emit", killed)
    id = await rig.start()
    await moved.wait()
    await rig.leave()
    assert merges(rig)
    await rig.conduct()
    run = await rig.finished(id)
    assert (run.state, run.done) == (RunState.DONE, 2)
    assert sorted(merges(rig)) == sorted(run.tasks)


async def test_a_task_is_not_given_to_two_runs_at_once(rig: RunRig) -> None:
    rig.prepare(plan(3), f"while ! test -f {rig.directory}/go; do sleep 0.05; done\n{REPORT}")
    await rig.conduct()
    first = await rig.start()
    again = await rig.ask(rq.StartRun(plan="week"))
    assert (again.exit_code, again.message) == (1, f"run {first} is at t1, t2, t3 already")
    assert await rig.ask(rq.StopRun(run=first))
    await rig.start(items="t3")


async def test_slots_of_a_done_run_go_unless_they_hold_what_is_nowhere_else(rig: RunRig) -> None:
    keeps = "if [ $t = t1 ]; then echo secret > .env; sleep 0.5; fi"
    script = f"for t in $AUTOD_TASKS; do echo $t > file-$t; {keeps}; done\n{REPORT}"
    rig.write(".gitignore", ".env\n")
    rig.prepare(plan(2), script)
    await rig.conduct()
    id = await rig.start()
    run = await rig.finished(id)
    await rig.leave()
    kept, gone = (Path(run.sessions[run.tasks[task].session].worktree) for task in ("t1", "t2"))
    assert (kept / ".env").read_text() == "secret\n"
    assert not gone.exists()
    assert str(gone) not in rig.git("worktree", "list")
    assert rig.git("branch", "--list", "run/*").count("run/") == 2
