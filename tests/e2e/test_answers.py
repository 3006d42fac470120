"""Agents that ask, in real panes: answered from the command line and from the dashboard, never by mistake."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.e2e_world import World
from tests.support.terminals import Terminal, wait_until

pytestmark = pytest.mark.e2e
AGENT = Path(__file__).parents[1] / "support" / "asking_agent.py"


class Asker:
    """A workstream `a` whose agent asks by a script."""

    def __init__(self, stand: World, *scenes: str, family: str = "") -> None:
        self.stand = stand
        self.file = stand.directory / "answers"
        command = shlex.join(["exec", sys.executable, str(AGENT), str(self.file), *scenes]).removeprefix("exec ")
        settings = '[project]\ntarget = "main"\nagent = "asker"\n[agents.asker]\n'
        settings += f'extends = "{family}"\n' if family else ""
        settings += f'command = ["sh", "-c", {json.dumps(f"exec {command}")}]\n'
        stand.declare(settings, "a")
        stand.ask("up")

    def asked(self) -> dict[str, Any]:
        """What `autod answer a` shows, as soon as something is asked."""
        seen: dict[str, Any] = {}

        def there() -> bool:
            seen.update(self.stand.ask("answer", "a"))
            return seen["question"] is not None

        wait_until(there, "a question")
        return seen

    def answers(self) -> list[str]:
        return self.file.read_text().splitlines() if self.file.exists() else []

    def wait_answers(self, *wanted: str) -> None:
        wait_until(lambda: self.answers() == list(wanted), f"answers {wanted}, not {self.answers()}")


def test_a_menu_is_answered_by_key_and_by_words(stand: World) -> None:
    asker = Asker(stand, "menu:Push it?|Yes|Yes, always|No", "menu:Sure?|Yes|No", "line:Go on? [y/n]")
    asked = asker.asked()
    assert asked["question"]["text"] == "Push it?"
    assert [one["label"] for one in asked["question"]["choices"]] == ["Yes", "Yes, always", "No"]
    assert "Push it?" in stand.autod("answer", "a").stdout
    answer = stand.ask("answer", "a", "3", "--seen", asked["seen"])
    assert answer["answer"] == "No"
    asker.wait_answers("No")
    assert asker.asked()["question"]["text"] == "Sure?"
    stand.ask("answer", "a", "no")
    asker.wait_answers("No", "No")
    wait_until(lambda: asker.asked()["question"]["text"] == "Go on?", "the third question")
    stand.ask("answer", "a", "y")
    asker.wait_answers("No", "No", "y")


def test_words_are_pasted_into_the_field(stand: World) -> None:
    asker = Asker(stand, "typed:Which colour?|red|Type something.", family="claude")
    asker.asked()
    stand.ask("answer", "a", "--text", "neither 1 nor 2; $(id)")
    asker.wait_answers("neither 1 nor 2; $(id)")


def test_an_answer_never_hits_another_question(stand: World) -> None:
    asker = Asker(stand, "menu:First?|Yes|No", "menu:Second?|Yes|No", "wait:never")
    first = asker.asked()["seen"]
    stand.ask("answer", "a", "1", "--seen", first)
    asker.wait_answers("Yes")
    wait_until(lambda: asker.asked()["question"]["text"] == "Second?", "the second question")
    refused = stand.ask("answer", "a", "1", "--seen", first, code=1)
    assert "asks something else by now; nothing was typed" in refused["error"]["message"]
    unknown = stand.ask("answer", "a", "9", code=1)
    assert "1 (Yes), 2 (No)" in unknown["error"]["hint"]
    stand.ask("answer", "a", "--text", "words", code=1)
    stand.ask("answer", "a", "2")
    asker.wait_answers("Yes", "No")
    wait_until(lambda: stand.ask("answer", "a")["question"] is None, "no question")
    gone = stand.ask("answer", "a", "1", code=1)
    assert "asks nothing any more" in gone["error"]["message"]
    assert stand.ask("answer", "b", "1", code=2)["error"]["hint"]


def test_two_answers_to_one_question_are_one_answer(stand: World) -> None:
    asker = Asker(stand, "menu:First?|Yes|No", "menu:Second?|Yes|No")
    seen = asker.asked()["seen"]
    with stand.conductor():
        both = [stand.start("answer", "a", "1", "--seen", seen) for _ in range(2)]
        codes = sorted(one.wait(20) for one in both)
        for one in both:
            one.communicate()
    assert codes == [0, 1]
    asker.wait_answers("Yes")


def test_the_journal_tells_who_was_answered_what(stand: World) -> None:
    asker = Asker(stand, "menu:Push it?|Yes|No")
    asker.asked()
    stand.ask("answer", "a", "2")
    with stand.terminal("watch", "--last", "20") as terminal:
        screen = terminal.wait_for("MessageSent")
    assert "Push it? No" in screen.replace("\n", "")


def test_asked_for_the_answer_on_a_terminal(stand: World) -> None:
    asker = Asker(stand, "menu:Push it?|Yes|Yes, always|No", "menu:Sure?|Yes|No")
    asker.asked()
    with stand.terminal("answer", "a") as terminal:
        screen = terminal.wait_for("Your answer")
        assert "Push it?" in screen
        assert "2  Yes, always" in screen
        terminal.type("2")
        terminal.press("Enter")
        asker.wait_answers("Yes, always")
    with stand.terminal("answer", "a") as terminal:
        terminal.wait_for("Your answer")
        terminal.press("Enter")
        wait_until(terminal.ended, "the end without an answer")
    assert asker.answers() == ["Yes, always"]


def asked_again(terminal: Terminal) -> bool:
    """Say whether the dialog takes words; it is opened where the agent was too slow to ask on."""
    screen = terminal.screen()
    if "a asks" not in screen and "a Answer" in screen:
        terminal.press("a")
    return "Own words" in screen


def test_answered_from_the_dashboard(stand: World) -> None:
    asker = Asker(
        stand, "typed:Push it?|Yes|Yes, always|No", "typed:Which colour?|red|Type something.", family="claude"
    )
    with stand.terminal("--here", columns=80, rows=24) as terminal:
        terminal.wait_for("waiting")
        terminal.press("w", "a")
        terminal.wait_for("a asks")
        terminal.press("3")
        asker.wait_answers("No")
        wait_until(lambda: asked_again(terminal), "the next question")
        terminal.press("Tab")
        terminal.type("sea green")
        terminal.press("Enter")
        asker.wait_answers("No", "sea green")
        terminal.wait_for("idle")
