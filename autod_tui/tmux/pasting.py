"""What of a text is pasted, and when a program has taken it: an Enter that comes too soon is lost."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable

from autod_tui.core.pane_ports import Screen

# Stripped from pasted text: C0 but tab and line feed, DEL, C1, and the sequence that would end a bracketed paste.
_NOT_PASTED = re.compile(r"\x1b\[20[01]~|[\x00-\x08\x0b-\x1f\x7f-\x9f]")

_END = 12
"""Characters at the end of a pasted text by which it is known on a screen."""
_PASTING = re.compile(r"^\s*Pasting\b", re.MULTILINE)
"""How the row begins in which Claude Code says that it drops keys."""
_UNSEEN = 0.5
"""Seconds after which a paste counts as drawn though its end is not to be seen: long ones are often folded."""
_LONGEST = 1.0
"""Seconds after which nothing is waited for any more."""
_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")


def pastable(text: str) -> str:
    """Return `text` with line feeds alone at its lines' ends, and without control characters."""
    return _NOT_PASTED.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


async def arrived(capture: Callable[[], Awaitable[Screen]], before: Screen, text: str) -> None:
    """Wait until the program has drawn the paste: an Enter in the same breath counts as pasted with some agents.

    Some say that they are pasting, and drop keys meanwhile. The end of the text has to be seen, if it ever is.
    `before` is the screen as it was when nothing was pasted.
    """
    begun = asyncio.get_running_loop().time()
    end, seen = _squeezed(text)[-_END:], before
    while (passed := asyncio.get_running_loop().time() - begun) < _LONGEST:
        await asyncio.sleep(0.04)
        now = await capture()
        shown = _ESCAPES.sub("", "\n".join(now.lines))
        drawn = passed > _UNSEEN or end in _squeezed(shown)
        if now == seen and now != before and drawn and not _PASTING.search(shown):
            return
        seen = now


def _squeezed(text: str) -> str:
    return "".join(text.split())
