"""The workers of a run, each a place with an agent and a model, as rows: what each gets done in an hour."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autod_tui.core.run_report import worker_name
from autod_tui.core.usage_words import cost_words, token_words
from autod_tui.tui.run_words import long_time
from autod_tui.tui.text import Row, fit, row

_WIDE = 62
"""Columns from which tokens and cost have room."""


def worker_rows(workers: Sequence[dict[str, Any]], width: int) -> list[Row]:
    """Return a head row and one row per entry of `run_workers`, whose key is the worker's name."""
    if not workers:
        return [row(("  no agent has worked yet", "dim"))]
    names = [worker_name(one) for one in workers]
    name = min(max([*map(len, names), 6]), max(width - (_WIDE - 20 if width >= _WIDE else 28), 8))
    head = f" {fit('worker', name)} {_cells('per hour', 'passed', 'time')}"
    used = f" {_cells('tokens', 'cost')}" if width >= _WIDE else ""
    return [
        row((head + used, "head")),
        *(_row(one, label, name, wide=width >= _WIDE) for one, label in zip(workers, names, strict=True)),
    ]


def _row(one: dict[str, Any], label: str, name: int, *, wide: bool) -> Row:
    pace = f"{one['per_hour']:.1f}" if one["per_hour"] is not None else "?"
    cells = _cells(pace, f"{one['approved']}/{one['tasks']}", long_time(one["seconds"]))
    used = f" {_cells(_tokens(one['tokens']), _cost(one['cost_usd']))}" if wide else ""
    return row((f" {fit(label, name)} ", ""), (cells, "accent"), (used, "dim"), key=label)


def _cells(*texts: str) -> str:
    return " ".join(fit(text, 8, right=True) for text in texts)


def _tokens(tokens: dict[str, int | None] | None) -> str:
    known = [count for count in (tokens or {}).values() if count is not None]
    return token_words(sum(known)) if known else "?"


def _cost(dollars: float | None) -> str:
    return "?" if dollars is None else cost_words(dollars)
