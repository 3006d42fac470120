"""Strangers: agents of whose screens, titles and notifications nothing is known but how these change."""

from __future__ import annotations

from msgspec import Struct

from autod_tui.core.habits import STILL_FOR, Habit, Shown, prompt_stands, watch
from autod_tui.core.hearing import OVERDUE
from autod_tui.core.pane_ports import Screen
from autod_tui.core.retries import Glance, glance
from autod_tui.core.workstream import Reading, Source, WorkstreamRecord, WorkstreamState
from autod_tui.core.writing import plain_rows, unwritten
from autod_tui.engine.house import House

S = WorkstreamState
LOOK_AGAIN = STILL_FOR + 0.01
"""Seconds after which a screen that may be about to stand still is looked at once more."""
FLOWS = 3
"""Looks in a row at which much has changed, from which on it is looked at seldom: what flows by is no sign of rest."""
LOOK_SELDOM = 1.0
CALM_AFTER = 3.0
"""Seconds of silence after which one rests that reads keys and was never seen to turn anything: most do at work."""
DRAWN_WITHIN = 1.0
"""Seconds after a notification in which the screen may change to what it is about."""
_RESTS = frozenset({S.IDLE, S.FAILED, S.RATE_LIMITED})
_WORKS = Reading(S.WORKING, "", Source.SCREEN)
_IDLE = Reading(S.IDLE, "", Source.SCREEN)


class _Known(Struct):
    """What was seen of one session."""

    session: str
    habit: Habit = Habit()
    retry: Glance = Glance()
    title: str = ""
    notice: Reading | None = None
    """What it has notified of, until its screen shows anything new."""
    noticed_at: float = 0.0
    limit: Reading | None = None
    """The wait for another attempt that its screen tells."""
    prompted: bool = False
    """It rested at a bare prompt: where none stands any more, it has been told something."""
    moves: int = 0
    """Looks in a row at which much had changed."""


class Strangers:
    """Remembers of each such agent what tells its work, and reads its screen by that."""

    def __init__(self, house: House) -> None:
        """Read for the agents of `house`."""
        self._house = house
        self._known: dict[str, _Known] = {}

    def title(self, record: WorkstreamRecord, title: str) -> Reading | None:
        """Read a new title; None when it tells nothing."""
        known = self._of(record)
        before, known.title = known.title, title
        return self._house.agents.read_strange_title(before, title)

    def notice(self, record: WorkstreamRecord, text: str) -> Reading | None:
        """Take a notification, a progress bar or the bell (empty): only the bar tells at once, others by the screen."""
        reading = self._house.agents.read_notice(text)
        if reading is not None and reading.source is Source.SCREEN:
            known = self._of(record)
            known.notice, known.noticed_at = reading, self._house.stream.clock()
            return None
        return reading

    def read(self, record: WorkstreamRecord, screen: Screen) -> tuple[Reading | None, float]:
        """Read a screen on which nothing is asked: return what it tells, and in how many seconds to look again.

        None tells nothing new; 0 seconds that only new output can tell more.
        """
        known, now = self._of(record), self._house.stream.clock()
        rows = plain_rows(screen.lines)
        if (written := unwritten(screen)) is not None and record.state in _RESTS:
            rows = plain_rows(written)
        before = known.habit.rows
        known.habit, shown = watch(known.habit, rows, screen.cursor, now)
        known.moves = known.moves + 1 if shown is Shown.MOVES else 0
        waited = known.limit is not None
        if (limit := self._retrying(known, rows, now)) is not None:
            return limit, max(LOOK_AGAIN, limit.until - now)
        if shown is Shown.BUSY or known.moves > 1:
            known.notice = None
            alive = shown is not Shown.BUSY or rows != before  # output is told seldom: what turns may be gone by then
            again = LOOK_SELDOM if known.moves > FLOWS else LOOK_AGAIN
            return _WORKS if shown is Shown.BUSY else None, again if alive else 0.0
        if known.habit.moved > known.noticed_at + DRAWN_WITHIN:
            known.notice = None
        prompted = prompt_stands(rows, screen.cursor)
        kept = None if waited or (known.prompted and not prompted) else _kept(record)
        if (still := now - known.habit.moved >= STILL_FOR) and known.notice is not None:
            return known.notice, 0.0
        calm_in = self._calm_in(known, record, now)
        if shown is Shown.STILL or calm_in == 0:
            known.prompted = prompted
            return kept or self._house.agents.read_last_words(rows, now) or _IDLE, 0.0
        return kept, (calm_in or 0.0) if still else LOOK_AGAIN

    def _calm_in(self, known: _Known, record: WorkstreamRecord, now: float) -> float | None:
        """Return in how many seconds a program rests that has never turned anything, if nothing changes.

        None for all others: of a script, which has not set up its terminal for keys, and may work without a word.
        """
        if known.habit.known or not record.pid or not self._house.processes.reads_keys(record.pid):
            return None
        return max(0.0, known.habit.moved + CALM_AFTER - now)

    def _retrying(self, known: _Known, rows: tuple[str, ...], now: float) -> Reading | None:
        """Return the limit that a line tells of which counts the time to another attempt, as long as it stands."""
        reading = self._house.agents.read_retry(rows, now)
        known.retry, lives = glance(known.retry, rows, reading.reason if reading is not None else "")
        if lives and reading is not None and reading.until > now:
            near = known.limit is not None and abs(known.limit.until - reading.until) < OVERDUE
            known.limit = known.limit if near else reading
        elif not known.retry.line or (known.limit is not None and known.limit.until <= now):
            known.limit = None
        return known.limit

    def _of(self, record: WorkstreamRecord) -> _Known:
        known = self._known.get(record.name)
        if known is None or known.session != record.session:
            known = self._known[record.name] = _Known(session=record.session)
        return known


def _kept(record: WorkstreamRecord) -> Reading | None:
    """Return the rest that its screen has told before."""
    if record.source is not Source.SCREEN or record.state not in _RESTS:
        return None
    return Reading(record.state, record.reason, Source.SCREEN, record.until)
