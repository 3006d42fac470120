"""What a rate limit is, and when it ends, by the words in which agents and models' servers tell it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import tzinfo

REFUSALS = frozenset({429, 529})
"""Statuses by which a service asks for fewer requests."""
LOADED = REFUSALS | {503}
"""Statuses of a service that is only too busy for now: whoever tries again waits for it as for a limit."""
ANY_REFUSAL = rf"\b(?:{'|'.join(map(str, sorted(REFUSALS)))})\b"
"""Matches one of them in words."""
WAITS_FOR = re.compile(
    rf"\b(?:{'|'.join(map(str, sorted(LOADED)))})\b|rate.?limit|overloaded|too many requests|throttl", re.IGNORECASE
)
"""Matches what an agent that tries again says of a service that is too busy; of an end it may say too much."""
_BEFORE = (
    r"\b(?:retry(?:ing)?|try again|tries again|resets?|resetting|reconnecting|available|wait)\b"
    r"(?:\s*\(\d+/\d+\))?[^\d\n]{0,20}?"
)
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_AMOUNT = r"\d+(?:\.\d+)?\s*(?:ms|s(?:ec(?:ond)?s?)?|m(?:in(?:ute)?s?)?|h(?:(?:ou)?rs?)?|d(?:ays?)?)(?![a-z])"
_IN = re.compile(rf"{_BEFORE}\bin\s+((?:{_AMOUNT}[\s,]*(?:and\s+)?)+)", re.IGNORECASE)
_ONE = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)", re.IGNORECASE)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_AT = re.compile(
    rf"\b(?:try again|retry|resets?|available)\s+(?:at\s+|on\s+)?"
    rf"(?:(?P<month>{'|'.join(_MONTHS)})[a-z]*\.?\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?:(?P<year>\d{{4}}),?\s+)?"
    r"(?:at\s+)?)?"
    r"(?P<hour>\d{1,2})(?::(?P<minute>\d\d))?\s*(?P<half>[ap]m)?\b(?:\s*\((?P<zone>[\w/+-]+)\))?",
    re.IGNORECASE,
)
_STAMP = re.compile(r"limit reached\|(\d{10})\b")


def limit_ends(text: str, now: float) -> float:
    """Return the Unix time at which the limit that `text` tells of ends, 0 when it tells none.

    Known: `Retrying in 5s`, `try again in 1m 30s`, `try again at 14:30`, `resets 3pm (Europe/London)`,
    `resets Oct 7, 1am`, `limit reached|1749924000`. Times without a zone are this machine's.
    """
    if found := _IN.search(text):
        return now + sum(float(amount) * _UNITS[unit.lower()] for amount, unit in _ONE.findall(found[1]))
    if found := _STAMP.search(text):
        return float(found[1])
    found = _AT.search(text)
    return _clock(found, now) if found and (found["minute"] or found["half"]) else 0.0


def _clock(found: re.Match[str], now: float) -> float:
    """Return the next time at which clocks show what was told."""
    from datetime import UTC, datetime, timedelta  # milliseconds that most commands need not spend

    hour = int(found["hour"])
    if found["half"]:
        hour = hour % 12 + (12 if found["half"].lower() == "pm" else 0)
    here = datetime.fromtimestamp(now, UTC).astimezone(_zone(found["zone"]))
    try:
        told = here.replace(hour=hour, minute=int(found["minute"] or 0), second=0, microsecond=0)
        if found["month"]:
            month = _MONTHS.index(found["month"].lower()) + 1
            told = told.replace(year=int(found["year"] or told.year), month=month, day=int(found["day"]))
        elif told <= here:
            told += timedelta(days=1)
    except ValueError:
        return 0.0
    return told.timestamp() if told > here else 0.0


def _zone(name: str | None) -> tzinfo | None:
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name) if name else None
    except (ValueError, OSError, LookupError):
        return None
