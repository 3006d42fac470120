"""Stopping agents, and removing worktrees that the journal does not know."""

from __future__ import annotations

from pathlib import Path

import pytest

from autod_tui.core import events as ev
from autod_tui.core import requests as rq
from autod_tui.core.pane_ports import PaneEvent
from autod_tui.core.workstream import WorkstreamState
from tests.support.rig import Rig

SETTINGS = '[project]\ntarget = "main"\nagent = "shell"\n[agents.shell]\ncommand = ["sh", "-c", "true"]\n'


@pytest.fixture
async def rig(tmp_path: Path) -> Rig:
    rig = Rig(tmp_path)
    rig.declare(SETTINGS, "one")
    await rig.open().begin()
    return rig


@pytest.mark.parametrize("half", [False, True], ids=["whole", "half laid out"])
async def test_a_worktree_without_a_record_is_removed_with_a_backup(rig: Rig, half: bool) -> None:
    spec = rig.conductor.house.plan.workstream("one")
    assert spec
    words = ["--no-checkout"] if half else []
    rig.git("worktree", "add", "-q", *words, "-b", spec.branch, spec.worktree, "main")
    if half:
        admin = Path(rig.git("rev-parse", "--absolute-git-dir", cwd=Path(spec.worktree)))
        (admin / "autod-unfinished").write_text("")
    planned = await rig.conductor.handle(rq.Down(names=("one",), remove=True))
    assert f"remove {spec.worktree} (nothing would be lost)" in planned.message
    done = await rig.conductor.handle(rq.Down(names=("one",), remove=True, approved=True))
    assert done.ok, done
    assert [entry["name"] for entry in done.data["removed"]] == ["one"]
    assert not Path(spec.worktree).exists()
    assert rig.git("rev-parse", "--verify", spec.branch)


async def test_an_agent_that_was_stopped_has_not_failed(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (await rig.conductor.handle(rq.Up())).ok
    kill = rig.panes.kill

    async def kill_and_tell(pane: str) -> None:
        await kill(pane)
        rig.conductor.vigil._handle(PaneEvent(kind="dead", pane=pane, data="SIGHUP"))

    monkeypatch.setattr(rig.panes, "kill", kill_and_tell)
    seq = rig.conductor.house.state.seq
    assert (await rig.conductor.handle(rq.Down(approved=True))).ok
    told = [entry.event for entry in rig.journal.read(seq)]
    assert not [event for event in told if isinstance(event, ev.StateChanged)]
    assert rig.conductor.house.state.workstream("one").state is WorkstreamState.STOPPED


async def test_another_branch_at_that_place_is_left_alone(rig: Rig) -> None:
    spec = rig.conductor.house.plan.workstream("one")
    assert spec
    rig.git("worktree", "add", "-q", "-b", "own", spec.worktree, "main")
    done = await rig.conductor.handle(rq.Down(names=("one",), remove=True, approved=True))
    assert done.message == "no worktree to remove"
    assert Path(spec.worktree).exists()
