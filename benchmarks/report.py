"""What is measured, as rows: ours, the bound, their ratio, and whether the promise holds."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

HEADS = ("measurement", "ours", "bound", "ratio", "limit", "")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One measurement; times are in seconds unless `unit` says otherwise."""

    name: str
    ours: Sequence[float]
    base: Sequence[float] = ()
    limit: float | None = None
    """Greatest ratio allowed, or greatest value of ours when `absolute`; None promises nothing."""
    absolute: bool = False
    unit: str = "ms"
    """`ms` (values are seconds), `%`, `MiB` or `count`."""
    how: str = "median"
    """`median` or `p95` of ours; the bound is always a median."""
    note: str = ""

    @property
    def value(self) -> float:
        """The figure that stands for ours."""
        return p95(self.ours) if self.how == "p95" else statistics.median(self.ours)

    @property
    def bound(self) -> float | None:
        """The figure that stands for the bound."""
        return statistics.median(self.base) if self.base else None

    @property
    def ratio(self) -> float | None:
        """Ours over the bound."""
        return self.value / self.bound if self.bound else None

    @property
    def ok(self) -> bool | None:
        """Whether the promise holds; None where there is none."""
        if self.limit is None:
            return None
        judged = self.value if self.absolute else self.ratio
        return judged is not None and judged <= self.limit

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain values for `--json`."""
        return {
            "name": self.name,
            "unit": "s" if self.unit == "ms" else self.unit,
            "how": self.how,
            "ours": list(self.ours),
            "bound": list(self.base),
            "value": self.value,
            "bound_value": self.bound,
            "ratio": self.ratio,
            "limit": self.limit,
            "absolute": self.absolute,
            "ok": self.ok,
            "note": self.note,
        }


def p95(values: Sequence[float]) -> float:
    """Return the value that 95 of 100 don't exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]


def table(rows: Sequence[Row]) -> str:
    """Return all rows as a text table, each followed by its note."""
    cells = [HEADS, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEADS))]
    lines = ["  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in cells]
    for number, row in reversed(list(enumerate(rows, 1))):
        if row.note:
            lines.insert(number + 1, f"    {row.note}")
    return "\n".join(lines)


def verdict(rows: Sequence[Row]) -> str:
    """Return one sentence that tells which promises are missed."""
    missed = [row.name for row in rows if row.ok is False]
    judged = sum(row.ok is not None for row in rows)
    if missed:
        return f"MISSED {len(missed)} of {judged} promises: {'; '.join(missed)}"
    return f"all {judged} promises hold"


def _cells(row: Row) -> tuple[str, ...]:
    ratio = f"{row.ratio:.2f}x" if row.ratio is not None else ""
    return (row.name, _spread(row, row.ours, row.value), _base(row), ratio, _limit(row), _mark(row.ok))


def _base(row: Row) -> str:
    return _spread(row, row.base, row.bound) if row.bound is not None else "-"


def _spread(row: Row, values: Sequence[float], value: float) -> str:
    low, high = min(values), max(values)
    around = f" ({_figure(row, low)}..{_figure(row, high)})" if low != high else ""
    return f"{_figure(row, value)}{around} {row.unit}"


def _figure(row: Row, value: float) -> str:
    shown = value * 1000 if row.unit == "ms" else value
    return f"{shown:.0f}" if abs(shown) >= 100 else f"{shown:.1f}" if abs(shown) >= 10 else f"{shown:.2f}"


def _limit(row: Row) -> str:
    if row.limit is None:
        return ""
    how = f"{row.how} " if row.how != "median" else ""
    return f"{how}<= {_figure(row, row.limit)} {row.unit}" if row.absolute else f"<= {row.limit:g}x"


def _mark(ok: bool | None) -> str:
    return {None: "", True: "ok", False: "MISSED"}[ok]
