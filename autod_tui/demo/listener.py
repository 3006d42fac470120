"""The demo agent's ears: lines that a person or autod types or pastes into its pane. Standard library only."""

from __future__ import annotations

import os
import select
import sys

PASTE_START, PASTE_END = b"\x1b[200~", b"\x1b[201~"
TOGETHER_SECONDS = 0.08
"""On a terminal, lines that come this close after each other are one message: a pasted text."""


class Listener:
    """Reads standard input line by line, below Python's own buffer so that it can look for more."""

    def __init__(self, descriptor: int = 0) -> None:
        """Listen to `descriptor`."""
        self._descriptor = descriptor
        self._tty = os.isatty(descriptor)
        self._buffer = b""
        self._ended = False

    def line(self) -> str | None:
        """Return the next line without its end, waiting for it; None when there is no more."""
        while b"\n" not in self._buffer and not self._ended:
            self._fill()
        if not self._buffer:
            return None
        raw, _, self._buffer = self._buffer.partition(b"\n")
        return raw.replace(PASTE_START, b"").replace(PASTE_END, b"").decode("utf-8", "replace").rstrip("\r")

    def message(self) -> str | None:
        """Return the next message: a line, or all lines of a pasted text; None when there is no more."""
        while b"\n" not in self._buffer and not self._ended:
            self._fill()
        pasted = PASTE_START in self._buffer.partition(b"\n")[0]
        while pasted and PASTE_END not in self._buffer and not self._ended:
            self._fill()
        lines = [self.line()]
        while lines[-1] is not None and self._more(pasted):
            lines.append(self.line())
        words = [line for line in lines if line is not None]
        return "\n".join(words) if words else None

    def _more(self, pasted: bool) -> bool:
        if pasted:
            return PASTE_END in self._buffer
        if not self._tty:
            return False
        if b"\n" not in self._buffer and select.select([self._descriptor], [], [], TOGETHER_SECONDS)[0]:
            self._fill()
        return b"\n" in self._buffer

    def _fill(self) -> None:
        chunk = os.read(self._descriptor, 65536)
        self._ended = not chunk
        self._buffer += chunk


def standard_input() -> Listener:
    """Return a listener on the program's own input."""
    return Listener(sys.stdin.fileno())
