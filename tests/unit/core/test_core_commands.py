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


def test_keys_are_unique_within_what_is_selected() -> None:
    scopes = {entry.scope for entry in COMMANDS}
    assert scopes <= {"any", "workstream", "checkpoint", "conflict", "pane"}
    for scope in scopes:
        keys = Counter(key for entry in COMMANDS if entry.scope in ("any", scope) for key in entry.keys)
        assert [key for key, count in keys.items() if count > 1] == [], scope


def test_every_verb_is_a_command_line_and_only_what_lives_on_screen_has_none() -> None:
    assert all(entry.verb.startswith("autod ") for entry in COMMANDS if entry.verb)
    assert {entry.id for entry in COMMANDS if not entry.verb} == {"palette", "quit"}


def test_every_command_is_told_in_one_sentence() -> None:
    for entry in COMMANDS:
        assert entry.title[0].isupper(), entry.id
        assert entry.help.endswith("."), entry.id
        assert "\n" not in entry.help
