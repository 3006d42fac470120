"""What a desk keeps for those who read it."""

from __future__ import annotations

from pathlib import Path

import pytest

from autod_tui.core import events as ev
from autod_tui.core.board import Board
from autod_tui.engine.desks import ConductorDesk
from tests.support.rig import Rig

SETTINGS = '[project]\ntarget = "main"\nagent = "shell"\n[agents.shell]\ncommand = ["sh", "-c", "true"]\n'


async def test_news_are_kept_only_for_those_who_read_them(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.declare(SETTINGS, "one")
    conductor = rig.open()
    await conductor.begin()
    desk = ConductorDesk(conductor, rig.journal, lambda record: "", inside=False)
    note = ev.Noted(level="info", text="news", name="one")
    for _ in range(100):
        conductor.house.stream.emit(note)
    assert not desk._fresh
    updates = desk.updates()
    assert not (await anext(updates)).entries
    conductor.house.stream.emit(note)
    assert [entry.event for entry in (await anext(updates)).entries] == [note]
    await updates.aclose()
    conductor.house.stream.emit(note)
    assert not desk._fresh


async def test_a_board_is_made_for_those_who_look_at_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig(tmp_path)
    rig.declare(SETTINGS, "one")
    conductor = rig.open()
    await conductor.begin()
    desk = ConductorDesk(conductor, rig.journal, lambda record: "", inside=False)
    made: list[Board] = []
    board = conductor.house.stream.board

    def make() -> Board:
        made.append(board())
        return made[-1]

    monkeypatch.setattr(conductor.house.stream, "board", make)
    updates = desk.updates()
    for number in range(3):
        conductor.house.stream.emit(ev.Noted(level="info", text=f"news {number}"))
        update = await anext(updates)
    assert not made
    assert update.board is update.board is made[0]
