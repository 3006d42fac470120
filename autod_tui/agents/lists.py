"""Questions that are answered with the arrows: choices one below the other without numbers, or a field for words."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct

from autod_tui.agents.choices import grants_and_refuses
from autod_tui.agents.menus import moves, question_text
from autod_tui.core.agent_ports import Choice, Question

MOST_CHOICES = 40
"""Rows above the hints that are looked at for choices."""
_HINT = re.compile(r"(?i)\benter\s+(?:to\s+)?(?:accept|select|confirm|submit|choose)\b.*\besc\b")
_BY_ARROWS = re.compile(r"(?i)↑|arrow")
_TOGGLES = re.compile(r"(?i)\bspace\b")
_RULE = re.compile(r"^\s*[─━═╌]{8,}\s*$")
_CURSOR = re.compile(r"^\s*[❯›▸▶→>]\s+(?=\S)")
_FIELD = re.compile(r"^\s*[❯›▸▶→>](?:\s|$)")
_MARK = re.compile(r"^(?P<mark>[•·○◯☐✓✔●◉☑]|\[.\])\s+")
_UNMARKED = frozenset("•·○◯☐") | {"[ ]"}
_OWN_WORDS = re.compile(r"(?i)\btype (?:your|an?) (?:own )?(?:answer|response|reply)|^other\b.*\b(?:type|specify)\b")


class _Row(Struct, frozen=True):
    """A choice on the screen."""

    label: str
    selected: bool


def read_list(rows: Sequence[str]) -> Question | None:
    """Read what is asked at the end of a screen (plain rows) above hints that name the keys; None for nothing.

    Where several choices can be taken, each one's label begins with its mark, and the last one sends them.
    """
    end, in_field = _below_hints(rows)
    hint = end - 1
    if hint < 0 or not _HINT.search(rows[hint]):
        return None
    above = hint
    while above and not rows[above - 1].strip():
        above -= 1
    by_arrows = _BY_ARROWS.search(rows[hint])
    if not by_arrows and (field := _field(rows[:above])) is not None:
        return field
    first, listed = _choices(rows[:above])
    chosen = [row for row in listed if row.selected]
    if len(listed) < 2 or len(chosen) != 1 or (in_field and not _OWN_WORDS.search(chosen[0].label)):
        return None  # a list that was merely printed
    if not by_arrows and not grants_and_refuses(row.label for row in listed):
        return None  # words in a field without edges
    return _question(question_text(rows[:first]), listed, several=bool(_TOGGLES.search(rows[hint])))


def _below_hints(rows: Sequence[str]) -> tuple[int, bool]:
    """Return the row behind the hints, and whether a field for words of one's own is open below them."""
    end = _without_rules(rows, len(rows))
    if end and _FIELD.match(rows[end - 1]) and end >= 2 and _RULE.match(rows[end - 2]):
        return _without_rules(rows, end - 1), True
    return end, False


def _without_rules(rows: Sequence[str], end: int) -> int:
    while end and (not rows[end - 1].strip() or _RULE.match(rows[end - 1])):
        end -= 1
    return end


def _field(rows: Sequence[str]) -> Question | None:
    """Read a question that only words answer, whose field, between two rules, these rows end with."""
    if len(rows) < 3 or not (_RULE.match(rows[-1]) and _FIELD.match(rows[-2]) and _RULE.match(rows[-3])):
        return None
    text = question_text(rows[:-3])
    return Question(text=text, free_text=True) if text else None


def _choices(rows: Sequence[str]) -> tuple[int, list[_Row]]:
    """Return the first row of the list that `rows` end with, and what it offers; a deeper row goes on with the last."""
    block: list[str] = []
    for row in reversed(rows[-MOST_CHOICES:]):
        if not row.strip() or _RULE.match(row):
            break
        block.append(row)
    column = next((found.end() for row in block if (found := _CURSOR.match(row))), -1)
    listed: list[_Row] = []
    taken, further = 0, list[str]()
    for number, row in enumerate(block, 1):
        found = _CURSOR.match(row)
        at = found.end() if found else len(row) - len(row.lstrip())
        if at < column or column < 0:
            break
        if at > column:
            further.insert(0, row.strip())
            continue
        listed.insert(0, _Row(" ".join([row[at:].strip(), *further]), found is not None))
        taken, further = number, []
    return len(rows) - taken, listed


def _question(text: str, listed: Sequence[_Row], *, several: bool) -> Question:
    at = next(index for index, row in enumerate(listed) if row.selected)
    choices, into = list[Choice](), None
    for index, row in enumerate(listed):
        keys = moves(index - at, "Up", "Down")
        if _OWN_WORDS.search(row.label):
            into = keys
            continue
        label, last = (_marked(row.label), "Space") if several else (row.label, "Enter")
        choices.append(Choice(key=str(len(choices) + 1), label=label, selected=row.selected, typed=(*keys, last)))
    if several:
        choices.append(Choice(key="submit", label="Submit", typed=("Enter",)))
    return Question(text=text, choices=tuple(choices), free_text=into is not None, into_text=into or ())


def _marked(label: str) -> str:
    found = _MARK.match(label)
    if found is None:
        return label
    return f"[{' ' if found['mark'] in _UNMARKED else '✔'}] {label[found.end() :]}"
