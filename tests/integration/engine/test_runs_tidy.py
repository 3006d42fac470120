"""The worktrees of a run that has ended are removed when asked for, and nothing is lost with them."""

from __future__ import annotations

from pathlib import Path

from autod_tui.core import requests as rq
from autod_tui.core.run import RunState
from tests.support.runs import REPORT, RunRig

PLAN = '[plan]\ninto = "done"\n[[stage]]\nname = "build"\nattempts = 1\n[[task]]\nid = "t1"\n'
FAILS = "echo $AUTOD_TASKS > half-done; exit 3\n"


async def failed(rig: RunRig) -> str:
    """Carry out a run whose one task fails at its only attempt, and return its id."""
    rig.prepare(PLAN, FAILS)
    await rig.conduct()
    id = await rig.start()
    assert (await rig.finished(id)).state is RunState.FAILED
    return id


def slot(rig: RunRig, id: str) -> Path:
    return Path(next(iter(rig.run(id).sessions.values())).worktree)


async def test_it_says_first_what_it_would_remove(rig: RunRig) -> None:
    id = await failed(rig)
    worktree = slot(rig, id)
    (worktree / "notes.txt").write_text("mine\n")
    planned = await rig.ask(rq.TidyRun(run=id))
    assert planned.ok and str(worktree) in planned.message and "notes.txt" in planned.message
    assert worktree.is_dir()


async def test_what_is_removed_can_be_brought_back_with_all_that_was_uncommitted(rig: RunRig) -> None:
    id = await failed(rig)
    worktree = slot(rig, id)
    (worktree / "notes.txt").write_text("mine\n")
    head = rig.git("rev-parse", "HEAD", cwd=worktree)
    answer = await rig.ask(rq.TidyRun(run=id, approved=True))
    assert answer.ok, answer
    assert not worktree.exists()
    assert str(worktree) not in rig.git("worktree", "list")
    assert head in rig.git("for-each-ref", "--format=%(objectname)", "refs/heads/run/")
    restored = await rig.ask(rq.Undo(ref=answer.data["removed"][0]["backup"]))
    assert restored.ok, restored
    assert (worktree / "notes.txt").read_text() == "mine\n"
    assert (worktree / "half-done").read_text() == "t1\n"
    assert rig.git("rev-parse", "HEAD", cwd=worktree) == head
    assert rig.git("status", "--porcelain", cwd=worktree) == "?? notes.txt"


async def test_a_large_ignored_file_is_lost_only_when_that_is_said(rig: RunRig) -> None:
    rig.write(".gitignore", "*.bin\n")
    id = await failed(rig)
    worktree = slot(rig, id)
    (worktree / "model.bin").write_bytes(b"x" * 6_000_000)
    refused = await rig.ask(rq.TidyRun(run=id, approved=True))
    assert (refused.exit_code, worktree.is_dir()) == (1, True)
    assert "model.bin" in refused.message
    assert (await rig.ask(rq.TidyRun(run=id, approved=True, discard=True))).ok
    assert not worktree.exists()


async def test_a_run_that_goes_on_keeps_its_worktrees(rig: RunRig) -> None:
    rig.prepare(PLAN, f"sleep 100\n{REPORT}")
    await rig.conduct()
    id = await rig.start()
    await rig.until(lambda: any(one.pane for one in rig.run(id).living))
    refused = await rig.ask(rq.TidyRun(run=id, approved=True))
    assert (refused.exit_code, refused.hint) == (1, f"autod stop {id} ends it")
    assert (await rig.ask(rq.StopRun(run=id))).ok
    worktree = slot(rig, id)
    assert (await rig.ask(rq.TidyRun(run=id, approved=True))).ok
    assert not worktree.exists()


async def test_a_run_can_be_tried_again_after_it_was_tidied(rig: RunRig) -> None:
    id = await failed(rig)
    assert (await rig.ask(rq.TidyRun(run=id, approved=True))).ok
    rig.script.write_text(f"echo whole > done\n{REPORT}")
    assert (await rig.ask(rq.RetryTasks(run=id))).ok
    assert (await rig.finished(id)).state is RunState.DONE


async def test_nothing_left_to_remove_is_no_error(rig: RunRig) -> None:
    id = await failed(rig)
    assert (await rig.ask(rq.TidyRun(run=id, approved=True))).ok
    again = await rig.ask(rq.TidyRun(run=id))
    assert again.ok and again.data["plan"] == []
