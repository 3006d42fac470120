"""Words sought in rows of text: where they are, and how they stand out."""

from __future__ import annotations

from rich.cells import cell_len
from rich.style import Style
from textual.strip import Strip

_FOUND = Style(reverse=True, bold=True)


def places(text: str, sought: str) -> list[tuple[int, int]]:
    """Return (start, end) of each place of `sought` in `text`; only capitals in `sought` make case count."""
    if not sought:
        return []
    if sought == sought.lower():
        lowered = "".join(letter.lower() if len(letter.lower()) == 1 else letter for letter in text)
    else:
        lowered = text
    found, at = [], lowered.find(sought)
    while at >= 0:
        found.append((at, at + len(sought)))
        at = lowered.find(sought, at + len(sought))
    return found


def stand_out(strip: Strip, sought: str) -> Strip:
    """Return `strip` with each place of `sought` reversed."""
    text = strip.text
    parts: list[Strip] = []
    done = 0
    for start, end in places(text, sought):
        left, right = cell_len(text[:start]), cell_len(text[:end])
        parts += [strip.crop(done, left), strip.crop(left, right).apply_style(_FOUND)]
        done = right
    return Strip.join([*parts, strip.crop(done)]) if parts else strip
