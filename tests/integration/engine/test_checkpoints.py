"""Checkpoints on a real repository: merges, gates, conflicts, rollbacks, and what a killed conductor leaves."""

from __future__ import annotations

import subprocess
from pathlib import Path

import msgspec
import pytest

from autod_tui.core import events as ev
from autod_tui.core import requests as rq
from autod_tui.core.board import make_board
from autod_tui.core.board_json import checkpoint_json
from autod_tui.core.checkpoint import ApprovedPlan, CheckpointSpec, CheckpointState
from autod_tui.engine.observer import REFS
from tests.support.rig import Rig

SETTINGS = """
[project]
target = "main"
agent = "shell"
[agents.shell]
command = ["sh", "-c", "echo {prompt}"]
[gates.check]
command = "sh check.sh"
[gates.lines]
command = "cat base.txt new-*.txt 2>/dev/null | wc -l"
measure = '(\\d+)'
at_most = 22
[[checkpoint]]
name = "first"
merge = ["one", "two"]
into = "integration/first"
gates = ["check"]
tag = "first-done"
[[checkpoint]]
name = "last"
after = ["first"]
merge = ["three"]
into = "integration/first"
then = "main"
"""
GREEN = "exit 0\n"


@pytest.fixture
async def rig(tmp_path: Path) -> Rig:
    rig = Rig(tmp_path)
    rig.write("check.sh", GREEN)
    rig.declare(SETTINGS, "one", "two", "three")
    await rig.open().begin()
    answer = await rig.conductor.handle(rq.Up())
    assert answer.ok, answer
    return rig


def state(rig: Rig, name: str) -> CheckpointState:
    return rig.conductor.house.state.checkpoint(name).state


async def test_merge_lands_in_order_with_tag_and_leaves_steering_files_out(rig: Rig) -> None:
    rig.commit("one", "new-one.txt", "1\n")
    rig.commit("one", "STARTUP.md", "mine\n")
    rig.commit("two", "new-two.txt", "2\n")
    rig.commit("two", "progress.md", "**Status**: done\n")
    answer = await rig.merge("first")
    assert answer.ok, answer
    into = answer.data["after_oid"]
    assert rig.git("rev-parse", "integration/first", "first-done^{commit}").split() == [into, into]
    assert rig.git("ls-tree", "--name-only", into).split() == [
        "autod.toml", "base.txt", "check.sh", "new-one.txt", "new-two.txt", "workstreams",
    ]  # fmt: skip
    subjects = rig.git("log", "--first-parent", "--format=%s", f"main..{into}").splitlines()
    assert subjects == [
        "Merge workstream 'two' at checkpoint 'first'",
        "Merge workstream 'one' at checkpoint 'first'",
    ]
    assert rig.git("status", "--porcelain") == ""


async def test_red_gate_moves_nothing_names_the_guilty_and_the_rest_lands(rig: Rig) -> None:
    rig.commit("one", "new-one.txt", "1\n")
    rig.commit("two", "check.sh", "echo broken; exit 7\n")
    answer = await rig.merge("first")
    assert answer.exit_code == 1
    assert answer.data["guilty"] == ["two"]
    assert answer.data["gate"]["reason"] == "exit status 7"
    assert "integration/first" not in rig.git("branch", "--list", "integration/*")
    told = [(name, text) for name, text in rig.panes.pasted if "failed" in text]
    assert [name for name, _ in told] == ["two"]
    assert "exit status 7" in told[0][1]
    assert answer.data["gate"]["log"] in told[0][1]
    assert "broken" in Path(answer.data["gate"]["log"]).read_text()
    landed = await rig.merge("first", "two")
    assert landed.ok, landed
    assert landed.data["left_out"] == ["two"]


async def test_two_that_only_fail_together_are_both_named(rig: Rig) -> None:
    rig.commit("one", "a.txt", "1\n")
    rig.commit("two", "b.txt", "1\n")
    rig.write("check.sh", "test ! -e a.txt -o ! -e b.txt\n")
    rig.git("commit", "-qam", "gate")
    answer = await rig.merge("first")
    assert answer.data["guilty"] == ["one", "two"]


