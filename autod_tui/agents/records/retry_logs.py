"""Logs in which agents tell that they try a request again: nothing else of theirs does.

A refusal for too many requests is a limit, any other trouble is part of the work; both end when the next attempt is
due at the latest: a log that tells no wait leaves it to be reckoned.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from autod_tui.agents.limits import LOADED
from autod_tui.agents.places import own_file
from autod_tui.agents.records.sums import moment
from autod_tui.agents.records.tail import Tail
from autod_tui.core.workstream import Reading, Source, WorkstreamState

Told = tuple[Reading, float]
"""A state, and the Unix time at which it was told."""
GEMINI_FIRST = 5.0
"""Seconds that Gemini CLI waits before the second attempt, more or less; twice as long with each further one."""
GEMINI_LONGEST = 30.0
SCATTER = 1.3
"""The most by which such a wait is longer: until then nothing tells that it is over but the answer."""
_TEXT_LIMIT = 200
_GEMINI_HEAD = rb"\[(?P<at>\d{4}-\d\d-\d\dT[\d:.]+Z)\] \[WARN\] Attempt (?P<attempt>\d{1,3}) failed"
_GEMINI = re.compile(
    _GEMINI_HEAD + rb"(?: with (?:status )?(?P<status>[\dx]{3})[^.]*\. Retrying with backoff"
    rb"|\. Retrying with backoff|: (?P<limit>.*)\. Retrying after (?P<wait>\d+)ms)"
)
_MESSAGE = re.compile(rb'\\?"message\\?":\s*\\?"([^"\\]{1,200})')
_VIBE = re.compile(
    rb"(?P<at>\d{4}-\d\d-\d\dT[\d:.]+\+00:00) (?P<parent>\d+) (?P<pid>\d+) WARNING (?:channel=\S+ )?"
    rb"Retrying model completion \(attempt (?P<attempt>\d+), delay (?P<wait>[\d.]+)s\): (?P<why>.*)"
)
_STATUS = re.compile(rb"'((\d{3}) [^']*)'")
_COPILOT = re.compile(
    rb"(?P<at>\d{4}-\d\d-\d\dT[\d:.]+Z) \[WARNING\] (?:\[[^\]]*\] )?Model provider request failed "
    rb'\{.*"http_status":(?P<status>\d{3})\b'
)
_COPILOT_WAIT = re.compile(rb'"retry_after_ms":(\d{1,9})\b')
COPILOT_SCATTER = 1.2
"""The most by which Copilot waits longer than the service wants it to."""
_PHRASES = {429: "Too Many Requests", 503: "Service Unavailable", 529: "Overloaded"}
BROKEN = 500
"""First status by which a service tells of trouble of its own."""


class RetryLog:
    """Reads what is added to a log."""

    def __init__(self, path: Path, understand: Callable[[bytes], Told | None]) -> None:
        """Read `path`, which needn't be there yet; `understand` makes a state of a line that tells of a retry."""
        self._tail = Tail(path)
        self._understand = understand
        self._told: Told | None = None

    def read_new(self, conversation: str) -> Told | None:
        """Return the last state that it told since the last call, and when; None when it told none."""
        self._told = None
        self._tail.read(self._take, self._begin_anew)
        return self._told

    def _begin_anew(self) -> None:
        self._told = None

    def _take(self, line: bytes) -> None:
        self._told = self._understand(line) or self._told


class OwnLog:
    """Reads the log of one process among those of others, once it is there."""

    def __init__(self, pattern: Path, pid: int, understand: Callable[[bytes], Told | None]) -> None:
        """Look for the log that `own_file` finds by `pattern` of process `pid`; `understand` as for `RetryLog`."""
        self._pattern, self._pid, self._understand = pattern, pid, understand
        self._log: RetryLog | None = None

    def read_new(self, conversation: str) -> Told | None:
        """Return the last state that it told since the last call, and when; None when it told none."""
        if self._log is None and (path := own_file(self._pattern, self._pid)) is not None:
            self._log = RetryLog(path, self._understand)
        return self._log.read_new(conversation) if self._log is not None else None


def copilot_retry(line: bytes) -> Told | None:
    """Read a line of Copilot's log: a request that was refused, and how long the service wants it to wait."""
    found = _COPILOT.match(line)
    at = moment(found["at"].decode("ascii")) if found else None
    if found is None or at is None:
        return None
    status, wait = int(found["status"]), _COPILOT_WAIT.search(line)
    if status in LOADED:
        until = at + COPILOT_SCATTER * float(wait[1]) / 1000 if wait else 0.0
        words = f"{status} {_PHRASES.get(status, '')}".strip()
        return Reading(WorkstreamState.RATE_LIMITED, words, Source.RECORDS, until, vague=True), at
    broken = status >= BROKEN
    return (Reading(WorkstreamState.WORKING, "", Source.RECORDS, vague=True), at) if broken else None


def gemini_retry(line: bytes) -> Told | None:
    """Read a line of Gemini CLI's debug log."""
    found = _GEMINI.match(line)
    at = moment(found["at"].decode("ascii")) if found else None
    if found is None or at is None:
        return None
    if found["wait"]:
        return _retries(at, float(found["wait"]) / 1000, "429", _text(found["limit"]))
    wait = SCATTER * min(GEMINI_LONGEST, GEMINI_FIRST * 2 ** (int(found["attempt"]) - 1))
    status = _text(found["status"] or b"")
    said = _MESSAGE.search(line)
    return _retries(at, wait, status, ": ".join(filter(None, (status, _text(said[1]) if said else ""))))


def vibe_retry(pid: int) -> Callable[[bytes], Told | None]:
    """Return what reads lines of Vibe's log, which all of a person's sessions share: those of process `pid`."""
    own = str(pid).encode()

    def understand(line: bytes) -> Told | None:
        found = _VIBE.match(line)
        at = moment(found["at"].decode("ascii")) if found else None
        if found is None or at is None or own not in (found["parent"], found["pid"]):
            return None
        status = _STATUS.search(found["why"])
        why = _text(status[1] if status else found["why"])
        return _retries(at, float(found["wait"]), _text(status[2]) if status else "", why)

    return understand


def _text(words: bytes) -> str:
    return words.decode("utf-8", "replace")[:_TEXT_LIMIT]


def _retries(at: float, wait: float, status: str, why: str) -> Told:
    if status in map(str, LOADED):
        return Reading(WorkstreamState.RATE_LIMITED, why, Source.RECORDS, at + wait, vague=True), at
    words = f"retrying: {why}" if why else "retrying"
    return Reading(WorkstreamState.WORKING, words, Source.RECORDS, at + wait, vague=True), at
