"""Work beside the message pump ends with the screen that it is for, and hides no mistake of one that stands."""

from __future__ import annotations

import asyncio

import pytest
from textual.app import App, ComposeResult
from textual.css.query import NoMatches
from textual.screen import Screen
from textual.widgets import Static
from textual.worker import WorkerFailed

from autod_tui.tui.workers import start


class Page(Screen[None]):
    """A screen with one part."""

    def compose(self) -> ComposeResult:
        yield Static(id="part")


async def test_work_that_ends_while_its_screen_is_taken_down_is_no_mistake() -> None:
    app: App[None] = App()
    async with app.run_test() as pilot:
        page = Page()
        await app.push_screen(page)

        async def too_late() -> None:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                page.query_one("#part")

        start(page, too_late)
        await pilot.pause()
        await app.pop_screen()
        await pilot.pause()
        assert app.is_running
    assert app.return_code in (0, None)


async def test_a_part_that_is_missing_on_a_screen_that_stands_is_a_mistake() -> None:
    app: App[None] = App()

    async def wrong() -> None:
        app.screen.query_one("#nothing")

    with pytest.raises((NoMatches, WorkerFailed)):
        async with app.run_test() as pilot:
            page = Page()
            await app.push_screen(page)
            await start(page, wrong).wait()
            await pilot.pause()
