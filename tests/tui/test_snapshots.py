"""What each screen looks like, letter by letter; `AUTOD_UPDATE_SNAPSHOTS=1` takes the present look as right."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from autod_tui.core.requests import Answer, PlanMerge, StartRun
from tests.tui.asking import menu_desk, waiting_desk
from tests.tui.fake_desk import FakeDesk, planned
from tests.tui.robot import robot_at
from tests.tui.run_sample import make_run_plan, run_desk
from tests.tui.sample import advanced_desk, busy_desk, conflicted_desk, fresh_desk, merge_plan

FOLDER = Path(__file__).parent / "snapshots"
SIZES = [(80, 24), (120, 34), (200, 50)]


def merge_desk() -> FakeDesk:
    desk = busy_desk()
    desk.replies[PlanMerge] = planned(merge_plan(desk))
    return desk


def start_desk() -> FakeDesk:
    desk = run_desk()
    desk.replies[StartRun] = Answer(
        data={**planned(make_run_plan()).data, "tasks": ["1.1", "1.2"], "skipped": ["1.3"], "warnings": ["no tests"]}
    )
    return desk


SCREENS: dict[str, tuple[Callable[[], FakeDesk], tuple[str, ...], str]] = {
    "home": (busy_desk, ("w",), "May I install"),
    "answer": (menu_desk, ("w", "a"), "Do you want to proceed?"),
    "board-waiting": (waiting_desk, ("w",), "build-6 waits for you"),
    "answer-session": (waiting_desk, ("w", "a"), "Do you want to proceed?"),
    "home-fresh": (fresh_desk, (), "u starts it"),
    "plan": (advanced_desk, ("p", "down"), "66 is not >= 70"),
    "matrix": (busy_desk, ("p", "3", "right", "right", "right"), "database-pipeline and testing"),
    "merge": (merge_desk, ("m",), "commit it first"),
    "conflict": (conflicted_desk, ("x",), "POOL = 4"),
    "wizard": (busy_desk, ("n",), "ctrl+s"),
    "help": (busy_desk, ("question_mark",), "The selected workstream"),
    "events": (busy_desk, ("f",), "conducts as tui"),
    "report": (advanced_desk, ("r",), "checkpoints on time"),
    "home-run": (run_desk, (), "4 for review"),
    "runs": (run_desk, ("b",), "runs of tasks"),
    "board": (run_desk, ("b", "enter", *["down"] * 7), "still sent twice"),
    "review": (run_desk, ("b", "w"), "tax = total"),
    "start-run": (start_desk, ("b", "n"), "3 tasks a session"),
    "send": (busy_desk, ("down", "s"), "send to database-pipeline"),
}


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", SCREENS)
async def test_it_looks_as_before(name: str, size: tuple[int, int]) -> None:
    desk, keys, seen = SCREENS[name]
    file = FOLDER / f"{name}-{size[0]}x{size[1]}.txt"
    async with robot_at(desk(), size) as robot:
        await robot.press(*keys)
        await robot.expect(seen)
        assert len(robot.lines) == size[1]
        if os.environ.get("AUTOD_UPDATE_SNAPSHOTS"):
            file.parent.mkdir(exist_ok=True)
            file.write_text(robot.text + "\n", encoding="utf-8")
        wanted = file.read_text(encoding="utf-8")
        await robot.until(lambda: robot.text + "\n" == wanted, f"{file.name} differs")
