"""Readiness: which of an agent's contradicting signs is true. Pure: it knows no clock and touches nothing.

Hooks and the terminal's own words (OSC 7501) are events: the latest counts. The status file, the title, output and
screen say what is at this moment; they correct an event that was missed or never came, once they have agreed with
themselves for a while. What an agent merely prints can only say something where nothing better speaks.
"""

from __future__ import annotations

import msgspec

from autod_tui.core.claims import EVENTS, TOLD, Claim, Memory, Screen, Verdict, outdone, repeats
from autod_tui.core.hearing import OVERDUE, RESTING, explained, met, renewed, take_claim, take_event, wordless
from autod_tui.core.workstream import Reading, Source, WorkstreamState

AGREE = 0.4
"""Seconds that a lower source has to hold a claim which began after what it corrects."""
LIVED_ON = 2.0
"""Seconds that it has to hold one which began before: it may only be slow to follow."""
IDLE_AFTER = 30.0
"""Seconds without output after which an agent that says nothing by itself counts as idle."""
STILL = 0.4
"""Seconds for which a screen has to show no work any more, whatever is printed, to show rest."""
RETRY_LIVES = 2.5
"""Seconds that a retry counts which was last seen alive on the screen."""
UNTOLD_LIMIT = 120.0
"""Seconds that a limit counts of which no end was told, if nothing tells that the agent has gone on."""

S = WorkstreamState
_LOWER = frozenset({Source.STATUS_FILE, Source.TITLE, Source.OUTPUT})
_GREETINGS = frozenset({S.WORKING, S.IDLE})
"""What an agent that has records tells first by OSC 7501, if it speaks it: else that is only printed by it."""
_TITLES_MAY = frozenset({(S.WORKING, S.IDLE), (S.WAITING, S.WORKING), (S.WAITING, S.IDLE)})
"""What a title may correct of an event: that an agent was interrupted, or got its answer. No event tells these; all
else is told by events, and a title may be that of a program which the agent runs."""


def hear(memory: Memory, reading: Reading, at: float, now: float) -> Verdict:
    """Take a sign that was given at `at`; whatever tells no state, or comes after the end, changes nothing."""
    if memory.ended or (reading.state not in TOLD and reading.source is not Source.PROCESS):
        return look(memory, now)
    if reading.source is Source.PROCESS:
        return look(_replaced(memory, base=Claim(reading, at), claims={}, limit=None, untold=None), now)
    if reading.source is Source.RECORDS and reading.vague and reading.state in (S.RATE_LIMITED, S.WORKING):
        limit = met(memory.limit, reading, at) if reading.state is S.RATE_LIMITED or reading.until else None
        return look(_replaced(memory, limit=limit, retries_told=True), now)
    if reading.source is Source.TERMINAL and memory.explains and not memory.spoken:
        if reading.state not in _GREETINGS:
            return look(memory, now)
        memory = _replaced(memory, spoken=True)
    if reading.source is Source.TERMINAL and wordless(reading) and memory.explains:
        return look(_replaced(memory, untold=Claim(reading, at)), now)
    if reading.source is Source.RECORDS or reading.source in EVENTS:
        return look(take_event(memory, reading, at), now)
    if reading.state is S.RATE_LIMITED and reading.source is Source.SCREEN and speaks(memory):
        limit = memory.limit if memory.retries_told else renewed(memory.limit, reading, at)
        return look(_replaced(memory, limit=limit), now)
    return look(take_claim(memory, reading, at), now)


def unhear(memory: Memory, source: Source, now: float) -> Verdict:
    """Take that `source` says nothing any more; of the screen that it shows no retry either."""
    claims = {known: claim for known, claim in memory.claims.items() if known is not source}
    limit = memory.limit
    if limit is not None and limit.reading.source is source:
        limit = None
    return look(_replaced(memory, claims=claims, limit=limit), now)


def miss(memory: Memory) -> Memory:
    """Take that words of the terminal may have been missed; those of hooks wait in files."""
    return memory if memory.hooked else _replaced(memory, deaf=True)


def end(memory: Memory) -> Memory:
    """Take that the process has ended: nothing that comes later counts."""
    return Memory(present=memory.present, ended=True)


def speaks(memory: Memory) -> bool:
    """Tell whether something better than output and screen tells this agent's state; records tell ends alone."""
    if memory.deaf:
        return False
    if memory.stranger:
        return memory.hooked or (memory.base is not None and memory.base.reading.source in EVENTS)
    title, base = memory.claims.get(Source.TITLE), memory.base
    if base is not None and (base.reading.source is not Source.RECORDS or memory.hooked or memory.spoken):
        return True
    return (
        bool(base and memory.titled) or Source.STATUS_FILE in memory.claims or bool(title and not title.reading.vague)
    )


