"""What an agent's terminal says about its state: escape sequences first, then its title, words on the screen last."""

from __future__ import annotations

import base64
import binascii
import re
import time
from collections.abc import Sequence
from functools import lru_cache

from autod_tui.agents.limits import limit_ends
from autod_tui.core.habits import EDGES
from autod_tui.core.plan import AgentProfile
from autod_tui.core.workstream import Reading, Source, WorkstreamState

_TITLES = (
    ("waiting", WorkstreamState.WAITING, False),
    ("working", WorkstreamState.WORKING, False),
    ("idle", WorkstreamState.IDLE, False),
    ("quiet", WorkstreamState.IDLE, True),
)
SCREEN_LINES = 15
QUESTION_ROWS = 8
"""Rows above a choice, or a hint at keys, that may hold what is asked."""
MAX_REASON = 200
ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]*[0-~])")
"""Escape sequences of any kind, as a captured screen may hold them."""
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]+")
_PROMPT = re.compile(r"^[\s│┃]*(?:[a-z-]+)?[>❯›](?:\s|$)")
_STATES = {
    "idle": WorkstreamState.IDLE,
    "working": WorkstreamState.WORKING,
    "blocked": WorkstreamState.WAITING,
    "done": WorkstreamState.DONE,
    "error": WorkstreamState.FAILED,
}


def read_title(profile: AgentProfile, title: str) -> Reading | None:
    """Read a terminal's title by the profile's patterns; None when it says nothing, `quiet` being vague."""
    for word, state, vague in _TITLES:
        pattern = profile.titles.get(word, "")
        if pattern and _compiled(pattern).search(title):
            return Reading(state, "", Source.TITLE, vague=vague)
    return None


def read_screen(profile: AgentProfile, lines: Sequence[str], now: float | None = None) -> Reading | None:
    """Read the last 15 non-blank lines of a screen by the profile's patterns; None when none matches.

    Relative times of rate limits are added to `now`, by default this moment. Waiting outranks rate limits, these
    outrank failed, working and done, of which the lowest line counts; a prompt right below a failure hides none. What
    is done below a rate limit has overcome it, and what was tried again, answered or asked below it, a failure. A
    question above a prompt was broken off, where a profile knows prompts, and one above a footer was never asked; all
    of this is over, the prompt of an earlier rest as well, above a prompt with words.
    """
    rows = [text for line in lines if (text := _plain(line))][-SCREEN_LINES:]
    waiting, limited = _lowest(profile.waiting, rows), _lowest(profile.rate_limited, rows)
    failed, done = _lowest(profile.failed, rows), _lowest(profile.done, rows)
    working = _lowest(profile.working, rows)
    if asked := _asked(profile, rows):
        limited, working, done = (index if index > asked else -1 for index in (limited, working, done))
    if waiting >= 0 and not _left(profile, rows, waiting):
        return _seen(WorkstreamState.WAITING, _question(rows, waiting), now)
    if limited > done:
        above = rows[:limited]
        broke = bool(profile.broke) and _lowest(profile.broke, above) == _lowest(profile.failed, above)
        return _seen(WorkstreamState.WORKING if broke else WorkstreamState.RATE_LIMITED, rows[limited], now)
    if failed < max(limited, _lowest(profile.answered, rows)) or _overcome(profile, rows, failed):
        failed = -1
    rest = (
        (failed, WorkstreamState.FAILED),
        (working, WorkstreamState.WORKING),
        (done if failed < 0 else -1, WorkstreamState.DONE),
    )
    index, state = max(rest, key=lambda found: found[0])  # the first of equals: failed before working before done
    return _seen(state, rows[index], now) if index >= 0 else None


def _question(rows: Sequence[str], waiting: int) -> str:
    """Return what tells best why it waits: the nearest row with a question mark, for the lowest ones are choices."""
    near = rows[max(waiting - QUESTION_ROWS, 0) : waiting + 1]
    return next((row for row in reversed(near) if "?" in row), rows[waiting])


