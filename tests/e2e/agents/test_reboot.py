"""The machine went down: all processes are gone in one moment, what lay in /tmp as well; nobody saw it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.agents.conftest import Employ
from tests.e2e.agents.test_conversations_change import typed
from tests.support.agent_world import NAME, PATIENCE, AgentWorld
from tests.support.standin import Say, Shell
from tests.support.terminals import wait_until

pytestmark = pytest.mark.e2e
AGENTS = ("claude", "codex")


def reboot(one: AgentWorld, *, emptied: bool) -> None:
    """Kill all processes of this world, and have those of /tmp and of sockets forgotten, or left as they lie."""
    stand = one.stand
    stopped = stand.processes()
    for number in (signal.SIGSTOP, signal.SIGKILL):  # nobody is to see how the others end
        for pid in stopped:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
    wait_until(lambda: not stand.processes(), "the end of all", PATIENCE)
    for place in (stand.env["TMUX_TMPDIR"], stand.env["TMPDIR"]) if emptied else ():
        shutil.rmtree(place)
        Path(place).mkdir(mode=0o700)


def working(one: AgentWorld) -> None:
    one.stand.ask("send", NAME, "Go on.")
    one.lane.wait_asked(2)
    one.wait_state("working")


def waiting(one: AgentWorld) -> None:
    one.stand.ask("send", NAME, "Go on.")
    one.wait_state("waiting")
    one.wait_counted()  # Claude writes its record a moment later


def done(one: AgentWorld) -> None:
    one.wait_counted()


@pytest.mark.parametrize("agent", AGENTS)
@pytest.mark.parametrize(("phase", "emptied"), [(working, True), (waiting, False), (done, True)])
def test_it_is_told_as_lost_and_goes_on(
    employ: Employ, agent: str, phase: Callable[[AgentWorld], None], emptied: bool
) -> None:
    one = employ(agent)
    next_step = {working: [Say("Never heard.", gate="never")], waiting: [Shell("touch made", beyond=True)], done: []}
    one.lane.add(Say("The first turn."), *next_step[phase], Say("The rest."))
    with one.conducted():
        first = one.up()
        one.wait_state("done")
        phase(one)
        reboot(one, emptied=emptied)
    assert one.stand.workstream(NAME)["state"] == "lost"
    one.wait_counted()
    with one.conducted():
        resumed = one.up()
        one.stand.ask("up", NAME)
        one.wait_state("done")
        assert resumed.session == first.session
        one.wait_counted()
        assert one.stand.tmux("list-windows", "-a", "-F", "#{window_name}").split().count(NAME) == 1


@pytest.mark.parametrize("agent", AGENTS)
def test_one_that_nobody_ever_saw_at_work_goes_on_too(employ: Employ, agent: str) -> None:
    one = employ(agent)
    one.lane.add(Say("Unseen."), Say("The rest."))
    first = one.up()
    answered(one, 1)
    wait_until(lambda: written(one) == 1, "its record", PATIENCE)
    reboot(one, emptied=True)
    assert one.stand.workstream(NAME)["state"] == "lost"
    one.wait_counted()
    assert one.up().session == first.session
    answered(one, 2)
    one.wait_counted()


@pytest.mark.parametrize("agent", AGENTS)
def test_what_nobody_saw_it_use_is_counted_after_its_end(employ: Employ, agent: str) -> None:
    one = employ(agent)
    one.lane.add(Say("The first turn."), Say("Unseen."), Say("The rest."))
    with one.conducted():
        first = one.up()
        one.wait_state("done")
    one.stand.ask("send", NAME, "Go on.")
    answered(one, 2)
    wait_until(lambda: written(one) == 2, "its record", PATIENCE)
    reboot(one, emptied=True)
    resumed = one.up()
    assert resumed.session == first.session
    answered(one, 3)
    one.wait_counted()


@pytest.mark.parametrize("glanced", [False, True])
def test_a_conversation_begun_while_nobody_looked_is_the_one_to_go_on_with(employ: Employ, *, glanced: bool) -> None:
    one = employ("claude")
    one.lane.add(Say("The first turn."), Say("Anew."), Say("The rest."))
    with one.conducted():
        one.up()
        one.wait_state("done")
    typed(one, "/clear")
    wait_until(lambda: "The first turn." not in one.screen(), "an empty conversation", PATIENCE)
    one.stand.ask("send", NAME, "Begin anew.")
    second = one.lane.wait_asked(2)
    answered(one, 2)
    wait_until(lambda: written(one) == 2, "its record", PATIENCE)
    if glanced:
        one.wait_counted()
    reboot(one, emptied=True)
    assert one.up().session == second.session
    answered(one, 3)
    one.wait_counted()


def answered(one: AgentWorld, number: int) -> None:
    """Wait until the model has answered so many requests."""
    one.lane.wait(lambda lane: len(lane.main) == number and bool(lane.main[-1].answered_at), f"{number}", PATIENCE)


def written(one: AgentWorld) -> int:
    """The answers whose usage is in the agent's own records."""
    home = Path(one.stand.env["HOME"])
    files = [*home.glob(".claude/projects/*/*.jsonl"), *home.glob(".codex/sessions/**/*.jsonl")]
    told = [line for file in files for line in file.read_text().splitlines()]
    marks = {"claude": ('"type":"assistant"', '"usage"'), "codex": ('"token_usage_record"',)}[one.agent]
    return sum(all(mark in line for mark in marks) for line in told)
