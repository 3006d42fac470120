"""The success metrics as people read them; the command line and the dashboard show these rows.

Keys of the metrics, as `Desk.report` returns them:

    conflicts            steps of merges that conflicted
    conflicted_files     files in them
    rollbacks            checkpoints taken back
    red_gates            gates that were red
    rehearsals           merges tried without moving anything
    checkpoints          {total, merged, on_time, late}
    direct_commits       commits on integration branches that no checkpoint made
    parallel             {wall_seconds, sum_seconds, speedup}: time from first start to last stop against the
                         agents' own times added up; speedup is null before anything ran
    tokens, cost_usd     {input, output, cached} and US dollars of all workstreams and runs; null when unknown
    models               model to {input, output, cached, written, cost_usd}
    workstreams          [{name, tokens, cost_usd}] of those that have used something
    prices               day of the price list
"""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

from autod_tui.core.usage_words import cost_words, token_words

MAX_CONFLICTS = 5
MAX_ROLLBACKS = 2

Judged = Literal["", "met", "missed"]


class ReportRow(Struct, frozen=True):
    """One metric: its name, its value, the bound it should keep (or nothing) and whether it does."""

    metric: str
    value: str
    target: str = ""
    judged: Judged = ""


def report_rows(metrics: dict[str, Any]) -> list[ReportRow]:
    """Return the metrics beside their targets."""
    points, parallel = metrics["checkpoints"], metrics["parallel"]
    speedup = parallel["speedup"]
    return [
        _bounded("conflicts", metrics["conflicts"], MAX_CONFLICTS),
        ReportRow("conflicted files", str(metrics["conflicted_files"])),
        _bounded("rollbacks", metrics["rollbacks"], MAX_ROLLBACKS),
        ReportRow("red gates", str(metrics["red_gates"])),
        ReportRow("rehearsals", str(metrics["rehearsals"])),
        ReportRow("checkpoints merged", f"{points['merged']} of {points['total']}"),
        ReportRow(
            "checkpoints on time", str(points["on_time"]), str(points["total"]), "missed" if points["late"] else "met"
        ),
        _bounded("commits made directly on integration branches", metrics["direct_commits"], 1),
        ReportRow("time in parallel", _hours(parallel["wall_seconds"])),
        ReportRow("sum of the parts", _hours(parallel["sum_seconds"])),
        ReportRow("speed-up", "-" if speedup is None else f"{speedup:.1f}x"),
        *_usage_rows(metrics),
    ]


def _usage_rows(metrics: dict[str, Any]) -> list[ReportRow]:
    """Return what was used: in all, by workstream, by model."""
    if not metrics.get("tokens") and metrics.get("cost_usd") is None:
        return []
    rows = [ReportRow("tokens", _tokens(metrics["tokens"])), ReportRow("cost", cost_words(metrics["cost_usd"]))]
    rows += [
        ReportRow(f"used by {one['name']}", f"{_tokens(one['tokens'])} tokens, {cost_words(one['cost_usd'])}")
        for one in metrics["workstreams"]
    ]
    rows += [
        ReportRow(f"used of {model}", f"{_tokens(one)} tokens, {cost_words(one['cost_usd'])}")
        for model, one in metrics["models"].items()
    ]
    return rows


def _tokens(counts: dict[str, Any] | None) -> str:
    kinds = ("input", "output", "cached", "written")
    known = [counts[kind] for kind in kinds if counts.get(kind) is not None] if counts else []
    return token_words(sum(known) if known else None)


def _bounded(metric: str, value: int, bound: int) -> ReportRow:
    target = f"< {bound}" if bound > 1 else "0"
    return ReportRow(metric, str(value), target, "met" if value < bound else "missed")


def _hours(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h {minutes:02}m" if hours else f"{minutes}m {rest:02}s"
