"""The terminal's title, kept while there is one of ours; apart, so that it is there before Textual is imported."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def own_title() -> Iterator[None]:
    """Let the terminal keep its title while there is one of ours, and give it back; where it can't, ours is taken away.

    The sequences push and pop the title (XTWINOPS 22 and 23).
    """
    terminal = sys.__stderr__ if sys.__stderr__ is not None and sys.__stderr__.isatty() else None
    if terminal is not None:
        print("\x1b[22;0t", end="", file=terminal, flush=True)
    try:
        yield
    finally:
        if terminal is not None:
            print("\x1b]0;\x07\x1b[23;0t", end="", file=terminal, flush=True)
