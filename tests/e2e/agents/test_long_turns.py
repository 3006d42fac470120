"""Turns of Claude Code that pause: for sub-agents that work on, for a conversation that is compacted."""

from __future__ import annotations

import pytest

from tests.e2e.agents.conftest import Employ
from tests.support.agent_world import NAME
from tests.support.standin import Call, Say, Shell, Usage
from tests.support.terminals import wait_until

pytestmark = pytest.mark.e2e
NEARLY_FULL = Usage(input=195_000, output=10)


def test_a_turn_that_waits_for_a_sub_agent_is_work(employ: Employ) -> None:
    one = employ("claude")
    one.lane.add(Say("Ready."))
    with one.conducted():
        one.up()
        one.wait_state("done")
        begun = len(one.changes)
        task = {"description": "Look about", "prompt": "Say hello.", "subagent_type": "general-purpose"}
        sent = Call("Agent", {**task, "run_in_background": True}, saying="I send one.")
        # which of the two asks first is theirs to say: both are given the same
        one.lane.add(sent, Say("Well.", gate="main"), Say("Well.", gate="sub"), Say("All done.", gate="end"))
        one.stand.ask("send", NAME, "Send one.")
        one.lane.wait_asked(4)
        one.lane.release("main" if "Say hello." not in one.lane.main[2].prompt else "sub")
        one.lane.wait(lambda lane: any(asked.answered_at for asked in lane.main[2:4]), "an answer to the main agent")
        wait_until(lambda: "Well." in one.screen(), "its turn's end: a sub-agent that ends sooner is none to wait for")
        one.lane.release("main")
        one.lane.release("sub")
        one.lane.wait_asked(5)
        one.lane.release("end")
        one.wait_state("done")
        assert one.states(begun) == ["working", "done"]


def test_a_conversation_that_is_compacted_amid_a_turn_goes_on(employ: Employ) -> None:
    one = employ("claude", CLAUDE_AUTOCOMPACT_PCT_OVERRIDE="10")
    one.lane.add(Say("Ready."))
    with one.conducted():
        one.up()
        one.wait_state("done")
        begun = len(one.changes)
        summary = Say("<summary>What was.</summary>", gate="summary")
        one.lane.add(Shell("sleep 1", usage=NEARLY_FULL), summary, Say("All done.", gate="end"))
        one.stand.ask("send", NAME, "Go on.")
        if "summary" not in one.lane.wait_asked(3).prompt:
            pytest.skip("this Claude Code compacts later than it is told to")
        one.lane.release("summary")
        one.lane.wait_asked(4)
        one.lane.release("end")
        one.wait_state("done")
        assert one.states(begun) == ["working", "done"]
