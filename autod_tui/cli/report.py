"""`autod report`: the success metrics of the plan, counted from the journal and from git (keys: core/report.py)."""

from __future__ import annotations

from autod_tui.cli.action import with_desk
from autod_tui.cli.console import table
from autod_tui.cli.main import Request
from autod_tui.core.desk import Desk
from autod_tui.core.report import report_rows


def report(request: Request) -> int:
    """Print the metrics beside their targets."""
    console = request.console

    async def act(desk: Desk) -> int:
        metrics = await desk.report()
        console.json(metrics)
        rows = [[row.metric, row.value, row.target, row.judged] for row in report_rows(metrics)]
        for line in table([["METRIC", "VALUE", "TARGET", ""], *rows]):
            console.show(line)
        return 0

    return with_desk(request, act)