def corrects_itself(memory: Memory) -> bool:
    """Tell whether the agent tells by its status file or its title that it was interrupted."""
    return memory.titled or Source.STATUS_FILE in memory.claims


def needs_screen(memory: Memory) -> Screen:
    """Tell what the screen has to be looked at for when it changes."""
    if memory.ended:
        return Screen.NOTHING
    if not speaks(memory):
        return Screen.STATE
    state = memory.present.state
    if state is S.IDLE and _untold_end(memory):
        return Screen.FAILURE
    if state is S.IDLE and Source.SCREEN in memory.claims:
        return Screen.LIMIT
    if state is S.WAITING and not corrects_itself(memory):
        return Screen.LIMIT
    return Screen.LIMIT if state in (S.WORKING, S.RATE_LIMITED, S.FAILED) else Screen.NOTHING


def look(memory: Memory, now: float) -> Verdict:
    """Weigh the claims at `now`."""
    if memory.ended:
        return Verdict(memory)
    memory, explained_at = explained(memory, now)
    winner, look_at = _winner(memory, now)
    corrected = _corrected_base(memory, winner)
    if corrected is not memory:
        memory = corrected
        winner, look_at = _winner(memory, now)
    look_at = _sooner(look_at, explained_at)
    if winner is not None and (limit := _limit(memory, winner, now)) is not None:
        look_at = _sooner(look_at, _limit_ends(limit))
        winner = limit
    if winner is None or not _differs(winner.reading, memory.present):
        return Verdict(memory, None, look_at)
    change = winner.reading
    if change.state is S.IDLE and not change.vague and memory.limit is not None and memory.limit.at < winner.at:
        memory = _replaced(memory, limit=None)  # that turn is over: the next one has met none yet
    return Verdict(_replaced(memory, present=change), change, look_at)


def _replaced(memory: Memory, **changes: object) -> Memory:
    return msgspec.structs.replace(memory, **changes)


def _winner(memory: Memory, now: float) -> tuple[Claim | None, float | None]:
    """Return the claim in force, and when another one may be."""
    kept = (memory.base, memory.claims.get(Source.STATUS_FILE), memory.claims.get(Source.TITLE))
    ranked = [claim for claim in kept if claim is not None]
    screen = memory.claims.get(Source.SCREEN)
    if screen is not None and screen.reading.vague:
        ranked += [] if corrects_itself(memory) else [screen]
    elif screen is not None and _screen_counts(memory, screen) and not outdone(memory, screen):
        return screen, None
    if not ranked:
        return _by_output(memory, now)
    if ranked[0].reading.vague and ranked[0] is not memory.base:
        return _by_vague_title(memory, ranked[0], now)
    return _by_rank(memory, ranked, now)


def _screen_counts(memory: Memory, screen: Claim) -> bool:
    if not speaks(memory):
        return not repeats(memory, screen)
    known = (memory.base, memory.claims.get(Source.STATUS_FILE), memory.claims.get(Source.TITLE))
    rests = all(claim is None or claim.reading.state is S.IDLE for claim in known)
    return screen.reading.state is S.FAILED and _untold_end(memory) and rests


def _by_output(memory: Memory, now: float) -> tuple[Claim | None, float | None]:
    output = memory.claims.get(Source.OUTPUT)
    if output is None:
        return None, None
    silent = output.at + IDLE_AFTER
    if now < silent:
        return output, silent
    reason = f"no output for {IDLE_AFTER:g} s"
    return Claim(Reading(S.IDLE, reason, Source.OUTPUT), silent), None


def _by_vague_title(memory: Memory, title: Claim, now: float) -> tuple[Claim | None, float | None]:
    due = title.at + AGREE
    return (title, None) if now >= due else (None, due)


def _by_rank(memory: Memory, ranked: list[Claim], now: float) -> tuple[Claim, float | None]:
    """Let the lower claims correct the first; one that agrees with it outweighs those below."""
    current, look_at = ranked[0], None
    for lower in ranked[1:]:
        if _agrees(lower.reading, current.reading):
            return (lower if current.reading.vague else current), look_at
        hold = _hold(memory, lower, current)
        if hold is None:
            continue
        due = max(lower.at, current.at) + hold
        if now >= due:
            return lower, None
        look_at = _sooner(look_at, due)
    return current, look_at


def _agrees(lower: Reading, current: Reading) -> bool:
    if lower.state is current.state:
        return True
    return lower.state is S.IDLE and not lower.vague and current.state in RESTING


