"""Real agents that are killed, watched by nobody, and started again where they were."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess

import pytest

from tests.e2e.agents.conftest import Employ
from tests.support.agent_world import NAME, PATIENCE
from tests.support.standin import Say, Shell
from tests.support.terminals import wait_until

pytestmark = pytest.mark.e2e
AGENTS = ("claude", "codex")
AT_ONCE = 2.0
"""Seconds for which a dead agent may still be called alive."""


@pytest.mark.parametrize("agent", AGENTS)
def test_killed_it_has_failed_at_once(employ: Employ, agent: str) -> None:
    one = employ(agent)
    one.lane.add(Say("Never heard.", gate="never"))
    with one.conducted():
        one.up()
        one.wait_state("working")
        killed = one.kill()
        failed = one.wait_state("failed")
        assert "kill" in failed["reason"].lower()
        assert failed["at"] - killed < AT_ONCE


@pytest.mark.parametrize("agent", AGENTS)
def test_without_a_conductor_each_look_tells_the_truth(employ: Employ, agent: str) -> None:
    one = employ(agent)
    one.lane.add(Shell("touch made", beyond=True), Say("All done."))
    one.up()
    one.stand.wait_state(NAME, "waiting", patience=PATIENCE)
    one.stand.ask("answer", NAME, "1")
    one.stand.wait_state(NAME, "done", patience=PATIENCE)
    one.wait_counted()
    one.kill()
    assert "kill" in one.stand.wait_state(NAME, "failed", patience=PATIENCE)["reason"].lower()


@pytest.mark.parametrize("agent", AGENTS)
def test_started_again_it_goes_on_with_its_conversation(employ: Employ, agent: str) -> None:
    one = employ(agent)
    one.lane.add(Say("The first turn."), Say("Never heard.", gate="never"), Say("The rest."), Say("Anew."))
    with one.conducted():
        first = one.up()
        one.wait_state("done")
        one.stand.ask("send", NAME, "Go on.")
        one.lane.wait_asked(2)
        one.wait_state("working")
        one.kill()
        one.wait_state("failed")
        resumed = one.up()
        one.wait_state("done")
        assert resumed.session == first.session
        one.wait_counted()
        living = one.pid
        one.stand.ask("up", NAME)
        assert one.pid == living
        one.kill()
        one.wait_state("failed")
        assert one.up("--fresh").session != first.session
        one.wait_state("done")
        one.wait_counted()


@pytest.mark.parametrize("agent", AGENTS)
def test_after_the_death_of_tmux_and_conductor_it_goes_on_as_the_only_one(employ: Employ, agent: str) -> None:
    one = employ(agent)
    one.lane.add(Say("The first turn."), Say("Never heard.", gate="never"), Say("The rest."))
    with contextlib.suppress(AssertionError), one.conducted():
        first = one.up()
        one.wait_state("done")
        one.stand.ask("send", NAME, "Go on.")
        one.lane.wait_asked(2)
        one.wait_state("working")
        living = one.stand.processes(AUTOD_WORKSTREAM=NAME)
        os.kill(int(one.stand.tmux("display-message", "-p", "#{pid}")), signal.SIGKILL)
        os.kill(one.stand.ask("status")["project"]["conductor"], signal.SIGKILL)
    assert one.stand.workstream(NAME)["state"] in ("lost", "failed")
    wait_until(lambda: not living.keys() & one.stand.processes(AUTOD_WORKSTREAM=NAME).keys(), "its end", PATIENCE)
    one.changes.clear()
    with one.conducted():
        resumed = one.up()
        one.wait_state("done")
        assert resumed.session == first.session
        one.wait_counted()
        one.stand.ask("up", NAME)
        assert len(one.lane.main) == 3


def test_what_a_dead_agents_tools_left_running_makes_room_for_the_next(employ: Employ) -> None:
    one = employ("claude")
    one.lane.add(Say("The first turn."), Shell("touch made; tail -f made", beyond=True), Say("The rest."))
    with one.conducted():
        first = one.up()
        one.wait_state("done")
        one.stand.ask("send", NAME, "Go on.")
        one.wait_state("waiting")
        wait_until(lambda: "1. Yes" in one.screen(), "its question on the screen", PATIENCE)
        one.stand.ask("answer", NAME, "1")
        wait_until(lambda: "tail -f made" in str(one.stand.processes(AUTOD_WORKSTREAM=NAME)), "its tool", PATIENCE)
        living = one.stand.processes(AUTOD_WORKSTREAM=NAME)
        one.kill()
        one.wait_state("failed")
        assert "tail -f made" in str(one.stand.processes(AUTOD_WORKSTREAM=NAME))
        told = one.stand.autod("up", NAME, "--yes").stdout
        assert "resumed its conversation; ended what its last agent had left running" in told
        assert not living.keys() & one.stand.processes(AUTOD_WORKSTREAM=NAME).keys()
        assert one.lane.wait_asked(3).session == first.session
        one.wait_state("done")


BY_HAND = {"claude": ("claude", "-p", "Begin."), "codex": ("codex", "exec", "Begin.")}


@pytest.mark.parametrize("agent", AGENTS)
def test_one_that_a_person_started_by_hand_is_neither_doubled_nor_ended(employ: Employ, agent: str) -> None:
    one = employ(agent)
    one.lane.add(Say("The first turn."), Say("By hand.", gate="hand"), Say("The rest."))
    with one.conducted():
        one.up()
        one.wait_state("done")
        one.stand.ask("down", NAME)
        nothing = subprocess.DEVNULL
        with subprocess.Popen(
            BY_HAND[agent],
            cwd=one.worktree,
            env=one.stand.env,
            stdin=nothing,
            stdout=nothing,
            stderr=nothing,
            start_new_session=True,
        ) as hand:
            try:
                one.lane.wait_asked(2)
                (refused,) = one.stand.ask("up", NAME, code=1)["workstreams"]
                assert "autod has not started lives in its worktree" in refused["reason"]
                assert str(hand.pid) in refused["reason"]
                assert one.stand.workstream(NAME)["by_hand"] == [{"agent": agent, "pid": hand.pid}]
                one.stand.ask("down", NAME)
                assert hand.poll() is None
                assert len(one.lane.main) == 2
                one.lane.release("hand")
            except BaseException:
                hand.kill()
                raise
        one.up()
        one.wait_state("done")
