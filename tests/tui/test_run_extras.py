"""What a run can be given and what can be had of it: tasks, its files, its worktrees; and what its workers get done."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from autod_tui.core import run_events as ev
from autod_tui.core.requests import AddTasks, Answer, TidyRun
from autod_tui.core.run import RunState, SessionState
from autod_tui.core.run_plan import TaskSpec
from tests.tui.boards import board_of
from tests.tui.fake_desk import FakeDesk
from tests.tui.robot import Robot
from tests.tui.run_sample import RUN, run_desk

SIZES = [(80, 24), (140, 36)]


def stopped_desk(ignored: tuple[str, ...] = ()) -> FakeDesk:
    """A desk whose run was stopped and left a worktree, with large ignored files in it or without."""
    desk = run_desk()
    ends = [ev.SessionEnded(run=RUN, session=id, state=SessionState.STOPPED) for id in ("build-5", "build-6")]
    desk.happen(*ends, ev.RunChanged(run=RUN, state=RunState.STOPPED))
    plan = {"remove": {"/srv/shop-slot1": {"ignored": list(ignored)}}}

    def tidy(request: TidyRun) -> Answer:
        done = request.approved
        return Answer(message="1 worktree is gone") if done else Answer(message="shop-slot1 goes", data={"plan": plan})

    desk.replies[TidyRun] = tidy
    return desk


@pytest.mark.parametrize("size", SIZES)
async def test_tidying_up_shows_what_goes_and_asks(size: tuple[int, int]) -> None:
    desk = stopped_desk()
    async with board_of(desk, size) as robot:
        await robot.press("D")
        await robot.expect(f"remove the worktrees of {RUN}", "shop-slot1 goes", "y Remove")
        await robot.press("escape")
        await robot.expect_gone("shop-slot1 goes")
        assert desk.asked == [TidyRun(run=RUN)]
        await robot.press("D")
        await robot.expect("shop-slot1 goes")
        await robot.press("y")
        await robot.expect("1 worktree is gone")
        assert desk.asked[-1] == TidyRun(run=RUN, approved=True)


async def test_what_no_backup_holds_goes_only_by_the_runs_whole_name() -> None:
    desk = stopped_desk(("model.bin",))
    async with board_of(desk) as robot:
        await robot.press("D")
        await robot.expect("enter Discard", f"type {RUN} to go on")
        await robot.write("week1")
        await robot.press("enter")
        assert desk.asked == [TidyRun(run=RUN)]
        await robot.write(RUN.removeprefix("week1"))
        await robot.press("enter")
        await robot.expect("1 worktree is gone")
        assert desk.asked[-1] == TidyRun(run=RUN, discard=True, approved=True)


async def test_where_nothing_is_to_be_removed_nobody_is_asked() -> None:
    desk = stopped_desk()
    desk.replies[TidyRun] = Answer(message="no worktree is left", data={"plan": []})
    async with board_of(desk) as robot:
        await robot.press("D")
        await robot.expect("no worktree is left")
        assert desk.asked == [TidyRun(run=RUN)]


@pytest.mark.parametrize("size", SIZES)
async def test_a_task_is_added_and_flows_in(size: tuple[int, int]) -> None:
    desk = run_desk()

    def add(request: AddTasks) -> Answer:
        desk.happen(ev.TasksAdded(run=RUN, tasks=request.tasks))
        return Answer(message=f"{RUN}: added 9.1")

    desk.replies[AddTasks] = add
    async with board_of(desk, size) as robot:
        await robot.press("t")
        await robot.expect(f"one more task for {RUN}", "ctrl+s Add")
        await write_task(robot, "9.1", "Gift cards", "docs/gift.md src/gift.py", "opus", "5")
        await robot.write("as the ticket says")
        await robot.press("ctrl+s")
        await robot.expect("added 9.1", "13 tasks")
        body, outputs = "as the ticket says", ("docs/gift.md", "src/gift.py")
        task = TaskSpec(id="9.1", title="Gift cards", body=body, model="opus", outputs=outputs, priority=5)
        assert desk.asked == [AddTasks(run=RUN, tasks=(task,))]


async def write_task(robot: Robot, *values: str) -> None:
    """Fill the fields, up to the prompt."""
    for value in values:
        await robot.write(value)
        await robot.press("tab")


@pytest.mark.parametrize("size", SIZES)
async def test_what_is_wrong_with_a_task_is_told_where_it_was_written(size: tuple[int, int]) -> None:
    desk = run_desk()
    desk.replies[AddTasks] = Answer(exit_code=2, message=f"{RUN} has a task '1.1' already", hint="give it another id")
    async with board_of(desk, size) as robot:
        await robot.press("t")
        await robot.expect("one more task")
        await write_task(robot, "1.1", "", "", "", "soon")
        await robot.press("ctrl+s")
        await robot.expect("priority: 'soon' is not a number")
        assert not desk.asked
        robot.app.screen.query_one("#priority").value = "-1"
        await robot.press("ctrl+s")
        await robot.expect("has a task '1.1' already; give it another")
        robot.app.screen.query_one("#prompt").text = "a long story"
        await robot.press("escape")
        await robot.expect("What is written here is not kept.")
        await robot.press("y")
        await robot.expect_gone("one more task")


@pytest.mark.parametrize("size", SIZES)
async def test_a_run_is_written_as_files(size: tuple[int, int], tmp_path: Path) -> None:
    desk = run_desk()
    project = msgspec.structs.replace(desk.plan.project, root=str(tmp_path))
    desk.plan = msgspec.structs.replace(desk.plan, project=project)
    async with board_of(desk, size) as robot:
        await robot.press("e")
        await robot.expect(f"write {RUN} into", f"{RUN}-export", "enter Take it")
        await robot.press("enter")
        made = tmp_path / f"{RUN}-export"
        await robot.expect(" files in ")
        written = [json.loads(path.read_text()) for path in made.glob("*.json")]
        assert any("List the orders of a customer" in json.dumps(document) for document in written)
        await robot.press("e", "enter")
        await robot.expect("export into a new directory")
        await robot.press("e", "escape")
        await robot.expect_gone("enter Take it")
        assert [path.name for path in tmp_path.iterdir()] == [made.name]


async def test_a_place_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    async with board_of() as robot:
        await robot.press("e")
        await robot.expect("write week1")
        robot.app.screen.query_one("#line").value = str(tmp_path / "file" / "deep")
        await robot.press("enter")
        await robot.expect("can't be written into")


@pytest.mark.parametrize("size", SIZES)
async def test_each_workers_pace_is_a_panel_of_the_board(size: tuple[int, int]) -> None:
    desk = run_desk()
    async with board_of(desk, size) as robot:
        assert "per hour" not in robot.text
        await robot.press("5")
        await robot.expect("[5] 1 worker", "per hour", "passed", "claude opus")
        row = next(line for line in robot.lines if "claude opus" in line)
        approved = [one for task in desk.runs[RUN].tasks.values() for one in task.verdicts if one.session]
        passed = sum(one.verdict.value == "APPROVED" for one in approved)
        assert f" {passed}/" in row
        await robot.press("4")
        await robot.expect("[4] 2 of 10 sessions at work")
        await robot.expect_gone("[5] 1 worker")
