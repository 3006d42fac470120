"""What programs tell their terminal: titles, notifications and the bell, found in the raw output as it passes."""

from __future__ import annotations

import re

LONGEST = 4096
"""Bytes of one sequence (as tmux escapes them) that are kept; a longer one is dropped."""

TITLES = frozenset({"0", "2"})
SIGNALS = frozenset({"9", "99", "777", "7501"})

# tmux writes bytes below 0x20 and the backslash as three octal digits.
_START = b"\\033]"
_ESCAPE = b"\\033"
_BELL = b"\\007"
_NEXT = re.compile(rb"\\033\]|\\007")
_END = re.compile(rb"\\007|\\033")
_OCTAL = re.compile(rb"\\([0-7]{3})")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")

Signal = tuple[str, str]
"""(`title` | `osc` | `bell`, text); the text of `osc` is `NUMBER;text`."""


class OscScanner:
    """Finds the signals of one pane in its output, piece by piece; plain output costs three substring searches."""

    def __init__(self) -> None:
        self._rest = b""
        self._skipping = False

    def feed(self, data: bytes) -> list[Signal]:
        """Take the next piece of output, escaped as tmux sends it, and return the signals completed by it."""
        unfinished = self._rest or self._skipping
        if not unfinished and _START not in data and _BELL not in data and not data.endswith(_ESCAPE):
            return []
        found: list[Signal] = []
        self._scan(self._rest + data, found)
        return found

    def _scan(self, data: bytes, found: list[Signal]) -> None:
        self._rest = b""
        position = self._skip(data) if self._skipping else 0
        while (hit := _NEXT.search(data, position)) is not None:
            if hit[0] == _BELL:
                found.append(("bell", ""))
                position = hit.end()
                continue
            end = _END.search(data, hit.end())
            if end is None or (end[0] == _ESCAPE and end.end() == len(data)):
                self._keep(data[hit.start() :])
                return
            found.extend(_signals(data[hit.end() : end.start()]))
            position = end.end() if end[0] == _BELL else end.start()
            position += 8 if data.startswith(b"\\033\\134", position) else 0
        if not self._skipping and data.endswith(_ESCAPE):
            self._rest = _ESCAPE

    def _keep(self, unfinished: bytes) -> None:
        self._skipping = len(unfinished) > LONGEST
        self._rest = b"" if self._skipping else unfinished

    def _skip(self, data: bytes) -> int:
        end = _END.search(data)
        self._skipping = end is None
        return len(data) if end is None else end.end()


def _signals(payload: bytes) -> list[Signal]:
    number, _, raw = payload.partition(b";")
    name = number.decode("ascii", "replace")
    if name not in TITLES and name not in SIGNALS:
        return []
    text = _OCTAL.sub(lambda octal: bytes([int(octal[1], 8) & 0xFF]), raw).decode("utf-8", "replace")
    text = _CONTROL.sub("", text)[:1024]
    return [("title", text)] if name in TITLES else [("osc", f"{name};{text}")]