def _hold(memory: Memory, lower: Claim, current: Claim) -> float | None:
    """Return how long `lower` has to hold its claim against `current`; None when it can't correct that."""
    says, said = lower.reading.state, current.reading.state
    later = lower.at > current.at
    if lower.reading.source is Source.SCREEN:
        return _screen_hold(says, said)
    if _titles_alone(memory, lower, current):
        return 0.0
    if lower.reading.vague and said is not S.WORKING:
        return None
    if lower.reading.source is Source.TITLE and current.reading.source in EVENTS and (said, says) not in _TITLES_MAY:
        return None
    if says is S.WORKING and said in (S.RATE_LIMITED, S.EXITED) and not later:
        return None
    if says is S.WAITING and memory.present.state is S.WAITING:
        return 0.0  # somebody else of the same agent works on while it waits
    return AGREE if later else LIVED_ON


def _titles_alone(memory: Memory, lower: Claim, current: Claim) -> bool:
    """Tell whether a title takes back what it has said, in a session in which no event tells better."""
    both = lower.reading.source is current.reading.source is Source.TITLE
    return both and lower.reading.state is not S.IDLE and not (memory.hooked or memory.spoken)


def _screen_hold(says: WorkstreamState | None, said: WorkstreamState | None) -> float | None:
    """A screen that shows no question any more tells what no event does: that it was answered, or turned down."""
    if says is S.WORKING:
        return AGREE if said is S.WAITING else None
    return {S.WORKING: STILL, S.WAITING: AGREE}.get(said) if said else None


def _corrected_base(memory: Memory, winner: Claim | None) -> Memory:
    """Let what really happened after the last event take its place."""
    base = memory.base
    if base is None or winner is None or winner is base:
        return memory
    if winner.reading.source is Source.SCREEN:
        if not speaks(memory):
            began = winner.reading.state is not S.FAILED and winner.at > base.at
            return _replaced(memory, base=None) if began else memory  # the records tell the end of that, too
        known = Claim(msgspec.structs.replace(winner.reading, vague=False), winner.at)
        return _replaced(memory, base=known) if base.reading.state is S.WAITING else memory
    return _replaced(memory, base=winner) if winner.at >= base.at else memory


def _corrected(memory: Memory) -> bool:
    return memory.base is not None and memory.base.reading.source in (Source.STATUS_FILE, Source.TITLE)


def _untold_end(memory: Memory) -> bool:
    """Tell whether only a title or a status file, which know no failures, says that the agent has come to rest."""
    if memory.hooks_fail or (memory.hooked and memory.base is None):
        return False
    return _corrected(memory) if memory.base is not None else Source.TITLE in memory.claims


def _limit(memory: Memory, winner: Claim, now: float) -> Claim | None:
    """Return the rate limit that `winner` is waiting for."""
    limit, reading = memory.limit, winner.reading
    if limit is None or now >= _limit_ends(limit) or _answers(memory, limit):
        return None
    quiet = reading.state is S.IDLE and reading.vague and reading.source is not Source.SCREEN
    failed_before = reading.state is S.FAILED and limit.at > winner.at  # it says so, and tries again all the same
    told_without_end = reading.state is S.RATE_LIMITED and not reading.until and limit.at > winner.at
    return limit if reading.state is S.WORKING or quiet or failed_before or told_without_end else None


def _answers(memory: Memory, limit: Claim) -> bool:
    """Tell whether the screen has shown since then that an answer comes in."""
    screen = memory.claims.get(Source.SCREEN)
    return screen is not None and screen.reading.state is S.WORKING and screen.at > limit.at


def _limit_ends(limit: Claim) -> float:
    if limit.reading.source is Source.RECORDS:
        return limit.reading.until or limit.at + UNTOLD_LIMIT
    if limit.reading.source in EVENTS:
        return max(limit.reading.until, limit.at + RETRY_LIVES) if limit.reading.until else limit.at + UNTOLD_LIMIT
    return limit.at + RETRY_LIVES


def _differs(reading: Reading, present: Reading) -> bool:
    if reading.state is not present.state:
        return True
    if reading.state is S.RATE_LIMITED:
        return abs(reading.until - present.until) >= OVERDUE
    if bool(reading.until) is not bool(present.until):
        return True  # it tries again, or that is over
    adds = not (reading.source in _LOWER and present.reason)
    return adds and not present.reason.startswith(reading.reason)


def _sooner(one: float | None, other: float | None) -> float | None:
    known = [at for at in (one, other) if at is not None]
    return min(known) if known else None
