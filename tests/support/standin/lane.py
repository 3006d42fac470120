"""A lane: one script, how far it is, its gates, and the log of all that came over it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable

from tests.support.standin.record import Exchange, Usage, usage_of
from tests.support.standin.steps import Say, Step

OUT_OF_WORDS = "There is nothing left in my script."


class Lane:
    """What one agent (or several that share a script) hears; all of it may be used from any thread."""

    def __init__(self, name: str, url: str, steps: Iterable[Step]) -> None:
        self.name = name
        self.url = url
        """The base URL to give to an agent, without /v1."""
        self.overruns = 0
        """Main requests that found no step left; they were answered with a text."""
        self._steps = list(steps)
        self._given = 0
        self._messages = 0
        self._gates: dict[str, threading.Event] = {}
        self._log: list[Exchange] = []
        self._changed = threading.Condition()

    def add(self, *steps: Step) -> None:
        """Append to the script."""
        with self._changed:
            self._steps += steps

    def next_step(self) -> Step:
        """Take the next step."""
        with self._changed:
            if self._given < len(self._steps):
                self._given += 1
                return self._steps[self._given - 1]
            self.overruns += 1
            return Say(OUT_OF_WORDS)

    def next_usage(self) -> Usage:
        """Return figures that no other message of this lane has."""
        with self._changed:
            self._messages += 1
            return usage_of(self._messages)

    def gate(self, name: str) -> threading.Event:
        """Return the gate of that name."""
        with self._changed:
            return self._gates.setdefault(name, threading.Event())

    def release(self, name: str) -> None:
        """Let an answer that waits at this gate go on, now or when it comes there."""
        self.gate(name).set()

    def note(self, exchange: Exchange) -> None:
        """Put a new exchange into the log, or tell that one of it has changed."""
        with self._changed:
            if not any(one is exchange for one in self._log):
                self._log.append(exchange)
            self._changed.notify_all()

    @property
    def log(self) -> list[Exchange]:
        """All exchanges so far, in the order of the requests."""
        with self._changed:
            return list(self._log)

    @property
    def main(self) -> list[Exchange]:
        """The exchanges that took a step."""
        return [one for one in self.log if one.kind == "main"]

    def usage(self, *, asides: bool = False) -> Usage:
        """Return the sum of all that was reported for main requests, or for all."""
        counted = self.log if asides else self.main
        return sum((one.usage for one in counted if one.usage is not None), Usage())

    def wait(self, met: Callable[[Lane], bool], what: str, seconds: float = 30.0) -> None:
        """Wait until `met` holds; it is asked again at every change of the log."""
        deadline = time.monotonic() + seconds
        while not met(self):
            with self._changed:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise AssertionError(f"{self.name}: not within {seconds:g} s: {what}; the log: {self._log}")
                self._changed.wait(min(left, 0.2))

    def wait_asked(self, number: int, seconds: float = 30.0) -> Exchange:
        """Wait until `number` main requests have come (answered or not) and return the last of these."""
        self.wait(lambda lane: len(lane.main) >= number, f"{number} main requests", seconds)
        return self.main[number - 1]
