"""Limits of cost and tokens, and rate limits: what they hold back, and in which words."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autod_tui.core import events as ev
from autod_tui.core import run_events as re
from autod_tui.core.agent_events import AgentsFreed, AgentsHeld, ConversationKnown, LimitRaised, UsageMeasured
from autod_tui.core.amounts import dollars_of, tokens_of
from autod_tui.core.dispatch import StartWorkstream, hold_reason, next_actions
from autod_tui.core.errors import UsageError
from autod_tui.core.events import Recorded
from autod_tui.core.limits import agents_held, left_words, limit_reason, limits_of
from autod_tui.core.plan import AgentProfile, Plan
from autod_tui.core.replay import replay
from autod_tui.core.run import SessionState
from autod_tui.core.schedule import Finish, StartSession, holds, next_steps
from autod_tui.core.state import State
from autod_tui.core.usage import Price, PriceList, Tokens, Usage, total_usage, usage_of
from autod_tui.core.usage_words import cost_words, token_words, usage_words
from tests.support.engine import make_plan, workstream
from tests.support.simulate import Simulation, make_run_plan, stage

PRICES = PriceList(models={"m": Price(input=1, output=2, cached=0.1, written=1.25)})


def plan(**project: object) -> Plan:
    made = make_plan([workstream("a"), workstream("b")])
    agents = {
        "claude": AgentProfile(name="claude", command=("c",), family="claude"),
        "mine": AgentProfile(name="mine", command=("c",), family="claude"),
        "codex": AgentProfile(name="codex", command=("x",), family="codex"),
    }
    lanes = tuple(msgspec.structs.replace(spec, agent="mine") for spec in made.workstreams)
    return msgspec.structs.replace(
        made, agents=agents, workstreams=lanes, project=msgspec.structs.replace(made.project, **project)
    )


def told(*events: ev.Event, state: State | None = None) -> State:
    begin = state.seq if state else 0
    return replay([Recorded(begin + at, float(at), event) for at, event in enumerate(events, 1)], state)


def wanted() -> State:
    return told(*(ev.WorkstreamWanted(name=name, wanted=True) for name in "ab"))


def used(name: str, dollars: float | None, tokens: int = 10, conversation: str = "c") -> ev.Event:
    usage = Usage(input=tokens, output=0, cached=0, cost_usd=dollars)
    return UsageMeasured(name=name, conversation=conversation, usage=usage)


def test_a_project_over_its_limit_starts_nothing_and_says_how_to_go_on() -> None:
    limited = plan(max_cost_usd=1.0)
    state = told(used("a", 0.6), used("b", 0.3), state=wanted())
    assert len(next_actions(limited, state)) == 2
    state = told(used("b", 0.5), state=state)
    assert next_actions(limited, state) == ()
    words = "the project has spent $1.10 of $1.00: autod allow --cost USD allows more"
    assert hold_reason(limited, state, "a") == words
    state = told(LimitRaised(cost_usd=2.0), state=state)
    assert len(next_actions(limited, state)) == 2 and hold_reason(limited, state, "a") == ""
    assert limits_of(limited, state).cost_usd == 2.0


def test_a_workstream_over_its_limit_holds_nobody_else() -> None:
    made = plan()
    lanes = (msgspec.structs.replace(made.workstreams[0], max_tokens=1000), made.workstreams[1])
    limited = msgspec.structs.replace(made, workstreams=lanes)
    state = told(used("a", None, 1000), state=wanted())
    assert next_actions(limited, state) == (StartWorkstream("b"),)
    assert hold_reason(limited, state, "a") == "a has used 1.0k of 1.0k tokens: autod allow a --tokens N allows more"
    state = told(LimitRaised(name="a", tokens=5000), state=state)
    assert hold_reason(limited, state, "a") == ""


def test_unknown_cost_is_no_cost_and_no_proof_of_none() -> None:
    limited = plan(max_cost_usd=1.0)
    state = told(used("a", None, 10**9), state=wanted())
    assert limit_reason(limited, state) == ""
    assert state.workstream("a").usage.cost_usd is None
    # what is known to be spent counts, whatever else was used
    state = told(used("a", 1.0, conversation="d"), state=state)
    assert limit_reason(limited, state) and state.workstream("a").usage.cost_usd is None


def test_a_run_counts_for_the_project_and_is_held_by_it() -> None:
    limited = plan(max_tokens=100)
    simulation = Simulation(make_run_plan([stage("build")], 3, agent="codex"))
    simulation.once()
    session = next(iter(simulation.run.sessions))
    simulation.tell(re.SessionMeasured(run=simulation.run.id, session=session, usage=Usage(input=100)))
    held = agents_held(limited, simulation.state, ("codex", "claude"))
    assert set(held) == {"codex", "claude"} and "autod allow" in held["codex"]
    assert agents_held(plan(), simulation.state, ("codex",)) == {}


def test_a_rate_limit_holds_the_family_and_nobody_else() -> None:
    made = plan()
    state = told(AgentsHeld(family="claude", until=500.0, reason="429"), state=wanted())
    assert next_actions(made, state) == ()
    assert hold_reason(made, state, "a", 250.0) == "claude is rate-limited, 4:10 left"
    assert "claude is rate-limited until " in hold_reason(made, state, "a")
    assert agents_held(made, state, ("codex", "mine"), 490.0) == {"mine": "claude is rate-limited, 0:10 left"}
    freed = told(AgentsFreed(family="claude"), state=state)
    assert len(next_actions(made, freed)) == 2 and hold_reason(made, freed, "a") == ""


def test_held_agents_start_no_sessions_and_nobody_is_called_a_failure() -> None:
    simulation = Simulation(make_run_plan([stage("build", 3), stage("audit", agent="codex")], 2, agent="claude"))
    held = {"claude": "claude is rate-limited, 0:30 left"}
    assert next_steps(simulation.run, free=9, now=1.0, held=held) == ()
    assert holds(simulation.run, "t1", held=held) == held["claude"]
    assert holds(simulation.run, "t1") == ""
    assert [type(step) for step in next_steps(simulation.run, free=9, now=1.0, held={"codex": "x"})] == [StartSession]
    assert not any(isinstance(step, Finish) for step in next_steps(simulation.run, free=9, now=1.0, held=held))


def test_tasks_given_back_by_a_rate_limit_count_no_attempt() -> None:
    simulation = Simulation(make_run_plan([stage("build", attempts=1)], 1, agent="claude"))
    simulation.once()
    session = next(iter(simulation.run.sessions))
    run = simulation.run.id
    simulation.tell(
        re.SessionEnded(run=run, session=session, state=SessionState.FAILED, reason="exit status 1"),
        re.TaskRequeued(run=run, task="t1", not_before=2000.0),
    )
    task = simulation.run.tasks["t1"]
    assert (task.state.value, dict(task.attempts), task.lost) == ("queued", {}, 0)
    assert next_steps(simulation.run, free=9, now=1999.0) == ()
    assert isinstance(next_steps(simulation.run, free=9, now=2000.0)[0], StartSession)


def test_a_conversation_counts_from_the_first_agent_that_had_it() -> None:
    def agent(session: str) -> ev.Event:
        return ev.AgentStarted(name="a", session=session, agent="mine", model="", window="@1", pane="%1", pid=1)

    state = told(agent("s1"), ConversationKnown(name="a", session="s1", conversation="c"))
    stop = ev.AgentStopped(name="a")
    state = told(stop, agent("s2"), ConversationKnown(name="a", session="s2", conversation="c"), state=state)
    assert state.workstream("a").counted_from == {"c": 1.0}


counts = st.builds(Tokens, input=st.integers(0, 9), output=st.integers(0, 9), cached=st.integers(0, 9))


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xyz"), counts), max_size=12), st.randoms())
def test_order_and_repetition_never_change_sums(words: list[tuple[str, str, Tokens]], random: object) -> None:
    last = {(name, conversation): usage_of({"m": tokens}, PRICES) for name, conversation, tokens in words}
    events = [UsageMeasured(name=name, conversation=one, usage=usage) for (name, one), usage in last.items()]
    before = [UsageMeasured(name=n, conversation=c, usage=usage_of({"m": t}, PRICES)) for n, c, t in words]
    random.shuffle(events)  # type: ignore[attr-defined]
    sums = [told(*before), told(*events), told(*before, *events, *events)]
    assert len({total_usage(state.workstream("a").spent.values()).total for state in sums}) == 1


def test_prices_hold_for_editions_of_a_model_and_for_no_other() -> None:
    prices = PriceList(models={"m-5": PRICES.models["m"], "m-5-mini": PRICES.models["m"]})
    for name in ("m-5", "m-5-20260101", "m-5-latest", "m-5[1m]", "vendor/m-5", "m-5-mini-2026-01-01", "m-5@20260101"):
        assert prices.of(name) is not None, name
    for name in ("m-5-5", "m-5.1", "m-5-pro", "m-50", "x-m-5", "m", ""):
        assert prices.of(name) is None, name


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (None, "?"),
        (0, "0"),
        (870, "870"),
        (12_345, "12.3k"),
        (99_949, "99.9k"),
        (123_456, "123k"),
        (4_560_000, "4.56M"),
    ],
)
def test_tokens_in_words(count: int | None, words: str) -> None:
    assert token_words(count) == words


def test_money_and_time_in_words() -> None:
    assert [cost_words(one) for one in (None, 0.0, 0.004, 0.42, 1234.5)] == [
        "?",
        "$0.00",
        "<$0.01",
        "$0.42",
        "$1,234.50",
    ]
    assert [left_words(one) for one in (-3, 9.6, 250, 3850)] == ["0:00", "0:10", "4:10", "1:04:10"]
    assert usage_words(Usage()) == "" and usage_words(Usage(input=5)) == "5 tokens, ?"


@pytest.mark.parametrize(
    ("text", "tokens"), [("500000", 500_000), ("500k", 500_000), (" 2.5M", 2_500_000), ("1_000", 1000)]
)
def test_tokens_as_typed(text: str, tokens: int) -> None:
    assert tokens_of(text) == tokens


@pytest.mark.parametrize("text", ["", "k", "-1", "many", "inf", "1e999", "nan"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        tokens_of(text)
    with pytest.raises(UsageError):
        dollars_of(text)


def test_dollars_as_typed() -> None:
    assert [dollars_of(text) for text in ("12.50", "$3", " $0 ")] == [12.5, 3.0, 0.0]
