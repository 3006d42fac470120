"""A terminal as bytes: all that a program writes to it, to find what must never arrive there."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.support.terminals import PATIENCE

_SIGNALS = re.compile(rb"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1bP[^\x1b]*\x1b\\|\x07")


class RawTerminal:
    """Runs a program on a pseudo terminal and keeps every byte that it writes."""

    def __init__(self, argv: Sequence[str], *, env: Mapping[str, str], cwd: Path, size: tuple[int, int]) -> None:
        """Start `argv` on a terminal of (columns, rows)."""
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        self.process = subprocess.Popen(
            argv, env=dict(env), cwd=cwd, stdin=slave, stdout=slave, stderr=slave, start_new_session=True
        )
        os.close(slave)
        self.written = b""

    def read(self, seconds: float = 0.0) -> bytes:
        """Take what was written by now, waiting at most so long for more, and return all there is."""
        while select.select([self._master], [], [], seconds)[0]:
            try:
                piece = os.read(self._master, 65536)
            except OSError:
                break
            if not piece:
                break
            self.written += piece
        return self.written

    def wait_for(self, holds: Callable[[bytes], object], what: str) -> bytes:
        """Read until `holds` is true of all that was written."""
        deadline = time.monotonic() + PATIENCE
        while not holds(self.read(0.02)):
            assert time.monotonic() < deadline, f"not within {PATIENCE:g} s: {what}; last: {self.written[-2000:]!r}"
        return self.written

    def type(self, keys: bytes) -> None:
        """Type bytes."""
        os.write(self._master, keys)

    def signals(self) -> list[bytes]:
        """Return the sequences that speak to the terminal itself: titles, notifications, clipboard, bells."""
        return _SIGNALS.findall(self.written)

    def close(self) -> None:
        """Hang up and end the program."""
        with contextlib.suppress(OSError):
            os.close(self._master)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