def _left(profile: AgentProfile, rows: Sequence[str], waiting: int) -> bool:
    """Tell whether an agent that has a prompt of its own shows one below its question: somebody has broken that off."""
    below = rows[waiting + 1 :]
    if _lowest(profile.footer, below) >= 0:
        return True
    return bool(profile.done) and any(_PROMPT.match(row) for row in below)


def _asked(profile: AgentProfile, rows: Sequence[str]) -> int:
    """Return the index of the lowest prompt with words, where a profile knows the bare one; 0 for none."""
    if not profile.done or not _compiled(profile.done).search("> "):
        return 0
    bare = _compiled(profile.done)
    prompts = (index for index in reversed(range(len(rows))) if _PROMPT.match(rows[index]))
    return next((index for index in prompts if not bare.search(rows[index])), 0)


def _overcome(profile: AgentProfile, rows: Sequence[str], failed: int) -> bool:
    """Tell whether something was asked below a failure.

    One of the prompts there waits for words: by the profile's pattern it is bare, else the lowest one is taken for it.
    """
    prompts = [row for row in rows[failed + 1 :] if _PROMPT.match(row)] if failed >= 0 else []
    if profile.done:
        return any(not _compiled(profile.done).search(row) for row in prompts)
    return len(prompts) > 1


def _seen(state: WorkstreamState, row: str, now: float | None) -> Reading:
    says_why = state in (WorkstreamState.WAITING, WorkstreamState.RATE_LIMITED, WorkstreamState.FAILED)
    limited = state is WorkstreamState.RATE_LIMITED
    until = limit_ends(row, time.time() if now is None else now) if limited else 0.0
    return Reading(state, clean(row.strip(EDGES)) if says_why else "", Source.SCREEN, until)


def _plain(line: str) -> str:
    return ESCAPES.sub("", line).rstrip()


def _lowest(pattern: str, rows: Sequence[str]) -> int:
    """Return the index of the lowest row that `pattern` matches, -1 for none."""
    if not pattern:
        return -1
    search = _compiled(pattern).search
    return next((index for index in reversed(range(len(rows))) if search(rows[index])), -1)


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def read_osc(text: str) -> Reading | None:
    """Read `NUMBER;text` of an operating system command: 7501 tells a state, 9, 99 and 777 call for attention."""
    number, _, rest = text.partition(";")
    if number == "7501":
        return _read_status(rest)
    if number == "9" and not rest.startswith("4;"):  # 9;4 is a progress bar
        return _attention(rest)
    if number == "777" and rest.startswith("notify;"):
        return _attention(rest.removeprefix("notify;").replace(";", ": ", 1))
    if number == "99":
        return _attention(rest.partition(";")[2])
    return None


def _attention(text: str) -> Reading | None:
    reason = clean(text)
    return Reading(None, reason, Source.TERMINAL) if reason else None


def _read_status(text: str) -> Reading | None:
    fields = dict(field.partition("=")[::2] for field in text.split(":"))
    state = _STATES.get(fields.get("state", ""))
    if state is None:
        return None
    message = _decoded(fields.get("msg", ""))
    kind = fields.get("kind", "") if state is WorkstreamState.WAITING else ""
    return Reading(state, clean(": ".join(part for part in (kind, message) if part)), Source.TERMINAL)


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return ""


def clean(text: str) -> str:
    """Make an agent's words fit for one line of ours: no escapes, control or direction characters, 200 characters."""
    return _CONTROLS.sub(" ", ESCAPES.sub("", text[: 4 * MAX_REASON])).strip()[:MAX_REASON]


def limited(profile: AgentProfile, text: str) -> bool:
    """Tell whether an agent's words match its profile's pattern of rate limits."""
    return bool(profile.rate_limited) and _compiled(profile.rate_limited).search(text) is not None
