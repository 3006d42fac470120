"""The chosen theme: kept when it is chosen, there from the first frame on, and ours where it is unknown."""

from __future__ import annotations

import asyncio

import pytest

from autod_tui.core.errors import AutodError
from autod_tui.tui.app import AutodApp
from tests.tui.fake_desk import NOW, FakeDesk
from tests.tui.sample import make_plan


def app_with(theme: str, kept: list[str]) -> AutodApp:
    return AutodApp(FakeDesk(make_plan()), clock=lambda: NOW, theme=theme, keep_theme=kept.append)


async def test_a_theme_chosen_in_the_palette_is_kept() -> None:
    kept: list[str] = []
    app = app_with("", kept)
    async with app.run_test(size=(120, 34)) as pilot:
        await pilot.pause()
        assert (app.theme, kept) == ("autod", [])
        await pilot.press("ctrl+p", *"theme")
        await pilot.press("enter")
        await pilot.press(*"nord")
        await pilot.press("enter")
        async with asyncio.timeout(20):
            while kept != ["nord"]:
                await pilot.pause()
        assert app.theme == "nord"


@pytest.mark.parametrize(("chosen", "shown"), [("nord", "nord"), ("gone", "autod"), ("", "autod")])
async def test_the_first_frame_has_it(chosen: str, shown: str) -> None:
    kept: list[str] = []
    app = app_with(chosen, kept)
    background = app.get_css_variables()["background"]
    assert background.lower() == str(app.available_themes[shown].background).lower()
    async with app.run_test(size=(120, 34)) as pilot:
        await pilot.pause()
        assert app.theme == shown
        assert [name for name in app.classes if name.startswith("-theme-")] == [f"-theme-{shown}"]
    assert kept == [], "nobody chose anything"


async def test_of_quick_choices_the_last_stays() -> None:
    kept: list[str] = []
    app = app_with("", kept)
    async with app.run_test(size=(120, 34)) as pilot:
        app.theme = "nord"
        app.theme = "gruvbox"
        async with asyncio.timeout(20):
            while len(kept) < 2:
                await pilot.pause()
    assert kept[-1] == "gruvbox"


async def test_a_choice_that_cannot_be_kept_is_told() -> None:
    def refuse(name: str) -> None:
        raise AutodError(f"can't write {name}")

    app = AutodApp(FakeDesk(make_plan()), clock=lambda: NOW, keep_theme=refuse)
    async with app.run_test(size=(120, 34), notifications=True) as pilot:
        app.theme = "nord"
        async with asyncio.timeout(20):
            while not any("can't write nord" in one.message for one in app._notifications):
                await pilot.pause()
