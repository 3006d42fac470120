"""Halted and continued from outside: only a suspension gives the terminal back and takes it again."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from autod_tui.tui.dashboard import go_on_after_a_halt


@pytest.fixture
def called() -> Iterator[list[str]]:
    """What Textual's handlers, played here, were called for."""
    called: list[str] = []
    before = [
        (number, signal.signal(number, lambda number, frame: called.append(signal.Signals(number).name)))
        for number in (signal.SIGTSTP, signal.SIGCONT)
    ]
    yield called
    for number, handler in before:
        signal.signal(number, handler)


def test_only_after_a_suspension_the_terminal_is_taken_again(called: list[str]) -> None:
    go_on_after_a_halt()
    os.kill(os.getpid(), signal.SIGCONT)
    assert called == []
    for number in (signal.SIGTSTP, signal.SIGCONT, signal.SIGCONT):
        os.kill(os.getpid(), number)
    assert called == ["SIGTSTP", "SIGCONT"]
