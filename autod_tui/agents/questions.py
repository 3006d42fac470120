"""What an agent asks, read from its screen: a menu, buttons in a row, a list, letters in a line, or a yes or no."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from autod_tui.agents.choices import read_choices
from autod_tui.agents.lines import read_line_question
from autod_tui.agents.lists import read_list
from autod_tui.agents.menus import moves, question_text, read_menu
from autod_tui.agents.readiness import ESCAPES
from autod_tui.core.agent_ports import Choice, Question
from autod_tui.core.plan import AgentProfile

_SGR = re.compile(r"\x1b\[([0-9;:]*)m")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_EDGE = re.compile(r"^\s*[│┃║](.*?)[│┃║]?\s*$")
_BORDER = re.compile(r"^\s*[│┃]?\s*[╭╰┌└╔╚].*[╮╯┐┘╗╝]\s*[│┃]?\s*$")
_TOP = re.compile(r"^\s*[╭┌╔]")
_BOTTOM = re.compile(r"^\s*[╰└╚]")
_PROMPT = re.compile(r"^\s*[❯›>](?:\s|$)")
_BUTTONS = re.compile(r"^\s*(?P<labels>\S.*?)\s{2,}(?:ctrl\+f\s+\S+\s+)?⇆\s+select\s+enter\s+confirm")
_ALLOW = re.compile(r"^\s*(?P<labels>Allow once\s{2,}Allow always\s{2,}Reject)\b")
DEAF: Mapping[str, float] = {"vibe": 0.8}
"""Family to the seconds in which a new question takes no key, lest one hit it that was meant for what was there before
(Vibe 3.0: between 0.35 and 0.55 s after it has told that it waits)."""
PANEL_FROM = 60
"""Columns that a panel at the right leaves at least to the conversation."""
PANEL_SHARE = 0.6
"""Part of the rows in which its edge stands."""


def read_question(profile: AgentProfile, lines: Sequence[str]) -> Question | None:
    """Read what is asked at the end of a screen, or None when no question stands there.

    `lines` may hold SGR sequences: where an agent marks a choice by its colour alone, they tell which it is.
    """
    raw = _trimmed(_without_panel(lines))
    question = _read(profile, raw)
    if question is None and (above := _without_notice(raw)):
        below = _read(profile, above)
        question = below if below is not None and below.choices else None
    if question is None and profile.strange:
        question = read_choices([_inner(plain(line)) for line in raw])
    deaf = DEAF.get(profile.family or profile.name, 0.0)
    return msgspec.structs.replace(question, deaf=deaf) if question is not None and deaf else question


def _read(profile: AgentProfile, raw: Sequence[str]) -> Question | None:
    rows = [_inner(plain(line)) for line in raw]

    def coloured(labels: Sequence[tuple[int, str]]) -> int:
        return _odd([_ground_of(raw[index], label) for index, label in labels])

    return read_menu(profile, rows, coloured) or _read_buttons(raw, rows) or read_list(rows) or read_line_question(rows)


def _trimmed(raw: list[str]) -> list[str]:
    while raw and not plain(raw[-1]).strip():
        raw.pop()
    return raw


def _without_notice(raw: Sequence[str]) -> list[str]:
    """Leave out a box at the end that stands right below another box, without a prompt in it; nothing without one."""
    top = next((index for index in reversed(range(len(raw))) if _TOP.match(plain(raw[index]))), 0)
    box = [plain(line) for line in raw[top:]]
    above = _trimmed(list(raw[:top]))
    if not (above and _BOTTOM.match(box[-1]) and _BOTTOM.match(plain(above[-1]))):
        return []
    return [] if any(_PROMPT.match(_inner(row)) for row in box[1:-1]) else above


def plain(line: str) -> str:
    """Return a row of a screen without escape sequences and control characters, nor blanks at its end."""
    return _CONTROLS.sub("", ESCAPES.sub("", line)).rstrip()


def _without_panel(lines: Sequence[str]) -> list[str]:
    """Cut a panel at the right off: an edge that stands in the same column of most rows, with words behind it."""
    rows = [plain(line) for line in lines]
    edges = Counter(at for row in rows for at in _edges(row))
    column, count = max(edges.items(), key=lambda found: found[1], default=(0, 0))
    if count < PANEL_SHARE * len(rows) or not any(row[column + 1 :].strip(" │") for row in rows):
        return list(lines)
    return [row[:column].rstrip() if len(row) > column else line for row, line in zip(rows, lines, strict=True)]


def _edges(row: str) -> list[int]:
    return [at for at in range(PANEL_FROM, len(row)) if row[at] == "│" and row[at - 1] == " "]


def last_words(lines: Sequence[str], count: int) -> tuple[str, ...]:
    """Return the last `count` rows that hold anything but lines and edges, as plain text."""
    rows = [_inner(plain(line)).strip() for line in lines]
    return tuple(row for row in rows if row.strip("─━═╌ ┃│"))[-count:]


def _inner(row: str) -> str:
    """Return what stands inside a box: a border of an inner box is blank, the outer one counts as a rule."""
    if _BORDER.match(row):
        return "" if row.lstrip().startswith(("│", "┃")) else "─" * 20
    edged = _EDGE.match(row)
    return _inner(edged[1].rstrip()) if edged else row


def _read_buttons(raw: Sequence[str], rows: Sequence[str]) -> Question | None:
    """Read choices that stand side by side; the cursor is a colour of its own behind one of them."""
    for index in range(len(rows) - 1, max(len(rows) - 5, -1), -1):
        if found := _BUTTONS.match(rows[index]) or _ALLOW.match(rows[index]):
            labels = re.split(r"\s{2,}", found["labels"].strip())
            at = _coloured(raw[index], labels)
            choices = tuple(
                Choice(
                    key=str(number + 1),
                    label=label,
                    selected=number == at,
                    typed=(*moves(number - at, "Left", "Right"), "Enter"),
                )
                for number, label in enumerate(labels)
            )
            return Question(text=question_text(_box_above(raw, rows, index)), choices=choices)
    return None


def _box_above(raw: Sequence[str], rows: Sequence[str], index: int) -> Sequence[str]:
    """Return the rows of the box that ends above `index`: they share its edge."""
    start = index
    while start and _EDGE.match(plain(raw[start - 1])):
        start -= 1
    return rows[start:index]


def _coloured(line: str, labels: Sequence[str]) -> int:
    """Return which label has a background that no other has; the first one where colours don't tell."""
    text, grounds = _grounds(line)
    places = [text.find(label) for label in labels]
    seen = [grounds[place] if place >= 0 else "" for place in places]
    return next((index for index, ground in enumerate(seen) if len(seen) > 1 and seen.count(ground) == 1), 0)


def _odd(grounds: Sequence[str]) -> int:
    """Return which ground alone is another one than all the others, which are alike; -1 for none."""
    for index, ground in enumerate(grounds):
        others = {*grounds[:index], *grounds[index + 1 :]}
        if ground and others == {""}:
            return index
    return -1


def _ground_of(line: str, label: str) -> str:
    text, grounds = _grounds(line)
    at = text.find(label)
    return grounds[at] if at >= 0 else ""


def _grounds(line: str) -> tuple[str, list[str]]:
    """Return the text of a row and the background of each of its characters."""
    text, grounds, ground, position = "", list[str](), "", 0
    for found in _SGR.finditer(line):
        piece = line[position : found.start()]
        text, grounds = text + piece, grounds + [ground] * len(piece)
        ground, position = _ground_after(found[1], ground), found.end()
    piece = line[position:]
    return text + piece, grounds + [ground] * len(piece)


def _ground_after(codes: str, ground: str) -> str:
    words = codes.replace(":", ";").split(";")
    while words:
        word = words.pop(0)
        if word in ("38", "48"):
            size = 4 if words[:1] == ["2"] else 2
            ground, words = (";".join(words[:size]) if word == "48" else ground), words[size:]
        elif word in ("", "0", "49", "27"):
            ground = ""
        elif word == "7" or (word.isdigit() and int(word) in (*range(40, 48), *range(100, 108))):
            ground = word
    return ground
