"""The timeline: the critical path is the longest chain, and what is unknown stays unknown."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autod_tui.core import events as ev
from autod_tui.core.board import make_board
from autod_tui.core.checkpoint import MergePlan
from autod_tui.core.estimate import Estimate, eta_moment
from autod_tui.core.events import Recorded
from autod_tui.core.replay import replay
from autod_tui.core.timeline import Key, Node, Part, Timeline, lay_out, make_timeline, span_text, timeline_json
from autod_tui.core.workstream import Progress, Source, WorkstreamState
from tests.support.engine import checkpoint, make_plan, workstream

HOUR = 3600.0
PLAN = make_plan(
    [workstream("a"), workstream("b"), workstream("c", "first")],
    [checkpoint("first", "a", "b", due=10 * HOUR), checkpoint("last", "c", after=("first",), due=20 * HOUR)],
)


def part(name: str, *after: str, seconds: float | None = None, due: float | None = None, **known: object) -> Part:
    left = known.pop("left", seconds)
    estimate = Estimate(seconds=seconds, left=left, **known)  # type: ignore[arg-type]
    return Part(key=Key("w", name), after=tuple(Key("w", one) for one in after), estimate=estimate, due=due)


def named(keys: Sequence[Key]) -> str:
    return "".join(key.name for key in keys)


def node(timeline: Timeline, name: str) -> Node:
    return next(one for one in timeline.nodes if one.key.name == name)


DIAMOND = [
    part("a", seconds=10.0),
    part("b", "a", seconds=5.0),
    part("c", "a", seconds=20.0),
    part("d", "b", "c", seconds=1.0),
]


def test_the_longest_chain_is_critical_and_the_others_have_slack() -> None:
    found = lay_out(DIAMOND, 100.0)
    assert (named(found.critical), found.seconds, found.unknown) == ("acd", 31.0, ())
    assert [(one.critical, one.slack) for one in found.nodes] == [(True, 0), (False, 15), (True, 0), (True, 0)]
    assert [one.expected_at for one in found.nodes] == [110.0, 115.0, 130.0, 131.0]


def test_unknown_times_are_told_not_guessed() -> None:
    found = lay_out([*DIAMOND[:2], part("c", "a"), *DIAMOND[3:], part("x", "d", seconds=1.0)], 100.0)
    assert (named(found.critical), found.seconds) == ("abdx", 17.0)
    assert [one.slack for one in found.nodes] == [None] * 5
    assert [one.expected_at for one in found.nodes] == [110.0, 115.0, None, None, None]
    assert [one.earliest_at for one in found.nodes] == [110.0, 115.0, 110.0, 116.0, 117.0]
    nothing = lay_out([part("a"), part("b", "a"), part("c")], 0.0)
    assert (named(nothing.critical), nothing.seconds, named(nothing.unknown)) == ("ab", 0.0, "ab")
    assert lay_out([], 0.0) == Timeline()
    assert lay_out([part("a", "nobody")], 0.0).nodes[0].after == ()


def test_planned_times_reach_back_to_what_is_waited_for() -> None:
    found = lay_out([part("a"), part("b", "a", due=50.0), part("c", "a", due=40.0), part("d", due=9.0)], 0.0)
    assert [one.planned_at for one in found.nodes] == [40.0, 50.0, 40.0, 9.0]


@pytest.mark.parametrize(
    ("parts", "now", "risk", "late"),
    [
        ([part("x", seconds=5.0, due=20.0)], 10.0, "", False),
        ([part("x", seconds=15.0, due=20.0)], 10.0, "5s late as it goes now", False),
        ([part("x", "y", due=20.0), part("y", seconds=90.0)], 0.0, "at least 1m late as it goes now", False),
        ([part("x", due=20.0)], 80.0, "overdue by 1m", True),
        ([part("x", due=20.0, ended_at=25.0)], 90.0, "5s late", True),
        ([part("x", due=20.0, ended_at=20.0)], 90.0, "", False),
        ([part("x", due=20.0), part("y", "x", due=15.0)], 0.0, "due after y, which waits for it", False),
        ([part("x", seconds=500.0)], 10.0, "", False),
    ],
)
def test_risk(parts: list[Part], now: float, risk: str, late: bool) -> None:
    found = node(lay_out(parts, now), "x")
    assert (found.risk, found.late) == (risk, late)


def test_what_has_ended_or_started_waits_for_nothing() -> None:
    parts = [part("a"), part("b", "a", ended_at=7.0), part("c", "a", seconds=9.0, left=4.0, started=True)]
    found = lay_out(parts, 10.0)
    assert [one.expected_at for one in found.nodes] == [None, 7.0, 14.0]


def test_ready_when_the_last_one_ended() -> None:
    ended = [part("a", ended_at=3.0), part("b", ended_at=5.0)]
    ready = node(lay_out([*ended, part("c", "a", "b")], 9.0), "c").ready_at
    early = node(lay_out([*ended, part("c", "a", "b", ended_at=4.0)], 9.0), "c").ready_at
    waits = node(lay_out([*ended, part("d"), part("c", "a", "b", "d")], 9.0), "c").ready_at
    assert (ready, early, waits, node(lay_out(ended, 9.0), "a").ready_at) == (5.0, None, None, None)


@st.composite
def graphs(draw: st.DrawFn) -> list[Part]:
    parts = []
    for number in range(draw(st.integers(1, 8))):
        after = draw(st.sets(st.integers(0, number - 1))) if number else set()
        seconds = draw(st.none() | st.integers(0, 5).map(float))
        parts.append(part(str(number), *map(str, sorted(after)), seconds=seconds))
    return draw(st.permutations(parts))


def chains(parts: Sequence[Part]) -> list[list[Part]]:
    """Return every chain that begins anywhere, by brute force."""
    by_key = {one.key: one for one in parts}

    def ending(one: Part) -> list[list[Part]]:
        return [[one], *([*chain, one] for key in one.after for chain in ending(by_key[key]))]

    return [chain for one in parts for chain in ending(one)]


@given(graphs())
def test_the_critical_path_is_a_path_and_no_chain_is_longer(parts: list[Part]) -> None:
    found = lay_out(parts, 0.0)
    by_key = {one.key: one for one in parts}
    assert all(before in by_key[key].after for before, key in zip(found.critical, found.critical[1:], strict=False))

    def length(chain: Sequence[Part]) -> tuple[float, int]:
        return sum(one.estimate.seconds or 0.0 for one in chain), len(chain)

    every = chains(parts)
    assert length([by_key[key] for key in found.critical]) == max(map(length, every))
    assert found.seconds == max(map(length, every))[0]
    for one in found.nodes:
        through = max(length(chain)[0] for chain in every if by_key[one.key] in chain)
        known = all(other.estimate.seconds is not None for other in parts)
        assert one.slack == (found.seconds - through if known else None)


def played(*events: tuple[float, ev.Event], now: float) -> Timeline:
    state = replay(Recorded(seq, at, event) for seq, (at, event) in enumerate(events, 1))
    return make_timeline(make_board(PLAN, state, now), now)


def started(name: str, at: float) -> tuple[float, ev.Event]:
    return at, ev.AgentStarted(name=name, session="s", agent="shell", model="", window="@1", pane="%1", pid=1)


def changed(name: str, state: WorkstreamState, at: float) -> tuple[float, ev.Event]:
    return at, ev.StateChanged(name=name, state=state, reason="", source=Source.HOOK)


def progress(name: str, at: float, **said: object) -> tuple[float, ev.Event]:
    return at, ev.ProgressChanged(name=name, progress=Progress(**said))  # type: ignore[arg-type]


def merge(name: str, workstreams: tuple[str, ...], begin: float, end: float) -> list[tuple[float, ev.Event]]:
    plan = MergePlan(checkpoint=name, into="i", into_oid="b", creates_into=True, steps=())
    moved = ev.CheckpointMerged(
        checkpoint=name, into="i", before_oid="", base_oid="b", after_oid="r", workstreams=workstreams, heads=()
    )
    return [(begin, ev.MergeStarted(id="m", plan=plan)), (end, moved)]


def test_nothing_is_known_before_anything_ran() -> None:
    found = played(now=HOUR)
    assert [key.name for key in found.critical] == ["a", "first", "c", "last"]
    assert found.unknown == found.critical
    assert all(one.seconds is one.expected_at is one.slack is None for one in found.nodes)
    assert [one.planned_at for one in found.nodes] == [10 * HOUR, 10 * HOUR, 20 * HOUR, 10 * HOUR, 20 * HOUR]


def test_work_is_measured_once_done_and_estimated_by_what_is_reported_before() -> None:
    begun = [started("a", HOUR), started("b", HOUR), started("c", HOUR)]
    said = [
        progress("a", 2 * HOUR, percent=25.0),
        progress("b", 2 * HOUR, eta="90 min"),
        progress("c", HOUR, percent=0),
    ]
    alive = [changed(name, WorkstreamState.WORKING, HOUR) for name in "abc"]
    found = played(*begun, *alive, *said, now=3 * HOUR)
    assert [one.seconds for one in found.nodes[:3]] == [8 * HOUR, 2.5 * HOUR, None]
    assert [one.expected_at for one in found.nodes[:3]] == [9 * HOUR, 3.5 * HOUR, None]
    over = played(*begun, *alive, *said, changed("a", WorkstreamState.DONE, 4 * HOUR), now=9 * HOUR)
    assert (over.nodes[0].seconds, over.nodes[0].ended_at) == (3 * HOUR, 4 * HOUR)
    halted = played(*begun, *said, changed("a", WorkstreamState.FAILED, 3 * HOUR), now=9 * HOUR)
    assert (halted.nodes[0].seconds, halted.nodes[0].expected_at) == (8 * HOUR, None)


def test_merges_are_measured_and_end_their_workstreams() -> None:
    work = [started("a", HOUR), changed("a", WorkstreamState.DONE, 2 * HOUR), started("b", HOUR)]
    idle = changed("b", WorkstreamState.STOPPED, 3 * HOUR)
    found = played(*work, idle, *merge("first", ("a", "b"), 11 * HOUR, 12 * HOUR), now=13 * HOUR)
    first = found.checkpoint("first")
    assert first is not None
    assert (first.seconds, first.ended_at, first.risk, first.late) == (HOUR, 12 * HOUR, "2h00m late", True)
    assert first.ready_at == 12 * HOUR
    assert (found.nodes[1].seconds, found.nodes[1].ended_at) == (2 * HOUR, 12 * HOUR)
    assert found.checkpoint("none") is None


def test_sitting_at_the_prompt_after_the_work_is_no_work() -> None:
    work = [started("a", HOUR), changed("a", WorkstreamState.DONE, 2 * HOUR), started("b", HOUR)]
    over = [changed(name, WorkstreamState.EXITED, 9 * HOUR) for name in "ab"]
    found = played(*work, *over, now=10 * HOUR)
    assert [(one.seconds, one.ended_at) for one in found.nodes[:2]] == [(HOUR, 2 * HOUR), (None, None)]
    twice = played(*work, changed("a", WorkstreamState.DONE, 3 * HOUR), now=4 * HOUR).nodes[0]
    assert (twice.seconds, twice.ended_at) == (HOUR, 2 * HOUR)
    again = played(*work, changed("a", WorkstreamState.WORKING, 3 * HOUR), now=4 * HOUR).nodes[0]
    assert (again.seconds, again.ended_at) == (None, None)
    more = [changed("a", WorkstreamState.WORKING, 7 * HOUR), changed("a", WorkstreamState.DONE, 8 * HOUR)]
    found = played(*work, *merge("first", ("a", "b"), 4 * HOUR, 5 * HOUR), *more, *over, now=10 * HOUR)
    assert [(one.seconds, one.ended_at) for one in found.nodes[:2]] == [(HOUR, 2 * HOUR), (4 * HOUR, 5 * HOUR)]
    removed = played(*work, (3 * HOUR, ev.WorktreeRemoved(name="a", backup="")), now=10 * HOUR).nodes[0]
    assert (removed.seconds, removed.ended_at) == (HOUR, 2 * HOUR)
    restarted = played(*work, *over, started("a", 9.5 * HOUR), now=10 * HOUR).nodes[0]
    assert restarted.ended_at is None


def test_a_merged_branch_without_an_agent_ended_with_the_merge() -> None:
    found = played(*merge("first", ("a", "b"), 4 * HOUR, 5 * HOUR), now=10 * HOUR)
    assert [(one.seconds, one.ended_at) for one in found.nodes[:2]] == [(None, 5 * HOUR)] * 2


def test_a_blocked_checkpoint_has_no_expected_end() -> None:
    plan = MergePlan(checkpoint="first", into="i", into_oid="b", creates_into=True, steps=())
    ready = [changed("a", WorkstreamState.DONE, HOUR), changed("b", WorkstreamState.DONE, HOUR)]
    tried = [(HOUR, ev.MergeStarted(id="m", plan=plan, rehearsal=True))]
    green = ev.CheckpointRehearsed(checkpoint="first", heads=("h",), result="r", green=True, reason="")
    again = [*ready, *tried, (HOUR + 60, green)]
    found = played(*again, now=2 * HOUR).checkpoint("first")
    assert found is not None
    assert (found.seconds, found.expected_at, found.ready_at) == (60.0, 2 * HOUR + 60, HOUR)
    blocked = (HOUR + 90, ev.CheckpointBlocked(checkpoint="first", reason="red"))
    stuck = played(*again, blocked, now=2 * HOUR).checkpoint("first")
    assert stuck is not None
    assert (stuck.seconds, stuck.expected_at, stuck.earliest_at) == (60.0, None, 2 * HOUR)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2h", 2 * HOUR), ("~1.5 hours left", 1.5 * HOUR), ("1h 30m", 1.5 * HOUR), ("1h30", 1.5 * HOUR),
        ("in 2 days", 48 * HOUR),
        ("20 minutes", 1200.0), ("about 1 week.", 168 * HOUR), ("2-3 days", None), ("Day 5", None), ("soon", None),
        ("", None), ("5", None), ("2 months", None), ("2 hours after the review", None),
    ],
)  # fmt: skip
def test_eta_as_a_length(text: str, seconds: float | None) -> None:
    assert eta_moment(text, 1000.0) == (None if seconds is None else 1000.0 + seconds)
    assert eta_moment(text, 0.0) is None


def test_eta_as_a_date() -> None:
    assert eta_moment("2026-11-25", 0.0) == datetime(2026, 11, 26).timestamp()
    assert eta_moment("2026-11-25 14:00", 0.0) == datetime(2026, 11, 25, 14).timestamp()
    assert eta_moment("2026-11-25 14:00 UTC", 0.0) == datetime.fromisoformat("2026-11-25T14:00+00:00").timestamp()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(5, "5s"), (60, "1m"), (3599, "1h00m"), (7500, "2h05m"), (180_000, "2d2h"), (172_799, "2d0h")],
)
def test_span(seconds: float, text: str) -> None:
    assert span_text(seconds) == text


def test_json_has_the_documented_keys() -> None:
    shown = json.loads(json.dumps(timeline_json(played(now=HOUR))))
    assert set(shown) == {"critical_path", "seconds", "unknown", "nodes"}
    assert shown["critical_path"][0] == {"kind": "workstream", "name": "a"}
    assert shown["nodes"][2] == {
        "kind": "workstream", "name": "c", "after": [{"kind": "checkpoint", "name": "first"}], "critical": True,
        "seconds": None, "planned_at": 20 * HOUR, "ready_at": None, "ended_at": None, "expected_at": None,
        "earliest_at": HOUR, "slack": None, "risk": None,
    }  # fmt: skip
