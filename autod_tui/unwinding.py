"""The end of a process from outside: what it holds is given back before."""

from __future__ import annotations

import signal
import sys


def unwind_when_ended() -> None:
    """Have a terminal that closes, and a wish to end, unwind this process instead of cutting it short."""
    for number in (signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, lambda number, frame: sys.exit(128 + number))
