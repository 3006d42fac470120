"""How much a pane prints: a flooding pane is switched off at the source and looked at now and then instead."""

from __future__ import annotations

WINDOW = 0.25
"""Seconds over which output is counted."""

FLOOD = 256 * 1024
"""Bytes within one window (as tmux sends them) that make a flood: 1 MiB/s."""

REST = 0.8
"""Seconds that a flooding pane stays switched off before it is tried again."""

TRIAL = 1 / 8
"""Part of the window, and of its bytes, in which a pane switched on again shows whether it still floods."""


class FloodMeter:
    """Counts one pane's output."""

    def __init__(self) -> None:
        self.off_until = 0.0
        """Clock time until which the pane is switched off; 0 when it is on."""
        self._since = 0.0
        self._bytes = 0

    def floods(self, size: int, now: float) -> bool:
        """Count `size` bytes at `now`; True when the pane should be switched off."""
        if now - self._since > WINDOW:
            self._since, self._bytes = now, 0
        self._bytes += size
        return self._bytes > FLOOD and not self.off_until

    def switch_off(self, now: float) -> None:
        """Note that the pane is off from `now` on."""
        self.off_until = now + REST

    def switch_on(self, now: float) -> None:
        """Note that the pane is on again, on trial from `now` on."""
        self.off_until = 0.0
        self._since, self._bytes = now - WINDOW * (1 - TRIAL), int(FLOOD * (1 - TRIAL))
