"""The arbiter as a table: what was told when, and which state must be in force at which time."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from autod_tui.core import readiness
from autod_tui.core.claims import Memory, Screen, Verdict, remember
from autod_tui.core.readiness import AGREE, LIVED_ON, UNTOLD_LIMIT
from autod_tui.core.workstream import Reading, Source, WorkstreamState

S = WorkstreamState
STARTING = Reading(S.STARTING, "", Source.CONDUCTOR)
SOURCES = {
    "hook": Source.HOOK,
    "osc": Source.TERMINAL,
    "status": Source.STATUS_FILE,
    "title": Source.TITLE,
    "records": Source.RECORDS,
    "output": Source.OUTPUT,
    "screen": Source.SCREEN,
    "process": Source.PROCESS,
}


VAGUE = {"quiet": (S.IDLE, True), "busy": (S.WORKING, True), "retries": (S.RATE_LIMITED, True)}
"""Rest and work that are only seen, and a limit that the agent overcomes by itself."""


class Session:
    """One agent session on a clock of its own."""

    def __init__(self, present: Reading = STARTING, **knows: bool) -> None:
        self.memory: Memory = remember(present, 0.0, **knows)
        self.now = 0.0
        self.changes: list[tuple[float, str, str]] = []
        self._look_at: float | None = None

    def tell(self, at: float, sign: str, told: float | None = None) -> None:
        """Take `source state [reason]` at `at`, given at `told`; `-` says nothing. For other words see `VAGUE`."""
        self.until(at)
        source, word, *reason = sign.split(" ", 2)
        if word == "-":
            self._take(readiness.unhear(self.memory, SOURCES[source], at))
            return
        if word == "retry":
            reading = Reading(S.RATE_LIMITED, "429", SOURCES[source], until=float(reason[0]), vague=True)
            self._take(readiness.hear(self.memory, reading, at if told is None else told, at))
            return
        state, vague = VAGUE.get(word) or (S(word), False)
        reading = Reading(state, "".join(reason), SOURCES[source], vague=vague)
        self._take(readiness.hear(self.memory, reading, at if told is None else told, at))

    def until(self, at: float) -> None:
        """Let time pass, looking again whenever the arbiter asked for it."""
        while self._look_at is not None and self._look_at <= at:
            self.now = max(self.now, self._look_at)
            self._take(readiness.look(self.memory, self.now))
        self.now = at

    def _take(self, verdict: Verdict) -> None:
        self.now = max(self.now, 0.0)
        self.memory, self._look_at = verdict.memory, verdict.look_at
        if verdict.change is not None and verdict.change.state is not None:
            self.changes.append((self.now, verdict.change.state.value, verdict.change.reason))

    @property
    def state(self) -> str:
        state = self.memory.present.state
        assert state is not None
        return state.value


CLAUDE = {"hooks_suffice": True, "hooks_fail": True}
CODEX = {"explains": True}
BUSY = "0 hook working; 0 status working; 0 title working"
STORIES: dict[str, tuple[dict[str, bool], str, str]] = {
    "a turn": (
        CLAUDE,
        "BUSY; 5 hook done; 5.05 title quiet; 5.1 status idle",
        "5 done; 60 done",
    ),
    "esc, told by no hook": (
        CLAUDE,
        "BUSY; 5 title quiet; 5.1 status idle",
        "5 working; 5.9 idle; 60 idle",
    ),
    "esc at a permission prompt": (
        CLAUDE,
        "BUSY; 1 title quiet; 1.1 hook waiting permission; 1.2 status waiting permission; 9 status idle",
        "1.1 waiting; 8.9 waiting; 9.9 idle; 60 idle",
    ),
    "permission given before anybody had read that it was asked for": (
        CLAUDE,
        "BUSY; 1.1 hook waiting permission; 1.5 status working",
        "1.8 waiting; 2.0 working; 60 working",
    ),
    "permission given, the tool runs long": (
        CLAUDE,
        (
            "BUSY; 1 title quiet; 1.1 hook waiting permission; 1.2 status waiting permission; 9 title working; "
            "9.1 status working; 40 hook working"
        ),
        "8.9 waiting; 9.9 working; 39 working; 41 working",
    ),
    "an API error: title and file say idle, before and after the hook": (
        CLAUDE,
        "BUSY; 5 title quiet; 5.02 status idle; 5.06 hook failed API Error: 500",
        "5.05 working; 5.06 failed; 60 failed",
    ),
    "a failed agent is spoken to again": (
        CLAUDE,
        "BUSY; 5 hook failed; 5.1 status idle; 9 hook working; 9.1 status working",
        "8 failed; 9 working; 20 working",
    ),
    "a background title after the stop": (
        CLAUDE,
        "BUSY; 5 hook done; 5.1 status idle; 7 title quiet",
        "9 done",
    ),
    "a screen that shows the words of a limit as a failure": (
        {},
        "0 output working; 5 records rate-limited 429 Too many; 5.3 screen failed ■ 429 Too many; 9 records working",
        "5.1 rate-limited; 6 rate-limited",
    ),
    "a screen that shows another failure after a limit": (
        {},
        "0 output working; 5 records rate-limited 429 Too many; 5.3 screen failed ■ it broke",
        "5.1 rate-limited; 6 failed",
    ),
    "a title of a program that it runs": (
        CLAUDE,
        "BUSY; 2 title waiting; 2.5 title idle",
        "5 working",
    ),
    "a title without a status file can't bring work after the stop": (
        {},
        "0 hook working; 5 hook done; 6 title working",
        "20 done",
    ),
    "a title without a status file tells esc": (
        {},
        "0 hook working; 0.1 title working; 5 title quiet",
        "5.1 working; 5.9 idle",
    ),
    "a quiet title of one that never was busy says nothing": (
        {},
        "0 title quiet; 0.1 hook working",
        "20 working",
    ),
    "an OSC state of a program run by an agent whose hooks say all": (
        CLAUDE,
        "BUSY; 2 osc done",
        "2 working; 9 working",
    ),
    "esc in codex": (
        {},
        "0 osc working; 0 title working; 5 osc idle; 5 title quiet",
        "5 idle",
    ),
    "an error in codex": (
        {},
        ("0 osc working; 0 title working; 5 osc failed; 5 title quiet; 5.2 records failed high demand; 30 osc idle"),
        "5 failed; 60 failed",
    ),
    "an error in codex, its record first": (
        {},
        "0 osc working; 5 records rate-limited 429; 5.1 osc failed",
        "6 rate-limited",
    ),
    "a limit that ends a turn in codex is never told as a failure": (
        CODEX,
        "0 osc working; 5 osc failed; 5 title quiet; 5.2 records rate-limited 429; 30 osc idle",
        "5.1 working; 5.2 rate-limited; 60 rate-limited",
    ),
    "an error in codex that its records don't explain": (
        CODEX,
        "0 osc working; 5 osc failed; 5 title quiet",
        "5.3 working; 5.5 failed; 60 failed",
    ),
    "a failure that its record tells, and a hook that takes each end for a good one": (
        {"hooks_suffice": True},
        "0 hook working; 5 records failed API Error: 500; 5.1 hook done",
        "5 failed; 60 failed",
    ),
    "the same, the record last": (
        {"hooks_suffice": True},
        "0 hook working; 5 hook done; 5.1 records failed API Error: 500; 7 hook working; 9 hook done",
        "5 done; 5.1 failed; 7 working; 9 done",
    ),
    "a codex that says nothing by OSC, and prints what another says": (
        CODEX,
        "0 title working; 5 osc failed; 6 osc waiting; 7 osc done; 8 title quiet; 8.1 records done; 9 osc failed",
        "5.9 working; 7.9 working; 8.1 done; 60 done",
    ),
    "an error in codex, and a new turn at once": (
        CODEX,
        "0 osc working; 5 osc failed; 5.2 osc working",
        "5.1 working; 9 working",
    ),
    "a retry in codex: its log tells when, its screen goes on to speak of it": (
        CODEX,
        (
            "0 osc working; 0 title working; 2 records retry 6; 2.5 screen rate-limited; 5.5 screen rate-limited; "
            "6.5 screen rate-limited; 7 screen rate-limited; 9 osc done"
        ),
        "2 rate-limited; 5.9 rate-limited; 6 working; 8.9 working; 9 done",
    ),
    "a retry of a broken connection, of which the screen of codex goes on to speak": (
        CODEX,
        "0 osc working; 2 records busy; 2.5 screen rate-limited; 3 screen rate-limited; 9 osc done",
        "2.6 working; 8.9 working; 9 done",
    ),
    "a retry in codex that is turned down again": (
        CODEX,
        "0 osc working; 2 records retry 6; 6.1 records retry 9; 12 osc failed; 12.1 records rate-limited 429",
        "5 rate-limited; 6 working; 6.1 rate-limited; 8 rate-limited; 9 working; 12.1 rate-limited; 60 rate-limited",
    ),
    "esc while codex waits to retry": (
        CODEX,
        "0 osc working; 2 records retry 60; 4 osc idle; 9 osc working",
        "3 rate-limited; 4 idle; 9 working; 20 working",
    ),
    "done, then typing, in codex": (
        {},
        "0 osc working; 5 osc done; 5 title quiet; 5.2 records idle; 9 osc idle",
        "9 done; 20 done",
    ),
    "approved in codex": (
        {},
        "0 osc working; 1 osc waiting permission; 1 title waiting; 5 osc working; 5.1 title working",
        "4 waiting; 5 working; 9 working",
    ),
    "a limit of which hooks tell when it ends: the screen goes on to speak of another time": (
        CLAUDE,
        "0 hook working; 2 hook retry 6; 2.4 screen rate-limited; 6.1 hook working; 7 screen rate-limited; 9 hook done",
        "2 rate-limited; 5.9 rate-limited; 6.1 working; 7.5 working; 9 done",
    ),
    "esc while hooks tell of a limit": (
        CLAUDE,
        "0 hook working; 2 hook retry 60; 4 hook idle",
        "3 rate-limited; 4 idle",
    ),
    "a retry that is alive": (
        CLAUDE,
        (
            "BUSY; 2 screen rate-limited; 2.5 screen rate-limited; 3 screen rate-limited; 3.5 screen "
            "rate-limited; 4 screen rate-limited; 4.5 screen rate-limited; 5 screen rate-limited; 5.5 screen "
            "rate-limited; 6 screen -"
        ),
        "2 rate-limited; 5.9 rate-limited; 6 working",
    ),
    "a retry that nobody sees any more": (
        CLAUDE,
        "BUSY; 2 screen rate-limited",
        "2 rate-limited; 4 rate-limited; 5 working",
    ),
    "a retry, then success": (
        CLAUDE,
        "BUSY; 2 screen rate-limited; 3 hook done; 3.1 title quiet; 3.1 status idle",
        "3 done; 20 done",
    ),
    "esc while it retries": (
        CLAUDE,
        "BUSY; 2 screen rate-limited; 3 title quiet; 3.1 status idle",
        "3.9 idle; 9 idle",
    ),
    "a limit for hours": (
        CLAUDE,
        "BUSY; 2 hook rate-limited resets 3pm; 2.1 title quiet; 2.1 status idle",
        "2 rate-limited; 900 rate-limited",
    ),
    "words on the screen of an agent that speaks": (
        CLAUDE,
        "BUSY; 2 screen waiting; 3 screen failed; 4 screen done",
        "9 working",
    ),
    "words on the screen of an agent at rest": (
        CLAUDE,
        "BUSY; 2 title quiet; 2 status idle; 5 screen failed",
        "9 idle",
    ),
    "■ on the screen of one whose hooks tell no failures": (
        {},
        "0 hook working; 0 title working; 2 title quiet; 3 screen failed ■ no",
        "2.9 idle; 3 failed; 60 failed",
    ),
    "one tool asks while another works": (
        CLAUDE,
        (
            "BUSY; 1 hook waiting permission; 1.1 status waiting permission; 1.5 hook working; 2 hook working; 9 "
            "status working"
        ),
        "1.5 waiting; 8 waiting; 9.9 working",
    ),
    "a wait that the file alone tells": (
        CLAUDE,
        "BUSY; 2 status waiting question",
        "2.1 working; 2.9 waiting; 60 waiting",
    ),
    "another hook holds the stop back": (
        CLAUDE,
        "BUSY; 2 hook done",
        "2 done; 3.9 done; 4.1 working",
    ),
    "only titles": (
        {},
        "0 title working; 2 title waiting; 4 title idle",
        "0 working; 2 waiting; 4 idle",
    ),
    "a title that took the place of what the records told is followed at once": (
        CODEX,
        "0 title working; 5 title quiet; 5.1 records done; 9 title working; 12 title waiting; 15 title working",
        "9.3 done; 9.4 working; 12.01 waiting; 15.01 working",
    ),
    "a failure that stays on the screen while the title says that it works again": (
        CODEX,
        "0 title working; 5 records done; 5 title quiet; 9 title working; 12 title quiet; 12.2 screen failed ■ no; "
        "15 title working; 19 title quiet",
        "9.4 working; 13 failed; 15.01 working; 18 working",
    ),
    "an old codex, which tells nothing but the ends of turns in its records": (
        CODEX,
        "0 title quiet; 0.5 screen working; 5 screen -; 5.2 records done; 9 screen working; 12 screen waiting sure?; "
        "15 screen working; 18 screen -; 18.2 records idle interrupted",
        "0.5 working; 5.2 done; 8 done; 9 working; 12 waiting; 15 working; 18.2 idle; 60 idle",
    ),
    "a failure that the screen has shown says nothing of the turn after it, which was interrupted": (
        {},
        "0 title working; 5 title idle; 5.2 screen failed no; 9 title working; 12 title idle",
        "0 working; 5 idle; 5.2 failed; 9 working; 12 idle",
    ),
    "titles that say only busy, and the screen for the rest": (
        {},
        "0 title working; 1 title quiet; 1.2 screen waiting sure?; 9 title working",
        "1.2 waiting; 8 waiting; 9 working",
    ),
    "only output": (
        {},
        "0 output working; 50 output working",
        "0 working; 29 working; 31 idle; 50 working",
    ),
    "output and screen": (
        {},
        "0 output working; 1 screen waiting sure?; 2 output working; 2.5 screen -",
        "1 waiting; 2.4 waiting; 2.5 working",
    ),
    "interrupted, told by its screen alone": (
        {"hooks_suffice": True},
        "0 hook working; 5 screen quiet; 5.3 screen quiet; 9 hook working; 20 screen quiet; 20.3 screen -",
        "5.3 working; 5.5 idle; 8 idle; 9 working; 20.3 working; 30 working",
    ),
    "a question turned down, told by its screen alone": (
        {"hooks_suffice": True},
        "0 hook working; 5 hook waiting sure?; 9 screen quiet; 10 screen quiet; 10.5 screen -; 12 hook working",
        "9.3 waiting; 9.5 idle; 10.1 idle; 11 idle; 12 working",
    ),
    "a question answered, told by its screen alone until the tool has ended": (
        {"hooks_suffice": True},
        "0 hook working; 5 hook waiting sure?; 9 screen busy; 9.2 screen busy; 20 screen busy; 30 hook working",
        "9.3 waiting; 9.5 working; 29 working; 30 working",
    ),
    "a question answered, and then interrupted": (
        {"hooks_suffice": True},
        "0 hook working; 5 hook waiting sure?; 9 screen busy; 15 screen quiet; 20 hook waiting again?",
        "10 working; 15.2 working; 16 idle; 19 idle; 20 waiting",
    ),
    "a limit that a hook tells, and that the agent overcomes by itself": (
        {"hooks_suffice": True, "hooks_fail": True},
        "0 hook working; 5 hook retries; 27 hook retries; 40 hook done",
        "5 rate-limited; 26 rate-limited; 39 rate-limited; 40 done",
    ),
    "a limit of a hook's, and an answer that comes in": (
        {"hooks_suffice": True, "hooks_fail": True},
        "0 hook working; 5 hook retries; 11 screen busy; 15 screen busy; 16 hook retries; 30 hook working",
        "10.9 rate-limited; 11 working; 15.9 working; 16 rate-limited; 29 rate-limited; 30 working",
    ),
    "a limit of a hook's, and its end on the screen": (
        {"hooks_suffice": True, "hooks_fail": True},
        "0 hook working; 5 hook rate-limited; 5.4 screen rate-limited; 7 hook working",
        "5 rate-limited; 6.9 rate-limited; 7 working",
    ),
    "a limit that the records tell, broken off": (
        {"hooks_suffice": True, "hooks_fail": True},
        "0 hook working; 5 records retry 30; 8 screen quiet",
        "5 rate-limited; 8.3 rate-limited; 8.5 idle; 29 idle",
    ),
    "a turn that nothing but its records tells": (
        {"explains": True},
        "0 output working; 3 records done; 5 records working; 9 records done; 12 records working; 13 screen waiting; "
        "15 screen -; 17 records done",
        "4 done; 5 working; 8.9 working; 9 done; 12 working; 13.5 waiting; 16 working; 17 done",
    ),
    "work that records tell late": (
        {"explains": True},
        "0 osc idle; 1 osc working; 3 osc done; 3.1 records working; 20 records done",
        "2.9 working; 3 done; 3.2 done; 19 done",
    ),
    "a limit of a hook's, told no more": (
        {"hooks_suffice": True, "hooks_fail": True},
        "0 hook working; 5 hook retries",
        "124 rate-limited; 126 working",
    ),
    "a failure that is tried again": (
        {"hooks_suffice": True, "hooks_fail": True},
        "0 hook working; 5 screen rate-limited; 5.2 hook failed; 6 screen rate-limited; 7 screen -; 7.1 hook working",
        "5.1 rate-limited; 5.5 failed; 6.5 rate-limited; 7.05 failed; 7.2 working",
    ),
    "work on the screen of one that rests": (
        {"hooks_suffice": True},
        "0 hook working; 5 hook done; 6 screen busy; 9 screen quiet",
        "8 done; 60 done",
    ),
    "titles that know no failures, and a screen that shows one": (
        {},
        "0 title working; 2 title idle; 2.5 screen failed ✕ no; 9 title working",
        "2.1 idle; 2.6 failed; 8 failed; 9 working",
    ),
    "its child died, what started it lives on": (
        CLAUDE,
        "BUSY; 3 process exited",
        "3 exited; 60 exited",
    ),
    "what started it starts it again": (
        CLAUDE,
        "BUSY; 3 process exited; 5 hook idle; 5.1 hook working",
        "4 exited; 5.1 working",
    ),
    "hooks say that it ended: its process will": (
        CLAUDE,
        "BUSY; 3 hook exited",
        "3 working",
    ),
    "silence is no sign": (
        CLAUDE,
        "BUSY",
        "86400 working",
    ),
}


def parsed(text: str) -> list[tuple[float, str]]:
    pairs = [part.strip().split(" ", 1) for part in text.replace("BUSY", BUSY).split(";")]
    return [(float(at), what) for at, what in pairs]


@pytest.mark.parametrize("story", STORIES)
def test_stories(story: str) -> None:
    known, signs, expected = STORIES[story]
    session = Session(**known)  # type: ignore[arg-type]
    seen = []
    events = [(at, 0, sign) for at, sign in parsed(signs)] + [(at, 1, state) for at, state in parsed(expected)]
    for at, kind, what in sorted(events):
        if kind == 0:
            session.tell(at, what)
        else:
            session.until(at)
            seen.append((at, session.state))
    assert seen == parsed(expected), session.changes


def test_hooks_that_come_late_count_by_their_own_time() -> None:
    session = Session(**CLAUDE)
    session.tell(1.0, "hook done", told=0.9)
    session.tell(1.1, "hook working", told=0.5)
    assert session.state == "done"
    session.tell(1.2, "hook working", told=1.15)
    assert session.state == "working"


def test_an_interruption_known_already_settles_a_late_hook() -> None:
    session = Session(**CLAUDE)
    session.tell(0.0, "hook working")
    session.tell(5.0, "status idle")
    session.tell(5.2, "hook working", told=4.0)
    session.until(5.0 + 2 * AGREE)
    assert session.state == "idle"


def test_words_are_kept_by_who_says_more() -> None:
    session = Session()
    session.tell(0.0, "hook waiting permission: Bash: rm x")
    session.tell(0.1, "status waiting permission")
    session.tell(0.2, "osc waiting permission")
    assert session.memory.present.reason == "permission: Bash: rm x"
    session.tell(0.3, "hook waiting permission: Write: b")
    assert [change[2] for change in session.changes] == ["permission: Bash: rm x", "permission: Write: b"]


def test_a_new_conductor_goes_on_where_the_last_one_was() -> None:
    done = Session(Reading(S.DONE, "", Source.HOOK), **CLAUDE)
    done.tell(1.0, "title quiet")
    done.tell(1.0, "status idle", told=0.5)
    done.until(60.0)
    assert done.state == "done"
    interrupted = Session(Reading(S.WORKING, "", Source.HOOK), **CLAUDE)
    interrupted.tell(9.0, "status idle", told=5.0)
    assert interrupted.state == "idle"


def test_what_the_screen_is_needed_for() -> None:
    session = Session()
    assert readiness.needs_screen(session.memory) is Screen.STATE
    session.tell(0.0, "hook working")
    assert readiness.needs_screen(session.memory) is Screen.LIMIT
    session.tell(1.0, "hook done")
    assert readiness.needs_screen(session.memory) is Screen.NOTHING
    session.memory = readiness.miss(session.memory)
    assert readiness.needs_screen(session.memory) is Screen.NOTHING
    assert readiness.needs_screen(readiness.end(session.memory)) is Screen.NOTHING


def test_missed_words_of_a_terminal_make_the_screen_count_until_the_next() -> None:
    session = Session()
    session.tell(0.0, "osc working")
    session.memory = readiness.miss(session.memory)
    session.tell(1.0, "screen waiting sure?")
    assert session.state == "waiting"
    session.tell(2.0, "osc working")
    assert session.state == "working"


WORDS = ("working", "waiting", "idle", "done", "failed", "rate-limited", "quiet", "busy", "-", "exited")
NAMES = ("hook", "osc", "status", "title", "records", "output", "screen")
signs = st.lists(
    st.tuples(st.floats(0, 20), st.sampled_from(NAMES), st.sampled_from(WORDS), st.floats(0, 3)), max_size=40
)


def told(session: Session, signs: Iterable[tuple[float, str, str, float]]) -> None:
    for at, source, word, late in sorted(signs):
        if (word == "quiet" and source not in ("title", "screen")) or (word == "busy" and source != "screen"):
            continue
        session.tell(at, f"{source} {word}", told=max(0.0, at - late))


@given(signs, st.booleans(), st.booleans())
def test_nothing_wakes_the_dead(signs: list[tuple[float, str, str, float]], suffice: bool, fail: bool) -> None:
    session = Session(hooks_suffice=suffice, hooks_fail=fail)
    told(session, signs[: len(signs) // 2])
    session.memory = readiness.end(session.memory)
    before = list(session.changes)
    told(session, [(at + 20, *rest) for at, *rest in signs[len(signs) // 2 :]])  # type: ignore[misc]
    session.until(1000.0)
    assert session.changes == before


@given(signs, st.booleans(), st.booleans())
def test_it_settles_and_then_rests(signs: list[tuple[float, str, str, float]], suffice: bool, fail: bool) -> None:
    session = Session(hooks_suffice=suffice, hooks_fail=fail)
    told(session, signs)
    session.until(25.0 + readiness.IDLE_AFTER)
    settled = list(session.changes)
    session.until(10_000.0)
    assert session.changes == settled


@given(signs, st.booleans(), st.booleans(), st.sampled_from(("working", "waiting", "done", "failed")))
def test_the_last_hook_wins_where_nothing_contradicts_it(
    signs: list[tuple[float, str, str, float]], suffice: bool, fail: bool, word: str
) -> None:
    session = Session(hooks_suffice=suffice, hooks_fail=fail)
    told(session, signs)
    session.tell(30.0, f"hook {word}")
    for source in ("status", "title", "screen"):
        session.tell(30.0, f"{source} -")
    session.until(200.0)
    assert session.state == word


@example([(0.0, "working"), (1.0, "quiet"), (7.0, "working"), (7.0, "idle"), (9.0, "quiet")])
@given(st.lists(st.tuples(st.floats(0, 10), st.sampled_from(("working", "quiet", "idle"))), max_size=30))
def test_lower_sources_change_an_event_only_after_they_agreed(titles: list[tuple[float, str]]) -> None:
    session = Session()
    session.tell(0.0, "hook working")
    for at, word in sorted(titles):
        session.tell(at, f"title {word}")
    session.until(20.0)
    times = [at for at, *_ in session.changes]
    assert all(later - earlier >= AGREE - 1e-9 for earlier, later in pairwise(times))
    assert LIVED_ON > AGREE


@pytest.mark.parametrize("work", ["title working", "osc working", "hook working"])
def test_work_tells_that_it_tries_again_until_it_does(work: str) -> None:
    one = Session(explains=True)
    one.tell(0, work)

    def trouble(at: float, words: str, wait: float) -> None:
        reading = Reading(S.WORKING, words, Source.RECORDS, at + wait, vague=True)
        one._take(readiness.hear(one.memory, reading, at, at))

    trouble(1, "retrying: 500", 5)
    assert (one.memory.present.state, one.memory.present.reason) == (S.WORKING, "retrying: 500")
    one.until(5.9)
    assert one.memory.present.reason == "retrying: 500"
    one.until(6.1)
    assert (one.memory.present.state, one.memory.present.reason, one.memory.present.until) == (S.WORKING, "", 0.0)
    trouble(7, "retrying: 503", 9)
    one.tell(8, "title idle" if work.startswith("title") else "osc done" if work.startswith("osc") else "hook done")
    assert one.state in ("idle", "done") and not one.memory.present.until


@pytest.mark.parametrize(("first", "words"), [("hook", "Too many requests"), ("records", "429")])
def test_two_sources_tell_of_one_refusal_one_in_words_and_one_with_its_end(first: str, words: str) -> None:
    told = {
        "records": Reading(S.RATE_LIMITED, "429", Source.RECORDS, 6.0, vague=True),
        "hook": Reading(S.RATE_LIMITED, "Too many requests", Source.HOOK, vague=True),
    }
    one = Session(explains=True)
    one.tell(0, "hook working")
    for at, source in ((1.0, first), (1.2, "hook" if first == "records" else "records")):
        one._take(readiness.hear(one.memory, told[source], at, at))
    present = one.memory.present
    assert (present.state, present.reason, present.until) == (S.RATE_LIMITED, words, 6.0)
    one.until(6.1)
    assert one.state == "working"


def test_a_refusal_of_which_no_end_is_told_lasts_until_something_else_is() -> None:
    one = Session(explains=True)
    one.tell(0, "hook working")
    for status, state, at in (("503", S.RATE_LIMITED, 1.0), ("500", S.WORKING, 5.0), ("503", S.RATE_LIMITED, 9.0)):
        reading = Reading(state, status, Source.RECORDS, vague=True)
        one._take(readiness.hear(one.memory, reading, at, at))
        assert one.state == state
        one.until(at + 3.9)
        assert one.state == state
    one.tell(20, "hook working")
    assert one.state == "working"
    one._take(readiness.hear(one.memory, Reading(S.RATE_LIMITED, "503", Source.RECORDS, vague=True), 21, 21))
    one.until(21 + UNTOLD_LIMIT + 1)
    assert one.state == "working"


def test_a_limit_ends_with_its_turn() -> None:
    one = Session(explains=True)
    one.tell(0, "title working")
    one._take(readiness.hear(one.memory, Reading(S.RATE_LIMITED, "429", Source.RECORDS, 26.0, vague=True), 1, 1))
    assert one.state == "rate-limited"
    one.tell(5, "title idle")
    one.tell(7, "title working")
    assert [state for _, state, _ in one.changes] == ["working", "rate-limited", "idle", "working"]
