"""The board: health, waiting and lateness follow from plan and state; its JSON has the documented keys."""

from __future__ import annotations

import json

import msgspec
import pytest

from autod_tui.core import events as ev
from autod_tui.core.board import AT_RISK, BLOCKED, ON_TRACK, Board, make_board
from autod_tui.core.board_json import status_json
from autod_tui.core.checkpoint import Conflict, GateResult, GateSpec, GateState, MergePlan
from autod_tui.core.events import CheckpointForecast, Recorded, StepForecast
from autod_tui.core.plan import AgentProfile
from autod_tui.core.replay import replay
from autod_tui.core.workstream import Overlap, Progress, Source, WorkstreamState
from tests.support.engine import checkpoint, make_plan, workstream

GATE = GateSpec(name="blocks", command="x", measure="(\\d+)", at_least=60)
PLAN = make_plan(
    [workstream("a"), workstream("b", "c")],
    [checkpoint("c", "a", gates=(GATE,), due=100.0), checkpoint("d", "a", "b", after=("c",))],
)
DOCUMENTED = {
    "project": {"root", "target", "conductor", "tokens", "cost_usd", "limit", "held"},
    "workstreams": {
        "name", "title", "branch", "worktree", "pane", "agent", "model", "state", "reason", "since", "ahead",
        "behind", "files", "insertions", "deletions", "uncommitted", "conflicts", "progress", "tokens", "cost_usd",
        "checkpoint",
    },
    "checkpoints": {
        "name", "title", "state", "after", "merge", "into", "gates", "conflicts", "before_oid", "after_oid", "tag",
    },
    "gates": {"name", "state", "measured", "threshold", "seconds", "log"},
}  # fmt: skip
BESIDES = {
    "workstreams": {
        "source", "waits_for", "health", "health_reason", "port", "permission", "limit", "held", "due", "until",
        "by_hand",
    },
    "checkpoints": {
        "reason", "waits_for", "open_conflicts", "best_order", "then", "deferred", "guilty", "guilt", "due", "late",
    },
    "gates": {"reason", "outdated"},
}  # fmt: skip


def board(*events: ev.Event, now: float = 50.0) -> Board:
    entries = [Recorded(at, float(at), event) for at, event in enumerate(events, 1)]
    return make_board(PLAN, replay(entries), now)


def health(*events: ev.Event, now: float = 50.0) -> tuple[str, str]:
    view = board(*events, now=now).workstream("a")
    assert view is not None
    return view.health, view.health_reason


def state(state: WorkstreamState, reason: str = "") -> ev.Event:
    return ev.StateChanged(name="a", state=state, reason=reason, source=Source.SCREEN)


def progress(status: str | None = None, *blockers: str) -> ev.Event:
    return ev.ProgressChanged(name="a", progress=Progress(status=status, blockers=blockers))


def merged(name: str) -> ev.Event:
    return ev.CheckpointMerged(
        checkpoint=name, into="i", before_oid="", base_oid="b", after_oid="r", workstreams=("a",), heads=("h",)
    )


OVERLAP = ev.ForecastChanged(overlaps={"a": (Overlap(other="b", files=("f",)),)}, checkpoints=())


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ((), (ON_TRACK, "")),
        ((state(WorkstreamState.WORKING), progress("on track")), (ON_TRACK, "")),
        ((progress("on track", "no key"),), (BLOCKED, "no key")),
        ((state(WorkstreamState.FAILED, "exit status 1"),), (BLOCKED, "exit status 1")),
        ((state(WorkstreamState.LOST),), (BLOCKED, "lost")),
        ((progress("blocked"),), (BLOCKED, "its progress.md says so")),
        ((state(WorkstreamState.WAITING, "permission"),), (AT_RISK, "permission")),
        ((state(WorkstreamState.RATE_LIMITED),), (AT_RISK, "rate-limited")),
        ((OVERLAP,), (AT_RISK, "conflicts with b")),
        ((progress("at risk"),), (AT_RISK, "its progress.md says so")),
        ((OVERLAP, progress("on track", "worse")), (BLOCKED, "worse")),
    ],
)
def test_health(events: tuple[ev.Event, ...], expected: tuple[str, str]) -> None:
    assert health(*events) == expected


def test_late_before_and_after_the_merge() -> None:
    assert health(now=100.0) == (ON_TRACK, "")
    assert health(now=101.0) == (AT_RISK, "c is overdue")
    assert health(merged("c"), now=101.0) == (ON_TRACK, "")
    late = [view.late for view in board(now=101.0).checkpoints]
    assert late == [True, False]


