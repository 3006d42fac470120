"""Real agents that ask: answered in words of one's own, and never with what they don't offer."""

from __future__ import annotations

import pytest

from tests.e2e.agents.conftest import Employ
from tests.support.agent_world import NAME
from tests.support.standin import Ask, Say, Shell
from tests.support.terminals import wait_until

pytestmark = pytest.mark.e2e
AGENTS = ("claude", "codex")


@pytest.mark.parametrize("agent", AGENTS)
def test_leave_is_refused_in_words_that_it_hears(employ: Employ, agent: str) -> None:
    one = employ(agent)
    one.lane.add(Shell("touch made", beyond=True), Say("All done."))
    with one.conducted():
        one.up()
        one.wait_state("waiting")
        wait_until(lambda: one.stand.ask("answer", NAME)["question"], "the question on the screen")
        asked = one.stand.ask("answer", NAME)
        assert "touch made" in asked["question"]["text"]
        assert asked["question"]["free_text"]
        refused = one.stand.ask("answer", NAME, "perhaps", code=1)
        assert "Yes" in refused["error"]["hint"]
        one.stand.ask("answer", NAME, "--text", "call it 1 or 2 instead", "--seen", asked["seen"])
        one.lane.wait_asked(2)
        one.wait_state("done")
        if agent == "claude":
            assert "call it 1 or 2 instead" in one.lane.main[1].heard
        else:  # its words come as the person's next message
            assert "› call it 1 or 2 instead" in one.screen()
        assert not (one.worktree / "made").exists()


def test_a_question_is_answered_in_words_of_ones_own(employ: Employ) -> None:
    one = employ("claude")
    one.lane.add(Ask("Which colour?", ("Red", "Green")), Say("All done."))
    with one.conducted():
        one.up()
        one.wait_state("waiting")
        wait_until(lambda: one.stand.ask("answer", NAME)["question"], "the question on the screen")
        one.stand.ask("answer", NAME, "--text", "2 parts sea, 1 part green")
        one.wait_state("done")
        assert "2 parts sea, 1 part green" in one.lane.main[1].heard


def test_a_session_left_waiting_overnight_is_answered_by_whoever_comes(employ: Employ) -> None:
    one = employ("claude")
    one.lane.add(Shell("touch made", beyond=True), Say("All done."))
    with one.conducted():
        one.up()
        one.wait_state("waiting")
    one.stand.ask("answer", NAME, "yes")
    one.lane.wait_asked(2)
    wait_until(lambda: (one.worktree / "made").exists(), "the work")
