"""A terminal from outside: a pty whose bytes are read by a thread and dated when they come."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import signal
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.world import PATIENCE


class Terminal:
    """Runs one program in a pty; `seen` dates the arrival of text that it paints."""

    def __init__(self, argv: Sequence[str], cwd: Path, *, columns: int = 160, rows: int = 48) -> None:
        """Start `argv` as the leader of a terminal session of its own; `started` is when."""
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self._bytes = bytearray()
        self._news = threading.Condition()
        self._ended = False
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            argv,
            cwd=cwd,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(slave)
        self._dates: list[tuple[int, float]] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._master, 65536)
            except OSError:
                data = b""
            with self._news:
                self._ended = not data
                self._bytes += data
                self._dates.append((len(self._bytes), time.monotonic()))
                self._news.notify_all()
            if not data:
                return

    def mark(self) -> int:
        """Return the present end of what was painted."""
        with self._news:
            return len(self._bytes)

    def press(self, keys: bytes) -> float:
        """Type `keys` and return when."""
        now = time.monotonic()
        os.write(self._master, keys)
        return now

    def seen(self, text: str, since: int = 0, patience: float = PATIENCE) -> float:
        """Wait until `text` was painted after the mark `since`, and return when it came."""
        wanted, deadline = text.encode(), time.monotonic() + patience
        with self._news:
            while (at := self._bytes.find(wanted, since)) < 0:
                left = deadline - time.monotonic()
                if self._ended or left <= 0:
                    raise TimeoutError(f"{text!r} was not painted; last: {bytes(self._bytes[-300:])!r}")
                self._news.wait(left)
            end = at + len(wanted)
            return next(date for size, date in self._dates if size >= end)

    def quiet(self, seconds: float = 0.3, patience: float = 10.0) -> None:
        """Return when nothing was painted for `seconds`, or after `patience`."""
        deadline = time.monotonic() + patience
        with self._news:
            while time.monotonic() < deadline and self._news.wait(seconds):
                pass

    def close(self) -> None:
        """Close the terminal; the program gets a hang-up and is waited for."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGHUP)
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._reader.join(2)
        os.close(self._master)
