"""What may start next follows from plan and state alone."""

from __future__ import annotations

from typing import Any

from autod_tui.core import events as ev
from autod_tui.core.dispatch import Rehearse, StartWorkstream, hold_reason, next_actions
from autod_tui.core.events import Recorded
from autod_tui.core.plan import Plan
from autod_tui.core.replay import replay
from autod_tui.core.state import State
from autod_tui.core.workstream import Changes, Source, WorkstreamState
from tests.support.engine import checkpoint, make_plan, workstream


def told(*events: ev.Event, state: State | None = None) -> State:
    begin = state.seq if state else 0
    return replay([Recorded(begin + at, float(at), event) for at, event in enumerate(events, 1)], state)


def wanted(plan: Plan) -> State:
    return told(*(ev.WorkstreamWanted(name=spec.name, wanted=True) for spec in plan.workstreams))


def changed(name: str, state: WorkstreamState) -> ev.Event:
    return ev.StateChanged(name=name, state=state, source=Source.PROCESS)


def merged(name: str) -> ev.Event:
    return ev.CheckpointMerged(
        checkpoint=name, into="i", before_oid="", base_oid="b", after_oid="a", workstreams=(), heads=()
    )


def seven(**fields: Any) -> Plan:
    lanes = [workstream("w1"), workstream("w2", "c1"), workstream("w3", "c1"), workstream("w4", "c2"),
             workstream("w5", "c2"), workstream("w6", "c3"), workstream("w7", "c4")]  # fmt: skip
    merges = {"c1": ["w1"], "c2": ["w2", "w3"], "c3": ["w4", "w5"], "c4": ["w6"], "c5": ["w7"]}
    points = [checkpoint(name, *names) for name, names in merges.items()]
    return make_plan(lanes, points, **fields)


def waves(plan: Plan) -> list[list[str]]:
    state, found = wanted(plan), []
    while actions := next_actions(plan, state):
        names = [action.name for action in actions if isinstance(action, StartWorkstream)]
        found.append(names)
        state = told(*(changed(name, WorkstreamState.WORKING) for name in names), state=state)
        assert next_actions(plan, state) == () or len(names) == plan.project.max_sessions
        state = told(*(changed(name, WorkstreamState.DONE) for name in names), state=state)
        done = {spec.name for spec in plan.workstreams if state.workstream(spec.name).state is WorkstreamState.DONE}
        ready = [merged(point.name) for point in plan.checkpoints if set(point.merge) <= done]
        state = told(*ready, state=state)
    return found


def test_seven_workstreams_start_in_five_waves() -> None:
    assert waves(seven()) == [["w1"], ["w2", "w3"], ["w4", "w5"], ["w6"], ["w7"]]


def test_sessions_are_limited() -> None:
    assert waves(seven(max_sessions=1)) == [["w1"], ["w2"], ["w3"], ["w4"], ["w5"], ["w6"], ["w7"]]
    plan = make_plan([workstream("a"), workstream("b"), workstream("c")], max_sessions=2)
    state = told(changed("a", WorkstreamState.WAITING), state=wanted(plan))
    assert next_actions(plan, state) == (StartWorkstream("b"),)
    assert hold_reason(plan, state, "b") == ""
    state = told(changed("b", WorkstreamState.RATE_LIMITED), state=state)
    assert next_actions(plan, state) == ()
    assert hold_reason(plan, state, "c") == "waits for a free session (2 of 2 run)"


def test_only_wanted_and_never_started_workstreams_start() -> None:
    plan = make_plan([workstream("a"), workstream("b")])
    state = told(ev.WorkstreamWanted(name="a", wanted=True))
    assert next_actions(plan, state) == (StartWorkstream("a"),)
    for after in (WorkstreamState.FAILED, WorkstreamState.LOST, WorkstreamState.STOPPED):
        assert next_actions(plan, told(changed("a", after), state=state)) == ()


def test_what_is_over_starts_again_by_itself_when_that_was_asked_for_and_could_not_be_at_once() -> None:
    plan = make_plan([workstream("a"), workstream("b")], max_sessions=1)
    state = told(changed("b", WorkstreamState.WORKING), changed("a", WorkstreamState.FAILED), state=wanted(plan))
    due = told(ev.WorkstreamWanted(name="a", wanted=True, due=True, fresh=True), state=state)
    assert next_actions(plan, due) == ()
    freed = told(changed("b", WorkstreamState.EXITED), state=due)
    assert next_actions(plan, freed) == (StartWorkstream("a"),)
    assert freed.workstream("a").fresh
    assert next_actions(plan, told(ev.WorkstreamWanted(name="a", wanted=False), state=freed)) == ()
    pane = {"session": "s", "agent": "x", "model": "", "window": "@1", "pane": "%1", "pid": 7}
    again = told(ev.AgentStarted(name="a", **pane), changed("a", WorkstreamState.FAILED), state=freed)  # type: ignore[arg-type]
    assert not again.workstream("a").fresh
    assert next_actions(plan, again) == ()


def test_soft_order_holds_nothing_back_and_a_rollback_does() -> None:
    plan = make_plan([workstream("a", "c"), workstream("b", after_soft=("c",))], [checkpoint("c")])
    state = wanted(plan)
    assert next_actions(plan, state) == (StartWorkstream("b"),)
    assert hold_reason(plan, state, "a") == "waits for checkpoint c"
    assert hold_reason(plan, state, "zzz") == "it is not declared"
    back = ev.CheckpointRolledBack(checkpoint="c", into="i", oid="", exact=True)
    assert StartWorkstream("a") in next_actions(plan, told(merged("c"), state=state))
    assert StartWorkstream("a") not in next_actions(plan, told(merged("c"), back, state=state))


def rehearsing() -> Plan:
    point = checkpoint("c", "a", "b", rehearse=True)
    return make_plan([workstream("a"), workstream("b")], [point, checkpoint("silent", "a")])


def quiet() -> State:
    return told(
        ev.HeadMoved(name="a", head="a1"),
        ev.HeadMoved(name="b", head="b1"),
        changed("a", WorkstreamState.DONE),
        changed("b", WorkstreamState.IDLE),
    )


def test_rehearsal_is_due_when_all_lanes_are_quiet_and_committed() -> None:
    plan, state = rehearsing(), quiet()
    assert next_actions(plan, state) == (Rehearse("c"),)
    assert next_actions(plan, told(changed("b", WorkstreamState.WORKING), state=state)) == ()
    unsaved = ev.WorktreeChanged(name="a", changes=Changes(uncommitted=1))
    assert next_actions(plan, told(unsaved, state=state)) == ()
    assert next_actions(plan, told(merged("c"), state=state)) == ()


def test_rehearsal_runs_once_per_heads_green_or_red() -> None:
    plan = rehearsing()
    for green in (True, False):
        tried = ev.CheckpointRehearsed(checkpoint="c", heads=("into", "a1", "b1"), result="r", green=green)
        state = told(tried, state=quiet())
        assert next_actions(plan, state) == ()
        assert next_actions(plan, told(ev.HeadMoved(name="b", head="b2"), state=state)) == (Rehearse("c"),)
