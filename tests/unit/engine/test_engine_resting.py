"""Rest is told by a screen only once two looks agree on it, and no later for that."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from autod_tui.adapters import Agents
from autod_tui.core import events as ev
from autod_tui.core import readiness
from autod_tui.core.plan import AgentProfile
from autod_tui.core.workstream import Reading, Source, WorkstreamState
from autod_tui.engine import resting
from autod_tui.engine.vigil import Vigil
from tests.support.engine import MemoryPanes, make_house, make_plan, workstream

S = WorkstreamState


async def test_rest_is_taken_as_of_the_first_of_two_looks_that_agree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resting, "SURE_AFTER", 60.0)
    profile = AgentProfile(name="shell", command=("sh",), working="^Busy", hook_states={"go": "working"})
    started = ev.AgentStarted(name="a", session="s", agent="shell", model="", window="@1", pane="%1", pid=7)
    panes, now = MemoryPanes(), time.time()
    house = make_house(make_plan([workstream("a")], agents={"shell": profile}), tmp_path, started, panes=panes)
    house.agents, house.stream.clock = Agents(tmp_path), lambda: now
    vigil = Vigil(house)
    vigil._minds.hear(house.state.workstream("a"), Reading(S.WORKING, "", Source.HOOK))

    async def state(row: str, after: float) -> S:
        nonlocal now
        now += after
        panes.screens["%1"] = (row,)
        await vigil._screens.read("a")
        vigil._minds.look_again()
        return house.state.workstream("a").state

    assert await state("Busy", 1.0) is S.WORKING
    assert await state("half drawn", 0.4) is S.WORKING
    assert "a" in vigil._screens._timers
    assert await state("Busy", 0.6) is S.WORKING
    assert await state("half drawn", 0.4) is S.WORKING
    assert await state("half drawn", 0.2) is S.WORKING
    assert await state("Busy", 0.2) is S.WORKING
    now += 1.0
    vigil._minds.look_again()
    assert house.state.workstream("a").state is S.WORKING
    assert await state("> ", 0.4) is S.WORKING
    assert await state("> ", readiness.STILL) is S.IDLE
    vigil.close()
