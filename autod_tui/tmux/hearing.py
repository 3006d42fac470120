"""Condensing output to events: at once for panes that are looked at, seldom for others, never at a flood's rate."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from autod_tui.core.pane_ports import PaneEvent
from autod_tui.tmux.meter import FloodMeter
from autod_tui.tmux.osc import OscScanner

UNWATCHED_EVERY = 0.4
"""Seconds between `output` events of a pane that nobody looks at; less than the silence that calls for a look."""

FLOODED_EVERY = 0.5
"""Seconds between `output` events of a watched pane that is switched off because it floods.

Nobody can read more of it, and each painting costs the flooding program as long as it takes.
"""

SIGNALS_KEPT = 32
"""Signals (title, bell, osc) of one pane that are told at a time; a program that rings without end is cut off there."""


class _Ear:
    def __init__(self) -> None:
        self.osc = OscScanner()
        self.meter = FloodMeter()
        self.told = 0.0
        self.signals = 0
        self.title = ""


class Hearing:
    """What has been heard of all panes and is not yet told."""

    def __init__(self, watched: frozenset[str]) -> None:
        """Start with the panes that are looked at."""
        self.requests: deque[tuple[str, ...]] = deque()
        """tmux commands that want to be sent: panes to be switched off and on."""
        self._watched = watched
        self._ears: dict[str, _Ear] = {}
        self._due: dict[str, float] = {}
        self._told: deque[PaneEvent] = deque()
        self._silent: set[str] = set()

    def hear(self, pane: str, data: bytes, now: float) -> bool:
        """Take a piece of output; True when there is something to tell or to send right now."""
        if pane in self._silent:
            return False
        ear = self._ears.setdefault(pane, _Ear())
        for kind, text in ear.osc.feed(data):
            self._signal(ear, pane, kind, text)
        if ear.meter.floods(len(data), now):
            ear.meter.switch_off(now)
            self._pause(pane)
        fresh = pane not in self._due
        if fresh:
            self._due[pane] = max(now, ear.told + self._interval(pane))
        return fresh or bool(self._told or self.requests)

    def paused(self, pane: str, now: float) -> None:
        """Tmux held a pane's output back because this reader was slow: go on, and look at what was missed.

        It says the same when the pause was asked for: then nothing is to be done.
        """
        ear = self._ears.get(pane)
        if pane in self._silent or (ear is not None and ear.meter.off_until):
            return
        self.requests.append(("refresh-client", "-A", f"{pane}:continue"))
        self._due[pane] = now

    def silence(self, pane: str) -> None:
        """Never hear a pane: hearing the dashboard draw would make it draw again."""
        if pane not in self._silent:
            self.forget(pane)
            self._silent.add(pane)
            self._pause(pane)

    def watch(self, panes: frozenset[str], now: float) -> None:
        """Set the panes that are looked at; what they printed is due now."""
        self._watched = panes
        for pane in self._due.keys() & panes:
            self._due[pane] = min(self._due[pane], now)

    def tell(self, event: PaneEvent) -> None:
        """Queue an event that is no output."""
        self._told.append(event)

    def title(self, pane: str, title: str) -> None:
        """Take a title read from tmux (it may have been set while the pane was switched off)."""
        ear = self._ears.setdefault(pane, _Ear())
        if title and title != ear.title:
            ear.title = title
            self.tell(PaneEvent(kind="title", pane=pane, data=title))

    def forget(self, pane: str) -> None:
        """Drop what is known of a pane that is gone."""
        self._ears.pop(pane, None)
        self._due.pop(pane, None)

    def until_due(self, now: float) -> float | None:
        """Seconds until `take` has something to tell; None when nothing is under way."""
        if self._told or self.requests:
            return 0.0
        return max(0.0, min(self._due.values()) - now) if self._due else None

    def take(self, now: float) -> list[PaneEvent]:
        """Return what is to be told at `now`, and switch panes on again whose rest is over."""
        events = list(self._told)
        self._told.clear()
        for pane in [pane for pane, due in self._due.items() if due <= now]:
            events.append(PaneEvent(kind="output", pane=pane))
            events.extend(self._told_output(pane, now))
        for ear in self._ears.values():
            ear.signals = 0
        return events

    def _told_output(self, pane: str, now: float) -> Iterator[PaneEvent]:
        ear = self._ears.setdefault(pane, _Ear())
        ear.told = now
        del self._due[pane]
        if not ear.meter.off_until:
            return
        if now >= ear.meter.off_until:
            ear.meter.switch_on(now)
            yield PaneEvent(kind="deaf", pane=pane)
            self.requests.append(("refresh-client", "-A", f"{pane}:continue"))
        # Once more after the switch as well: what was printed in between is told by nobody else.
        self._due[pane] = now + max(FLOODED_EVERY, self._interval(pane))

    def _pause(self, pane: str) -> None:
        """Have tmux send nothing more of a pane, and drop what it has queued.

        Never by `off`: that keeps what is queued, whose bytes are dropped nevertheless, and tmux (3.3a) ends with all
        its panes when it comes to send them.
        """
        self.requests.append(("refresh-client", "-A", f"{pane}:pause"))

    def _interval(self, pane: str) -> float:
        return 0.0 if pane in self._watched else UNWATCHED_EVERY

    def _signal(self, ear: _Ear, pane: str, kind: str, text: str) -> None:
        if kind == "title" and text == ear.title:
            return
        if kind == "title":
            ear.title = text
        ear.signals += 1
        if ear.signals <= SIGNALS_KEPT:
            self.tell(PaneEvent(kind=kind, pane=pane, data=text))
