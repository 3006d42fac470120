"""The end of a tmux server: waited for, and brought about where tmux itself would wait for ever."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import struct
import time
from collections.abc import Iterator
from pathlib import Path

from autod_tui import processes

GRACE = 2.0
"""Seconds that a server which was told to end gets for it."""

_PEER = struct.Struct("iII")
"""Process, user and group, as the kernel tells who listens on a socket."""


@contextlib.contextmanager
def seen_to_end(socket_path: Path, grace: float = GRACE) -> Iterator[int]:
    """See to it that the server that listens now ends once the body has told it to; give its process id.

    tmux ends its sessions at once, but stays until each client has taken what it is owed. A client that is stopped, or
    whose reader was killed, never does. After `grace` seconds the server is killed. The id is 0 when nobody listens or
    the system doesn't tell who does: then nothing is waited for.
    """
    pid = server_pid(socket_path)
    handle = _handle(pid)
    try:
        yield pid
        if pid and not _ended(pid, handle, grace):
            _kill(pid, handle)
            _ended(pid, handle, grace)
    finally:
        if handle is not None:
            os.close(handle)


def server_pid(socket_path: Path) -> int:
    """Return the process that listens on a socket, asking the kernel; 0 when none does or the system can't tell."""
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        return 0
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(socket_path))
            pid: int = _PEER.unpack(probe.getsockopt(socket.SOL_SOCKET, option, _PEER.size))[0]
        except OSError:
            return 0
    return pid


def _handle(pid: int) -> int | None:
    """Return a descriptor that stands for a process, whoever gets its number next; None where there is no such."""
    try:
        return os.pidfd_open(pid) if pid else None
    except (AttributeError, OSError):  # no such kernel, or it has just ended
        return None


def _ended(pid: int, handle: int | None, seconds: float) -> bool:
    """Wait for the end of a process; False when it outlives the time."""
    if handle is not None:
        poll = select.poll()
        poll.register(handle, select.POLLIN)
        return bool(poll.poll(seconds * 1000))
    deadline = time.monotonic() + seconds
    while processes.alive(pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def _kill(pid: int, handle: int | None) -> None:
    with contextlib.suppress(ProcessLookupError):
        if handle is not None:
            signal.pidfd_send_signal(handle, signal.SIGKILL)
        else:
            os.kill(pid, signal.SIGKILL)
