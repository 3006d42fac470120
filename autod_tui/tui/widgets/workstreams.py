"""The workstream list: columns that come and go with the width."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from rich.cells import cell_len

from autod_tui.core.board import WorkstreamView
from autod_tui.core.usage_words import cost_words, token_words
from autod_tui.core.workstream import WorkstreamState
from autod_tui.tui import words
from autod_tui.tui.text import Row, Span, duration, fit, row, shorten

GAP = 2


class Column(NamedTuple):
    """One column: its head, how wide it may be, how soon it is given up, and what a cell holds."""

    head: str
    least: int
    most: int
    rank: int
    """Columns with a higher rank go first when the width is short."""
    cell: Callable[[WorkstreamView, float], Span]
    right: bool = False


def _state(view: WorkstreamView, now: float) -> Span:
    look = words.WORKSTREAM[view.record.state]
    return f"{look.mark} {look.word}", look.role


def _name(view: WorkstreamView, now: float) -> Span:
    return view.name, "bold" if view.record.state is WorkstreamState.WAITING else ""


def _agent(view: WorkstreamView, now: float) -> Span:
    model = view.record.model or view.spec.model
    agent = view.record.agent or view.spec.agent
    shown = f"{agent} {model}" if model else agent
    if view.record.guests:
        hand = view.record.guests[0].agent
        return f"{hand} by hand{f' + {shown}' if view.record.reachable else ''}", "warn"
    return (f"! {shown}", "warn") if view.unasked else (shown, "dim")


def _branch(view: WorkstreamView, now: float) -> Span:
    return view.record.branch or view.spec.branch, "dim"


def _distance(view: WorkstreamView, now: float) -> Span:
    changes = view.record.changes
    ahead = f"{words.glyph('ahead')}{changes.ahead}" if changes.ahead else ""
    behind = f"{words.glyph('behind')}{changes.behind}" if changes.behind else ""
    return f"{ahead} {behind}".strip(), "warn" if changes.behind else ""


def _added(view: WorkstreamView, now: float) -> Span:
    return (f"+{_big(view.record.changes.insertions)}" if view.record.changes.files else ""), "added"


def _removed(view: WorkstreamView, now: float) -> Span:
    return (f"-{_big(view.record.changes.deletions)}" if view.record.changes.files else ""), "removed"


def _dirty(view: WorkstreamView, now: float) -> Span:
    number = view.record.changes.uncommitted
    return (f"*{_big(number)}" if number else ""), "warn"


def _conflicts(view: WorkstreamView, now: float) -> Span:
    files = {path for overlap in view.record.overlaps for path in overlap.files}
    return (f"{words.glyph('conflict')} {len(files)}" if files else ""), "bad"


def _percent(view: WorkstreamView, now: float) -> Span:
    progress = view.record.progress
    return (f"{progress.percent:.0f}%" if progress and progress.percent is not None else ""), "accent"


def _eta(view: WorkstreamView, now: float) -> Span:
    progress = view.record.progress
    return (progress.eta or "" if progress else ""), "dim"


def _since(view: WorkstreamView, now: float) -> Span:
    return (duration(now - view.record.since) if view.record.since else ""), "dim"


def _tokens(view: WorkstreamView, now: float) -> Span:
    usage = view.record.usage
    return (token_words(usage.total) if usage.total is not None else ""), "dim"


def _cost(view: WorkstreamView, now: float) -> Span:
    usage = view.record.usage
    known = usage.total is not None or usage.cost_usd is not None
    return (cost_words(usage.cost_usd) if known else ""), "loud" if view.limit else "dim"


def _reason(view: WorkstreamView, now: float) -> Span:
    if view.limit:
        return view.limit, "loud"
    record = view.record
    starts = record.state is WorkstreamState.PLANNED or record.due
    if view.held and (starts or record.state is WorkstreamState.RATE_LIMITED):
        who, _, left = view.held.rpartition(", ")
        return f"{left}: {who}", "warn"  # the column is narrow, and the time is what changes
    if starts and view.waits_for:
        return f"after {', '.join(view.waits_for)}", "dim"
    if record.due:
        return "starts again as soon as it may", "dim"
    return record.reason, "loud" if record.state is WorkstreamState.WAITING else "dim"


def _big(number: int) -> str:
    return str(number) if number < 10_000 else f"{number // 1000}k"


_ORDER = {WorkstreamState.WAITING: 0, WorkstreamState.FAILED: 1, WorkstreamState.LOST: 1}


COLUMNS: tuple[Column, ...] = (
    Column("state", 10, 10, 0, _state),
    Column("name", 8, 28, 0, _name),
    Column("done", 5, 16, 2, _percent),
    Column("ahead", 5, 9, 3, _distance),
    Column("+", 5, 6, 4, _added, right=True),
    Column("-", 5, 6, 4, _removed, right=True),
    Column("dirty", 5, 5, 7, _dirty, right=True),
    Column("conf", 4, 5, 1, _conflicts),
    Column("since", 5, 6, 6, _since, right=True),
    Column("eta", 6, 20, 8, _eta),
    Column("tokens", 4, 6, 8, _tokens, right=True),
    Column("cost", 4, 9, 6, _cost, right=True),
    Column("agent", 8, 18, 5, _agent),
    Column("why", 12, 60, 9, _reason),
    Column("branch", 12, 36, 10, _branch),
)


def in_order(views: Sequence[WorkstreamView]) -> list[WorkstreamView]:
    """Put those who need a person first, those who wait before the others; within a group the order stays."""
    return sorted(views, key=lambda view: 0 if view.limit else _ORDER.get(view.record.state, len(_ORDER)))


def layout(views: Sequence[WorkstreamView], width: int, now: float) -> list[tuple[Column, int]]:
    """Choose the columns that fit `width`, the most wanted first, and give each its cells; empty ones are left out."""
    sizes: dict[Column, int] = {}
    room = width - 2
    for column in sorted(COLUMNS, key=lambda column: column.rank):
        wanted = _wanted(column, views, now, width)
        gap = GAP if sizes else 0
        size = min(wanted, room - gap)
        if wanted and size >= min(column.least, wanted):
            sizes[column] = size
            room -= size + gap
    return [(column, sizes[column]) for column in COLUMNS if column in sizes]


def _wanted(column: Column, views: Sequence[WorkstreamView], now: float, width: int) -> int:
    longest = max((cell_len(column.cell(view, now)[0]) for view in views), default=0)
    if not longest:
        return 0
    if column.head == "done":
        return column.most if width >= 90 else column.least
    return min(max(longest, len(column.head)), column.most)


def workstream_rows(views: Sequence[WorkstreamView], width: int, now: float) -> list[Row]:
    """Return a head row and one row per workstream, whose key is its name."""
    columns = layout(views, width, now)
    heads = (" " + (" " * GAP).join(fit(column.head, size, right=column.right) for column, size in columns)).rstrip()
    return [row((heads, "head")), *(_row(view, columns, now) for view in views)]


def _row(view: WorkstreamView, columns: list[tuple[Column, int]], now: float) -> Row:
    spans: list[Span] = [(" ", "")]
    for number, (column, size) in enumerate(columns):
        text, role = column.cell(view, now)
        if column.head == "done":
            spans += _progress(view, size)
        else:
            spans.append((fit(text, size, right=column.right), role))
        if number < len(columns) - 1:
            spans.append((" " * GAP, ""))
    return row(*spans, key=view.name)


def _progress(view: WorkstreamView, size: int) -> list[Span]:
    progress = view.record.progress
    if progress is None or progress.percent is None:
        return [(fit(shorten(progress.status or "", size) if progress else "", size), "dim")]
    number = fit(f"{progress.percent:.0f}%", 4, right=True)
    if size < 10:
        return [(fit(number, size), "accent")]
    full, empty = words.bar(progress.percent, size - 5)
    return [(full, words.HEALTH.get(view.health, "accent")), (empty, "faint"), (f" {number}", "")]
