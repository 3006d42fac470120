"""The state follows from the journal alone: each event changes what it names and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autod_tui.core import events as ev
from autod_tui.core.checkpoint import CheckpointState, Conflict, GateResult, GateState, Guilt, MergePlan
from autod_tui.core.events import Recorded
from autod_tui.core.replay import apply, replay
from autod_tui.core.state import State
from autod_tui.core.workstream import Changes, Overlap, Progress, Source, WorkstreamState
from tests.support.values import events

PLAN = MergePlan(checkpoint="c", into="i", into_oid="b", creates_into=True, steps=())


def told(*happened: ev.Event, state: State | None = None) -> State:
    begin = state.seq if state else 0
    return replay([Recorded(begin + at, 10.0 * (begin + at), event) for at, event in enumerate(happened, 1)], state)


def changed(state: WorkstreamState, reason: str = "") -> ev.Event:
    return ev.StateChanged(name="a", state=state, reason=reason, source=Source.PROCESS)


def started(**fields: object) -> ev.AgentStarted:
    usual = {"name": "a", "session": "s", "agent": "x", "model": "m", "window": "@1", "pane": "%1", "pid": 7}
    return ev.AgentStarted(**{**usual, **fields})  # type: ignore[arg-type]


def merge(*, rehearsal: bool = False) -> ev.MergeStarted:
    return ev.MergeStarted(id="m", plan=PLAN, rehearsal=rehearsal)


def conflict(*paths: str) -> ev.ConflictFound:
    return ev.ConflictFound(
        id="m", checkpoint="c", workstream="a", conflicts=tuple(Conflict(path=path) for path in paths)
    )


def merged(**fields: object) -> ev.CheckpointMerged:
    usual = {"checkpoint": "c", "into": "i", "before_oid": "", "base_oid": "b", "after_oid": "r"}
    return ev.CheckpointMerged(**{**usual, "workstreams": ("a",), "heads": ("h",), **fields})  # type: ignore[arg-type]


def gate(state: GateState, *, tree: str = "", workstream: str = "") -> ev.GateFinished:
    return ev.GateFinished(checkpoint="c", result=GateResult(name="g", state=state), tree=tree, workstream=workstream)


@given(st.lists(events(), max_size=12), st.integers(0, 12))
@settings(max_examples=150, deadline=None)
def test_replay_at_once_equals_one_by_one_and_in_two_parts(happened: list[ev.Event], cut: int) -> None:
    entries = [Recorded(at, float(at), event) for at, event in enumerate(happened, 1)]
    whole, step = replay(entries), State()
    for entry in entries:
        before, known = step, repr(step)
        step = apply(step, entry)
        assert repr(before) == known
    assert whole == step == replay(entries[cut:], replay(entries[:cut]))
    assert (whole.seq, whole.at) == (len(entries), float(len(entries)))


def test_state_is_frozen() -> None:
    with pytest.raises(AttributeError):
        State().seq = 1  # type: ignore[misc]


def test_conductor_comes_and_only_the_same_one_goes() -> None:
    state = told(ev.ConductorStarted(pid=5, role="tui"))
    assert (state.conductor, state.conductor_role) == (5, "tui")
    assert told(ev.ConductorStopped(pid=4), state=state).conductor == 5
    gone = told(ev.ConductorStopped(pid=5), state=state)
    assert (gone.conductor, gone.conductor_role) == (0, "")


def test_notes_messages_and_backups_change_nothing() -> None:
    silent = [
        ev.Noted(level="info", text="x"), ev.MessageSent(name="a", text="x"), ev.Reconciled(findings=("x",)),
        ev.BackupMade(ref="r", oid="o", what="w"), ev.BackupRestored(ref="r"),
        ev.WorkCommitted(name="a", oid="o", files=1), ev.WorkstreamSynced(name="a", checkpoint="c", oid="o"),
    ]  # fmt: skip
    for event in silent:
        state = told(event)
        assert (state.workstreams, state.checkpoints, state.metrics) == ({}, {}, State().metrics), event


def test_worktree_comes_and_goes_and_time_worked_stays() -> None:
    added = ev.WorktreeAdded(name="a", worktree="/w", branch="b", base_oid="o", port=42000)
    state = told(ev.WorkstreamWanted(name="a", wanted=True), added, started(), changed(WorkstreamState.FAILED))
    record = state.workstream("a")
    assert (record.wanted, record.worktree, record.branch, record.base_oid, record.port) == (
        True,
        "/w",
        "b",
        "o",
        42000,
    )
    blank = told(ev.WorktreeRemoved(name="a", backup=""), state=state).workstream("a")
    assert (blank.worktree, blank.wanted, blank.session, blank.state) == ("", False, "", WorkstreamState.PLANNED)
    assert blank.active_seconds == 10.0


def test_agent_starts_works_and_stops() -> None:
    state = told(started(), changed(WorkstreamState.WAITING, "permission"))
    record = state.workstream("a")
    assert (record.pane, record.window, record.pid, record.session) == ("%1", "@1", 7, "s")
    assert (record.state, record.reason, record.since) == (WorkstreamState.WAITING, "permission", 20.0)
    assert (record.started_at, state.metrics.first_start) == (10.0, 10.0)
    stopped = told(ev.AgentStopped(name="a"), state=state)
    record = stopped.workstream("a")
    assert (record.state, record.pane, record.window, record.pid) == (WorkstreamState.STOPPED, "", "", 0)
    assert (record.active_seconds, record.started_at, stopped.metrics.last_stop) == (20.0, 0.0, 30.0)
    assert told(ev.AgentStopped(name="a"), state=stopped).workstream("a").active_seconds == 20.0


def test_adopted_agent_keeps_state_and_start() -> None:
    state = told(started(), changed(WorkstreamState.WAITING), started(adopted=True, pane="%9"))
    record = state.workstream("a")
    assert (record.state, record.started_at, record.pane) == (WorkstreamState.WAITING, 10.0, "%9")
    assert told(started()).workstream("a").state is WorkstreamState.STARTING


def test_readings_of_a_worktree() -> None:
    progress = Progress(status="done", percent=100.0)
    state = told(
        ev.HeadMoved(name="a", head="h"),
        ev.WorktreeChanged(name="a", changes=Changes(ahead=2)),
        ev.ProgressChanged(name="a", progress=progress),
    )
    record = state.workstream("a")
    assert (record.head, record.changes, record.progress) == ("h", Changes(ahead=2), progress)
    assert told(ev.ProgressChanged(name="a", progress=None), state=state).workstream("a").progress is None


def test_forecast_replaces_the_one_before() -> None:
    overlap = Overlap(other="b", files=("f",))
    first = ev.ForecastChanged(overlaps={"a": (overlap,)}, checkpoints=(ev.CheckpointForecast(checkpoint="c"),))
    state = told(ev.HeadMoved(name="z", head="h"), first)
    assert state.workstream("a").overlaps == (overlap,)
    assert set(state.forecasts) == {"c"}
    empty = told(ev.ForecastChanged(overlaps={}, checkpoints=()), state=state)
    assert empty.workstream("a").overlaps == ()
    assert empty.forecasts == {}


def test_conflict_waits_until_its_paths_are_settled() -> None:
    state = told(merge(), conflict("x", "y"))
    record = state.checkpoint("c")
    assert (record.state, record.reason, record.conflicted_files) == (
        CheckpointState.MERGING, "a conflicts in 2 files", 2,
    )  # fmt: skip
    assert state.metrics.conflicted_files == 2
    state = told(ev.ConflictResolved(id="m", checkpoint="c", path="x", how="ours"), state=state)
    transaction = state.checkpoint("c").transaction
    assert transaction is not None
    assert ([left.path for left in transaction.conflicts], transaction.resolved) == (["y"], ("x",))
    assert transaction.at_step == "a"
    state = told(ev.StepMerged(id="m", checkpoint="c", workstream="a", oid="o"), state=state)
    transaction = state.checkpoint("c").transaction
    assert transaction is not None
    assert (transaction.at_step, transaction.conflicts, transaction.resolved) == ("", (), ())
    state = told(ev.ResultMade(id="m", checkpoint="c", result="r"), state=state)
    assert state.checkpoint("c").transaction.result == "r"  # type: ignore[union-attr]


def test_conflict_of_a_rehearsal_counts_for_nothing() -> None:
    state = told(merge(rehearsal=True), conflict("x"))
    assert state.checkpoint("c").state is CheckpointState.OPEN
    assert (state.metrics.conflicted_files, state.metrics.rehearsals) == (0, 1)


def test_gates_run_turn_red_or_green_and_green_trees_are_known() -> None:
    running = ev.GateStarted(checkpoint="c", gate="g", log="/l")
    state = told(merge(), running)
    assert [(one.name, one.state) for one in state.checkpoint("c").gates] == [("g", GateState.RUNNING)]
    red = told(gate(GateState.RED, tree="t"), state=state)
    assert ([one.state for one in red.checkpoint("c").gates], red.green_trees) == ([GateState.RED], {})
    assert red.metrics.red_gates == 1
    green = told(gate(GateState.GREEN, tree="t"), gate(GateState.GREEN, tree="t"), state=red)
    assert [one.name for one in green.green_trees["t"]] == ["g"]
    assert told(merge(), state=green).checkpoint("c").gates == ()
    guilt = Guilt(gate="g", workstreams=("a",), explanation="x")
    guilty = told(ev.GuiltFound(checkpoint="c", guilt=guilt), state=red)
    assert guilty.checkpoint("c").guilt == guilt
    assert told(merge(), state=guilty).checkpoint("c").guilt is None


def test_gate_in_a_worktree_says_nothing_about_the_result() -> None:
    state = told(merge(), gate(GateState.RED, workstream="a"))
    assert (state.checkpoint("c").gates, state.metrics.red_gates) == ((), 0)


@pytest.mark.parametrize(("green", "after"), [(True, CheckpointState.READY), (False, CheckpointState.BLOCKED)])
def test_rehearsal_ends(green: bool, after: CheckpointState) -> None:
    ended = ev.CheckpointRehearsed(checkpoint="c", heads=("i", "h"), result="r", green=green, reason="why")
    record = told(merge(rehearsal=True), ended).checkpoint("c")
    assert (record.state, record.transaction, record.tried_heads) == (after, None, ("i", "h"))
    assert (record.rehearsed_heads, record.rehearsed_result) == ((("i", "h"), "r") if green else ((), ""))
    assert told(merged(), ended).checkpoint("c").state is CheckpointState.MERGED


def test_a_rehearsals_gates_are_outdated_and_a_merges_are_not() -> None:
    ended = ev.CheckpointRehearsed(checkpoint="c", heads=("i", "h"), result="r", green=True)
    moved = ev.RehearsalOutdated(checkpoint="c")
    rehearsed = told(merge(rehearsal=True), gate(GateState.GREEN), ended)
    assert not rehearsed.checkpoint("c").outdated
    assert told(moved, state=rehearsed).checkpoint("c").outdated
    assert not told(moved, merge(rehearsal=True), state=rehearsed).checkpoint("c").outdated
    assert not told(merge(), gate(GateState.GREEN), merged(), moved, state=rehearsed).checkpoint("c").outdated


def test_merge_lands_and_is_taken_back() -> None:
    moving = ev.RefsMoving(id="m", checkpoint="c", moves=(("refs/heads/i", "", "r"),))
    state = told(merge(), moving)
    assert state.moving == moving
    state = told(merged(tag="t", then="main", then_before="b", left_out=("z",)), state=state)
    record = state.checkpoint("c")
    assert (record.state, record.transaction, state.moving, record.merged_at) == (
        CheckpointState.MERGED, None, None, 30.0,
    )  # fmt: skip
    assert (record.merged_into, record.base_oid, record.after_oid, record.tag) == ("i", "b", "r", "t")
    assert (record.then_branch, record.then_before, record.deferred) == ("main", "b", ("z",))
    assert (record.merges, state.metrics.merges) == (1, 1)
    back = ev.CheckpointRolledBack(checkpoint="c", into="i", oid="v", exact=False, revert_oid="v")
    state = told(moving, back, state=state)
    record = state.checkpoint("c")
    assert (record.state, record.revert_oid, record.rollbacks) == (CheckpointState.ROLLED_BACK, "v", 1)
    assert (state.moving, state.metrics.rollbacks) == (None, 1)
    assert told(merged(), state=state).checkpoint("c").revert_oid == ""


@pytest.mark.parametrize(
    ("over", "after"),
    [
        (ev.CheckpointBlocked(checkpoint="c", reason="why"), CheckpointState.BLOCKED),
        (ev.CheckpointAbandoned(checkpoint="c", reason="why"), CheckpointState.OPEN),
    ],
)
def test_merge_ends_without_moving_anything(over: ev.Event, after: CheckpointState) -> None:
    moving = ev.RefsMoving(id="m", checkpoint="c", moves=())
    state = told(merge(), moving, over)
    record = state.checkpoint("c")
    assert (record.state, record.reason, record.transaction) == (after, "why", None)
    assert state.moving is None


def test_another_checkpoint_that_is_blocked_leaves_the_announced_move_alone() -> None:
    moving = ev.RefsMoving(id="m", checkpoint="c", moves=())
    assert told(moving, ev.CheckpointBlocked(checkpoint="d", reason="x")).moving == moving


def test_merged_checkpoint_stays_merged_when_a_rollback_or_rehearsal_is_cut_short() -> None:
    blocked = ev.CheckpointBlocked(checkpoint="c", reason="it was interrupted")
    assert told(merged(), blocked).checkpoint("c").state is CheckpointState.MERGED
    assert told(merged(), merge(rehearsal=True), blocked).checkpoint("c").state is CheckpointState.MERGED
    assert told(merged(), merge(), blocked).checkpoint("c").state is CheckpointState.MERGED
