"""Choices in nobody's known form: rows one below the other, one with a cursor, of which some grant and some refuse."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from msgspec import Struct

from autod_tui.agents.menus import moves, question_text
from autod_tui.core.agent_ports import Choice, Question

MOST_CHOICES = 9
MOST_BELOW = 6
"""Rows that may stand below: hints, and what an agent always draws at the end of its screen."""
_ROW = re.compile(
    r"^(?P<before>\s*)(?P<cursor>[❯›>▸▶→➜●◉])?(?P<gap>\s*)(?P<number>(?:\[\w\]|\(\w\)|\d[.)])\s+)?(?P<mark>[✓✗✔✘×○◯◉☐☑]\s+)?"
    r"(?P<label>\S.*?)\s*$"
)
_GRANTS = re.compile(
    r"(?i)^(?:yes|y|ok(?:ay)?|approve|allow|accept|continue|proceed|run|execute|confirm|trust|always|once|grant|apply|"
    r"i trust|submit|do it|go ahead)\b"
)
_REFUSES = re.compile(
    r"(?i)^(?:no|n|reject|deny|decline|cancel|skip|abort|don'?t|do not|never|refuse|stop|exit|quit|disallow|discard)\b"
)
_RULE = re.compile(r"^[\s─━═╌╭╮╰╯┌┐└┘-]{8,}$|^\s*[─━═]{2,}.*[─━═]{2,}\s*$")
_WRITES = re.compile(r"^\s*[❯›>](?:\s|$)")
_SHORTCUT = re.compile(r"\s*\((?P<key>esc|tab|shift\+tab|enter|[a-z0-9]|ctrl[+-]\w)\)$", re.IGNORECASE)


class _Row(Struct, frozen=True):
    """A choice on the screen."""

    column: int
    label: str
    selected: bool


def read_choices(rows: Sequence[str]) -> Question | None:
    """Read the choices near the end of a screen (plain rows, without box edges); None when none stand there.

    A list that merely stands there has no cursor, or does not both grant and refuse; below it nobody can write.
    """
    last = _last(rows)
    if last < 0:
        return None
    first, block = last, list[_Row]()
    for at in reversed(range(last + 1)):
        found = _read(rows[at])
        if found is None or (block and found.column < block[0].column) or len(block) == MOST_CHOICES:
            break
        if not block or found.column == block[0].column:  # else a label goes on there
            first, block = at, [found, *block]
    text = question_text(rows[:first])
    is_one = text and grants_and_refuses(row.label for row in block) and sum(row.selected for row in block) == 1
    return Question(text=text, choices=_choices(block)) if is_one else None


def grants_and_refuses(labels: Iterable[str]) -> bool:
    """Tell whether one of these choices grants what is asked for and another one refuses it."""
    said = tuple(labels)
    return any(_GRANTS.match(label) for label in said) and any(_REFUSES.match(label) for label in said)


def _last(rows: Sequence[str]) -> int:
    """Return the lowest row that grants or refuses; -1 for none, or when somebody can write below."""
    below = 0
    for at in reversed(range(len(rows))):
        if not rows[at].strip() or _RULE.match(rows[at]):
            continue
        found = _read(rows[at])
        if found is not None and (_REFUSES.match(found.label) or _GRANTS.match(found.label)):
            return at
        below += 1
        if below > MOST_BELOW or _WRITES.match(rows[at]):
            return -1
    return -1


def _read(row: str) -> _Row | None:
    found = _ROW.match(row) if row.strip() and not _RULE.match(row) else None
    if found is None or (found["cursor"] and not found["gap"]):
        return None
    begins = next(part for part in ("number", "mark", "label") if found[part])
    return _Row(found.start(begins), found["label"], bool(found["cursor"]))


def _choices(block: Sequence[_Row]) -> tuple[Choice, ...]:
    at = next(index for index, row in enumerate(block) if row.selected)
    made = []
    for index, row in enumerate(block):
        keys = (*moves(index - at, "Up", "Down"), "Enter")
        made.append(Choice(key=str(index + 1), label=_SHORTCUT.sub("", row.label), selected=row.selected, typed=keys))
    return tuple(made)
