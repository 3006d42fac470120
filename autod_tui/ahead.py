"""Reading ahead: a child process reads configuration and journal while this one still imports the interface.

Both take about as long as the other, and most machines have two cores: the first frame waits for the longer one only.
"""

from __future__ import annotations

import os
import pickle
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autod_tui.core.written import Written


class Ahead:
    """A child process that reads, and the pipe that its findings come through."""

    def __init__(self, start: Path) -> None:
        """Have the repository that `start` stands in read; the caller has no second thread yet."""
        self._start = start
        self._receiving, sending = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            os.close(self._receiving)
            _tell(start, sending)
        os.close(sending)

    def take(self) -> Written:
        """Return what was read, once; where the child could not, it is read here and what hinders it is raised."""
        with os.fdopen(self._receiving, "rb") as pipe:
            told = pipe.read()
        os.waitpid(self._pid, 0)
        try:
            written: Written = pickle.loads(told)  # noqa: S301 - told by our own child
        except (EOFError, pickle.UnpicklingError):
            return read_here(self._start)
        return written


def read_here(start: Path) -> Written:
    """Read in this process; errors as `reading.reading`."""
    with open_reading(start) as written:
        return written


def open_reading(start: Path) -> AbstractContextManager[Written]:
    """Return `reading.reading(start)`."""
    from autod_tui.reading import reading  # what it needs takes long to import, and mostly the child needs it

    return reading(start)


def _tell(start: Path, sending: int) -> None:
    """Write what is read into the pipe and end this process, whatever happens: its parent reads for itself then."""
    try:
        with open_reading(start) as written, os.fdopen(sending, "wb") as pipe:
            pipe.write(pickle.dumps(_whole(written), pickle.HIGHEST_PROTOCOL))
            pipe.flush()
            os._exit(0)  # to close the journal may wait for the disk, and nothing of it is lost without
    finally:
        os._exit(0)


def _whole(written: Written) -> Written:
    """Read what else would be read when it is asked for: its taker shall need nothing that reads files."""
    from msgspec.structs import replace

    plan = written.plan
    prices = replace(plan.prices, models=dict(plan.prices.models))
    return written._replace(plan=replace(plan, agents=dict(plan.agents), prices=prices))
