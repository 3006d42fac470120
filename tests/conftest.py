"""What holds for all tests."""

from __future__ import annotations

import signal


def _hear_what_ends_programs() -> None:
    """Ignore none of the signals that end a program from a terminal.

    A shell starts what runs in its background with SIGINT ignored, and nohup ignores SIGHUP; both are inherited by
    every program that a test starts and ends in this way.
    """
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler if number is signal.SIGINT else signal.SIG_DFL)


_hear_what_ends_programs()
