"""Claims: what the sources of an agent's state say, and what is kept of it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec
from msgspec import Struct

from autod_tui.core.workstream import Reading, Source, WorkstreamState

S = WorkstreamState
EVENTS = frozenset({Source.HOOK, Source.TERMINAL})
"""Sources that tell what happens as it does."""
TOLD = frozenset({S.WORKING, S.WAITING, S.IDLE, S.RATE_LIMITED, S.DONE, S.FAILED})
"""States that a living agent's sources may tell."""
_KEPT = EVENTS | {Source.STATUS_FILE, Source.TITLE, Source.RECORDS}


class Claim(Struct, frozen=True):
    """What a source says, and since when it says so (of output and retries: when it was last seen)."""

    reading: Reading
    at: float


class Memory(Struct, frozen=True, kw_only=True):
    """All that counts of what was heard of one agent session."""

    present: Reading
    """The state in force."""
    base: Claim | None = None
    """The last event, or what has corrected it since."""
    claims: Mapping[Source, Claim] = {}
    """What status file, title, output and screen say now."""
    limit: Claim | None = None
    """A rate limit that was met while a better source says that it works: the agent waits and tries again. Or, as work
    with an end, another trouble of which its records tell the same."""
    retries_told: bool = False
    """Its records tell when it tries again: what the screen says of that is older."""
    untold: Claim | None = None
    """A failure without a word of why; its records may be about to tell."""
    explains: bool = False
    """It has records that tell why it failed."""
    spoken: bool = False
    """It has told by OSC 7501 that it works, or may."""
    hooked: bool = False
    """Its hooks have spoken."""
    hooks_suffice: bool = False
    """Its hooks tell work, waits, ends and failures alike: a state told by OSC is that of a program it runs."""
    hooks_fail: bool = False
    """Its hooks tell failures."""
    titled: bool = False
    """Its title has said what it does: only then it means something that it says that no more."""
    deaf: bool = False
    """Events may have been missed: the screen counts until the next."""
    stranger: bool = False
    """Nobody knows its words: title and screen are read by how they change, and neither tells all."""
    ended: bool = False


class Verdict(Struct, frozen=True):
    """What follows from a sign, or from time."""

    memory: Memory
    change: Reading | None = None
    """The state that is in force from now on, if another one."""
    look_at: float | None = None
    """Unix time at which time alone may change the state."""


class Screen(StrEnum):
    """What a look at the screen is needed for."""

    STATE = "state"
    """Nothing better speaks."""
    FAILURE = "failure"
    """It rests, and nothing has told why."""
    LIMIT = "limit"
    """It may be waiting for a rate limit to end, or was interrupted, and no other source tells."""
    NOTHING = "nothing"


def remember(
    present: Reading,
    since: float,
    *,
    hooks_suffice: bool = False,
    hooks_fail: bool = False,
    explains: bool = False,
    stranger: bool = False,
) -> Memory:
    """Begin with the state in force since `since` and the source that told it, as the journal knows them."""
    memory = Memory(
        present=present, hooks_suffice=hooks_suffice, hooks_fail=hooks_fail, explains=explains, stranger=stranger
    )
    claim = Claim(present, since)
    if present.source in _KEPT and present.state in TOLD:
        hooked, spoken = present.source is Source.HOOK, present.source is Source.TERMINAL
        return msgspec.structs.replace(memory, base=claim, hooked=hooked, spoken=spoken)
    if present.source in (Source.SCREEN, Source.OUTPUT):
        return msgspec.structs.replace(memory, claims={present.source: claim})
    return memory


def repeats(memory: Memory, screen: Claim) -> bool:
    """Tell whether a screen shows as a failure what the records tell as a limit, in the same words."""
    if memory.base is None or screen.reading.state is not S.FAILED:
        return False
    told = memory.base.reading
    limited = told.state is S.RATE_LIMITED and told.source is Source.RECORDS
    return limited and bool(told.reason) and told.reason in screen.reading.reason


def outdone(memory: Memory, screen: Claim) -> bool:
    """Tell whether a stranger's title, which tells of work, outweighs a screen that shows rest or work."""
    title = memory.claims.get(Source.TITLE)
    if not memory.stranger or title is None:
        return False
    asks = screen.reading.state in (S.WAITING, S.RATE_LIMITED)
    return not asks and not title.reading.vague
