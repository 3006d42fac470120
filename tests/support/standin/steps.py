"""What a script is made of: each step answers one main request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.support.standin.record import Usage

MESSAGES = {
    400: "The request was not understood",
    401: "The key is not valid",
    403: "The key may not do this",
    429: "Too many requests for now",
    500: "Something broke in the service",
    503: "The service rests",
    529: "The service is overloaded",
}


@dataclass(frozen=True, kw_only=True)
class Step:
    """One answer."""

    gate: str = ""
    """Holds the answer back until the test releases the gate of that name."""
    begun: bool = False
    """The gate holds in the midst of the answer: the first of it is sent before."""
    usage: Usage | None = None
    """What to report; None takes figures that no other message has."""


@dataclass(frozen=True)
class Say(Step):
    """End the turn with a text."""

    text: str


@dataclass(frozen=True)
class Write(Step):
    """Write a file, by a path relative to the agent's directory (with a shell where there is no tool for files)."""

    path: str
    text: str
    saying: str = "I write the file."


@dataclass(frozen=True)
class Shell(Step):
    """Run a shell command; `beyond` asks for leave to step out of the agent's sandbox, where it has one."""

    command: str
    beyond: bool = False
    saying: str = "I run a command."


@dataclass(frozen=True)
class Ask(Step):
    """Ask the person a question with choices."""

    question: str
    choices: Sequence[str] = ("Yes", "No")
    saying: str = "I need to know something."


@dataclass(frozen=True)
class Call(Step):
    """Call any tool by its own name."""

    tool: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    saying: str = ""


@dataclass(frozen=True)
class Refuse(Step):
    """Answer with an HTTP error."""

    status: int
    retry_after: float | None = None
    message: str = ""


@dataclass(frozen=True)
class Hang(Step):
    """Give no answer at all, until the agent hangs up or the stand-in ends."""


@dataclass(frozen=True)
class Cut(Step):
    """Begin an answer and break the connection off in the midst of it."""

    text: str = "This sentence will never be heard to its end."