def test_waits_for_what_is_not_merged() -> None:
    before, after = board(), board(merged("c"))
    assert [view.waits_for for view in before.workstreams] == [(), ("c",)]
    assert [view.waits_for for view in before.checkpoints] == [(), ("c",)]
    assert [view.waits_for for view in after.workstreams] == [view.waits_for for view in after.checkpoints] == [(), ()]


def test_checkpoints_of_a_workstream_come_in_declared_order() -> None:
    views = board().workstreams
    assert [view.checkpoints for view in views] == [("c", "d"), ("d",)]
    assert [view.next_checkpoint for view in views] == ["c", "d"]


def test_workstream_that_is_no_longer_declared_stays_while_it_has_a_worktree() -> None:
    added = ev.WorktreeAdded(name="old", worktree="/w/old", branch="x/old", base_oid="o", port=1)
    names = [view.name for view in board(added, ev.HeadMoved(name="ghost", head="h")).workstreams]
    assert names == ["a", "b", "old"]


def test_declared_gates_are_shown_in_order_run_or_not() -> None:
    view = board().checkpoint("c")
    assert view is not None
    assert [(gate.name, gate.state, gate.threshold) for gate in view.gates] == [("blocks", GateState.OPEN, ">= 60")]


def full() -> Board:
    plan = MergePlan(checkpoint="c", into="i", into_oid="b", creates_into=True, steps=())
    step = StepForecast(workstream="a", files=("f",), others=("main",))
    result = GateResult(name="blocks", state=GateState.RED, measured=59.0, threshold=">= 60", reason="59 is not >= 60")
    return board(
        ev.ConductorStarted(pid=5, role="tui"),
        ev.MergeStarted(id="m", plan=plan),
        ev.ConflictFound(id="m", checkpoint="c", workstream="a", conflicts=(Conflict(path="f"),)),
        ev.GateFinished(checkpoint="c", result=result),
        progress("at risk"),
        ev.ForecastChanged(
            overlaps={"a": (Overlap(other="main", files=("f",)),)},
            checkpoints=(CheckpointForecast(checkpoint="c", steps=(step,)),),
        ),
    )


@pytest.mark.parametrize("shown", [board(), full()])
def test_status_json_has_exactly_the_known_keys(shown: Board) -> None:
    status = json.loads(json.dumps(status_json(shown)))
    assert set(status) == {"project", "workstreams", "checkpoints", "runs"}
    assert set(status["project"]) == DOCUMENTED["project"]
    for kind in ("workstreams", "checkpoints"):
        for entry in status[kind]:
            assert set(entry) == DOCUMENTED[kind] | BESIDES[kind]
    assert set(status["checkpoints"][0]["gates"][0]) == DOCUMENTED["gates"] | BESIDES["gates"]


def test_status_json_tells_what_is_known_and_null_for_what_nobody_measured() -> None:
    status = status_json(full())
    first = status["workstreams"][0]
    assert first["conflicts"] == [{"with": "main", "files": ["f"]}]
    assert first["progress"] == {"status": "at risk", "percent": None, "eta": None, "blockers": []}
    assert (first["pane"], first["tokens"], first["cost_usd"], first["since"]) == (None, None, None, None)
    point = status["checkpoints"][0]
    assert (point["state"], point["open_conflicts"]) == ("merging", ["f"])
    assert point["conflicts"] == [{"workstream": "a", "with": ["main"], "files": ["f"]}]
    assert (point["gates"][0]["state"], point["gates"][0]["measured"]) == ("red", 59.0)
    assert status["project"]["conductor"] == 5
    assert status_json(board())["project"]["conductor"] is None


def test_who_runs_without_asking_is_marked() -> None:
    agents = {
        "claude": AgentProfile(name="claude", command=("claude",)),
        "free": AgentProfile(name="free", command=("x",), permission="all", permissions={"all": ()}),
    }
    lanes = [
        msgspec.structs.replace(workstream("a"), agent="free"),
        msgspec.structs.replace(workstream("b"), agent="claude", permission="all"),
        msgspec.structs.replace(workstream("c"), agent="claude"),
        msgspec.structs.replace(workstream("d"), agent="free", permission="edits"),
        msgspec.structs.replace(workstream("e"), agent="gone"),
    ]
    plan = msgspec.structs.replace(make_plan(lanes, []), agents=agents)
    views = make_board(plan, replay([]), 1.0).workstreams
    assert [view.permission for view in views] == ["all", "all", "ask", "edits", ""]
    assert [view.unasked for view in views] == [True, True, False, False, False]
