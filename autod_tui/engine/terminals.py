"""Terminals: what tmux tells of an agent's pane, weighed with all else that is known of the agent."""

from __future__ import annotations

from collections.abc import Callable

from autod_tui.core.claims import Screen
from autod_tui.core.pane_ports import PaneEvent
from autod_tui.core.workstream import Reading, Source, WorkstreamRecord, WorkstreamState
from autod_tui.engine.house import House
from autod_tui.engine.minds import Minds
from autod_tui.engine.screens import QUIET_AFTER, Screens

WORKS = Reading(WorkstreamState.WORKING, "", Source.OUTPUT)
"""What a pane that prints tells."""


def _always(record: WorkstreamRecord) -> bool:
    return True


class Terminals:
    """Hears escape sequences, titles and output; screens are looked at where an agent draws one that tells anything."""

    def __init__(
        self, house: House, minds: Minds, screens: Screens, draws: Callable[[WorkstreamRecord], bool] = _always
    ) -> None:
        """Tell `minds` and `screens` what is heard; `draws` tells whose screens are worth a look."""
        self._house = house
        self._minds = minds
        self._screens = screens
        self._draws = draws

    def hear(self, record: WorkstreamRecord, event: PaneEvent) -> None:
        """Take what tmux tells of the pane of a living agent."""
        if event.kind == "output" and self._draws(record):
            if self._minds.needs_screen(record) is Screen.STATE:
                self._minds.hear(record, WORKS)
            self._screens.printed(self._minds.record(record.name))
        elif event.kind == "osc":
            reading = self._house.agents.read_osc(event.data)
            if reading is not None and reading.state is not None:
                self._minds.hear(record, reading)
            else:
                self._notice(record, event.data)
        elif event.kind == "bell":
            self._notice(record, "")
        elif event.kind == "title":
            self.title(record, event.data)
        elif event.kind == "deaf":
            self._minds.miss(record)  # its last word may be missing: its screen counts until the next
            if self._draws(record):
                self._screens.missed(record.name, QUIET_AFTER)

    def title(self, record: WorkstreamRecord, title: str) -> None:
        """Take the title that a pane has now."""
        profile = self._house.plan.agents.get(record.agent)
        if profile is None or not (profile.titles or profile.strange):
            return
        known = self._screens.strangers
        reading = known.title(record, title) if profile.strange else self._house.agents.read_title(profile, title)
        if reading is not None:
            self._minds.hear(record, reading)
        else:
            self._minds.unhear(record, Source.TITLE)

    def _notice(self, record: WorkstreamRecord, text: str) -> None:
        """Take a notification, a progress bar or the bell of an agent that says nothing better."""
        if not self._minds.strange(record) or self._minds.needs_screen(record) is not Screen.STATE:
            return
        reading = self._screens.strangers.notice(record, text)
        if reading is not None:
            self._minds.hear(record, reading)
        elif self._draws(record):
            self._screens.missed(record.name, QUIET_AFTER)
