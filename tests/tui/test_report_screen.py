"""The report tells of the runs that are on, in the words of `autod report RUN`."""

from __future__ import annotations

from msgspec.structs import replace

from autod_tui.core.run import RunRecord, RunState
from autod_tui.core.run_report import run_metrics, run_rows
from autod_tui.tui.screens.report import metrics_of_runs, report_lines
from tests.tui.fake_desk import NOW
from tests.tui.robot import robot_at
from tests.tui.run_sample import RUN, run_desk


async def test_the_report_tells_of_the_run_that_is_on() -> None:
    async with robot_at(run_desk(), (80, 24)) as robot:
        await robot.press("r")
        await robot.expect("checkpoints on time")
        await robot.press("G")
        await robot.expect("worker")
        await robot.press("pageup")
        await robot.expect("3/12 (25.00%)")


def test_every_row_of_the_run_stands_in_the_report() -> None:
    desk = run_desk()
    metrics = metrics_of_runs(desk.runs.values(), NOW)
    assert metrics == [run_metrics(desk.runs[RUN], NOW)]
    text = ["".join(part for part, _ in row.spans) for row in report_lines(desk.metrics, desk.board(), 120, metrics)]
    for row in run_rows(metrics[0]):
        assert any(row.metric in line and row.value in line for line in text), row


def test_what_has_ended_is_left_to_the_page_of_runs() -> None:
    run = run_desk().runs[RUN]
    runs: list[RunRecord] = [replace(run, state=state) for state in RunState]
    assert [one["state"] for one in metrics_of_runs(runs, NOW)] == ["running", "paused"]
