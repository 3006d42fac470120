"""At start the journal is held against the world; what was cut short is finished or called off."""

from __future__ import annotations

from pathlib import Path

import pytest

from autod_tui.core import events as ev
from autod_tui.core.checkpoint import CheckpointState, Conflict, MergePlan
from autod_tui.core.git_ports import WorktreeEntry
from autod_tui.core.pane_ports import PaneStatus
from autod_tui.core.workstream import WorkstreamState
from autod_tui.engine.house import House
from autod_tui.engine.reconcile import Reconciler
from autod_tui.engine.vigil import Vigil
from tests.support.engine import MemoryPanes, MemoryRefs, checkpoint, make_house, make_plan, workstream

S = WorkstreamState
INTO, MAIN, TAG = "refs/heads/i", "refs/heads/main", "refs/tags/t"
MERGE = MergePlan(checkpoint="c", into="i", into_oid="old", creates_into=True, steps=(), tag="t")
STARTED = ev.AgentStarted(name="a", session="s", agent="shell", model="", window="@1", pane="%1", pid=7)
BEGUN = ev.MergeStarted(id="m", plan=MERGE)
RESULT = ev.ResultMade(id="m", checkpoint="c", result="new")
MOVING = ev.RefsMoving(id="m", checkpoint="c", moves=((INTO, "", "new"), (TAG, "", "new")))
MERGED = ev.CheckpointMerged(
    checkpoint="c", into="i", before_oid="old", base_oid="old", after_oid="new", workstreams=("a",), heads=("h",)
)
BACK = ev.RefsMoving(id="b", checkpoint="c", moves=((INTO, "new", "old"), (TAG, "new", "")))


class World:
    """A house with what the journal says, and git and tmux as the test has them."""

    def __init__(self, directory: Path, *events: ev.Event) -> None:
        self.panes, self.git = MemoryPanes(), MemoryRefs()
        spec = workstream("a", worktree=str(directory / "a"))
        plan = make_plan([spec], [checkpoint("c", "a")])
        self.house: House = make_house(plan, directory, *events, panes=self.panes, git=self.git)

    async def reconcile(self) -> tuple[str, ...]:
        return await Reconciler(self.house, Vigil(self.house)).reconcile()

    def pane(self, *, session: str = "s", pane: str = "%1", **fields: object) -> None:
        usual = {"window": "@1", "workstream": "a", "pid": 7}
        self.panes.listed = [PaneStatus(**{"pane": pane, "session": session, **usual, **fields})]  # type: ignore[arg-type]

    @property
    def agent(self) -> tuple[S, str]:
        record = self.house.state.workstream("a")
        return record.state, record.reason

    @property
    def checkpoint(self) -> CheckpointState:
        return self.house.state.checkpoint("c").state


async def test_world_as_the_journal_says_finds_nothing(tmp_path: Path) -> None:
    world = World(tmp_path)
    assert await world.reconcile() == ()
    assert world.house.state.seq == 0


async def test_pane_that_is_gone_is_a_lost_agent(tmp_path: Path) -> None:
    world = World(tmp_path, STARTED)
    assert await world.reconcile() == ("a: its pane is gone",)
    assert world.agent == (S.LOST, "its pane is gone")
    assert await world.reconcile() == ()


@pytest.mark.parametrize(("status", "state"), [(0, S.DONE), (3, S.FAILED)])
async def test_pane_that_died_meanwhile_is_settled(tmp_path: Path, status: int, state: S) -> None:
    world = World(tmp_path, STARTED)
    world.pane(dead=True, exit_status=status)
    assert await world.reconcile() == (f"a: its agent ended meanwhile (exit status {status})",)
    assert world.agent == (state, f"exit status {status}")
    assert await world.reconcile() == ()


async def test_living_agent_goes_on(tmp_path: Path) -> None:
    world = World(tmp_path, STARTED)
    world.pane()
    assert await world.reconcile() == ()
    assert world.agent[0] is S.WORKING


@pytest.mark.parametrize("other", [{"session": "s2"}, {"pane": "%5"}])
async def test_agent_without_a_word_in_the_journal_is_adopted(tmp_path: Path, other: dict[str, str]) -> None:
    world = World(tmp_path, STARTED)
    world.pane(**other)
    assert await world.reconcile() == ("a: its agent was started without a word in the journal; adopted",)
    record = world.house.state.workstream("a")
    assert (record.state, record.session, record.pane) == (
        S.WORKING, other.get("session", "s"), other.get("pane", "%1"),
    )  # fmt: skip
    assert await world.reconcile() == ()


