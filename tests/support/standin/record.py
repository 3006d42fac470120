"""What the log holds: each request with its answer, and the tokens that the agent was told of."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Usage:
    """Tokens of one message; `input` are those neither read from nor written to a cache."""

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.input + other.input,
            self.output + other.output,
            self.cache_read + other.cache_read,
            self.cache_write + other.cache_write,
        )

    @property
    def total(self) -> int:
        """All tokens, of every kind."""
        return self.input + self.output + self.cache_read + self.cache_write


def usage_of(number: int) -> Usage:
    """Return what the message of that number costs: odd figures, no two messages alike, so that sums give away."""
    return Usage(input=101 + 7 * number, output=13 + 3 * number, cache_read=1009 + 11 * number, cache_write=57 + number)


@dataclass
class Exchange:
    """One request and its answer."""

    at: float
    """Unix time of the request."""
    lane: str
    path: str
    """What was asked for, without the lane."""
    kind: str
    """`main` (took a step), `side` (a title or the like) or `probe` (anything that is no message)."""
    model: str = ""
    session: str = ""
    """The agent's own name of its conversation, where it tells one."""
    prompt: str = ""
    """The last words of a user in it, shortened."""
    heard: str = ""
    """What the last tool call of the conversation came to, shortened."""
    tools: tuple[str, ...] = ()
    step: str = ""
    """Name of the step's class."""
    status: int = 0
    """HTTP status; 0 until an answer began, and for good when none did."""
    message_id: str = ""
    usage: Usage | None = None
    """What the agent was told; None while nothing was."""
    answered_at: float = 0.0
    """Unix time at which the whole answer was sent."""
    abandoned: bool = False
    """The agent hung up first."""
