"""Hearing: what is kept of a sign. An event takes the place of the last one, a claim that of its source."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from autod_tui.core.claims import Claim, Memory
from autod_tui.core.workstream import Reading, Source, WorkstreamState

OVERDUE = 2.0
"""Seconds that a rate limit may last longer than was told."""
EXPLAIN = 0.4
"""Seconds that a failure without words waits for those of the records: it may be a rate limit."""
SAME_END = 3.0
"""Seconds within which two sources tell of one and the same failure."""

S = WorkstreamState
RESTING = frozenset({S.DONE, S.FAILED, S.RATE_LIMITED, S.EXITED})
"""States that an agent at rest may be in; `idle` says no more than that it rests."""


def wordless(reading: Reading) -> bool:
    """Tell whether it is a failure of which nothing is said."""
    return reading.state is S.FAILED and not reading.reason


def explained(memory: Memory, now: float) -> tuple[Memory, float | None]:
    """Take a failure that nobody has explained in time; return when that will be."""
    untold = memory.untold
    if untold is None:
        return memory, None
    if now < untold.at + EXPLAIN:
        return memory, untold.at + EXPLAIN
    return take_event(msgspec.structs.replace(memory, untold=None), untold.reading, untold.at), None


def take_event(memory: Memory, reading: Reading, at: float) -> Memory:
    """Take what has happened at `at`, unless something newer is known, or the same in more words."""
    hooked = memory.hooked or reading.source is Source.HOOK
    memory = msgspec.structs.replace(memory, hooked=hooked)
    if reading.source is Source.RECORDS and not _records_count(memory, reading):
        return memory
    if reading.source is Source.TERMINAL and hooked and memory.hooks_suffice:
        return memory
    base = memory.base
    if base is not None and at < base.at:
        return memory  # it was only slow to come
    if base is not None and reading.state is S.IDLE and base.reading.state in RESTING:
        return memory
    if base is not None and _says_more(base, reading, at):
        reading = base.reading
    limit = None if memory.limit is None or memory.limit.at <= at else memory.limit
    if reading.vague and reading.state in (S.RATE_LIMITED, S.WORKING):  # it tries again by itself
        told = memory.retries_told or bool(reading.until)
        limit, memory = met(memory.limit, reading, at), msgspec.structs.replace(memory, retries_told=told)
        reading = Reading(S.WORKING, "", reading.source)
    claims = {source: claim for source, claim in memory.claims.items() if source is not Source.SCREEN}
    untold = None if memory.untold is None or memory.untold.at <= at else memory.untold
    return msgspec.structs.replace(
        memory, base=Claim(reading, at), claims=claims, limit=limit, untold=untold, deaf=False
    )


def take_claim(memory: Memory, reading: Reading, at: float) -> Memory:
    """Take what a source says is so at `at`; it counts from when the source said so first."""
    if reading.source is Source.TITLE and not reading.vague:
        memory = msgspec.structs.replace(memory, titled=True)
    if reading.vague and reading.source is Source.TITLE and not memory.titled:
        return memory
    known = memory.claims.get(reading.source)
    same = known is not None and (known.reading.state, known.reading.vague) == (reading.state, reading.vague)
    # a status file is told again only when it dates its status anew: it left the state meanwhile
    anew = reading.source in (Source.OUTPUT, Source.STATUS_FILE)
    since = known.at if known is not None and same and not anew else at
    claims = memory.claims if same or reading.state is S.IDLE else _without_failure(memory.claims)
    return msgspec.structs.replace(memory, claims={**claims, reading.source: Claim(reading, since)})


def _without_failure(claims: Mapping[Source, Claim]) -> Mapping[Source, Claim]:
    """Drop a failure that the screen has shown: it is that of an earlier turn once a better source tells of work."""
    screen = claims.get(Source.SCREEN)
    old = screen is not None and screen.reading.state is S.FAILED
    return {source: claim for source, claim in claims.items() if not (old and source is Source.SCREEN)}


def met(known: Claim | None, reading: Reading, at: float) -> Claim:
    """Take a limit after which the agent tries again; two sources may tell of it, one in words, one with its end."""
    if known is None or known.reading.state is not reading.state or abs(at - known.at) >= SAME_END:
        return Claim(reading, at)
    until = reading.until or (known.reading.until if known.reading.until > at else 0.0)
    reason = max(known.reading.reason, reading.reason, key=len)
    return Claim(msgspec.structs.replace(reading, until=until, reason=reason), max(at, known.at))


def renewed(known: Claim | None, reading: Reading, at: float) -> Claim:
    """Keep the words of a retry that goes on: its countdown is no news."""
    if known is not None and abs(known.reading.until - reading.until) < OVERDUE:
        return Claim(known.reading, at)
    return Claim(reading, at)


def _records_count(memory: Memory, reading: Reading) -> bool:
    """Records are written late: what an agent did a while ago is not what it does, unless they alone speak."""
    if reading.state is S.WORKING and not (memory.hooked or memory.spoken):
        return memory.base is not None and memory.base.reading.source is Source.RECORDS
    return reading.state in (S.RATE_LIMITED, S.FAILED, S.IDLE, S.DONE)


def _says_more(base: Claim, reading: Reading, at: float) -> bool:
    """Tell whether `base` says the same as `reading`, in more words or in those of another source."""
    known = base.reading
    recorded = Source.RECORDS in (known.source, reading.source) and at - base.at < SAME_END
    if recorded and known.state is S.RATE_LIMITED and reading.state is S.FAILED:
        return True
    if recorded and known.state in (S.RATE_LIMITED, S.FAILED) and reading.state is S.DONE:
        return True  # to a hook each end of a turn is one
    if known.state is not reading.state or (reading.until and not known.until):
        return False
    return known.reason.startswith(reading.reason) or (recorded and bool(known.reason))
