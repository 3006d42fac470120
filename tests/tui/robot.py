"""A robot that uses the interface as a person does: presses keys, clicks, and reads the screen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from textual import events
from textual.pilot import Pilot
from textual.widget import Widget

from autod_tui.tui.app import AutodApp
from autod_tui.tui.screens.wizard import Wizard
from tests.tui.fake_desk import NOW, FakeDesk

PATIENCE = 5.0
"""Seconds that something expected may take."""


class Robot:
    """Drives one running application."""

    def __init__(self, app: AutodApp, desk: FakeDesk, pilot: Pilot[int]) -> None:
        self.app = app
        self.desk = desk
        self._pilot = pilot

    @property
    def lines(self) -> list[str]:
        """The screen as rows of text."""
        strips = self.app.screen._compositor.render_strips()
        return ["".join(segment.text for segment in strip).rstrip() for strip in strips]

    @property
    def text(self) -> str:
        """The screen as one text."""
        return "\n".join(self.lines)

    async def press(self, *keys: str) -> None:
        """Press keys by their names."""
        await self._pilot.press(*keys)
        await self._pilot.pause()

    async def write(self, text: str) -> None:
        """Type a text."""
        await self.press(*[{"\n": "enter", " ": "space"}.get(letter, letter) for letter in text])

    async def open_wizard(self, *seen: str) -> Wizard:
        """Open the wizard, wait until it shows `seen`, and return it."""
        await self.press("n")
        await self.expect("new workstream", *seen)
        wizard = self.app.screen
        assert isinstance(wizard, Wizard)
        return wizard

    async def make_with(self, prompt: str) -> None:
        """Write the prompt into the open wizard and have all of it made."""
        self.app.screen.query_one("#prompt").focus()
        await self.write(prompt)
        await self.press("ctrl+s")

    async def click(self, text: str, times: int = 1) -> None:
        """Click on the first place where `text` stands."""
        y, line = next((y, line) for y, line in enumerate(self.lines) if text in line)
        await self._pilot.click(offset=(line.index(text), y), times=times)
        await self._pilot.pause()

    async def resize(self, width: int, height: int) -> None:
        """Give the terminal another size."""
        await self._pilot.resize_terminal(width, height)
        await self._pilot.pause()

    async def until(self, true: Callable[[], bool], what: str) -> None:
        """Wait until something holds; fail with the screen when it takes too long."""
        try:
            async with asyncio.timeout(PATIENCE):
                while not true():
                    await self._pilot.pause(0.01)
        except TimeoutError:
            raise AssertionError(f"{what}; the screen is\n{self.text}") from None

    async def expect(self, *texts: str) -> None:
        """Wait until all `texts` stand on the screen."""
        for text in texts:
            await self.until(lambda text=text: text in self.text, f"{text!r} is not on the screen")

    async def expect_gone(self, text: str) -> None:
        """Wait until `text` no longer stands on the screen."""
        await self.until(lambda: text not in self.text, f"{text!r} is still on the screen")

    async def expect_asked(self, kind: type) -> object:
        """Wait until a request of `kind` came to the desk and return the last one."""
        await self.until(lambda: any(isinstance(entry, kind) for entry in self.desk.asked), f"no {kind.__name__} asked")
        return [entry for entry in self.desk.asked if isinstance(entry, kind)][-1]


def mouse_wheel(widget: Widget) -> events.MouseScrollDown:
    """Return one turn of the wheel over a widget."""
    return events.MouseScrollDown(
        widget=widget, x=3, y=3, delta_x=0, delta_y=1, button=0, shift=False, meta=False, ctrl=False
    )


@asynccontextmanager
async def robot_at(desk: FakeDesk, size: tuple[int, int] = (120, 34)) -> AsyncIterator[Robot]:
    """Start the interface on `desk` and give the robot that drives it."""
    app = AutodApp(desk, clock=lambda: NOW)
    async with app.run_test(size=size, notifications=True) as pilot:
        robot = Robot(app, desk, pilot)
        await pilot.pause()
        yield robot
