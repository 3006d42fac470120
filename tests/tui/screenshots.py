"""Make the pictures of the README: `python -m tests.tui.screenshots` writes screenshots/*.svg and *.png."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

from autod_tui.core.requests import PlanMerge
from tests.tui.asking import menu_desk, waiting_desk
from tests.tui.fake_desk import FakeDesk, planned
from tests.tui.pictures import png_of, svg_of
from tests.tui.robot import robot_at
from tests.tui.run_sample import run_desk
from tests.tui.sample import advanced_desk, busy_desk, conflicted_desk, merge_plan

FOLDER = Path(__file__).parents[2] / "screenshots"


class Shot(NamedTuple):
    """A picture: what the desk holds, what is pressed, what must be seen then."""

    name: str
    desk: Callable[[], FakeDesk]
    size: tuple[int, int]
    keys: tuple[str, ...]
    seen: str


def merge_desk() -> FakeDesk:
    desk = busy_desk()
    desk.replies[PlanMerge] = planned(merge_plan(desk))
    return desk


SHOTS = (
    Shot("home", busy_desk, (140, 36), ("w",), "May I install"),
    Shot("home-80x24", busy_desk, (80, 24), ("w",), "May I install"),
    Shot("answer", menu_desk, (120, 30), ("w", "a"), "Do you want to proceed?"),
    Shot("answer-session", waiting_desk, (120, 30), ("w", "a"), "Do you want to proceed?"),
    Shot("plan", advanced_desk, (140, 36), ("p", "down"), "66 is not >= 70"),
    Shot("merge", merge_desk, (120, 30), ("m",), "commit it first"),
    Shot("conflict", conflicted_desk, (120, 30), ("x",), "POOL = 4"),
    Shot("board", run_desk, (140, 36), ("b", "enter", *["down"] * 7), "still sent twice"),
    Shot("review", run_desk, (140, 36), ("b", "w"), "tax = total"),
    Shot("wizard", busy_desk, (120, 34), ("n", *"payments"), "new workstream"),
)


async def take(shot: Shot) -> str:
    """Return one picture as SVG."""
    async with robot_at(shot.desk(), shot.size) as robot:
        await robot.press(*shot.keys)
        await robot.expect(shot.seen)
        return svg_of(robot.app, "autod")


async def main() -> None:
    """Take all pictures."""
    FOLDER.mkdir(exist_ok=True)
    for shot in SHOTS:
        with patch("autod_tui.tui.screens.wizard.which", "/bin/{}".format):  # the same on every machine
            svg = await take(shot)
        (FOLDER / f"{shot.name}.svg").write_text(svg, encoding="utf-8")
        (FOLDER / f"{shot.name}.png").write_bytes(png_of(svg))


if __name__ == "__main__":
    asyncio.run(main())
