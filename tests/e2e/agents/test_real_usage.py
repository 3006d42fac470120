"""What real agents use is counted to the token: sub-agents, other models, over the death of whoever counts."""

from __future__ import annotations

import contextlib
import os
import signal

import pytest

from tests.e2e.agents.conftest import Employ
from tests.support.agent_world import NAME, AgentWorld
from tests.support.standin import Call, Say
from tests.support.terminals import wait_until

pytestmark = pytest.mark.e2e


def sub_agent(one: AgentWorld) -> Call:
    """Return the call by which this agent sends another one, of another model where it has a choice."""
    tools = one.lane.main[0].tools
    if "multi_agent_v1/spawn_agent" in tools:
        return Call("multi_agent_v1/spawn_agent", {"message": "Say hello.", "agent_type": "default"})
    words = {"description": "Look about", "prompt": "Say hello.", "subagent_type": "general-purpose", "model": "haiku"}
    return Call("Agent" if "Agent" in tools else "Task", words)


def used(one: AgentWorld) -> dict[str, tuple[int, int, int]]:
    """Return what the stand-in has told by model: input, output, from a cache."""
    sums: dict[str, tuple[int, int, int]] = {}
    for told in one.lane.main:
        if told.usage is not None:
            before = sums.get(told.model, (0, 0, 0))
            usage = (told.usage.input, told.usage.output, told.usage.cache_read)
            sums[told.model] = (before[0] + usage[0], before[1] + usage[1], before[2] + usage[2])
    return sums


def reported(one: AgentWorld) -> dict[str, tuple[int, int, int]]:
    """Return what autod's report says of each model."""
    models = one.stand.ask("report")["models"]
    return {model: (counts["input"], counts["output"], counts["cached"]) for model, counts in models.items()}


@pytest.mark.parametrize("agent", ("claude", "codex"))
def test_each_token_is_counted_over_the_deaths_of_conductor_and_agent(employ: Employ, agent: str) -> None:
    one = employ(agent)
    one.lane.add(Say("Ready."))
    with contextlib.suppress(AssertionError), one.conducted():
        one.up()
        one.wait_state("done")
        one.lane.add(sub_agent(one), Say("Hello."), Say("The rest.", gate="end"))
        one.stand.ask("send", NAME, "Send one.")
        one.lane.wait_asked(4)
        os.kill(one.stand.ask("status")["project"]["conductor"], signal.SIGKILL)
    one.lane.release("end")
    with one.conducted():
        wait_until(lambda: all(asked.answered_at for asked in one.lane.main), "all answers")
        one.wait_counted()
        one.kill()
        one.wait_state("failed")
        asked = len(one.lane.main)
        one.lane.add(Say("Resumed."))
        one.up()
        one.lane.wait(lambda lane: len(lane.main) > asked and bool(lane.main[-1].answered_at), "an answer")
        one.wait_counted()
    assert reported(one) == used(one)
