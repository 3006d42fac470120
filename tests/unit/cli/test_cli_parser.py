"""The table of verbs: complete, consistent with the commands, and forgiving about order."""

from __future__ import annotations

import importlib
import re

import pytest

from autod_tui.cli.main import parsed
from autod_tui.cli.parser import parse
from autod_tui.cli.verbs import VERBS, help_of
from autod_tui.core.commands import COMMANDS
from autod_tui.core.errors import UsageError


@pytest.mark.parametrize(
    "verb", [command.verb for command in COMMANDS if command.verb and "--help" not in command.verb]
)
def test_every_command_of_the_tui_parses(verb: str) -> None:
    words = verb.replace("{name}", "x").split()
    assert words[0] == "autod"
    options = parse(words[1:])
    assert options.handler
    assert verb.startswith(f"autod {options.verb}")


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: " ".join(verb.words))
def test_every_verb_has_a_handler_and_a_sentence(verb) -> None:
    module, _, function = verb.handler.partition(":")
    assert callable(getattr(importlib.import_module(f"autod_tui.cli.{module}"), function))
    assert re.fullmatch(r"[A-Z].*\.", help_of(verb))


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: " ".join(verb.words))
def test_every_verb_explains_itself(verb, run) -> None:
    result = run(*verb.words, "--help")
    assert result.code == 0
    assert "usage: autod " + " ".join(verb.words) in result.out


def test_the_hidden_verb_is_not_listed(run) -> None:
    assert "dashboard (internal)" not in run("--help").out
    assert "  dashboard" not in run("--help").out


@pytest.mark.parametrize(
    "words",
    [
        ["checkpoint", "resolve", "x", "a", "b", "--ours"],
        ["checkpoint", "resolve", "x", "--ours", "a", "b"],
        ["checkpoint", "resolve", "--ours", "x", "a", "b"],
        ["checkpoint", "resolve", "x", "a", "--ours", "b"],
    ],
)
def test_paths_and_options_come_in_any_order(words: list[str]) -> None:
    options = parse(words)
    assert (options.name, options.paths, options.how) == ("x", ["a", "b"], "ours")


def test_the_dashboard_is_known_without_a_parser() -> None:
    assert vars(parsed(["dashboard"])) == vars(parse(["dashboard"]))
    assert parsed(["dashboard", "--json"]).as_json


def test_names_after_an_option_are_kept() -> None:
    assert parse(["down", "--remove", "a", "--discard", "b"]).names == ["a", "b"]


def test_dashes_start_a_text_after_two_of_them() -> None:
    assert parse(["send", "x", "--", "-x", "y"]).words == ["x", "-x", "y"]


@pytest.mark.parametrize("words", [["status", "-x"], ["up", "--jsn"], ["status", "extra"], ["checkpoint"], ["send"]])
def test_wrong_words_are_usage_errors(words: list[str]) -> None:
    with pytest.raises(UsageError):
        parse(words)


def test_the_nearest_command_is_named(run) -> None:
    assert "autod status" in run("stauts").err
    assert "autod checkpoint merge" in run("merge", "foundation").err
    assert run("stauts").code == 2
