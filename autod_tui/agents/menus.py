"""Numbered menus on an agent's screen: a cursor before one of several numbered lines, and nothing but hints below."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import msgspec
from msgspec import Struct

from autod_tui.core.agent_ports import Choice, Question
from autod_tui.core.plan import AgentProfile

BY_DIGIT = frozenset({"claude", "gemini", "qwen", "copilot"})
"""Families whose menus take a choice by its digit alone; elsewhere the cursor is moved and seen to have moved."""
LONGEST_QUESTION = 24
"""Rows of a question that are kept: the last ones."""
MOST_BELOW = 6
"""Rows of hints that may stand below a menu."""

_OPTION = re.compile(r"^\s*(?P<cursor>[❯›●▶>→])?\s*(?P<number>\d{1,2})[.)]\s+(?P<label>\S.*)$")
_BUTTON = re.compile(r"^\s*(?P<cursor>[❯›●▶>→])?\s*(?P<label>Submit|Next)$")
_RULE = re.compile(r"^[\s─━═╌-]{8,}$")
_HINT = re.compile(
    r"(?i)\benter\b.*\b(?:select|confirm|continue|submit)\b|\besc\b.*\b(?:cancel|back|reject|exit)\b"
    r"|number keys|navigate|^\W*waiting for user confirmation"
)
_PROMPT = re.compile(r"^\s*[❯›>](?:\s|$)")
_SPOKEN = re.compile(r"^(?:[●•⏺✦✶✻■✔]|\s*⎿|[❯›>]\s)")
"""How rows of the conversation begin: a question never reaches above one."""
_TYPE_HERE = re.compile(r"^(?:\[.\] )?Type (?:something|here)")
_FIELD_HINT = "ctrl+g to edit"
_TELL = re.compile(r"(?i)tell \w+(?: \w+)* (?:differently|instead)|suggest changes")
_STOPS = re.compile(r"(?i)\(esc to stop\)$")
"""How a choice ends that is a field for words, and of which Esc is all that can be taken without any."""
_SHORTCUT = re.compile(r"\((?P<key>[a-z0-9]|esc)\)$", re.IGNORECASE)


_FURTHER = "\v"
"""Stands in a label between its rows until it is known whether the further ones describe it."""


class _Menu(Struct, frozen=True):
    """Where a menu stands: rows of its options and what each of them says."""

    first: int
    last: int
    choices: tuple[Choice, ...]


def read_menu(
    profile: AgentProfile, rows: Sequence[str], coloured: Callable[[Sequence[tuple[int, str]]], int] = lambda _: -1
) -> Question | None:
    """Read the menu at the end of a screen (plain rows, without box edges), or None when none stands there.

    `coloured` tells which of some rows, each with its label, is marked by its colour, -1 for none.
    """
    menu = _find(rows, coloured)
    if menu is None or not _at_the_end(rows, menu):
        return None
    family = profile.family or profile.name
    hints = "\n".join(rows[menu.last + 1 :])
    choices = _with_keys(family, _described(menu.choices, hints), hints)
    question = Question(text=question_text(rows[: menu.first]), choices=choices)
    return _with_text_field(question, hints)


def question_text(rows: Sequence[str]) -> str:
    """Return what is asked above a menu: up to a rule, or to where the conversation begins; blank rows as one."""
    kept: list[str] = []
    for row in reversed(rows):
        if (_RULE.match(row) and "╌" not in row) or _SPOKEN.match(row) or len(kept) == LONGEST_QUESTION:
            break
        if not _RULE.match(row) and (row.strip() or (kept and kept[-1])):
            kept.append(row.strip())
    return "\n".join(reversed(kept)).strip()


def _find(rows: Sequence[str], coloured: Callable[[Sequence[tuple[int, str]]], int]) -> _Menu | None:
    """Return the lowest block of lines numbered 1, 2, ... of which one has the cursor, or a colour of its own."""
    places = [(index, found) for index, row in enumerate(rows) if (found := _OPTION.match(row))]
    starts = [at for at, (_, found) in enumerate(places) if found["number"] == "1"]
    if not starts:
        return None
    block = _counted(places[starts[-1] :])
    if len(block) < 2:
        return None
    cursors = [found["cursor"] is not None for _, found in block]
    if not any(cursors):
        at = coloured([(index, found["label"]) for index, found in block])
        cursors = [number == at for number in range(len(block))]
    ends = [*(index for index, _ in block[1:]), _end_of_last(rows, block[-1][0])]
    choices: list[Choice] = []
    pointed = False
    for (index, found), end, cursor in zip(block, ends, cursors, strict=True):
        label, button = _label(found["label"], rows[index + 1 : end])
        choices.append(Choice(key=found["number"], label=label, selected=cursor))
        if button is not None:
            choices.append(Choice(key=button["label"].lower(), label=button["label"]))
            pointed = pointed or button["cursor"] is not None
    if not pointed and sum(choice.selected for choice in choices) != 1:
        return None  # a list, not a menu
    return _Menu(block[0][0], ends[-1] - 1, tuple(choices))


def _counted(places: list[tuple[int, re.Match[str]]]) -> list[tuple[int, re.Match[str]]]:
    """Return the places as far as they count 1, 2, 3 ..."""
    kept = []
    for number, place in enumerate(places, 1):
        if int(place[1]["number"]) != number:
            break
        kept.append(place)
    return kept


def _end_of_last(rows: Sequence[str], index: int) -> int:
    """Return the row behind the last option: further rows of its label are indented as deep as the label."""
    end = index + 1
    while end < len(rows) and rows[end].strip() and rows[end].startswith("     ") and not _HINT.search(rows[end]):
        end += 1
    return end


def _label(first: str, below: Sequence[str]) -> tuple[str, re.Match[str] | None]:
    """Return an option's label with the rows that belong to it, and a button without a number that follows it."""
    button = None
    parts = [first.strip()]
    for row in below:
        if found := _BUTTON.match(row):
            button = found
        elif row.strip() and not _RULE.match(row):
            parts.append(row.strip())
    return _FURTHER.join(dict.fromkeys(parts)), button


