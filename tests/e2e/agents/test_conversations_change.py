"""A person begins, forks and clears conversations in an agent's pane: autod goes along, and counts on to the token."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.agents.conftest import Employ
from tests.support.agent_world import NAME, PATIENCE, AgentWorld
from tests.support.standin import Say
from tests.support.terminals import wait_until

pytestmark = pytest.mark.e2e


def typed(one: AgentWorld, command: str) -> None:
    """Type a command of the agent's own, as a person who is attached."""
    one.stand.tmux("send-keys", "-t", one.pane, "-l", command)
    shown = 1 if " " in command else 2  # a command without words is also shown in the menu of commands
    wait_until(lambda: one.screen().count(command) >= shown, f"{command} on the screen", PATIENCE)
    one.press("Enter")


def sums_up(one: AgentWorld) -> bool:
    """Tell whether Claude wrote what a conversation that was left has used in all; older ones don't."""
    records = Path(one.stand.env["HOME"], ".claude", "projects").glob("*/*.jsonl")
    return any('"modelUsage":{"' in record.read_text() for record in records)


def test_codex_is_followed_into_a_new_conversation(employ: Employ) -> None:
    one = employ("codex")
    one.lane.add(Say("The first turn."), Say("In the new one."), Say("Never heard.", gate="never"), Say("The rest."))
    with one.conducted():
        first = one.up()
        one.wait_state("done")
        one.wait_counted()
        typed(one, "/new")
        wait_until(lambda: "Use current Git worktree" in one.screen(), "the question where", PATIENCE)
        one.press("Enter")
        wait_until(lambda: "The first turn." not in one.screen(), "a new conversation", PATIENCE)
        one.stand.ask("send", NAME, "Begin anew.")
        second = one.lane.wait_asked(2)
        assert second.session != first.session
        one.wait_state("done")
        one.wait_counted()
        one.stand.ask("send", NAME, "Go on.")
        one.lane.wait_asked(3)
        one.wait_state("working")
        one.kill()
        one.wait_state("failed")
        assert one.up().session == second.session
        one.wait_state("done")
        one.wait_counted()


def test_what_claude_used_for_a_summary_is_counted_when_the_conversation_is_left(employ: Employ) -> None:
    one = employ("claude")
    one.lane.add(Say("The first turn."), Say("The second turn."), Say("<summary>What was.</summary>"))
    one.lane.add(Say("In the branch."), Say("Anew."))
    with one.conducted():
        first = one.up()
        one.wait_state("done")
        one.stand.ask("send", NAME, "Go on.")
        one.lane.wait_asked(2)
        one.wait_state("done")
        typed(one, "/compact")
        one.lane.wait(lambda lane: len(lane.main) == 3 and bool(lane.main[2].answered_at), "a summary", PATIENCE)
        wait_until(lambda: "Compacted" in one.screen(), "a compacted conversation", PATIENCE)
        typed(one, "/branch aside")
        wait_until(lambda: "Branched" in one.screen() or "Unknown" in one.screen(), "a branch", PATIENCE)
        try:
            wait_until(lambda: sums_up(one), "a sum")
        except AssertionError:
            pytest.skip("this Claude Code does not tell what a summary has used")
        one.wait_counted()
        one.stand.ask("send", NAME, "Go on.")
        assert one.lane.wait_asked(4).session != first.session
        one.wait_state("done")
        one.wait_counted()
        typed(one, "/clear")
        wait_until(lambda: "In the branch." not in one.screen(), "an empty conversation", PATIENCE)
        one.stand.ask("send", NAME, "Begin anew.")
        one.lane.wait_asked(5)
        one.wait_state("done")
        one.wait_counted()


def test_claude_is_followed_back_into_a_conversation_that_is_picked_again(employ: Employ) -> None:
    one = employ("claude")
    one.lane.add(Say("The first turn."), Say("Anew."), Say("Back again."), Say("Never heard.", gate="never"))
    one.lane.add(Say("The rest."))
    with one.conducted():
        first = one.up()
        one.wait_state("done")
        typed(one, "/clear")
        wait_until(lambda: "The first turn." not in one.screen(), "an empty conversation", PATIENCE)
        one.stand.ask("send", NAME, "Begin anew.")
        assert one.lane.wait_asked(2).session != first.session
        one.wait_state("done")
        typed(one, "/resume")
        wait_until(lambda: "Enter to resume" in one.screen(), "the conversations", PATIENCE)
        one.press("Enter")
        wait_until(lambda: "The first turn." in one.screen(), "the first conversation", PATIENCE)
        one.stand.ask("send", NAME, "Go on.")
        assert one.lane.wait_asked(3).session == first.session
        one.wait_state("done")
        one.wait_counted()
        one.stand.ask("send", NAME, "Go on.")
        one.lane.wait_asked(4)
        one.wait_state("working")
        one.kill()
        one.wait_state("failed")
        assert one.up().session == first.session
        one.wait_state("done")
        one.wait_counted()
