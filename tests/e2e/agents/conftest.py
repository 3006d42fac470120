"""A model for each test; a world with the agent that the test is for."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.support.agent_world import AgentWorld
from tests.support.e2e_world import World
from tests.support.standin import StandIn

Employ = Callable[..., AgentWorld]


@pytest.fixture
def model() -> Iterator[StandIn]:
    with StandIn() as standin:
        yield standin


@pytest.fixture
def employ(stand: World, model: StandIn) -> Employ:
    """Return what makes a world for an agent; it skips the test where that agent is not installed."""

    def with_agent(agent: str, **env: str) -> AgentWorld:
        return AgentWorld(stand, model, agent, **env)

    return with_agent
