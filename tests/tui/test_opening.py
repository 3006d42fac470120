"""The first look: what is written is shown and marked; whatever must look or act waits for the desk that stands."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest

from autod_tui.core.events import Recorded, StateChanged
from autod_tui.core.replay import replay
from autod_tui.core.requests import Up
from autod_tui.core.workstream import Source, WorkstreamState
from autod_tui.opening import EarlyDesk
from autod_tui.reading import Written
from autod_tui.tui.app import AutodApp
from autod_tui.tui.screens.home import HomeScreen
from autod_tui.tui.widgets.bars import HeaderBar
from autod_tui.tui.widgets.lines import LineView
from tests.tui.fake_desk import NOW, FakeDesk
from tests.tui.sample import make_plan

MARK = "as last seen, looking again"


def working(seq: int, state: WorkstreamState = WorkstreamState.WORKING) -> Recorded:
    return Recorded(seq, NOW, StateChanged(name="testing", state=state, reason="", source=Source.PROCESS))


def early() -> EarlyDesk:
    entries = [working(1)]
    return EarlyDesk(Written(make_plan(), entries, replay(entries), recalled=True))


async def test_what_is_written_is_shown_as_recalled() -> None:
    desk = early()
    view = desk.board().workstream("testing")
    assert desk.board().recalled
    assert view is not None
    assert view.record.state is WorkstreamState.WORKING
    assert [entry.seq for entry in desk.history()] == [1]
    assert not desk.conducting


async def test_a_request_waits_for_the_desk() -> None:
    desk, later = early(), FakeDesk(make_plan())
    asked = asyncio.create_task(desk.ask(Up()))
    await asyncio.sleep(0)
    assert not asked.done()
    desk.become(later)
    await asked
    assert later.asked == [Up()]
    assert not desk.board().recalled
    assert desk.conducting


async def test_the_first_update_tells_what_was_written_meanwhile() -> None:
    desk, later = early(), FakeDesk(make_plan())
    later.entries = [working(1), working(2, WorkstreamState.FAILED)]
    desk.become(later)
    update = await anext(desk.updates())
    assert update.entries[0].seq == 2


async def test_the_mark_goes_when_the_desk_stands() -> None:
    desk = early()
    app = AutodApp(desk, clock=lambda: NOW)
    async with app.run_test(size=(120, 34)) as pilot:
        await pilot.pause()
        header = app.screen.query_one(HeaderBar)
        assert MARK in header.text()
        desk.become(FakeDesk(make_plan()))
        await pilot.pause()
        while app.board is None or app.board.recalled:
            await pilot.pause()
        assert MARK not in header.text()


async def test_the_first_layout_has_all_rows_already(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows must not come with a second frame: it would cost as much again."""
    drawn: list[str] = []

    class Watched(HomeScreen):
        def _compositor_refresh(self) -> None:
            drawn.append(self.query_one("#workstreams", LineView).text() + self.query_one("#details", LineView).text())
            super()._compositor_refresh()

    monkeypatch.setattr(AutodApp, "get_default_screen", lambda _: Watched())
    app = AutodApp(early(), clock=lambda: NOW)
    async with app.run_test(size=(120, 34)) as pilot:
        await pilot.pause()
    assert "token-tracking" in drawn[0]
    assert "workstream/database-pipeline" in drawn[0]


def test_the_first_look_imports_no_engine() -> None:
    heavy = (
        "autod_tui.engine",
        "autod_tui.tmux",
        "autod_tui.watch",
        "autod_tui.git",
        "autod_tui.store",
        "git",
        "libtmux",
    )
    program = (
        f"import sys, autod_tui.tui.dashboard, autod_tui.tui.app; print(*(n for n in {heavy!r} if n in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == []
