"""Agents without a profile: what their titles, progress bars and notifications tell, in whatever words."""

from __future__ import annotations

import re
from collections.abc import Sequence

from autod_tui.agents.limits import ANY_REFUSAL, limit_ends
from autod_tui.agents.readiness import SCREEN_LINES, clean, read_osc
from autod_tui.core.habits import EDGES, TURNING
from autod_tui.core.workstream import Reading, Source, WorkstreamState

S = WorkstreamState
_GLYPHS = re.compile(
    rf"^\s*(?P<lead>[{TURNING}]+|[|/\\-](?=\s))\s*(?P<rest>.*?)$|^(?P<front>.*?)\s*(?P<tail>[{TURNING}]+)\s*$"
)
_LEAD = re.compile(r"^(?P<lead>\W*)(?P<rest>.*)$")
_END = r"(?=\W*$|\s*(?:…|\.{2,}|[|:·•—–(\[]|\s-\s))"
_START = r"(?:^\W*|[|:·•—–\])]\W*|\s-\s\W*)"
_WORDS = (
    (
        S.WAITING,
        re.compile(
            rf"(?i){_START}(?:action required|(?:needs|awaiting|waiting for|requires) (?:your )?(?:approval|permission|"
            rf"confirmation|attention|answer|decision)|permission (?:required|needed)|approval (?:required|needed)|"
            rf"confirm(?:ation)?(?: required)?|blocked|question){_END}"
        ),
    ),
    (
        S.WORKING,
        re.compile(
            rf"(?i){_START}(?:working|thinking|busy|running|generating|processing|executing|streaming|responding){_END}"
        ),
    ),
    (
        S.IDLE,
        re.compile(
            rf"(?i){_START}(?:ready|idle|done|complete[d]?|finished|waiting for (?:your )?(?:input|prompt)){_END}"
        ),
    ),
)
_ASKS = re.compile(
    r"(?i)\b(?:approv\w+|permission|confirm\w*|allow|authori[sz]\w+|questions?|asks?|asking|decision|choose|"
    r"action required|needs? (?:your )?(?:attention|input|answer|help)|blocked)\b|\?\s*$"
)
_FAILED = re.compile(
    r"^\W*(?:[\w']+[ .,]+){0,6}?(?:\w*error|exception|failed|failure)\b[^:({\[]{0,20}[:({\[].*?"
    r"(?:\b[45]\d\d\b|connection|econn|timed? ?out|timeout|overloaded|rate.?limit|unauthorized|api.key|quota|"
    r"server error|fetch failed|too many requests|authentication)",
    re.IGNORECASE,
)
"""An error, said as such, of the service behind an agent: words about errors in somebody's code name none of these."""
_LIMITED = re.compile(rf"(?i){ANY_REFUSAL}|rate.?limit|too many requests|overloaded|quota")
_RETRIES = re.compile(
    r"(?i)\b(?:retry(?:ing)?|retries|try(?:ing)? again|reconnecting|rate.?limit\w*|resets?|resetting)\b"
)
_SPOKEN = re.compile(r"[•●⏺✦✧✨◆■]\s")
"""How rows begin in which somebody begins to speak."""
_PROMPT = re.compile(r"[>❯›»](?:\s|$)")
BOX_ROWS = 5
"""Rows of a box for words at most, and below it."""
_SECONDS = re.compile(r"\b(\d+(?:\.\d+)?)\s*s(?:ec(?:ond)?s?)?\b")
_QUERY = re.compile(r"99;[^;]*p=\?")
_PROMPTS = re.compile(r"(?i)waiting for your (?:input|message|prompt)")
_RULE = re.compile(r"^[\s│┃]*[─━═╭╰┌└╔╚][─━═╌╮╯┐┘╗╝\s]*$|^\s*[─━═]{2,}.*[─━═]{2,}\s*$")
LAST_ROWS = 12
"""Rows above the end of a screen in which a failure may stand that was told last."""


def read_strange_title(before: str, title: str) -> Reading | None:
    """Read a title after another one: a spinner that turns or appears is work, words that stand alone are meant.

    None when it says nothing: in a session whose title has told of work, that is vague rest.
    """
    for state, pattern in _WORDS:
        if pattern.search(title):
            return Reading(state, "", Source.TITLE, vague=state is S.IDLE)
    glyph, rest = _parted(title)
    known, same = _parted(before)
    if glyph and glyph != known and (known or same == rest):
        return Reading(S.WORKING, "", Source.TITLE)
    return None if glyph else Reading(S.IDLE, "", Source.TITLE, vague=True)


def _parted(title: str) -> tuple[str, str]:
    """Return what turns in a title, if anything, and the words."""
    found = _GLYPHS.match(title)
    if found is None:
        bare = _LEAD.match(title)
        return "", bare["rest"] if bare else title
    return found["lead"] or found["tail"], found["rest"] if found["lead"] else found["front"]


def read_notice(text: str) -> Reading | None:
    """Read `NUMBER;text` of an operating system command, or the bell (empty); None for what tells nothing.

    A progress bar (OSC 9;4) is work, as by a title; taken away it is vague rest. Of notifications, to be weighed
    with the screen, one that asks for something is a wait for a person; any other one says that the agent rests.
    """
    if text.startswith("9;4;"):
        return _progress(text.split(";")[2])
    if text.startswith("99;") and _QUERY.match(text):
        return None
    told = read_osc(text) if text else Reading(None, "", Source.TERMINAL)
    if told is None or told.state is not None:
        return None
    if _ASKS.search(told.reason) and not _PROMPTS.search(told.reason):
        return Reading(S.WAITING, told.reason, Source.SCREEN)
    return Reading(S.IDLE, "", Source.SCREEN)


def _progress(kind: str) -> Reading | None:
    if kind in ("1", "3"):
        return Reading(S.WORKING, "", Source.TITLE)
    return Reading(S.IDLE, "", Source.TITLE, vague=True) if kind in ("0", "2", "4") else None


def read_last_words(rows: Sequence[str], now: float) -> Reading | None:
    """Read a failure of the service out of the last thing said on a screen at rest (plain rows), or None."""
    for row in _last_said(rows):
        if _FAILED.search(row):
            limited = _LIMITED.search(row) is not None
            state = S.RATE_LIMITED if limited else S.FAILED
            return Reading(state, clean(row.strip()), Source.SCREEN, limit_ends(row, now) if limited else 0.0)
    return None


def _last_said(rows: Sequence[str]) -> list[str]:
    """Return the rows of what was said last, the lowest first: up to where somebody began to speak.

    One prompt may stand below it: that of the input line.
    """
    said, in_line = list[str](), False
    for row in [row for row in _above_box(rows) if row.strip(EDGES)][-LAST_ROWS:][::-1]:
        inner = row.strip(EDGES)
        if _RULE.match(row):
            continue
        if _PROMPT.match(inner):
            if in_line or any(map(_FAILED.search, said)):
                break  # that is the prompt which it answers
            said, in_line = [], True
            continue
        said.append(inner)
        if _SPOKEN.match(inner):
            break
    return said


def _above_box(rows: Sequence[str]) -> Sequence[str]:
    """Leave out a box at the end, in which somebody shall write, with what stands below it."""
    bottom = next((at for at in reversed(range(len(rows))) if rows[at].lstrip()[:1] in ("╰", "└", "╚")), -1)
    top = next((at for at in reversed(range(max(bottom, 0))) if rows[at].lstrip()[:1] in ("╭", "┌", "╔")), -1)
    below = sum(1 for row in rows[bottom + 1 :] if row.strip())
    return rows[:top] if top >= 0 and bottom - top <= BOX_ROWS and below <= BOX_ROWS else rows


def read_retry(rows: Sequence[str], now: float) -> Reading | None:
    """Read the lowest row (plain) that tells when another attempt comes; whether it lives it doesn't tell itself."""
    for row in reversed([row for row in rows if row.strip()][-SCREEN_LINES:]):
        if _RETRIES.search(row):
            line = clean(row.strip(EDGES))
            until = limit_ends(line, now) or _counted(line, now)
            return Reading(S.RATE_LIMITED, line, Source.SCREEN, until) if until else None
    return None


def _counted(line: str, now: float) -> float:
    """Return the end of a time that is told without `in`: `waiting 12s before retry`."""
    found = _SECONDS.search(line)
    return now + float(found[1]) if found else 0.0