async def conflict(rig: Rig) -> rq.Answer:
    base = (rig.root / "base.txt").read_text()
    rig.commit("one", "base.txt", base.replace("line 3\n", "one\n"))
    rig.commit("two", "base.txt", base.replace("line 3\n", "two\n"))
    return await rig.merge("first")


@pytest.mark.parametrize(("how", "kept"), [("ours", "one"), ("theirs", "two")])
async def test_conflict_is_resolved_by_side_and_remembered(rig: Rig, how: str, kept: str) -> None:
    answer = await conflict(rig)
    assert answer.exit_code == 1
    assert answer.data["conflict"] == {"workstream": "two", "files": ["base.txt"]}
    assert state(rig, "first") is CheckpointState.MERGING
    done = await rig.conductor.handle(rq.Resolve(checkpoint="first", how=how, paths=("base.txt",)))
    assert done.ok, done
    assert rig.git("show", "integration/first:base.txt").splitlines()[2] == kept
    assert (await rig.roll_back("first")).ok
    again = await rig.merge("first")
    assert again.ok, again
    assert rig.git("show", "integration/first:base.txt").splitlines()[2] == kept


async def test_a_resolution_that_is_forgotten_is_asked_for_again(rig: Rig) -> None:
    await conflict(rig)
    assert not (await rig.conductor.handle(rq.Forget(checkpoint="first"))).ok, "its merge is under way"
    assert (await rig.conductor.handle(rq.Resolve(checkpoint="first", how="ours"))).ok
    assert (await rig.roll_back("first")).ok
    assert [one.how for one in (await rig.plan_merge("first")).settled] == ["remembered"]
    forgot = await rig.conductor.handle(rq.Forget(checkpoint="first"))
    assert forgot.message == "first asks again about base.txt of two"
    assert (await rig.plan_merge("first")).settled == ()
    again = await rig.merge("first")
    assert again.data["conflict"] == {"workstream": "two", "files": ["base.txt"]}
    assert (await rig.conductor.handle(rq.Resolve(checkpoint="first", how="theirs"))).ok


async def test_conflict_is_edited_in_a_worktree_of_autods_own(rig: Rig) -> None:
    await conflict(rig)
    prepared = await rig.conductor.handle(rq.PrepareEdit(checkpoint="first"))
    assert prepared.data["files"] == ["base.txt"]
    file = Path(prepared.data["worktree"]) / "base.txt"
    assert "<<<<<<<" in file.read_text()
    early = await rig.conductor.handle(rq.Resolve(checkpoint="first", how="edit"))
    assert not early.ok
    text = file.read_text()
    file.write_text(text[: text.index("<<<<<<<")] + "both\n" + text[text.index(">>>>>>>") :].partition("\n")[2])
    done = await rig.conductor.handle(rq.Resolve(checkpoint="first", how="edit"))
    assert done.ok, done
    assert rig.git("show", "integration/first:base.txt").splitlines()[2] == "both"


async def test_what_was_edited_in_a_conflict_stays_when_it_is_opened_again(rig: Rig) -> None:
    await conflict(rig)
    prepared = await rig.conductor.handle(rq.PrepareEdit(checkpoint="first"))
    file = Path(prepared.data["worktree"]) / "base.txt"
    file.write_text("half done by an agent\n")
    again = await rig.conductor.handle(rq.PrepareEdit(checkpoint="first"))
    assert again.data == prepared.data
    assert file.read_text() == "half done by an agent\n"
    handed = await rig.conductor.handle(rq.Resolve(checkpoint="first", how="agent"))
    assert handed.ok, handed
    assert file.read_text() == "half done by an agent\n"
    assert (await rig.conductor.handle(rq.Abandon(checkpoint="first"))).ok
    await rig.merge("first")
    assert "<<<<<<<" in file.read_text(), "another merge begins with the conflict as git tells it"


