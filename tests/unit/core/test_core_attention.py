"""Calls for a person: each wait is told once."""

from __future__ import annotations

from autod_tui.core import events as ev
from autod_tui.core.attention import Call, Calls
from autod_tui.core.events import Event, Recorded
from autod_tui.core.workstream import Source, WorkstreamRecord, WorkstreamState

W = WorkstreamState


def told(calls: Calls, *events: Event) -> list[str]:
    return [call.words for call in calls.follow(Recorded(seq, 0.0, event) for seq, event in enumerate(events))]


def became(state: WorkstreamState, reason: str = "", name: str = "a") -> ev.StateChanged:
    return ev.StateChanged(name=name, state=state, reason=reason, source=Source.HOOK)


def test_a_wait_is_one_call_however_its_reason_changes() -> None:
    calls = Calls()
    assert told(calls, became(W.WORKING), became(W.WAITING, "permission")) == ["a waits for you: permission"]
    assert told(calls, became(W.WAITING, "permission: rm")) == []
    assert told(calls, became(W.WORKING), became(W.WAITING)) == ["a waits for you"]


def test_an_end_is_a_call_of_its_own_and_a_stop_is_none() -> None:
    calls = Calls()
    assert told(calls, became(W.WAITING), became(W.FAILED, "killed")) == ["a waits for you", "a has failed: killed"]
    assert told(calls, ev.AgentStopped(name="a"), became(W.LOST, "gone")) == ["a is lost: gone"]
    assert told(calls, became(W.DONE), became(W.EXITED), became(W.STOPPED), became(W.RATE_LIMITED)) == []


def test_who_called_before_is_not_told_again() -> None:
    calls = Calls([WorkstreamRecord(name="a", state=W.WAITING), WorkstreamRecord(name="b")])
    assert told(calls, became(W.WAITING), became(W.WAITING, name="b")) == ["b waits for you"]


def test_a_limit_is_one_call_until_more_is_allowed() -> None:
    calls = Calls(limits={"b": "b has spent all"})
    reached = {"a": "a has spent all", "b": "b has spent all", "c": ""}
    assert calls.follow_limits(reached) == [Call(name="a", state="limit", reason="a has spent all")]
    assert calls.follow_limits(reached) == []
    assert calls.follow_limits({"a": "", "b": "b has spent all"}) == []
    assert [call.words for call in calls.follow_limits(reached)] == ["a has spent all"]
