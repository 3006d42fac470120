"""A merge that waits for a person is seen from everywhere, and nothing about it is told that is over."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from autod_tui.core import events as ev
from autod_tui.core.checkpoint import GateResult, GateState, Guilt, Settled
from autod_tui.core.requests import Abandon, Answer, Forget, Merge, PlanMerge
from autod_tui.core.workstream import Source, WorkstreamState
from autod_tui.tui.screens.merge import MergeScreen
from tests.tui.fake_desk import FakeDesk, planned
from tests.tui.robot import robot_at
from tests.tui.sample import busy_desk, conflicted_desk, merge_plan, merged_events


async def test_the_header_tells_of_a_merge_that_waits_and_x_opens_it_from_anywhere() -> None:
    async with robot_at(conflicted_desk(), (120, 34)) as robot:
        await robot.expect("merge of foundation (x)", "waiting for you (w): testing")
        await robot.press("G", "x")
        await robot.expect("database-pipeline conflicts in 2 files")
        await robot.press("escape", "p", "4")
        await robot.expect("its merge waits for you")


async def test_an_abandoned_merge_leaves_no_page_that_says_it_is_under_way() -> None:
    desk = conflicted_desk()

    def abandon(request: Abandon) -> Answer:
        desk.happen(ev.CheckpointAbandoned(checkpoint="foundation", reason="abandoned"))
        return Answer(message="foundation: abandoned, nothing has moved")

    desk.replies[Abandon] = abandon
    async with robot_at(desk) as robot:
        await robot.press("x", "Q", "y")
        await robot.expect("abandoned, nothing has moved")
        await robot.expect("workstreams 4")
        assert "under way" not in robot.text


async def test_looking_at_a_merge_that_has_just_ended_says_so() -> None:
    desk = conflicted_desk()
    desk.happen(ev.CheckpointAbandoned(checkpoint="foundation", reason="abandoned"))
    async with robot_at(desk) as robot:
        await robot.app.push_screen(MergeScreen("foundation", running=True))
        await robot.expect("ended, nothing moved")
        assert "the branch moves only" not in robot.text


async def test_the_agent_that_solves_conflicts_is_seen_and_shown() -> None:
    desk = conflicted_desk()
    desk.happen(
        ev.AgentStarted(name="resolve-foundation", session="r", agent="claude", model="", window="@9", pane="%9", pid=9)
    )
    async with robot_at(desk, (80, 24)) as robot:
        await robot.press("x")
        await robot.expect("claude works on it", "v Its pane", "Q Abandon", "esc Back")
        desk.happen(
            ev.StateChanged(name="resolve-foundation", state=WorkstreamState.DONE, source=Source.SCREEN, reason="")
        )
        await robot.expect("claude done: v shows its pane, e what it made")
        await robot.press("v")
        await robot.until(lambda: desk.attached == ["resolve-foundation"], "its pane is not shown")


async def test_without_an_agent_its_pane_is_not_offered() -> None:
    async with robot_at(conflicted_desk(), (120, 34)) as robot:
        await robot.press("x")
        await robot.expect("o Ours")
        assert "Its pane" not in robot.text
        await robot.press("v")
        await robot.expect("a starts one")


def red_desk() -> FakeDesk:
    desk = busy_desk()
    plan = merge_plan(desk, uncommitted=0)
    desk.replies[PlanMerge] = planned(plan)

    def merge(request: Merge) -> Answer:
        red = GateResult(name="tests", state=GateState.RED, seconds=2, reason="exit status 1")
        guilt = Guilt(gate="tests", workstreams=("testing",), explanation="tests turns red with testing")
        desk.happen(
            ev.MergeStarted(id="r", plan=plan),
            ev.GateFinished(checkpoint="foundation", result=red),
            ev.GuiltFound(checkpoint="foundation", guilt=guilt),
            ev.CheckpointBlocked(checkpoint="foundation", reason="gate tests is red"),
        )
        return Answer(exit_code=1, message="foundation: gate tests is red")

    desk.replies[Merge] = merge
    return desk


async def test_after_a_red_gate_k_plans_the_merge_without_the_guilty() -> None:
    desk = red_desk()
    async with robot_at(desk) as robot:
        await robot.press("m", "y")
        await robot.expect("k Plan it without testing")
        await robot.press("k")
        await robot.until(
            lambda: PlanMerge(checkpoint="foundation", leave_out=("testing",)) in desk.asked, "not planned again"
        )


async def test_a_refused_plan_asks_for_no_y() -> None:
    desk = busy_desk()
    desk.replies[PlanMerge] = planned(msgspec.structs.replace(merge_plan(desk), refusals=("tag 'x' exists already",)))
    async with robot_at(desk) as robot:
        await robot.press("m")
        await robot.expect("refused as it stands")
        assert "before you say y" not in robot.text


@pytest.mark.parametrize("exact", [True, False])
async def test_after_a_rollback_nothing_is_told_as_merged(exact: bool) -> None:
    desk = busy_desk()
    desk.happen(*merged_events(desk))
    async with robot_at(desk, (120, 34)) as robot:
        await robot.press("p")
        await robot.expect("merged", "just now")
        assert "now ago" not in robot.text
        desk.happen(
            ev.CheckpointRolledBack(
                checkpoint="foundation", into="i", oid="1" * 40, exact=exact, revert_oid="" if exact else "2" * 40
            )
        )
        await robot.expect("rolled back" if exact else "rolled back by a revert commit")
        assert "rolled back: rolled back" not in robot.text
        assert not any(line.rstrip(" │").endswith("  merged") for line in robot.lines)
        assert "moved" not in robot.text


async def test_a_resolution_of_before_can_be_forgotten_in_the_plan() -> None:
    desk = busy_desk()
    settled = (Settled(path="src/config.py", workstream="database-pipeline", how="remembered"),)
    plan = msgspec.structs.replace(merge_plan(desk), settled=settled)
    desk.replies[PlanMerge] = planned(plan)

    def forget(request: Forget) -> Answer:
        desk.replies[PlanMerge] = planned(msgspec.structs.replace(plan, settled=()))
        return Answer(message="foundation asks again about src/config.py of database-pipeline")

    desk.replies[Forget] = forget
    async with robot_at(desk) as robot:
        await robot.press("m")
        await robot.expect("as it was resolved before", "f Ask again")
        await robot.press("f")
        await robot.expect("asks again about src/config.py")
        await robot.expect_gone("as it was resolved before")
        assert "f Ask again" not in robot.text


def long_desk() -> FakeDesk:
    """Return a desk on which a long file clashes in two places, far below its first difference."""
    desk = conflicted_desk()
    lines = [f"line {number}" for number in range(200)]

    def side(*changes: tuple[int, str]) -> str:
        changed = list(lines)
        for number, line in changes:
            changed[number] = line
        return "\n".join(changed) + "\n"

    desk.sides = [
        msgspec.structs.replace(
            desk.sides[0],
            base=side(),
            ours=side((2, "only ours"), (90, "OURS A"), (150, "OURS B")),
            theirs=side((90, "THEIRS A"), (150, "THEIRS B")),
        ),
        *desk.sides[1:],
    ]
    return desk


@pytest.mark.parametrize("size", [(80, 24), (120, 34), (60, 20)])
async def test_both_sides_open_where_they_clash_and_n_goes_on(size: tuple[int, int]) -> None:
    async with robot_at(long_desk(), size) as robot:
        await robot.press("x")
        await robot.expect("OURS A", "THEIRS A", "clash 1 of 2")
        assert "OURS B" not in robot.text
        await robot.press("n")
        await robot.expect("OURS B", "THEIRS B", "clash 2 of 2")
        await robot.press("n")
        await robot.expect("OURS A")


async def test_a_red_gate_below_long_words_is_seen_at_80_columns_and_the_end_of_its_logs_path(tmp_path: Path) -> None:
    desk = red_desk()
    folder = tmp_path / ("a-very-long-name-of-a-folder" * 4)
    folder.mkdir()
    log = folder / "1-coverage.log"
    log.write_text("untested\n" * 50)

    def merge(request: Merge) -> Answer:
        green = GateResult(name="tests", state=GateState.GREEN)
        red = GateResult(name="coverage", state=GateState.RED, reason="exit status 1", log=str(log))
        finished = [ev.GateFinished(checkpoint="foundation", result=gate) for gate in (green, red)]
        blocked = ev.CheckpointBlocked(checkpoint="foundation", reason="gate coverage is red")
        desk.happen(ev.MergeStarted(id="r", plan=merge_plan(desk, uncommitted=0)), *finished, blocked)
        return Answer(exit_code=1, message="foundation: gate coverage is red; nothing moved", hint=f"{log} {log}")

    desk.replies[Merge] = merge
    async with robot_at(desk, (80, 24)) as robot:
        await robot.press("m", "y")
        await robot.expect("nothing moved", "✗ coverage", "untested", "folder/1-coverage.log ─╯")
