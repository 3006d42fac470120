"""Agents that CI does not install: run where they are found, as `AUTOD_TEST_AGENTS` or the PATH leads to them."""

from __future__ import annotations

import json
import re
from functools import partial

import pytest

from tests.e2e.agents.conftest import Employ
from tests.support.agent_world import NAME, ONE_TASK, AgentWorld
from tests.support.standin import Call, Refuse, Say, Shell
from tests.support.terminals import wait_until

pytestmark = pytest.mark.e2e
ASKING = ("copilot", "gemini", "opencode", "qwen", "vibe")
REST = ("done", "idle")


def begin(one: AgentWorld, requests: int = 1) -> dict[str, object]:
    """Start the agent and wait for its request; one that first asks whether it may trust the directory is told so."""
    started: dict[str, object] = one.stand.ask("up", NAME)["workstreams"][0]

    def asked() -> bool:
        if one.changes and one.changes[-1]["state"] == "waiting":
            one.stand.autod("answer", NAME, "1", "--json", "--yes")
        return len(one.lane.main) >= requests

    wait_until(asked, "its request", 90)
    return started


@pytest.mark.parametrize("agent", ASKING)
def test_it_asks_for_leave_works_and_is_counted(employ: Employ, agent: str) -> None:
    one = employ(agent)
    one.lane.add(Shell("touch made", gate="thought"), Say("All done.", gate="end", begun=True), Shell("touch more"))
    with one.conducted():
        begin(one)
        one.wait_state("working")
        one.lane.release("thought")
        one.wait_state("waiting")
        wait_until(lambda: one.stand.ask("answer", NAME)["question"]["choices"], "the choices on the screen")
        assert one.stand.ask("answer", NAME, "1")["question"] is None
        one.lane.wait_asked(2, 60)
        one.wait_state("working")
        one.lane.release("end")
        one.wait_state(*REST)
        assert (one.worktree / "made").exists()
        one.wait_counted()
        one.stand.ask("send", NAME, "Go on.")
        one.wait_state("waiting")
        wait_until(lambda: one.stand.ask("answer", NAME)["question"]["choices"], "the choices on the screen")
        one.press("Escape")
        one.wait_state(*REST)
        assert not (one.worktree / "more").exists()


@pytest.mark.parametrize("agent", ASKING)
@pytest.mark.parametrize("end", ["Escape", "kill"])
def test_what_a_turn_used_that_ends_amid_its_tool_is_counted(employ: Employ, agent: str, end: str) -> None:
    one = employ(agent)
    let_do_all(one, agent)
    one.lane.add(Shell("touch begun; sleep 600"))
    with one.conducted():
        begin(one)
        wait_until((one.worktree / "begun").exists, "its tool at work", 60)
        if end == "kill":
            one.kill()
        else:
            one.press(end)
            if agent == "opencode":
                one.press(end)  # it asks for it twice
        one.wait_state("failed", *REST)
        one.wait_counted()


def test_what_a_sub_agent_used_that_is_killed_amid_its_tool_is_counted_and_stays_so(employ: Employ) -> None:
    one = employ("opencode")
    let_do_all(one, "opencode")
    task = {"description": "Half of it", "prompt": "Do it.", "subagent_type": "general"}
    one.lane.add(Call("task", task), Shell("touch begun"), Shell("touch more; sleep 600"), Say("All done."))
    with one.conducted():
        begin(one)
        wait_until((one.worktree / "more").exists, "its tool at work", 60)
        one.wait_counted()
        one.kill()
        one.wait_state("failed")
        one.wait_counted()
        begin(one, 4)
        one.wait_state(*REST)
        one.wait_counted()


COLOURS = {"type": "string", "enum": ["Red", "Green", "Blue"]}
FORM = {"colour": COLOURS, "further": {"type": "array", "items": COLOURS}, "name": {"type": "string"}}


def test_a_form_is_filled_in_without_going_there(employ: Employ) -> None:
    one = employ("copilot")
    schema = {"type": "object", "properties": FORM, "required": list(FORM)}
    one.lane.add(Call("ask_user", {"message": "Some things", "requestedSchema": schema}), Say("All done."))
    with one.conducted():
        begin(one)
        one.wait_state("waiting")
        wait_until(lambda: one.stand.ask("answer", NAME)["question"]["choices"], "the choices on the screen")
        assert one.stand.ask("answer", NAME, "--text", "Light violet")["question"]["free_text"]
        for choice in ("2", "3", "submit"):
            wait_until(lambda: len(one.stand.ask("answer", NAME)["question"]["choices"]) == 4, "the second page")
            assert one.stand.ask("answer", NAME, choice)["question"]
        wait_until(lambda: not one.stand.ask("answer", NAME)["question"]["choices"], "the last page")
        assert one.stand.ask("answer", NAME, "--text", "Jane of Doe")["question"] is None
        one.wait_state(*REST)
        heard = one.lane.main[1].heard
        assert all(words in heard for words in ("colour=Light violet", "further=Green, Blue", "name=Jane of Doe")), (
            heard
        )


