"""Limits with real agents: who is held, for how long, in which words, and how a person lets them go on."""

from __future__ import annotations

import contextlib
import os
import signal
import time

import pytest

from tests.e2e.agents.conftest import Employ
from tests.support.agent_world import NAME, AgentWorld
from tests.support.standin import Refuse, Say
from tests.support.terminals import wait_until

pytestmark = pytest.mark.e2e


def second(one: AgentWorld) -> None:
    one.stand.write("workstreams/two/STARTUP.md", "# two\nDo what the model says.\n")
    one.stand.commit("declare the second")


def test_a_limit_of_tokens_holds_new_agents_until_more_is_allowed(employ: Employ) -> None:
    one = employ("claude")
    with (one.stand.root / "autod.toml").open("a") as settings:
        settings.write("max_tokens = 1000\n")
    second(one)
    one.lane.add(Say("Done."), Say("Done too."))
    with one.conducted():
        one.up()
        one.wait_state("done")
        one.wait_counted()
        told = one.stand.ask("up", "two")["workstreams"][0]
        assert told["state"] == "waiting" and "autod allow --tokens N allows more" in told["reason"]
        status = one.stand.ask("status")
        assert status["project"]["tokens"] == one.stand.workstream(NAME)["tokens"]
        assert status["project"]["limit"] == told["reason"]
        assert one.stand.workstream(NAME)["state"] == "done"  # it is left alone
        one.stand.ask("allow", "--tokens", "900", code=1)
        one.stand.ask("allow", "--tokens", "1M")
        one.lane.wait_asked(2)
        wait_until(lambda: one.stand.workstream("two")["state"] == "done", "the second to be done")
        one.stand.ask("down")


def test_a_rate_limit_holds_the_others_over_the_death_of_the_conductor(employ: Employ) -> None:
    one = employ("claude")
    second(one)
    one.lane.add(Refuse(429, retry_after=15), Say("Now it works."), Say("Done too."))
    with contextlib.suppress(AssertionError), one.conducted():  # the one that is killed
        one.up()
        until = one.wait_state("rate-limited")["until"]
        wait_until(lambda: one.stand.ask("status")["project"]["held"], "a hold")
        told = one.stand.ask("up", "two")["workstreams"][0]
        assert told["state"] == "waiting" and told["reason"].startswith("claude is rate-limited, 0:")
        os.kill(one.stand.ask("status")["project"]["conductor"], signal.SIGKILL)
    with one.conducted():
        assert time.time() < until
        assert one.stand.ask("status")["project"]["held"][0].startswith("claude is rate-limited, 0:")
        assert one.stand.workstream("two")["state"] == "planned"
        one.lane.wait_asked(3)
        assert one.lane.main[-1].at > until - 1
        wait_until(lambda: not one.stand.ask("status")["project"]["held"], "nobody held")
        wait_until(lambda: one.stand.workstream("two")["state"] == "done", "the second to be done")
        one.stand.ask("down")


PLAN = """
[plan]
into = "done"
[[stage]]
name = "build"
attempts = 1
sessions = 1
[[task]]
id = "t1"
outputs = ["t1.txt"]
[[task]]
id = "t2"
outputs = ["t2.txt"]
"""


@pytest.mark.parametrize("agent", ("claude", "codex"))
def test_a_session_that_a_limit_ends_costs_its_tasks_no_attempt(employ: Employ, agent: str) -> None:
    one = employ(agent, CLAUDE_CODE_MAX_RETRIES="0")
    one.stand.write("workstreams/week.toml", PLAN)
    one.stand.commit("plan")
    refusals = {"claude": 1, "codex": 12}[agent]
    one.lane.add(*[Refuse(429)] * refusals)
    run = one.stand.start("run", "week", "--yes")
    try:
        wait_until(lambda: one.stand.ask("status")["project"]["held"], "a hold", 40)
        (held,) = one.stand.ask("runs")["runs"]

        def all_wait() -> bool:
            return {task["state"] for task in one.stand.ask("show", held["id"])["tasks"]} == {"queued"}

        wait_until(all_wait, "the session that met the limit to end")
        shown = one.stand.ask("show", held["id"])
        assert shown["state"] == "running"
        assert [task["attempts"] for task in shown["tasks"]] == [{}, {}]
        assert [session["state"] for session in shown["sessions"]] == ["failed"]
    finally:
        os.killpg(run.pid, signal.SIGTERM)
        _, errors = run.communicate()
    assert f"{agent} is rate-limited, 0:".encode() in errors


def test_what_was_used_while_nobody_conducted_is_counted_later(employ: Employ) -> None:
    one = employ("claude")
    one.lane.add(Say("Done.", gate="end"))
    with contextlib.suppress(AssertionError), one.conducted():
        one.up()
        one.wait_state("working")
        os.kill(one.stand.ask("status")["project"]["conductor"], signal.SIGKILL)
    one.lane.release("end")
    one.lane.wait(lambda lane: bool(lane.main[0].answered_at), "an answer")
    wait_until(one.recorded, "the answer in the agent's own record")
    one.stand.tmux("kill-server")
    one.wait_counted()
