"""What a desk keeps for those who read it."""

from __future__ import annotations

from pathlib import Path

from autod_tui.core import events as ev
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
