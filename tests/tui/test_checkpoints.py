"""Merging, resolving and rolling back as the manual says."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from autod_tui.core import events as ev
from autod_tui.core.checkpoint import ApprovedPlan, CheckpointState, GateResult, GateState, RollbackPlan
from autod_tui.core.requests import (
    Abandon,
    Answer,
    Check,
    LeaveOut,
    Merge,
    PlanMerge,
    PlanRollback,
    PrepareEdit,
    Resolve,
    Rollback,
    Sync,
)
from autod_tui.tui.widgets.details import gate_row
from tests.tui.fake_desk import planned
from tests.tui.robot import robot_at
from tests.tui.sample import busy_desk, conflicted_desk, merge_plan, merged_events


async def test_a_merge_is_shown_approved_followed_and_synced() -> None:
    desk = busy_desk()
    plan = merge_plan(desk)
    desk.replies[PlanMerge] = planned(plan)
    desk.replies[Sync] = Answer(message="token-tracking: merge it", data={"plan": [{"workstream": "token-tracking"}]})

    def merge(request: Merge) -> Answer:
        desk.happen(*merged_events(desk))
        return Answer(message="foundation: merged into integration/week1-foundation")

    desk.replies[Merge] = merge
    async with robot_at(desk) as robot:
        await robot.press("m")
        await robot.expect(
            "merge of foundation", "3 uncommitted paths: commit it first", "will conflict in src/config.py"
        )
        await robot.expect("coverage >= 60", "testing is still waiting", "nothing happens before you say y")
        await robot.press("down", "space")
        await robot.expect("left behind by this merge")
        assert not any(isinstance(request, Merge) for request in desk.asked)
        await robot.press("y")
        assert await robot.expect_asked(Merge) == Merge(approved=ApprovedPlan(plan))
        await robot.expect("foundation: merged into", "72 >= 60", "green, 12.3 s")
        await robot.press("s")
        await robot.expect("token-tracking: merge it")
        await robot.press("y")
        await robot.until(lambda: Sync(checkpoint="foundation", approved=True) in desk.asked, "not synced")


async def test_a_plan_that_is_refused_can_not_be_approved() -> None:
    desk = busy_desk()
    plan = msgspec.structs.replace(merge_plan(desk), refusals=("main is checked out in /srv/shop with changes",))
    desk.replies[PlanMerge] = planned(plan)
    async with robot_at(desk, (80, 24)) as robot:
        await robot.press("m")
        await robot.expect("refused", "checked out in /srv/shop")
        await robot.press("y", "enter")
        assert not any(isinstance(request, Merge) for request in desk.asked)


async def test_a_running_gate_shows_its_output(tmp_path: Path) -> None:
    log = tmp_path / "tests.log"
    log.write_text("collected 14 items\n\x1b[31m1 failed\x1b[0m\x1b]0;evil\x07\n")
    desk = busy_desk()

    def check(request: Check) -> Answer:
        red = GateResult(name="tests", state=GateState.RED, log=str(log), seconds=2, reason="exit status 1")
        desk.happen(
            ev.MergeStarted(id="r", plan=merge_plan(desk), rehearsal=True),
            ev.GateStarted(checkpoint="foundation", gate="tests", log=str(log)),
            ev.GateFinished(checkpoint="foundation", result=red),
            ev.CheckpointRehearsed(
                checkpoint="foundation", heads=(), result="", green=False, reason="gate tests: exit status 1"
            ),
        )
        return Answer(exit_code=1, message="foundation: gate tests is red")

    desk.replies[Check] = check
    async with robot_at(desk) as robot:
        await robot.press("c")
        await robot.expect("rehearsal of foundation", "foundation: gate tests is red", "1 failed", "exit status 1")
        assert "evil" not in robot.text


async def test_conflicts_are_settled_file_by_file() -> None:
    desk = conflicted_desk()

    def resolve(request: Resolve) -> Answer:
        for path in request.paths:
            desk.happen(ev.ConflictResolved(id="m1", checkpoint="foundation", path=path, how=request.how))
        left = desk.state.checkpoint("foundation").transaction
        if left is not None and not left.conflicts:
            desk.happen(*merged_events(desk)[1:])
            return Answer(message="foundation: merged")
        return Answer(message="still open")

    desk.replies[Resolve] = resolve
    async with robot_at(desk, (120, 34)) as robot:
        await robot.expect("x Resolve")
        await robot.press("x")
        await robot.expect("database-pipeline conflicts in 2 files", 'DATABASE = ":memory:"', "POOL = 4")
        await robot.press("o")
        assert await robot.expect_asked(Resolve) == Resolve(
            checkpoint="foundation", how="ours", paths=("src/config.py",)
        )
        await robot.expect("conflicts in 1 file", "a = 2")
        await robot.press("t")
        await robot.expect("foundation: merged", "72 >= 60")
        assert desk.state.checkpoint("foundation").state is CheckpointState.MERGED


async def test_a_conflict_is_edited_in_the_persons_editor(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = conflicted_desk()
    desk.replies[PrepareEdit] = Answer(data={"worktree": "/srv/conflicts", "files": ["src/config.py"]})
    ran: list[tuple[list[str], str | None]] = []

    async def run(app: object, argv: list[str], cwd: str | None = None) -> int:
        ran.append((argv, cwd))
        return 0

    monkeypatch.setenv("VISUAL", "myeditor --wait")
    monkeypatch.setattr("autod_tui.tui.screens.conflict.run_foreground", run)
    async with robot_at(desk) as robot:
        await robot.press("x", "e")
        assert await robot.expect_asked(Resolve) == Resolve(
            checkpoint="foundation", how="edit", paths=("src/config.py",)
        )
        assert ran == [(["myeditor", "--wait", "/srv/conflicts/src/config.py"], "/srv/conflicts")]


@pytest.mark.parametrize(("key", "request_type"), [("k", LeaveOut), ("Q", Abandon)], ids=["leave out", "abandon"])
async def test_a_merge_is_given_up_only_after_a_question(key: str, request_type: type) -> None:
    async with robot_at(conflicted_desk()) as robot:
        await robot.press("x", key)
        await robot.expect("esc Leave it")
        assert not any(isinstance(request, request_type) for request in robot.desk.asked)
        await robot.press("y")
        await robot.expect_asked(request_type)


async def test_rollback_says_in_words_what_it_does() -> None:
    desk = busy_desk()
    desk.happen(*merged_events(desk))
    plan = RollbackPlan(
        checkpoint="foundation", into="integration/x", before_oid="", after_oid="5" * 40, into_oid="7" * 40,
        exact=False, later=2, tag="t1",
    )  # fmt: skip
    desk.replies[PlanRollback] = planned(plan)
    async with robot_at(desk, (80, 24)) as robot:
        await robot.press("p", "R")
        await robot.expect("2 later commits on integration/x stay", "t1 is removed")
        await robot.press("y")
        assert await robot.expect_asked(Rollback) == Rollback(plan=plan)


async def test_gates_that_judged_older_heads_say_so() -> None:
    desk = busy_desk()
    green = GateResult(name="tests", state=GateState.GREEN, seconds=14.1)
    desk.happen(
        ev.MergeStarted(id="r", plan=merge_plan(desk), rehearsal=True),
        ev.GateFinished(checkpoint="foundation", result=green, tree="t"),
        ev.CheckpointRehearsed(checkpoint="foundation", heads=("i", "h"), result="r", green=True),
    )
    async with robot_at(desk) as robot:
        await robot.press("p")
        await robot.expect("green, 14.1 s")
        desk.happen(ev.RehearsalOutdated(checkpoint="foundation"))
        await robot.expect("green of older heads")
    assert {role for text, role in gate_row(green, 80, outdated=True).spans if text.strip()} == {"", "dim"}
