"""Attention: who needs a person, and the moments at which somebody begins to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct

from autod_tui.core.events import AgentStarted, AgentStopped, Recorded, StateChanged, WorktreeRemoved
from autod_tui.core.run_events import SessionEnded, SessionHalted, SessionWentOn
from autod_tui.core.workstream import WorkstreamRecord, WorkstreamState

CALLING = frozenset({WorkstreamState.WAITING, WorkstreamState.FAILED, WorkstreamState.LOST})
"""States in which nothing goes on before a person has looked."""


class Call(Struct, frozen=True, kw_only=True):
    """One call for a person: it is told once, however long the wait lasts."""

    name: str
    """Workstream, or `RUN/SESSION`; empty where a limit of the whole project is reached."""
    state: str
    """`waiting`, `failed`, `lost` or `limit`."""
    reason: str

    @property
    def words(self) -> str:
        """Return it as one sentence without a full stop."""
        if self.state == LIMIT:
            return self.reason
        return f"{self.name} {_VERBS[self.state]}" + (f": {self.reason}" if self.reason else "")


LIMIT = "limit"
_VERBS: dict[str, str] = {
    WorkstreamState.WAITING: "waits for you",
    WorkstreamState.FAILED: "has failed",
    WorkstreamState.LOST: "is lost",
}


class Calls:
    """Follows the journal and finds the calls in it."""

    def __init__(
        self,
        records: Iterable[WorkstreamRecord] = (),
        limits: Mapping[str, str] | None = None,
        sessions: Iterable[str] = (),
    ) -> None:
        """Start from what is known already: whoever calls by now (`sessions`: `RUN/SESSION`) has been told of."""
        self._calling = {record.name: record.state for record in records if record.state in CALLING}
        self._calling |= dict.fromkeys(sessions, WorkstreamState.WAITING)
        self._limited = _reached(limits or {})

    def follow(self, entries: Iterable[Recorded]) -> list[Call]:
        """Return the calls that begin in `entries`; another reason for the same state is the same call."""
        found: list[Call] = []
        for entry in entries:
            event = entry.event
            if isinstance(event, StateChanged):
                found += self._begun(event.name, event.state, event.reason)
            elif isinstance(event, SessionHalted):  # one that has failed or is limited is its run's own business
                waits = event.state is WorkstreamState.WAITING
                found += self._begun(f"{event.run}/{event.session}", event.state if waits else None, event.reason)
            elif isinstance(event, SessionWentOn | SessionEnded):
                self._now(f"{event.run}/{event.session}", None)
            elif isinstance(event, AgentStarted | AgentStopped | WorktreeRemoved):
                self._now(event.name, None)
        return found

    def follow_limits(self, limits: Mapping[str, str]) -> list[Call]:
        """Return the calls that begin when `limits` (workstream to why it may use no more, or empty) is true."""
        now = _reached(limits)
        fresh, self._limited = now - self._limited, now
        return [Call(name=name, state=LIMIT, reason=limits[name]) for name in limits if name in fresh]

    def _begun(self, name: str, state: WorkstreamState | None, reason: str) -> list[Call]:
        called = state in CALLING and self._calling.get(name) is not state
        self._now(name, state)
        return [Call(name=name, state=state.value, reason=reason)] if called and state else []

    def _now(self, name: str, state: WorkstreamState | None) -> None:
        if state in CALLING:
            self._calling[name] = state
        else:
            self._calling.pop(name, None)


def _reached(limits: Mapping[str, str]) -> frozenset[str]:
    return frozenset(name for name, reason in limits.items() if reason)
