"""What an agent's process does is what `status` says, with and without a conductor."""

from __future__ import annotations

import os
import signal

import pytest

from tests.support.e2e_world import World

pytestmark = pytest.mark.e2e

ENDINGS = r"""
case $AUTOD_WORKSTREAM in
  fine) exit 0 ;;
  seven) exit 7 ;;
  killed) kill -9 $$ ;;
  asks) echo 'Continue? [y/n]'; read answer; clear; echo "heard $answer"; exec sleep 1000 ;;
  osc) read word; printf '\033]7501;state=blocked:kind=permission\007'; exec sleep 1000 ;;
  *) exec sleep 1000 ;;
esac
"""
NAMES = ("fine", "seven", "killed", "asks", "osc", "sits")


def declare(stand: World) -> None:
    stand.declare("", *NAMES, agent=ENDINGS)
    text = (stand.root / "autod.toml").read_text()
    stand.write("autod.toml", text + "waiting = 'Continue\\? \\[y/n\\]'\n")
    stand.commit("pattern")


@pytest.mark.parametrize("conducted", [True, False])
def test_each_ending_is_told_as_it_was(stand: World, conducted: bool) -> None:
    declare(stand)
    stand.ask("up")
    if conducted:
        with stand.conductor():
            check_endings(stand)
            check_waiting(stand)
            stand.ask("send", "osc", "go")
            assert stand.wait_state("osc", "waiting")["reason"] == "permission"
    else:
        check_endings(stand)
        assert "Continue?" in stand.wait_state("asks", "waiting")["reason"]


def check_endings(stand: World) -> None:
    states = {"fine": ["done"], "seven": ["failed"], "killed": ["failed"], "sits": ["working", "starting", "idle"]}
    seen = stand.wait_states(states)
    assert seen["fine"]["reason"] == "exit status 0"
    assert seen["seven"]["reason"] == "exit status 7"
    assert "kill" in seen["killed"]["reason"].lower()
    assert seen["sits"]["pane"]


def check_waiting(stand: World) -> None:
    assert "Continue?" in stand.wait_state("asks", "waiting")["reason"]
    stand.ask("send", "asks", "y")
    stand.wait_state("asks", "working")


def test_an_agent_killed_from_outside_has_failed(stand: World) -> None:
    stand.declare("", "sits")
    stand.ask("up")
    with stand.conductor():
        (pid,) = stand.processes(AUTOD_WORKSTREAM="sits")
        os.kill(pid, signal.SIGKILL)
        assert "kill" in stand.wait_state("sits", "failed")["reason"].lower()
    assert stand.workstream("sits")["state"] == "failed"


def test_a_tmux_server_that_was_killed_is_told_and_started_again(stand: World) -> None:
    stand.declare("", "one", "two")
    stand.ask("up")
    os.kill(int(stand.tmux("display-message", "-p", "#{pid}")), signal.SIGKILL)
    assert stand.wait_state("one", "lost")["state"] == "lost"
    stand.ask("up", code=0)
    assert stand.wait_state("one", "working", "starting", "idle")["pane"]
    assert len(stand.processes(AUTOD_WORKSTREAM="one")) == 1
