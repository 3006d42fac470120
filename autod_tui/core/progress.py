"""Reading progress.md: what agents write in many hands, brought to four facts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from msgspec import Struct

from autod_tui.core.workstream import Progress

MAX_SIZE = 256_000
MAX_TEXT = 200
MAX_BLOCKERS = 20

_WORDS = {
    "complete": r"completed?|done|finished|merged|shipped",
    "on track": r"on[ -]track|on schedule|ahead of schedule|healthy|green|good",
    "at risk": r"at[ -]risk|delayed|behind(?: schedule)?|slipping|overdue|warning|yellow",
    "blocked": r"blocked|stuck|fail(?:ed|ing)|red",
    "in progress": r"in[ -]progress|wip|ongoing|under ?way|started|active|working",
    "not started": r"not (?:yet )?started|pending|to ?do|planned|queued",
    "paused": r"paused|on hold",
}
_GLYPHS = {
    "complete": "✅🎉🏁☑✔",
    "on track": "🟢",
    "at risk": "🟡🟠⚠",
    "blocked": "🔴❌⛔🛑🚫",
    "in progress": "⏳🔄🚧🏗🔵⚙🔨",
    "not started": "⬜⚪📋",
    "paused": "⏸",
}
_STATUS_WORD = re.compile("|".join(f"(?P<s{i}>\\b(?:{words})\\b)" for i, words in enumerate(_WORDS.values())), re.I)
_DENIED = re.compile(r"(?:\bnot|\bno longer|n't|\bnothing|\bno|\bun)[ -]*\Z", re.I)
_FENCE = re.compile(r" {0,3}(```|~~~)")
_HEADING = re.compile(r" {0,3}#{1,6}[ \t]+(.*)")
_BULLET = re.compile(r"(\s*)(?:[-*+•]|\d{1,4}[.)])[ \t]+(.*)")
_BOX = re.compile(r"\s*(?:[-*+]|\d{1,4}[.)])[ \t]+\[([ xX✓✔])\]")
_FIELD = re.compile(r"([^:|]{1,60}?)\s*(?::|\||\s[–—-]\s)\s*(.*)")
_MARKS = re.compile(r"[*_`]{1,3}|~~")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]+")
_PERCENT = re.compile(r"(?<![\d.])(\d{1,3}(?:\.\d{1,6})?) ?%", re.ASCII)
_FRACTION = re.compile(r"(?<![\d./])(\d{1,6}) ?(?:/|of|out of) ?(\d{1,6})(?![\d./])", re.ASCII)
_BARE = re.compile(
    r"(?:\d[\d.]* ?%|\d+ ?(?:/|of) ?\d+ (?:tasks?|items?|steps?)) *(?:is )?(?:complete|done|finished)", re.I
)
_STATUS_KEY = re.compile(r"(?:overall |current )?status\Z", re.I)
_PROGRESS_KEY = re.compile(r"(?:overall |total |task )?(?:progress|completion|percent(?:age)?)(?: complete)?\Z", re.I)
_ETA_KEY = re.compile(r"(?:eta|(?:estimated|expected) (?:completion|finish)(?: (?:date|time))?)\Z", re.I)
_BLOCKERS_KEY = re.compile(
    r"(?:current |known |open |active )?(?:blockers?\b(?!\s+(?:resolved|fixed))|blocked (?:by|on)\Z).*", re.I
)
_NONE = re.compile(
    r"(?:none(?! of\b)|nil|n\.?/?a\.?|no|-+|–|—|nothing"
    r"|no(?: \w+)? (?:blockers?|issues?|impediments?|problems?))"
    r"(?:\s*\Z|\s*[-–—.,;:!(✅🎉].*|\s+(?:at|so far|currently|right now|yet|identified|known|blocking)\b.*)",
    re.I,
)
_UNKNOWN = re.compile(r"(?:none|n/?a|tbd|tba|unknown|\?+|-+|–|—)\Z", re.I)


class _Line(Struct, frozen=True):
    """A line without its decoration."""

    text: str
    heading: bool = False
    bullet: bool = False
    nested: bool = False
    settled: bool = False
    """Struck through or ticked."""


def parse_progress(text: str | bytes) -> Progress:
    """Return what a progress.md says; never raises, looks at the first 256 kB, and None where it says nothing."""
    if isinstance(text, bytes):
        text = text[:MAX_SIZE].decode("utf-8", "replace")
    raw = _unfenced(text[:MAX_SIZE].removeprefix("\ufeff").splitlines())
    lines = [_undecorated(line) for line in raw]
    fields = list(_fields(lines))
    status = _first(fields, _STATUS_KEY)
    return Progress(
        status=_status(status) if status else None,
        percent=_percent(fields, lines, raw),
        eta=_eta(_first(fields, _ETA_KEY)),
        blockers=_blockers(lines),
    )


def _unfenced(lines: list[str]) -> list[str]:
    """Leave code blocks out, unless the whole text is one."""
    first = next((index for index, line in enumerate(lines) if line.strip()), 0)
    if lines and _FENCE.match(lines[first]):
        return [line for line in lines if not _FENCE.match(line)]
    kept, inside = [], False
    for line in lines:
        if _FENCE.match(line):
            inside = not inside
        elif not inside:
            kept.append(line)
    return kept


def _undecorated(line: str) -> _Line:
    if heading := _HEADING.match(line):
        return _Line(_plain(heading[1].rstrip("# ")), heading=True)
    bullet = _BULLET.match(line)
    body = (bullet[2] if bullet else line).strip().strip("|").strip().lstrip("> ")
    settled = body.startswith(("~~", "✅", "[x]", "[X]", "☑", "✔"))
    nested = len(bullet[1].expandtabs(4)) > 1 if bullet else line.startswith(("  ", "\t"))
    return _Line(_plain(re.sub(r"\[[ xX]\] ", "", body, count=1)), False, bullet is not None, nested, settled)


def _plain(text: str) -> str:
    return _CONTROLS.sub(" ", _MARKS.sub("", text)).strip()


def _fields(lines: list[_Line]) -> Iterator[tuple[str, str]]:
    """Yield (key, value) of `key: value` lines, table rows, and headings with the line below them."""
    for index, line in enumerate(lines):
        if found := _FIELD.match(line.text[:400]):
            yield _key(found[1]), found[2].strip()
        if line.heading or line.text.endswith(":"):
            below = next((other for other in lines[index + 1 :] if other.text), None)
            if below is not None and not below.heading:
                yield _key(line.text), below.text


def _key(text: str) -> str:
    """Drop glyphs before and punctuation after a key."""
    return re.sub(r"\A[^\w]+|[^\w)]+\Z", "", text)


def _first(fields: Iterable[tuple[str, str]], key: re.Pattern[str]) -> str:
    return next((value for name, value in fields if value and key.match(name)), "")


def _status(value: str) -> str | None:
    for found in _STATUS_WORD.finditer(value):
        if not _DENIED.search(value[: found.start()]):
            return list(_WORDS)[int((found.lastgroup or "s0")[1:])]
    for glyph in value:
        for status, glyphs in _GLYPHS.items():
            if glyph in glyphs:
                return status
    words = re.split(r"[.,;:(|–—]", re.sub(r"\A\W+", "", value))[0].strip().lower()
    return words[:40].strip() or None


def _percent(fields: list[tuple[str, str]], lines: list[_Line], raw: list[str]) -> float | None:
    stated = [value for name, value in fields if _PROGRESS_KEY.match(name)]
    stated += [value for name, value in fields if _STATUS_KEY.match(name)]
    stated += [line.text for line in lines if _BARE.match(line.text[:100])]
    for value in stated:
        if (percent := _number(value[:400])) is not None:
            return percent
    boxes = [box[1] != " " for line in raw if (box := _BOX.match(line))]
    return _share(sum(boxes), len(boxes))


def _number(value: str) -> float | None:
    if found := _PERCENT.search(value):
        percent = float(found[1])
        return percent if percent <= 100 else None
    if found := _FRACTION.search(value):
        return _share(int(found[1]), int(found[2]))
    return None


def _share(part: int, whole: int) -> float | None:
    return round(100 * part / whole, 1) if 0 <= part <= whole and whole else None


def _eta(value: str) -> str | None:
    return None if not value or _UNKNOWN.match(value) else value[:MAX_TEXT].strip()


def _blockers(lines: list[_Line]) -> tuple[str, ...]:
    found: list[str] = []
    for index, line in enumerate(lines):
        name, value = _blocker_field(line)
        if name:
            rest = [] if value else _section(lines[index + 1 :])
            found += [text for text in ([value] if value else rest) if not _NONE.match(text)]
    return tuple(dict.fromkeys(text[:MAX_TEXT].strip() for text in found))[:MAX_BLOCKERS]


def _blocker_field(line: _Line) -> tuple[str, str]:
    """Split a line that opens a blockers field or section into name and inline value; ("", "") for others."""
    if line.settled:
        return "", ""
    found = _FIELD.match(line.text[:400])
    if found and _BLOCKERS_KEY.match(_key(found[1])):
        return _key(found[1]), _item(found[2])
    if (line.heading or line.text.lower() in ("blockers", "blocker")) and _BLOCKERS_KEY.match(_key(line.text)):
        return _key(line.text), ""
    return "", ""


def _section(lines: list[_Line]) -> Iterator[str]:
    """Yield the items below a heading: bullets, or lines of text where there are none."""
    for line in lines:
        if line.heading or (line.text and not line.bullet and _ends_section(line.text)):
            return
        if not line.text or line.nested or line.settled:
            continue
        yield _item(line.text)


def _ends_section(text: str) -> bool:
    found = _FIELD.match(text[:400])
    key = _key(found[1]) if found else ""
    ends = (_STATUS_KEY, _PROGRESS_KEY, _ETA_KEY)
    return set(text) <= set("-*_ ") or any(pattern.match(key) for pattern in ends)


def _item(text: str) -> str:
    """Drop glyphs before an item's words; a lone dash stays."""
    return re.sub(r"\A[^\w\"'(\[<$#@/`-]+", "", text).strip()
