"""Sessions that fail, hang, say nothing or lie, on a real repository and a real tmux server."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from autod_tui import processes
from autod_tui.core import requests as rq
from autod_tui.core.events import Noted
from autod_tui.core.run import RunState, SessionState, TaskState, Verdict
from autod_tui.core.run_plan import TaskSpec
from tests.support.runs import REPORT, RunRig

ONE_STAGE = """
[plan]
into = "done"
[[stage]]
name = "build"
{stage}
[[task]]
id = "a"
{task}
"""


def plan(stage: str = "attempts = 2", task: str = "") -> str:
    return ONE_STAGE.format(stage=stage, task=task)


async def test_exit_7_is_failed_whatever_was_printed_and_attempts_are_limited(rig: RunRig) -> None:
    rig.prepare(plan(), 'echo "VERDICT a APPROVED"; echo out of luck; exit 7\n')
    await rig.conduct()
    run = await rig.finished(await rig.start())
    assert run.state is RunState.FAILED
    assert [one.state for one in run.sessions.values()] == [SessionState.FAILED] * 2
    assert {one.exit_status for one in run.sessions.values()} == {7}
    task = run.tasks["a"]
    assert task.state is TaskState.FAILED
    assert task.reason.startswith("2 attempts at build: exit status 7")
    assert "out of luck" in task.findings
    assert "out of luck" in Path(list(run.sessions.values())[-1].prompt_file).read_text()


async def test_a_program_that_is_not_there_fails_with_its_words(rig: RunRig) -> None:
    rig.prepare(plan(), "no-such-program\n")
    await rig.conduct()
    run = await rig.finished(await rig.start())
    assert "exit status 127" in run.tasks["a"].reason
    assert "no-such-program" in run.tasks["a"].findings


async def test_no_verdict_is_no_approval(rig: RunRig) -> None:
    rig.prepare(plan(), "echo looks good to me, APPROVED; echo $$ > file; git add -A; git commit -qm x\n")
    await rig.conduct()
    run = await rig.finished(await rig.start())
    assert [verdict.reason for verdict in run.tasks["a"].verdicts] == ["no verdict"] * 2


async def test_outputs_stand_for_a_verdict_and_are_counted(rig: RunRig) -> None:
    rig.prepare(plan(task='outputs = ["out/a.txt"]\nmin_bytes = 5'), "mkdir out; echo 12345678 > out/a.txt\n")
    await rig.conduct()
    run = await rig.finished(await rig.start())
    assert run.state is RunState.DONE, run
    assert run.tasks["a"].size == 9
    assert rig.git("show", "done:out/a.txt") == "12345678"


@pytest.mark.parametrize(("script", "reason"), [(":", "output out.txt is missing"), ("echo 1 >out.txt", "has 2 bytes")])
async def test_approved_without_the_output_is_not_approved(rig: RunRig, script: str, reason: str) -> None:
    rig.prepare(plan(task='outputs = ["out.txt"]\nmin_bytes = 5'), f"{script}\n{REPORT}")
    await rig.conduct()
    run = await rig.finished(await rig.start())
    assert run.state is RunState.FAILED
    assert reason in run.tasks["a"].verdicts[0].reason


async def test_what_is_there_already_is_skipped(rig: RunRig) -> None:
    rig.write("a.txt", "there")
    rig.prepare(plan(task='outputs = ["a.txt"]'), "exit 1\n")
    await rig.conduct()
    run = await rig.finished(await rig.start())
    assert (run.state, run.sessions) == (RunState.DONE, {})


async def test_timeout_ends_the_whole_tree(rig: RunRig) -> None:
    rig.prepare(plan('timeout = "1s"\nattempts = 2'), 'setsid sh -c "sleep 1000" & sleep 1000\n')
    await rig.conduct()
    id = await rig.start()
    run = await rig.finished(id)
    assert [one.state for one in run.sessions.values()] == [SessionState.TIMED_OUT] * 2
    assert [processes.marked(f"AUTOD_SESSION={one.marker}") for one in run.sessions.values()] == [[], []]


async def test_work_that_cant_be_committed_stays_and_keeps_no_other_task(rig: RunRig) -> None:
    script = 'if [ $AUTOD_TASKS = a ]; then printf "1\\r\\n" > kept; else echo 1 > $AUTOD_TASKS; fi\n' + REPORT
    others = "[[task]]\nid = 'b'\n[[task]]\nid = 'c'\n"
    rig.prepare(plan("attempts = 2") + others, script)
    for name, value in (("autocrlf", "input"), ("safecrlf", "true")):
        rig.git("config", f"core.{name}", value)
    await rig.conduct()
    run = await rig.finished(await rig.start())
    assert [task.state for task in run.tasks.values()] == [TaskState.FAILED, TaskState.DONE, TaskState.DONE]
    assert "its work could not be kept" in run.tasks["a"].reason
    failed = [one.worktree for one in run.sessions.values() if one.state is SessionState.FAILED]
    assert len(set(failed)) == 2
    assert [Path(worktree, "kept").read_bytes() for worktree in failed] == [b"1\r\n"] * 2


async def test_silence_counts_as_hung(rig: RunRig) -> None:
    rig.prepare(plan('silence = "1s"\nattempts = 1'), "echo begun; sleep 1000\n")
    await rig.conduct()
    run = await rig.finished(await rig.start())
    (session,) = run.sessions.values()
    assert (session.state, session.reason) == (SessionState.HUNG, "no output for 1 s")
    assert session.first_output_at


async def test_signal_is_told_and_output_is_whole(rig: RunRig) -> None:
    rig.prepare(plan("attempts = 1"), "seq 20000; kill -9 $$\n")
    await rig.conduct()
    run = await rig.finished(await rig.start())
    (session,) = run.sessions.values()
    assert session.reason == "killed by SIGKILL"
    assert Path(session.log).read_text().split() == [str(number) for number in range(1, 20001)]


async def test_findings_of_gates_reach_the_next_prompt(rig: RunRig) -> None:
    rig.write("check.sh", "test -f good.txt || { echo good.txt is wanted; exit 3; }\n")
    script = f'grep -q "good.txt is wanted" "$AUTOD_PROMPT_FILE" && echo 1 > good.txt\necho 1 > bad.txt\n{REPORT}'
    rig.prepare(plan('gates = ["check"]'), script)
    await rig.conduct()
    run = await rig.finished(await rig.start())
    assert run.state is RunState.DONE, run
    first, second = run.tasks["a"].verdicts
    assert first.reason.startswith("check: exit status 3\ngood.txt is wanted")
    assert second.verdict is Verdict.APPROVED
    assert {"good.txt", "bad.txt"} <= rig.files("done")


async def test_stop_leaves_no_process_and_resume_goes_on(rig: RunRig) -> None:
    rig.prepare(plan(), f"test -f go || {{ echo half > half.txt; setsid sleep 1000 & sleep 1000; }}\n{REPORT}")
    await rig.conduct()
    id = await rig.start()
    await rig.until(lambda: any(one.pid for one in rig.run(id).living))
    (session,) = rig.run(id).living
    while len(processes.marked(f"AUTOD_SESSION={session.marker}")) < 3:
        await asyncio.sleep(0.01)
    answer = await rig.ask(rq.StopRun(run=id))
    assert answer.ok, answer
    assert processes.marked(f"AUTOD_SESSION={session.marker}") == []
    assert rig.run(id).state is RunState.STOPPED
    assert rig.task(id, "a").state is TaskState.QUEUED
    assert rig.git("show", f"run/{id}/build-1:half.txt") == "half"
    rig.script.write_text(REPORT)
    await rig.ask(rq.ResumeRun(run=id))
    run = await rig.finished(id)
    assert run.state is RunState.DONE
    assert run.tasks["a"].attempts == {"build": 1}
    assert "half.txt" in rig.files("done")


async def test_one_task_is_stopped_and_retried(rig: RunRig) -> None:
    rig.prepare(plan(), "sleep 1000\n")
    await rig.conduct()
    id = await rig.start()
    await rig.until(lambda: any(one.pid for one in rig.run(id).living))
    answer = await rig.ask(rq.StopRun(run=id, tasks=("a",)))
    assert answer.data["stopped"] == ["a"]
    assert (await rig.finished(id)).tasks["a"].state is TaskState.STOPPED
    rig.script.write_text(REPORT)
    assert (await rig.ask(rq.RetryTasks(run=id))).ok
    assert (await rig.finished(id)).state is RunState.DONE


async def test_added_and_tuned_while_it_runs(rig: RunRig, tmp_path: Path) -> None:
    fifo = tmp_path / "go"
    os.mkfifo(fifo)
    rig.prepare(plan(), f"test $AUTOD_TASKS != a || read go < {fifo}\necho 1 > $AUTOD_TASKS.txt\n{REPORT}")
    await rig.conduct()
    id = await rig.start()
    await rig.until(lambda: any(one.pid for one in rig.run(id).living))
    assert (await rig.ask(rq.AddTasks(run=id, tasks=(TaskSpec(id="b"), TaskSpec(id="c"))))).ok
    assert not (await rig.ask(rq.AddTasks(run=id, tasks=(TaskSpec(id="b"),)))).ok
    assert (await rig.ask(rq.TuneRun(run=id, sessions={"build": 2}, priorities={"c": 9}))).ok
    await rig.until(lambda: rig.task(id, "b").state is TaskState.DONE)
    assert rig.task(id, "a").state is TaskState.RUNNING
    fifo.write_text("go\n")
    run = await rig.finished(id)
    assert run.state is RunState.DONE
    assert [one.tasks for one in run.sessions.values()] == [("a",), ("c",), ("b",)]
    assert not (await rig.ask(rq.TuneRun(run=id, sessions={"bild": 2}))).ok


async def test_pause_lets_sessions_end_and_starts_none(rig: RunRig, tmp_path: Path) -> None:
    fifo = tmp_path / "go"
    os.mkfifo(fifo)
    rig.prepare(plan() + '[[task]]\nid = "b"\n', f"read go < {fifo}\n{REPORT}")
    await rig.conduct()
    id = await rig.start()
    await rig.until(lambda: any(one.pid for one in rig.run(id).living))
    await rig.ask(rq.PauseRun(run=id))
    fifo.write_text("go\n")
    await rig.until(lambda: rig.task(id, "a").state is TaskState.DONE)
    assert rig.run(id).living == ()
    rig.script.write_text(REPORT)
    await rig.ask(rq.ResumeRun(run=id))
    assert (await rig.finished(id)).state is RunState.DONE


async def test_writes_outside_the_worktree_are_told(rig: RunRig) -> None:
    rig.write("mine.txt", "mine\n")
    rig.prepare(plan(), f"echo stray > '{rig.root}/stray.txt'\necho good > good.txt\n{REPORT}")
    await rig.conduct()
    notes: list[Noted] = []
    rig.conductor.house.stream.listen(lambda es: notes.extend(e.event for e in es if isinstance(e.event, Noted)))
    run = await rig.finished(await rig.start())
    assert run.state is RunState.DONE
    assert [(note.name, note.text.partition(" changed in ")[0]) for note in notes] == [(run.id, "stray.txt")]
    assert "while " + run.id + "/build-1 worked" in notes[0].text


async def test_a_write_into_an_idle_slot_is_told_and_kept(rig: RunRig) -> None:
    slot = rig.directory / "slots"
    script = f"""
echo $AUTOD_TASKS > $AUTOD_TASKS.txt
if [ $AUTOD_TASKS = b ]; then sleep 3; echo lost > "$(ls -d {slot}/*slot1)/a.txt"; fi
{REPORT}"""
    stages = '[[stage]]\nname = "build"\nsessions = 2\n'
    tasks = '[[task]]\nid = "a"\n[[task]]\nid = "b"\n'
    rig.prepare(f'[plan]\ninto = "done"\n{stages}{tasks}', script)
    await rig.conduct()
    notes: list[Noted] = []
    rig.conductor.house.stream.listen(lambda es: notes.extend(e.event for e in es if isinstance(e.event, Noted)))
    await rig.finished(await rig.start())
    assert "a.txt changed in an idle slot" in notes[0].text