async def test_a_rehearsal_leaves_alone_what_is_edited_in_a_conflict(rig: Rig) -> None:
    await conflict(rig)
    prepared = await rig.conductor.handle(rq.PrepareEdit(checkpoint="first"))
    file = Path(prepared.data["worktree"]) / "base.txt"
    file.write_text("half done by an agent\n")
    plan = rig.conductor.house.plan
    other = CheckpointSpec(name="other", title="other", merge=("one", "two"), into="integration/other")
    rig.conductor.house.stream.replan(msgspec.structs.replace(plan, checkpoints=(*plan.checkpoints, other)))
    checked = await rig.conductor.handle(rq.Check(checkpoint="other"))
    assert "conflicts in base.txt" in checked.message
    assert file.read_text() == "half done by an agent\n"


async def test_conflict_left_out_or_abandoned_moves_nothing_else(rig: Rig) -> None:
    await conflict(rig)
    assert (await rig.conductor.handle(rq.Abandon(checkpoint="first"))).ok
    assert state(rig, "first") is CheckpointState.OPEN
    await rig.merge("first")
    done = await rig.conductor.handle(rq.LeaveOut(checkpoint="first", workstream="two"))
    assert done.ok, done
    assert done.data["merged"] == ["one"]


def room(rig: Rig) -> Path:
    return Path(rig.conductor.house.conflict_worktree("first"))


@pytest.mark.parametrize("how", ["ours", "edit", "committed", "abandon", "leave out"])
async def test_the_worktree_of_a_conflict_is_gone_once_its_merge_is_over(rig: Rig, how: str) -> None:
    await conflict(rig)
    assert room(rig).is_dir()
    request: rq.AnyRequest = rq.Resolve(checkpoint="first", how="ours")
    if how in ("edit", "committed"):
        await rig.conductor.handle(rq.Resolve(checkpoint="first", how="agent"))
        (room(rig) / "base.txt").write_text("solved\n")
        if how == "committed":
            rig.git("commit", "-qam", "agents commit though told not to", cwd=room(rig))
        request = rq.Resolve(checkpoint="first", how="edit")
    elif how == "abandon":
        request = rq.Abandon(checkpoint="first")
    elif how == "leave out":
        await rig.conductor.handle(rq.Resolve(checkpoint="first", how="agent"))
        request = rq.LeaveOut(checkpoint="first", workstream="two")
    done = await rig.conductor.handle(request)
    assert done.ok, done
    assert not room(rig).exists()
    assert str(room(rig)) not in rig.git("worktree", "list")
    assert not [pane for pane in rig.panes.alive.values() if pane.workstream.startswith("resolve-")]


@pytest.mark.parametrize("file", ["base.txt", "new.txt", "check.sh"])
@pytest.mark.parametrize("how", ["theirs", "abandon"])
async def test_edits_in_a_conflict_that_nobody_took_stay_and_are_told(rig: Rig, how: str, file: str) -> None:
    await conflict(rig)
    prepared = await rig.conductor.handle(rq.PrepareEdit(checkpoint="first"))
    (Path(prepared.data["worktree"]) / file).write_text("exit 0 # half done\n")
    if file == "check.sh":
        rig.git("add", file, cwd=room(rig))
    ends = rq.Abandon(checkpoint="first") if how == "abandon" else rq.Resolve(checkpoint="first", how=how)
    done = await rig.conductor.handle(ends)
    assert done.ok, done
    assert (room(rig) / file).read_text() == "exit 0 # half done\n"
    assert done.hint.startswith("edits that nobody took stay in") and done.hint.endswith(f": {file}")
    assert str(room(rig)) in done.hint


async def test_waiting_conflict_survives_a_killed_conductor(rig: Rig) -> None:
    await conflict(rig)
    await rig.open().begin()
    done = await rig.conductor.handle(rq.Resolve(checkpoint="first", how="theirs"))
    assert done.ok, done


async def test_branch_that_moved_after_approval_is_refused(rig: Rig) -> None:
    rig.commit("one", "new-one.txt", "1\n")
    rig.commit("two", "new-two.txt", "1\n")
    plan = await rig.plan_merge("first")
    rig.commit("one", "new-one.txt", "2\n")
    answer = await rig.conductor.handle(rq.Merge(approved=ApprovedPlan(plan)))
    assert answer.exit_code == 1
    assert "has moved since" in answer.message
    assert rig.git("branch", "--list", "integration/*") == ""


