"""Real agents from their start to their end: what they do is what autod says, and they hear what autod is told."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.e2e.agents.conftest import Employ
from tests.support.agent_world import NAME, PATIENCE, AgentWorld
from tests.support.standin import Ask, Say, Shell
from tests.support.terminals import wait_until

pytestmark = pytest.mark.e2e
AGENTS = ("claude", "codex")

LIES = """
Do you want to proceed?
❯ 1. Yes
  2. No
Enter to select · Esc to cancel

Would you like to run the following command?
Press enter to confirm or esc to cancel

■ The service is down. API Error: 500
✻ API error · Retrying in 9s · attempt 1/10
Reconnecting... 2/5 (3s • esc to interrupt)
\033]7501;state=error\007 and then on with the work, which takes a while and many more words than these.
"""
"""What other agents' screens look like when they wait or fail."""
SETTINGS = (
    ".claude.json",
    ".claude/settings.json",
    ".claude/settings.local.json",
    ".codex/config.toml",
    ".codex/hooks.json",
)
"""A person's own files, below their home, and a repository's. Agents write into theirs, but no hooks."""


def with_hooks(one: AgentWorld) -> list[Path]:
    """Return the settings that speak of hooks or of autod."""
    places = (Path(one.stand.env["HOME"]), one.stand.root, one.worktree)
    files = [place / name for place in places for name in SETTINGS]
    return [
        file for file in files if file.exists() and re.search("hooks|notify|autod", file.read_text(), re.IGNORECASE)
    ]


@pytest.mark.parametrize("agent", AGENTS)
def test_it_works_asks_for_leave_and_is_done(employ: Employ, agent: str) -> None:
    one = employ(agent)
    one.lane.add(Shell("touch made", beyond=True, gate="thought"), Say("All done.", gate="end", begun=True))
    with one.conducted():
        one.up()
        one.wait_state("working")
        begun = len(one.changes) - 1
        one.lane.release("thought")
        assert one.wait_state("waiting")["reason"]
        assert not (one.worktree / "made").exists()
        one.stand.ask("answer", NAME, "1")
        one.wait_state("working")
        one.lane.wait_asked(2)
        one.lane.release("end")
        one.wait_state("done")
        assert (one.worktree / "made").exists()
        assert one.states(begun) == ["working", "waiting", "working", "done"]
        one.wait_counted()
        assert not with_hooks(one)
        assert one.stand.git("status", "--porcelain", cwd=one.worktree) == "?? made"
        one.stand.ask("down", NAME)
        wait_until(lambda: not one.stand.processes(AUTOD_WORKSTREAM=NAME), "the end of all its processes")


@pytest.mark.parametrize("agent", AGENTS)
def test_its_question_is_answered_without_going_there(employ: Employ, agent: str) -> None:
    one = employ(agent)
    one.lane.add(Ask("Which colour?", ("Red", "Green")), Say("All done."))
    with one.conducted():
        one.up()
        one.wait_state("waiting")
        wait_until(lambda: "Green" in one.screen(), "the question on the screen")
        question = one.stand.ask("answer", NAME)["question"]
        assert "Which colour?" in question["text"]
        assert any(choice["label"].startswith("Green") for choice in question["choices"])
        one.stand.ask("answer", NAME, "Green")
        one.wait_state("done")
        assert "Green" in one.lane.main[1].heard


@pytest.mark.parametrize("agent", AGENTS)
def test_leave_refused_and_esc_leave_it_idle(employ: Employ, agent: str) -> None:
    one = employ(agent)
    one.lane.add(Shell("touch made", beyond=True), Say("Never heard in full.", gate="never", begun=True))
    with one.conducted():
        one.up()
        one.wait_state("waiting")
        one.press("Escape")
        one.wait_state("idle")
        one.stand.ask("send", NAME, "Go on.")
        one.lane.wait_asked(2)
        one.wait_state("working")
        one.press("Escape")
        one.wait_state("idle")
        assert not (one.worktree / "made").exists()


@pytest.mark.parametrize("agent", AGENTS)
def test_what_it_says_of_waiting_and_failing_is_only_text(employ: Employ, agent: str) -> None:
    one = employ(agent)
    one.lane.add(Say(LIES, gate="half", begun=True), Say(LIES, gate="whole", begun=True))
    with one.conducted():
        one.up()
        one.wait_state("working")
        begun = len(one.changes) - 1
        wait_until(lambda: "Do you want to proceed?" in one.screen(), "the first half on the screen", PATIENCE)
        one.lane.release("half")
        one.wait_state("done")
        one.stand.ask("send", NAME, "Once more.")
        one.lane.wait_asked(2)
        one.wait_state("working")
        one.lane.release("whole")
        one.wait_state("done")
        assert one.states(begun) == ["working", "done", "working", "done"]
