"""Real agents as the sessions of a run: without a person, to the end, each token counted."""

from __future__ import annotations

import json

import pytest

from tests.e2e.agents.conftest import Employ
from tests.support.agent_world import ONE_TASK
from tests.support.standin import Say, Write

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("agent", ("claude", "codex"))
def test_a_task_is_worked_on_merged_and_its_tokens_are_counted(employ: Employ, agent: str) -> None:
    one = employ(agent)
    one.stand.write("workstreams/week.toml", ONE_TASK)
    one.stand.commit("plan")
    one.lane.add(Write("t1.txt", "made\n"), Say("It is made."))
    told_of = one.stand.autod("run", "week", "--json", "--yes")
    assert told_of.returncode == 0, told_of.stdout + told_of.stderr
    run = json.loads(told_of.stdout.splitlines()[-1])
    assert one.stand.git("show", "done:t1.txt") == "made"
    assert run["tokens"] == dict(zip(("input", "output", "cached"), one.told(), strict=True))
