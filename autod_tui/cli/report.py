"""`autod report`: the success metrics of the plan (keys: core/report.py), or those of one run (core/run_report.py)."""

from __future__ import annotations

import time
from typing import Any

from autod_tui.cli.action import with_desk
from autod_tui.cli.console import Console, table
from autod_tui.cli.main import Request
from autod_tui.cli.runs import find_run
from autod_tui.core.desk import Desk
from autod_tui.core.report import ReportRow, report_rows
from autod_tui.core.run_report import run_line, run_metrics, run_rows, stage_table, worker_table


def report(request: Request) -> int:
    """Print the metrics of the plan beside their targets and a line per run, or those of the run that is named."""
    console = request.console

    async def act(desk: Desk) -> int:
        if request.options.run:
            _show_run(console, run_metrics(find_run(desk, request.options.run), time.time()))
            return 0
        metrics = await desk.report()
        runs = [run_metrics(run, time.time()) for run in desk.runs.values()]
        console.json({**metrics, "runs": runs})
        _show_rows(console, [*report_rows(metrics), *map(run_line, runs)])
        return 0

    return with_desk(request, act)


def _show_rows(console: Console, rows: list[ReportRow]) -> None:
    cells = [[row.metric, row.value, row.target, row.judged] for row in rows]
    for line in table([["METRIC", "VALUE", "TARGET", ""], *cells]):
        console.show(line)


def _show_run(console: Console, metrics: dict[str, Any]) -> None:
    console.json(metrics)
    console.say(metrics["id"])
    for line in table([[row.metric, row.value] for row in run_rows(metrics)]):
        console.show("  " + line)
    for rows in (stage_table(metrics), worker_table(metrics)):
        if len(rows) > 1:
            console.say()
            for line in table(rows):
                console.show(line)
