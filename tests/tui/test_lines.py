"""The list widget at its edges: what a scrollbar leaves of a row."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from textual.app import App, ComposeResult
from textual.pilot import Pilot

from autod_tui.tui.text import Row, row
from autod_tui.tui.widgets.ansi_view import AnsiView
from autod_tui.tui.widgets.lines import LineView


class OneView(App[None]):
    """A view of four lines and 26 cells."""

    CSS = "LineView { border: round red; padding: 0 1; height: 6; }"

    def __init__(self, view: LineView) -> None:
        super().__init__()
        self.view = view

    def compose(self) -> ComposeResult:
        yield self.view

    def lines(self) -> list[str]:
        strips = self.screen._compositor.render_strips()[1:5]
        return ["".join(segment.text for segment in strip) for strip in strips]


@asynccontextmanager
async def shown(view: LineView) -> AsyncIterator[tuple[OneView, Pilot[None]]]:
    app = OneView(view)
    async with app.run_test(size=(30, 12)) as pilot:
        yield app, pilot


async def test_the_last_cell_of_a_row_stands_beside_the_scrollbar_not_under_it() -> None:
    view = LineView()
    async with shown(view) as (app, pilot):
        for number, last in ((2, 27), (10, 26), (2, 27)):

            def made(width: int, number: int = number) -> list[Row]:
                return [row("x" * (width - 1) + "|") for _ in range(number)]

            view.show_rows(made)
            await pilot.pause()
            assert [line.find("|") for line in app.lines()[:2]] == [last, last]


async def test_a_view_made_smaller_makes_room_for_its_scrollbar() -> None:
    view = LineView()
    async with shown(view) as (app, pilot):
        view.show_rows(lambda width: [row("x" * (width - 1) + "|") for _ in range(4)])
        await pilot.pause()
        assert app.lines()[0].find("|") == 27
        view.styles.height = 5
        await pilot.pause()
        assert app.lines()[0].find("|") == 26


async def test_the_mark_of_a_cut_line_is_seen_beside_the_scrollbar() -> None:
    view = AnsiView()
    async with shown(view) as (app, pilot):
        view.show_lines(("x" * 40,) * 10)
        await pilot.pause()
        assert app.lines()[0].find("…") == 26
