"""What agents tell of themselves beside their state: conversations, usage, rate limits; and the limits set for them."""

from __future__ import annotations

from autod_tui.core.events import Event
from autod_tui.core.usage import Usage
from autod_tui.core.workstream import Guest


class ConversationKnown(Event, frozen=True, kw_only=True):
    """An agent's own id of its conversation is known: it can be resumed after a crash."""

    name: str
    """Workstream."""
    session: str
    """The agent session (AUTOD_SESSION) it belongs to."""
    conversation: str
    since: float = 0.0
    """Unix time at which its agent began, where that is told after the agent's end; else 0."""


class GuestsChanged(Event, frozen=True, kw_only=True):
    """The agents that somebody started by hand in a workstream's worktree are now these."""

    name: str
    """Workstream."""
    guests: tuple[Guest, ...]


class UsageMeasured(Event, frozen=True, kw_only=True):
    """A conversation of a workstream has used this in all."""

    name: str
    conversation: str
    usage: Usage


class AgentsHeld(Event, frozen=True, kw_only=True):
    """A rate limit was met: nothing new starts with these agents until it is over."""

    family: str
    """Built-in profile that the limited one extends, or its own name."""
    until: float
    """Unix time at which the next try is made."""
    reason: str
    """The agent's words."""
    name: str = ""
    """Workstream or session that met it."""
    pauses: int = 0
    """Pauses in a row, this one included, whose end nobody told; 0 when it was told."""


class AgentsFreed(Event, frozen=True, kw_only=True):
    """A rate limit is over: an agent of the family works again, or its time has come."""

    family: str
    works: bool = False
    """An agent of the family has been answered; else only its time has come."""


class LimitRaised(Event, frozen=True, kw_only=True):
    """A person allowed more than the files do."""

    name: str = ""
    """Workstream; empty for the project."""
    cost_usd: float | None = None
    """The new limit in US dollars; None leaves it."""
    tokens: int | None = None
    """The new limit in tokens; None leaves it."""
