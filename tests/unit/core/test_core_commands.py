"""The one command table: no two commands answer to the same name or key."""

from __future__ import annotations

from collections import Counter

import pytest

from autod_tui.core.commands import COMMANDS, command


def test_ids_are_unique_and_found() -> None:
    assert max(Counter(entry.id for entry in COMMANDS).values()) == 1
    assert all(command(entry.id) is entry for entry in COMMANDS)
    with pytest.raises(KeyError):
        command("nothing")


PLACES = [{"any", scope} for scope in ("workstream", "checkpoint", "conflict")]
PAGES = [{"runs", "run"}, {"run", "stage", "task"}, {"session", "stage", "task"}, {"review"}]
"""Pages about runs have keys of their own, which go before those of the home screen; `enter` opens a run in the list,
and a session on the board."""


def test_every_scope_has_its_place() -> None:
    assert {entry.scope for entry in COMMANDS} == set().union(*PLACES, *PAGES)


@pytest.mark.parametrize("scopes", PLACES + PAGES, ids=lambda scopes: "+".join(sorted(scopes)))
def test_keys_are_unique_within_what_is_selected(scopes: set[str]) -> None:
    keys = Counter(key for entry in COMMANDS if entry.scope in scopes for key in entry.keys)
    assert [key for key, count in keys.items() if count > 1] == []


def test_every_verb_is_a_command_line_and_only_what_lives_on_screen_has_none() -> None:
    assert all(entry.verb.startswith("autod ") for entry in COMMANDS if entry.verb)
    assert {entry.id for entry in COMMANDS if not entry.verb} == {"palette", "quit"}


def test_every_command_is_told_in_one_sentence() -> None:
    for entry in COMMANDS:
        assert entry.title[0].isupper(), entry.id
        assert entry.help.endswith("."), entry.id
        assert "\n" not in entry.help