async def test_pane_of_an_unknown_workstream_is_left_alone(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.pane(workstream="stranger")
    assert await world.reconcile() == ()
    assert "stranger" not in world.house.state.workstreams


async def test_worktree_that_is_gone_is_forgotten_also_by_git(tmp_path: Path) -> None:
    path = str(tmp_path / "a")
    added = ev.WorktreeAdded(name="a", worktree=path, branch="workstream/a", base_oid="o", port=1)
    world = World(tmp_path, added)
    world.git.entries = [WorktreeEntry(path=path, branch="workstream/a", prunable=True)]
    assert await world.reconcile() == (f"a: its worktree {path} is gone",)
    assert world.git.removed == [path]
    assert world.house.state.workstream("a").worktree == ""


async def test_worktree_without_a_record_is_told(tmp_path: Path) -> None:
    world = World(tmp_path)
    (tmp_path / "a").mkdir()
    world.git.entries = [WorktreeEntry(path=str(tmp_path / "a"), branch="workstream/a")]
    assert await world.reconcile() == ("a: its worktree is there without a record; `autod up` adopts it",)


async def test_move_cut_short_half_way_is_finished(tmp_path: Path) -> None:
    world = World(tmp_path, BEGUN, RESULT, MOVING)
    world.git.all = {INTO: "new", MAIN: "old"}
    assert await world.reconcile() == ("checkpoint c: an interrupted move of refs was finished",)
    assert world.git.all == {INTO: "new", MAIN: "old", TAG: "new"}
    assert (world.checkpoint, world.house.state.moving) == (CheckpointState.MERGED, None)
    assert world.house.state.checkpoint("c").after_oid == "new"
    assert await world.reconcile() == ()


async def test_move_done_but_not_written_down_is_written_down(tmp_path: Path) -> None:
    world = World(tmp_path, BEGUN, RESULT, MOVING)
    world.git.all = {INTO: "new", TAG: "new"}
    await world.reconcile()
    assert world.checkpoint is CheckpointState.MERGED


async def test_move_that_had_not_begun_is_called_off_once(tmp_path: Path) -> None:
    world = World(tmp_path, BEGUN, RESULT, MOVING)
    assert await world.reconcile() == ("checkpoint c: it was interrupted before anything moved",)
    assert (world.checkpoint, world.git.all) == (CheckpointState.BLOCKED, {})
    assert await world.reconcile() == ()


async def test_move_is_called_off_when_a_ref_went_elsewhere(tmp_path: Path) -> None:
    world = World(tmp_path, BEGUN, RESULT, MOVING)
    world.git.all = {INTO: "new", TAG: "elsewhere"}
    assert await world.reconcile() == (f"checkpoint c: it was interrupted, and {TAG} moved meanwhile",)
    assert world.git.all == {INTO: "new", TAG: "elsewhere"}


async def test_rollback_cut_short_is_finished_or_leaves_the_checkpoint_merged(tmp_path: Path) -> None:
    half = World(tmp_path, MERGED, BACK)
    half.git.all = {INTO: "old", TAG: "new"}
    await half.reconcile()
    assert (half.checkpoint, half.git.all) == (CheckpointState.ROLLED_BACK, {INTO: "old"})
    unbegun = World(tmp_path, MERGED, BACK)
    unbegun.git.all = {INTO: "new", TAG: "new"}
    await unbegun.reconcile()
    assert (unbegun.checkpoint, unbegun.house.state.moving) == (CheckpointState.MERGED, None)


async def test_merge_cut_short_before_its_move_is_over_and_a_waiting_conflict_waits_on(tmp_path: Path) -> None:
    cut = World(tmp_path, BEGUN)
    assert await cut.reconcile() == ("checkpoint c: it was interrupted; nothing moved",)
    assert cut.checkpoint is CheckpointState.BLOCKED
    found = ev.ConflictFound(id="m", checkpoint="c", workstream="a", conflicts=(Conflict(path="x"),))
    waiting = World(tmp_path, BEGUN, found)
    assert await waiting.reconcile() == ()
    transaction = waiting.house.state.checkpoint("c").transaction
    assert transaction is not None
    assert transaction.at_step == "a"