async def test_uncommitted_work_is_seen_and_committed_on_approval(rig: Rig) -> None:
    rig.commit("two", "new-two.txt", "1\n")
    rig.write("new-one.txt", "unsaved\n", rig.worktree("one"))
    plan = await rig.plan_merge("first")
    assert [step.uncommitted for step in plan.steps] == [1, 0]
    answer = await rig.conductor.handle(rq.Merge(approved=ApprovedPlan(plan, ("one",))))
    assert answer.ok, answer
    assert rig.git("show", "integration/first:new-one.txt") == "unsaved"


async def test_work_that_a_merge_committed_is_measured_again(rig: Rig) -> None:
    rig.write("new-one.txt", "unsaved\n", rig.worktree("one"))
    observer = rig.conductor.observer
    await observer.look_at_all()
    assert rig.conductor.house.state.workstream("one").changes.uncommitted == 1
    plan = await rig.plan_merge("first")
    assert (await rig.conductor.handle(rq.Merge(approved=ApprovedPlan(plan, ("one",))))).ok
    await observer.look({REFS})
    changes = rig.conductor.house.state.workstream("one").changes
    assert (changes.uncommitted, changes.ahead) == (0, 1)


async def test_rehearsal_moves_nothing_and_spares_the_gates_of_the_merge(rig: Rig) -> None:
    rig.write("check.sh", f"echo ran >> '{rig.directory}/runs'\n")
    rig.git("commit", "-qam", "counting gate")
    rig.commit("one", "new-one.txt", "1\n")
    rig.commit("two", "new-two.txt", "1\n")
    checked = await rig.conductor.handle(rq.Check(checkpoint="first"))
    assert checked.ok, checked
    assert state(rig, "first") is CheckpointState.READY
    assert rig.git("branch", "--list", "integration/*") == ""
    assert (await rig.merge("first")).ok
    assert (rig.directory / "runs").read_text() == "ran\n"


async def test_rehearsal_is_outdated_by_a_new_head(rig: Rig) -> None:
    rig.commit("one", "new-one.txt", "1\n")
    rig.commit("two", "new-two.txt", "1\n")
    await rig.conductor.handle(rq.Check(checkpoint="first"))
    await rig.conductor.survey()
    assert state(rig, "first") is CheckpointState.READY
    rig.commit("two", "new-two.txt", "2\n")
    await rig.conductor.survey()
    assert state(rig, "first") is CheckpointState.OPEN
    assert gates_told(rig) == [("green", True)]
    await rig.conductor.handle(rq.Check(checkpoint="first"))
    assert gates_told(rig) == [("green", False)]


async def test_gates_of_a_merge_are_never_outdated(rig: Rig) -> None:
    rig.commit("one", "new-one.txt", "1\n")
    rig.commit("two", "new-two.txt", "1\n")
    await rig.conductor.handle(rq.Check(checkpoint="first"))
    assert (await rig.merge("first")).ok
    rig.commit("two", "new-two.txt", "2\n")
    await rig.conductor.survey()
    assert gates_told(rig) == [("green", False)]


def gates_told(rig: Rig) -> list[tuple[str, bool]]:
    """What JSON says of the gates of `first`: their states, and whether they are of older heads."""
    board = make_board(rig.conductor.house.plan, rig.conductor.house.state, 0.0)
    told = checkpoint_json(next(view for view in board.checkpoints if view.name == "first"))
    return [(gate["state"], gate["outdated"]) for gate in told["gates"]]


async def test_conflict_is_handed_to_an_agent_in_a_pane_of_its_own(rig: Rig) -> None:
    await conflict(rig)
    answer = await rig.conductor.handle(rq.Resolve(checkpoint="first", how="agent"))
    assert answer.ok, answer
    launch = rig.panes.launches[-1]
    assert launch.cwd == answer.data["worktree"]
    assert "base.txt" in launch.argv[-1]
    file = Path(answer.data["worktree"]) / "base.txt"
    assert "<<<<<<<" in file.read_text()
    file.write_text("solved\n")
    done = await rig.conductor.handle(rq.Resolve(checkpoint="first", how="edit"))
    assert done.ok, done
    assert rig.git("show", "integration/first:base.txt") == "solved"
    assert launch.workstream not in [pane.workstream for pane in rig.panes.alive.values()]