@pytest.mark.parametrize("agent", ["vibe"])
def test_what_it_uses_while_nobody_conducts_is_counted_later(employ: Employ, agent: str) -> None:
    one = employ(agent)
    one.lane.add(*(Say(f"The answer number {number}.") for number in range(5)))
    with one.conducted():
        begin(one)
        one.wait_state(*REST)
    for turn in range(1, 5):

        def shown(words: str, times: int = turn) -> bool:
            return one.screen().count(words) == times

        one.press("-l", "Go on.")
        wait_until(partial(shown, "Go on."), "the words in its field")
        one.press("Enter")
        one.lane.wait_asked(turn + 1, 60)
        wait_until(partial(shown, f"number {turn}.", 1), "its answer")
    with one.conducted():
        one.wait_counted()


@pytest.mark.parametrize("agent", ["pi"])
def test_one_that_never_asks_works_and_is_counted(employ: Employ, agent: str) -> None:
    one = employ(agent)
    one.lane.add(Say("All done.", gate="end", begun=True))
    with one.conducted():
        begin(one)
        one.wait_state("working")
        one.lane.release("end")
        one.wait_state(*REST)
        one.wait_counted()


@pytest.mark.parametrize("agent", ["copilot", "gemini", "opencode", "pi", "qwen", "vibe"])
def test_a_key_that_is_refused_is_a_failure(employ: Employ, agent: str) -> None:
    one = employ(agent)
    one.lane.add(*[Refuse(401)] * 9)
    with one.conducted():
        begin(one)
        assert one.wait_state("failed")["reason"]


@pytest.mark.parametrize("agent", ["gemini", "vibe"])
def test_a_limit_is_told_with_its_end_and_holds_its_kind(employ: Employ, agent: str) -> None:
    one = employ(agent)
    one.lane.add(Refuse(429, retry_after=6), Say("All done.", gate="end"))
    with one.conducted():
        begin(one)
        one.wait_state("rate-limited")
        wait_until(lambda: "429" in one.changes[-1]["reason"], "the reason, which its screen does not show")
        limited = one.changes[-1]
        assert limited["at"] < limited["until"] < limited["at"] + 10
        (held,) = one.stand.ask("status")["project"]["held"]
        assert held.startswith(f"{agent} is rate-limited, 0:")
        one.lane.wait_asked(2, 60)
        one.wait_state("working")
        one.lane.release("end")
        one.wait_state(*REST)


def let_do_all(one: AgentWorld, agent: str) -> None:
    own = f'[agents.{agent}]\npermission = "all"\n'
    one.stand.write("autod.toml", f'[project]\ntarget = "main"\nagent = "{agent}"\n{own}')
    one.stand.commit("it may do all")


@pytest.mark.parametrize("agent", [*ASKING, "pi"])
def test_killed_it_goes_on_with_its_conversation(employ: Employ, agent: str) -> None:
    one = employ(agent)
    let_do_all(one, agent)
    one.lane.add(Shell("echo a-word-of-before"), Say("The first turn."), Say("The rest."))
    with one.conducted():
        begin(one)
        one.lane.wait_asked(2)
        one.wait_state(*REST)
        one.kill()
        one.wait_state("failed")
        assert begin(one, 3)["resumed"]
        asked = one.lane.main[2]
        assert re.search("You were interrupted|Your session ended", asked.prompt)
        assert "a-word-of-before" in asked.heard
        one.wait_state(*REST)
        one.wait_counted()


@pytest.mark.parametrize("agent", [*ASKING, "pi"])
def test_a_task_is_worked_on_merged_and_its_tokens_are_counted(employ: Employ, agent: str) -> None:
    one = employ(agent)
    let_do_all(one, agent)
    one.stand.write("workstreams/week.toml", ONE_TASK)
    one.stand.commit("plan")
    one.lane.add(Shell("echo made > t1.txt"), Say("It is made."))
    told_of = one.stand.autod("run", "week", "--json", "--yes")
    assert told_of.returncode == 0, told_of.stdout + told_of.stderr
    run = json.loads(told_of.stdout.splitlines()[-1])
    assert run["tokens"] == dict(zip(("input", "output", "cached"), one.told(), strict=True))
    assert one.stand.git("show", "done:t1.txt") == "made"
