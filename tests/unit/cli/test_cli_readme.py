"""The README's commands are commands."""

from __future__ import annotations

import re
from pathlib import Path

from autod_tui.cli.parser import parse
from autod_tui.cli.verbs import VERBS

README = Path(__file__).parents[3] / "README.md"


def shown_commands() -> list[list[str]]:
    rows = re.findall(r"^\| (`autod.*?) \|", README.read_text(encoding="utf-8"), re.MULTILINE)
    shown = [text for row in rows for text in re.findall(r"`autod ?([^`]*)`", row)]
    plain = [re.sub(r"[\[\]]|\.\.\.", "", text) for text in shown]
    return [["3" if word == "N" else word for word in text.split()] for text in plain]


def test_the_table_of_commands_parses() -> None:
    for words in shown_commands():
        assert parse(words).handler, words


def test_the_table_of_commands_is_complete() -> None:
    shown = {parse(words).verb for words in shown_commands()}
    assert {" ".join(verb.words) for verb in VERBS if not verb.hidden} <= shown