async def test_failing_further_merge_leaves_the_first_in_force(rig: Rig) -> None:
    rig.commit("one", "new-one.txt", "1\n")
    rig.commit("two", "new-two.txt", "1\n")
    await rig.merge("first")
    rig.commit("two", "check.sh", "exit 3\n")
    assert not (await rig.merge("first")).ok
    assert state(rig, "first") is CheckpointState.MERGED
    assert (await rig.roll_back("first")).ok


async def test_rollback_is_exact_then_by_revert_and_the_work_comes_back(rig: Rig) -> None:
    rig.commit("one", "new-one.txt", "1\n")
    rig.commit("two", "new-two.txt", "1\n")
    await rig.merge("first")
    assert (await rig.roll_back("first")).data["exact"] is True
    assert rig.git("branch", "--list", "integration/*") == ""
    assert rig.git("tag") == ""
    await rig.merge("first")
    rig.git("worktree", "add", "-q", str(rig.directory / "x"), "integration/first")
    rig.write("later.txt", "later\n", rig.directory / "x")
    rig.git("add", "-A", cwd=rig.directory / "x")
    rig.git("commit", "-qm", "later", cwd=rig.directory / "x")
    rig.git("worktree", "remove", str(rig.directory / "x"))
    answer = await rig.roll_back("first")
    assert answer.data["exact"] is False
    names = rig.git("ls-tree", "--name-only", "integration/first").split()
    assert "later.txt" in names
    assert "new-one.txt" not in names
    rig.commit("one", "more.txt", "1\n")
    again = await rig.merge("first")
    assert again.ok, again
    names = rig.git("ls-tree", "--name-only", "integration/first").split()
    assert {"later.txt", "new-one.txt", "new-two.txt", "more.txt"} <= set(names)


async def test_then_moves_the_users_checkout_by_fast_forward_or_refuses_beforehand(rig: Rig) -> None:
    rig.commit("one", "new-one.txt", "1\n")
    rig.commit("two", "new-two.txt", "1\n")
    assert (await rig.merge("first")).ok
    rig.commit("three", "new-three.txt", "3\n")
    rig.write("new-three.txt", "the user's own\n")
    plan = await rig.plan_merge("last")
    assert any("checked out at" in refusal for refusal in plan.refusals), plan.refusals
    (rig.root / "new-three.txt").unlink()
    rig.write("base.txt", (rig.root / "base.txt").read_text() + "unsaved by the user\n")
    answer = await rig.merge("last")
    assert answer.ok, answer
    assert (rig.root / "new-three.txt").read_text() == "3\n"
    assert "unsaved by the user" in (rig.root / "base.txt").read_text()
    assert rig.git("rev-parse", "main") == answer.data["after_oid"]
    assert rig.git("status", "--porcelain") == " M base.txt"
    back = await rig.roll_back("last")
    assert back.ok, back
    assert not (rig.root / "new-three.txt").exists()
    assert "unsaved by the user" in (rig.root / "base.txt").read_text()


async def test_checkpoint_waits_for_the_one_before(rig: Rig) -> None:
    rig.commit("three", "x.txt", "1\n")
    answer = await rig.merge("last")
    assert not answer.ok
    assert "'first' has to be merged first" in answer.message


async def test_sync_brings_the_result_to_the_open_workstreams(rig: Rig) -> None:
    rig.commit("one", "new-one.txt", "1\n")
    rig.commit("two", "new-two.txt", "1\n")
    rig.commit("three", "STARTUP.md", "kept\n")
    await rig.merge("first")
    answer = await rig.conductor.handle(rq.Sync(checkpoint="first", approved=True))
    assert answer.ok, answer
    assert (rig.worktree("three") / "new-one.txt").read_text() == "1\n"
    assert (rig.worktree("three") / "STARTUP.md").read_text() == "kept\n"
    backups = await rig.conductor.handle(rq.Undo())
    assert any("sync/three" in backup["ref"] for backup in backups.data["backups"])


