"""A program that prints lines into many terminals at a steady rate and writes down when: `LOG RATE SECONDS TTY...`."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path


def main(log: str, rate: str, seconds: str, *ttys: str) -> None:
    """Write `rate` lines a second into each tty, evenly spread, and leave [[tty number, time], ...] in LOG."""
    files = [os.open(tty, os.O_WRONLY | os.O_NOCTTY) for tty in ttys]
    gap = 1 / (float(rate) * len(files))
    started, written = time.monotonic(), []
    for number in range(int(float(seconds) / gap)):
        time.sleep(max(0.0, started + number * gap - time.monotonic()))
        written.append((number % len(files), time.monotonic()))
        os.write(files[number % len(files)], b"\x1b[32mline\x1b[0m %d of work that an agent does\r\n" % number)
    Path(log).write_text(json.dumps(written))


if __name__ == "__main__":
    main(*sys.argv[1:])
