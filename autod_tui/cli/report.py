"""`autod report`: the success metrics of the plan, counted from the journal and from git.

Keys of `--json`, as `wiring.report` returns them:

    conflicts            steps of merges that conflicted
    conflicted_files     files in them
    rollbacks            checkpoints taken back
    checkpoints          {total, merged, on_time, late}
    direct_commits       commits on integration branches that no checkpoint made
    parallel             {wall_seconds, sum_seconds, speedup}: time from first start to last stop against the
                         agents' own times added up; speedup is null before anything ran
"""

from __future__ import annotations

from typing import Any

from autod_tui.cli.action import with_desk
from autod_tui.cli.console import table
from autod_tui.cli.main import Request
from autod_tui.core.desk import Desk

MAX_CONFLICTS = 5
MAX_ROLLBACKS = 2


def report(request: Request) -> int:
    """Print the metrics beside their targets."""
    console = request.console

    async def act(desk: Desk) -> int:
        from autod_tui.cli.engine import load_engine

        metrics = await load_engine().report(desk)
        console.json(metrics)
        for line in table([["METRIC", "VALUE", "TARGET", ""], *report_rows(metrics)]):
            console.show(line)
        return 0

    return with_desk(request, act)


def report_rows(metrics: dict[str, Any]) -> list[list[str]]:
    """Return (metric, value, target, met or missed) for a person."""
    points, parallel = metrics["checkpoints"], metrics["parallel"]
    speedup = parallel["speedup"]
    return [
        ["conflicts", *_bounded(metrics["conflicts"], MAX_CONFLICTS)],
        ["conflicted files", str(metrics["conflicted_files"]), "", ""],
        ["rollbacks", *_bounded(metrics["rollbacks"], MAX_ROLLBACKS)],
        ["checkpoints merged", f"{points['merged']} of {points['total']}", "", ""],
        ["checkpoints on time", str(points["on_time"]), f"{points['total']}", "missed" if points["late"] else "met"],
        ["commits made directly on integration branches", *_bounded(metrics["direct_commits"], 1)],
        ["time in parallel", _hours(parallel["wall_seconds"]), "", ""],
        ["sum of the parts", _hours(parallel["sum_seconds"]), "", ""],
        ["speed-up", "-" if speedup is None else f"{speedup:.1f}x", "", ""],
    ]


def _bounded(value: int, bound: int) -> list[str]:
    return [str(value), f"< {bound}" if bound > 1 else "0", "met" if value < bound else "missed"]


def _hours(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h {minutes:02}m" if hours else f"{minutes}m {rest:02}s"
