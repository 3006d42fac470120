"""Questions in one line: choices by letters in brackets, or words of which one is typed, followed by Enter."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from autod_tui.core.agent_ports import Choice, Question

LONGEST_SUBJECT = 12
"""Rows above a question in one line that are told with it."""
_LETTERS = re.compile(
    r"^(?P<ask>.*?)\s*(?P<letters>(?:\([A-Z]\)[^/()\[\]]+/)*\([A-Z]\)[^/()\[\]]+?)\s*\[(?P<usual>[^\]]+)\]:\s*$"
)
_LETTER = re.compile(r"\((?P<letter>[A-Z])\)(?P<rest>[^/()\[\]]+)")
_WORDS = re.compile(
    r"^(?P<ask>.*?)(?:[\[(](?P<words>[A-Za-z]+(?:\s?[/,|]\s?(?:[A-Za-z]+|\?))+)[\])]|\b(?P<bare>(?i:y(?:es)?/no?)))"
    r"\s*(?:[\[(](?P<usual>[A-Za-z]+)[\])])?\s*(?P<end>[:?>]*)\s*$"
)
_YES_NO = {"y": "Yes", "yes": "Yes", "n": "No", "no": "No"}
_PROMPT = re.compile(r"^\s*[>❯›»]\s*$")
_SAID = re.compile(r"^\s*[>❯›»]\s+\S")
_BULLET = re.compile(r"^\s*[●•⏺✦■]\s+")
_NOTE = re.compile(r"^\s*⎿")
"""How the row begins in which an agent says what is wrong with an answer."""


def read_line_question(rows: Sequence[str]) -> Question | None:
    """Read the question in the last row of a screen (plain rows), or in the one that a bare prompt stands below."""
    rows = _before_prompt(rows)
    return _read_letters(rows) or _read_words(rows)


def _before_prompt(rows: Sequence[str]) -> Sequence[str]:
    """Leave out a bare prompt at the end, and above it answers that were refused."""
    if len(rows) < 2 or not _PROMPT.match(rows[-1]):
        return rows
    above = list(rows[:-1])
    while len(above) > 2 and _NOTE.match(above[-1]) and _SAID.match(above[-2]):
        del above[-2:]
    return above


def _read_letters(rows: Sequence[str]) -> Question | None:
    """Read choices by letters, each in brackets, in the last row or the last two."""
    for count in (1, 2):
        found = _LETTERS.match(" ".join(row.strip() for row in rows[-count:])) if rows else None
        if found:
            choices = tuple(
                Choice(
                    key=one["letter"].lower(),
                    label=one["letter"] + one["rest"].strip(),
                    selected=(one["letter"] + one["rest"].strip()).casefold() == found["usual"].casefold(),
                    typed=(one["letter"].lower(), "Enter"),
                )
                for one in _LETTER.finditer(found["letters"])
            )
            return Question(text=_with_subject(rows[:-count], found["ask"]), choices=choices)
    return None


def _read_words(rows: Sequence[str]) -> Question | None:
    """Read words that the last row names, of which any other text may take the place."""
    found = _WORDS.match(rows[-1]) if rows else None
    if found is None:
        return None
    named = re.split(r"\s?[/,|]\s?", found["words"] or found["bare"])
    words = [word for word in dict.fromkeys(named) if word != "?"]
    if len({word.lower() for word in words}) < max(2, len(words)) or not (_answers(words) or found["end"]):
        return None
    usual = _usual(words, found["usual"] or "")
    starts = Counter(word[0].lower() for word in words)
    choices = tuple(
        Choice(
            key=word[0].lower() if starts[word[0].lower()] == 1 else word.lower(),
            label=_YES_NO.get(word.lower(), word),
            selected=word == usual,
            typed=(*word.lower(), "Enter"),
        )
        for word in words
    )
    return Question(text=_with_subject(rows[:-1], found["ask"]), choices=choices, free_text=True)


def _answers(words: Sequence[str]) -> bool:
    """Tell whether these are answers, whatever stands behind them: other words in brackets may be any text."""
    return any(word.lower() in _YES_NO for word in words)


def _usual(words: Sequence[str], told: str) -> str:
    """Return the word that an empty answer stands for: the one that is told apart, or is written large alone."""
    named = [word for word in words if told and word.casefold() == told.casefold()]
    large = [word for word in words if word[0].isupper()]
    return (named or (large if len(large) == 1 else []) or [""])[0]


def _with_subject(above: Sequence[str], ask: str) -> str:
    """Return a question with the rows directly above it: what it is about; one with a bullet stands by itself."""
    subject: list[str] = []
    if found := _BULLET.match(ask):
        return ask[found.end() :].strip()
    for row in reversed(above):
        if not row.strip() or len(subject) == LONGEST_SUBJECT:
            break
        subject.append(row.strip())
    return "\n".join([*reversed(subject), ask.strip()]).strip()
