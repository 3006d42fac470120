"""The timeline's rows: they fit any width, show what is late and say what is unknown."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from autod_tui.core import events as ev
from autod_tui.core.timeline import make_timeline
from autod_tui.core.workstream import Progress, WorkstreamState
from autod_tui.tui.text import Row, width_of
from autod_tui.tui.widgets.risks import risk_rows
from autod_tui.tui.widgets.timeline import timeline_rows
from tests.tui.fake_desk import NOW, FakeDesk
from tests.tui.sample import advanced_desk, busy_desk, changed, fresh_desk, start


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def text(rows: list[Row]) -> list[str]:
    return ["".join(text for text, _ in row.spans).rstrip() for row in rows]


def rows_of(desk: FakeDesk, width: int, now: float = NOW) -> list[Row]:
    desk.now = now
    board = desk.board()
    return timeline_rows(board.checkpoints, make_timeline(board, now), width, now)


def due(desk: FakeDesk, *moments: float | None) -> FakeDesk:
    points = zip(desk.plan.checkpoints, moments, strict=True)
    desk.plan = replace(desk.plan, checkpoints=tuple(replace(point, due=at) for point, at in points))
    return desk


def under_way() -> FakeDesk:
    """Return a desk whose last checkpoint waits only for work that tells how far it is."""
    desk = fresh_desk()
    start(desk, "token-tracking", 1, NOW - 3600)
    desk.happen(changed("token-tracking", WorkstreamState.WORKING), at=NOW - 3600)
    desk.happen(ev.ProgressChanged(name="token-tracking", progress=Progress(percent=25)), at=NOW)
    desk.plan = replace(desk.plan, checkpoints=(replace(desk.plan.checkpoints[2], after=()),))
    return desk


@pytest.mark.parametrize("width", [32, 40, 48, 56, 76, 98, 200])
@pytest.mark.parametrize("later", [0.0, 9e5])
def test_rows_fit(width: int, later: float) -> None:
    for desk in (fresh_desk(), busy_desk(), advanced_desk(), under_way()):
        ends = [NOW + 3600.0 * number for number in range(len(desk.plan.checkpoints))]
        path, *rows = rows_of(due(desk, *ends), width, NOW + later)
        timed = [
            row for row in rows if any(re.search("planned 0|late as|overdue by|h00m l", one[0]) for one in row.spans)
        ]
        assert len(timed) == len(ends)
        assert all(width_of(row.spans) <= width for row in [path, *timed])


def test_what_is_planned_stands_beside_what_happened() -> None:
    path, _, _, times, *_ = text(rows_of(advanced_desk(), 76))
    assert path.split() == ["critical", "path", "token-tracking", "→", "final", "3h14m", "+", "1", "unknown"]
    assert times == " │  ✓─│────────────────────◇  planned 01 Jan 15:00, merged 01 Jan 09:30"


def test_an_unknown_end_is_said_to_be_unknown() -> None:
    (times,) = [line for line in text(rows_of(fresh_desk(), 56)) if "planned" in line]
    assert times.endswith("planned 01 Jan 15:00, end unknown")
    (times,) = [line for line in text(rows_of(due(under_way(), NOW + 5 * 3600), 98)) if "planned" in line]
    assert times.endswith("planned 01 Jan 15:00, not before 01 Jan 13:00")


def test_what_will_be_late_or_is_needs_attention() -> None:
    desk = due(under_way(), NOW + 3600)
    (times,) = [line for line in text(rows_of(desk, 98)) if "planned" in line]
    assert times.endswith("planned 01 Jan 11:00, not before 01 Jan 13:00  at least 2h00m late as it goes now")
    board = desk.board()
    shown = text(risk_rows(board, make_timeline(board, NOW), 98))
    assert any(line.split()[:3] == ["final", "at", "least"] for line in shown)
    (late,) = [row for row in rows_of(desk, 98, NOW + 7200) if any("overdue by 1h00m" in part for part, _ in row.spans)]
    assert "bad" in {role for _, role in late.spans}
    board = desk.board()
    assert [line.split()[1:] for line in text(risk_rows(board, make_timeline(board, NOW + 7200), 98))].count(
        ["overdue", "by", "1h00m"]
    ) == 0


def test_the_path_begins_with_what_is_not_over() -> None:
    desk = under_way()
    desk.happen(changed("token-tracking", WorkstreamState.DONE), at=NOW)
    assert text(rows_of(desk, 76))[0].split() == ["critical", "path", "…", "→", "final", "1h00m", "+", "1", "unknown"]


def test_a_plan_without_checkpoints_has_no_timeline() -> None:
    desk = due(fresh_desk(), None, None, None)
    desk.plan = replace(desk.plan, checkpoints=())
    assert text(rows_of(desk, 76)) == [" autod.toml declares no [[checkpoint]] yet"]
