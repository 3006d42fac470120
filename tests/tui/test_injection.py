"""Text from agents and repositories: no markup, no action, no control character reaches the terminal."""

from __future__ import annotations

import msgspec
import pytest
from textual import events

from autod_tui.core import events as ev
from autod_tui.core.checkpoint import CheckpointSpec, Conflict
from autod_tui.core.desk import ConflictSides
from autod_tui.core.requests import Answer, Down, PlanMerge, Undo, Up
from autod_tui.core.workstream import Overlap, Progress, WorkstreamState
from tests.tui.fake_desk import NOW, FakeDesk, planned
from tests.tui.robot import Robot, robot_at
from tests.tui.sample import busy_desk, changed, make_plan, merge_plan, start

EVILS = {
    "broken markup": "[/nope] x",
    "action": "[@click=app.quit()]press me[/]",
    "clipboard": "\x1b]52;c;ZXZpbA==\x07x",
    "screen": "\x1b[2J\x1b[?1049lx",
    "c1": "\x9b31m\x90q\x9cx",
    "direction": "a\u202eb\u2066c",
    "null": "a\x00\x7f\x07b",
}


def evil_desk(evil: str) -> FakeDesk:
    """Return a desk on which every text that others write is `evil`."""
    plan = make_plan()
    workstreams = [
        msgspec.structs.replace(spec, title=evil, branch=f"w/{spec.name}{evil}", agent=evil, model=evil)
        for spec in plan.workstreams
    ]
    checkpoints: list[CheckpointSpec] = [
        msgspec.structs.replace(spec, title=evil, into=evil, tag=evil) for spec in plan.checkpoints
    ]
    project = msgspec.structs.replace(plan.project, root=f"/srv/{evil.replace('/', '')}", target=evil, agent=evil)
    agents = {evil: msgspec.structs.replace(plan.agents["claude"], name=evil, models={evil: evil}), **plan.agents}
    desk = FakeDesk(
        msgspec.structs.replace(
            plan, project=project, workstreams=tuple(workstreams), checkpoints=tuple(checkpoints), agents=agents
        )
    )
    desk.known_branches = [evil]
    start(desk, "testing", 1, NOW - 100)
    desk.happen(
        changed("testing", WorkstreamState.WAITING, evil),
        ev.ProgressChanged(name="testing", progress=Progress(status=evil, eta=evil, percent=3, blockers=(evil,))),
        ev.ForecastChanged(
            overlaps={"testing": (Overlap(other=evil, files=(evil,)),)},
            checkpoints=(
                ev.CheckpointForecast(
                    checkpoint="foundation",
                    steps=(ev.StepForecast(workstream="testing", files=(evil,), others=(evil,)),),
                ),
            ),
        ),
        ev.Noted(level="warning", text=evil, name=evil),
        ev.MessageSent(name="testing", text=evil),
    )
    desk.show("testing", evil, evil)
    desk.diffs["testing"] = f"diff --git a/{evil} b/{evil}\n+{evil}\n"
    backup = {"ref": f"refs/{evil}", "oid": "a" * 40, "at": NOW, "what": evil, "restores": ""}
    desk.replies = {
        Up: Answer(exit_code=1, message=evil, hint=evil),
        Down: Answer(message=evil, data={"plan": {"remove": {"testing": {"uncommitted": [evil], "safe": False}}}}),
        Undo: Answer(message=evil, data={"backups": [backup]}),
        PlanMerge: planned(
            msgspec.structs.replace(merge_plan(busy_desk()), into=evil, warnings=(evil,), refusals=(evil,))
        ),
    }
    return desk


def assert_harmless(robot: Robot) -> None:
    strips = robot.app.screen._compositor.render_strips()
    for strip in strips:
        for segment in strip:
            assert all(ord(letter) >= 0x20 and not 0x7F <= ord(letter) < 0xA0 for letter in segment.text), segment
            assert not set(segment.text) & set("\u202e\u2066"), segment
            assert "@click" not in (segment.style.meta if segment.style else {}), segment


@pytest.mark.parametrize("evil", EVILS.values(), ids=EVILS.keys())
async def test_no_screen_lets_it_through(evil: str) -> None:
    async with robot_at(evil_desk(evil), (120, 34)) as robot:
        await robot.expect("workstreams 4")
        await robot.press("w")
        assert_harmless(robot)
        for key in ("v", "l", "f", "r", "z", "m", "s", "D", "n", "p"):
            await robot.press(key)
            await robot.press("up")
            assert_harmless(robot)
            await robot.press("escape")
        await robot.press("u")
        assert_harmless(robot)
        assert robot.app.return_value is None
        assert robot.app.is_running


async def test_a_click_on_injected_markup_runs_nothing() -> None:
    async with robot_at(evil_desk(EVILS["action"]), (200, 50)) as robot:
        await robot.press("w")
        await robot.expect("press me")
        for y, line in enumerate(robot.lines):
            if "press me" in line:
                await robot._pilot.click(offset=(line.index("press me"), y))
        assert robot.app.is_running
        assert robot.app.return_value is None


@pytest.mark.parametrize("evil", EVILS.values(), ids=EVILS.keys())
async def test_conflicts_let_nothing_through(evil: str) -> None:
    desk = busy_desk()
    conflict = Conflict(path=evil, kind=evil)
    desk.happen(
        ev.MergeStarted(id="m", plan=merge_plan(desk)),
        ev.ConflictFound(id="m", checkpoint="foundation", workstream="testing", conflicts=(conflict,)),
    )
    desk.sides = [ConflictSides(path=evil, kind=evil, ours=evil, theirs=f"{evil}\n{evil}", base=None, merged=None)]
    async with robot_at(desk) as robot:
        await robot.press("x")
        await robot.expect("ours: already merged")
        assert_harmless(robot)


@pytest.mark.parametrize("evil", EVILS.values(), ids=EVILS.keys())
async def test_what_is_pasted_into_a_dialog_is_drawn_harmlessly(evil: str) -> None:
    async with robot_at(busy_desk()) as robot:
        for key in ("n", "s"):
            await robot.press(key)
            focused = robot.app.focused
            assert focused is not None
            focused.post_message(events.Paste(evil))
            await robot.press("left")
            assert_harmless(robot)
            await robot.press("escape")