async def test_forecast_names_step_files_and_partner_uncommitted_work_included(rig: Rig) -> None:
    base = (rig.root / "base.txt").read_text()
    rig.commit("one", "base.txt", base.replace("line 3\n", "one\n"))
    rig.write("base.txt", base.replace("line 3\n", "two, unsaved\n"), rig.worktree("two"))
    await rig.conductor.survey()
    forecast = rig.conductor.house.state.forecasts["first"]
    assert [(step.workstream, step.files, step.others) for step in forecast.steps] == [("two", ("base.txt",), ("one",))]
    overlaps = rig.conductor.house.state.workstream("one").overlaps
    assert [(overlap.other, overlap.files) for overlap in overlaps] == [("two", ("base.txt",))]


async def test_ref_moves_cut_short_are_finished_by_the_next_conductor(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.commit("one", "new-one.txt", "1\n")
    rig.commit("two", "new-two.txt", "1\n")
    await rig.merge("first")
    rig.commit("three", "new-three.txt", "3\n")
    plan = await rig.plan_merge("last")

    async def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(rig.conductor.house.git, "follow", killed)
    with pytest.raises(KeyboardInterrupt):
        await rig.conductor.handle(rq.Merge(approved=ApprovedPlan(plan)))
    assert rig.git("rev-parse", "main") != rig.git("rev-parse", "integration/first")
    findings = await rig.open().begin()
    assert any("finished" in finding for finding in findings), findings
    assert state(rig, "last") is CheckpointState.MERGED
    assert rig.git("rev-parse", "main") == rig.git("rev-parse", "integration/first")
    assert (rig.root / "new-three.txt").exists()


async def test_generated_files_and_owned_paths_are_resolved_by_rule(rig: Rig) -> None:
    settings = (rig.root / "autod.toml").read_text() + '[resolve]\n"*.lock" = "newest"\n"base.txt" = "one"\n'
    rig.write("autod.toml", settings)
    rig.git("commit", "-qam", "rules")
    await rig.open().begin()
    base = (rig.root / "base.txt").read_text()
    rig.commit("one", "base.txt", base.replace("line 3\n", "owner\n"))
    rig.commit("one", "x.lock", "old\n")
    rig.commit("two", "base.txt", base.replace("line 3\n", "other\n"))
    rig.commit("two", "x.lock", "new\n")
    answer = await rig.merge("first")
    assert answer.ok, answer
    assert rig.git("show", "integration/first:base.txt").splitlines()[2] == "owner"
    assert rig.git("show", "integration/first:x.lock") == "new"


async def test_removal_refuses_unmerged_work_and_undo_brings_everything_back(rig: Rig) -> None:
    rig.commit("one", "new-one.txt", "1\n")
    rig.write("unsaved.txt", "precious\n", rig.worktree("one"))
    worktree = rig.worktree("one")
    refused = await rig.conductor.handle(rq.Down(names=("one",), remove=True, approved=True))
    assert refused.exit_code == 1
    assert "unsaved.txt" in refused.message
    assert worktree.is_dir()
    gone = await rig.conductor.handle(rq.Down(names=("one",), remove=True, discard=True, approved=True))
    assert gone.ok, gone
    assert not worktree.exists()
    assert "workstream/one" in rig.git("branch", "--list", "workstream/one")
    back = await rig.conductor.handle(rq.Undo(ref=gone.data["removed"][0]["backup"]))
    assert back.ok, back
    assert (worktree / "unsaved.txt").read_text() == "precious\n"
    assert rig.git("status", "--porcelain", cwd=worktree) == "?? unsaved.txt"


async def test_gates_that_outlived_a_killed_conductor_are_ended(rig: Rig) -> None:
    rig.commit("one", "new-one.txt", "1\n")
    rig.commit("two", "new-two.txt", "1\n")
    plan = await rig.plan_merge("first")
    own = str(rig.conductor.house.own_worktrees)
    gate = subprocess.Popen(["sleep", "300"], env={**rig.env, "AUTOD_GATES": own}, start_new_session=True)
    try:
        rig.conductor.house.stream.emit(ev.MergeStarted(id="killed", plan=plan))
        findings = await rig.open().begin()
        assert "checkpoint first: it was interrupted; nothing moved" in findings
        assert gate.wait(timeout=5) != 0
    finally:
        gate.kill()
    assert (await rig.merge("first")).ok