def _described(choices: tuple[Choice, ...], hints: str) -> tuple[Choice, ...]:
    """Join the rows of labels: a question's have a description below, a permission's go on there."""
    joint = " - " if "nter to select" in hints else " "
    return tuple(msgspec.structs.replace(one, label=one.label.replace(_FURTHER, joint)) for one in choices)


def _at_the_end(rows: Sequence[str], menu: _Menu) -> bool:
    """Say whether only hints stand below: an input line there means that the menu was merely printed."""
    below = [row for row in rows[menu.last + 1 :] if row.strip() and not _RULE.match(row)]
    if len(below) > MOST_BELOW or any(_PROMPT.match(row) for row in below):
        return False
    return not below or any(_HINT.search(row) for row in below) or _boxed(below)


def _boxed(below: Sequence[str]) -> bool:
    return all(row.lstrip().startswith("⚠") or row.startswith("   ") for row in below)


def _with_keys(family: str, choices: tuple[Choice, ...], hints: str) -> tuple[Choice, ...]:
    at = next((index for index, choice in enumerate(choices) if choice.selected), 0)
    in_field = _in_field(choices[at], hints)
    made = []
    for index, choice in enumerate(choices):
        if choice.key in ("submit", "next"):
            keys: tuple[str, ...] = ("Tab",)
        elif _STOPS.search(choice.label):
            keys = ("Escape",)
        elif family in BY_DIGIT and not in_field:
            keys = (choice.key,)
        else:
            keys = _by_letter(choice) or (*moves(index - at, "Up", "Down"), "Enter")
        made.append(msgspec.structs.replace(choice, typed=keys))
    return tuple(made)


def _in_field(choice: Choice, hints: str) -> bool:
    """Say whether the cursor stands in a field for words, where a digit would be taken for one of them."""
    amending = choice.label.startswith("No, ") and "nter to" not in hints and "(" not in choice.label
    stops = _STOPS.search(choice.label) is not None
    return choice.selected and (amending or stops or _FIELD_HINT in hints or _TYPE_HERE.match(choice.label) is not None)


def _by_letter(choice: Choice) -> tuple[str, ...]:
    found = _SHORTCUT.search(choice.label)
    if found is None:
        return ()
    return ("Escape",) if found["key"].lower() == "esc" else (found["key"],)


def moves(by: int, back: str, forth: str) -> tuple[str, ...]:
    """Return the key presses that move a cursor by so many places."""
    return (forth if by > 0 else back,) * abs(by)


def _with_text_field(question: Question, hints: str) -> Question:
    """Find out where words of one's own can be typed, if anywhere."""
    at = next((index for index, choice in enumerate(question.choices) if choice.selected), 0)
    for index, choice in enumerate(question.choices):
        if _STOPS.search(choice.label):
            field = () if choice.selected else (choice.key,)
            return msgspec.structs.replace(question, free_text=True, into_text=field)
        type_here = _TYPE_HERE.match(choice.label) and not choice.label.startswith("[")
        if type_here or (choice.selected and _FIELD_HINT in hints):
            keys: tuple[str, ...] = () if choice.selected else (choice.key,)
            return msgspec.structs.replace(question, free_text=True, into_text=keys)
        if _TELL.search(choice.label) and choice.label.lower().startswith("no"):
            typed = () if _in_field(choice, hints) else choice.typed
            return msgspec.structs.replace(question, free_text=True, into_text=typed)
        if choice.label == "No" and "Tab to amend" in hints:
            keys = (*moves(index - at, "Up", "Down"), "Tab")
            return msgspec.structs.replace(question, free_text=True, into_text=keys)
    return question
