"""Real agents whose model refuses: errors are told in the agent's words, and a limit is not taken for work."""

from __future__ import annotations

import pytest

from tests.e2e.agents.conftest import Employ
from tests.support.agent_world import NAME
from tests.support.standin import Refuse, Say

pytestmark = pytest.mark.e2e
WORDS = {"claude": "API Error: 500", "codex": "high demand"}


@pytest.mark.parametrize("agent", ("claude", "codex"))
def test_an_error_of_the_service_is_told_in_its_words(employ: Employ, agent: str) -> None:
    one = employ(agent, CLAUDE_CODE_MAX_RETRIES="1")
    refusals = {"claude": 2, "codex": 4}[agent]
    one.lane.add(*[Refuse(500)] * refusals, Say("Now it works."))
    with one.conducted():
        one.up()
        assert WORDS[agent] in one.wait_state("failed")["reason"]
        one.stand.ask("send", NAME, "Try again.")
        one.wait_state("done")
        one.wait_counted()


@pytest.mark.parametrize("agent", ("claude", "codex"))
def test_a_limit_is_waited_for_and_then_it_works_on(employ: Employ, agent: str) -> None:
    one = employ(agent)
    one.lane.add(Say("Ready."), Refuse(429, retry_after=5), Say("Now it works.", gate="end"))
    with one.conducted():
        one.up()
        one.wait_state("done")
        one.stand.ask("send", NAME, "Begin.")
        asked = one.lane.wait_asked(2)
        limited = one.wait_state("rate-limited")
        assert asked.at < limited["until"] < asked.at + 10
        one.lane.wait_asked(3)
        one.wait_state("working")  # though nothing has been answered yet
        one.lane.release("end")
        one.wait_state("done")
        one.wait_counted()


def test_a_limit_that_an_agent_gives_up_on_is_told_as_one(employ: Employ) -> None:
    one = employ("codex")
    one.lane.add(Refuse(429), Say("Now it works."))
    with one.conducted():
        one.up()
        assert "429" in one.wait_state("rate-limited")["reason"]
        assert "failed" not in one.states()  # its terminal says no more than that it could not go on
