"""What a request says, whatever the dialect; and the shape of an answer before it is spoken in one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from tests.support.standin.record import Usage

Json = dict[str, Any]
Event = tuple[str, Json | str]
"""Name (may be empty) and data of a server-sent event."""
SIDE_MARKS = ("[SUGGESTION MODE", "Warmup")
"""How requests begin that look like the conversation going on, and are none of it."""


@dataclass(frozen=True)
class Asked:
    """One request for a message."""

    model: str
    stream: bool
    tools: Mapping[str, Json] = field(default_factory=dict)
    """Name to the schema of its arguments."""
    freeform: frozenset[str] = frozenset()
    """Tools that take a text instead of arguments."""
    schema: Json | None = None
    """What the answer must look like, where JSON is asked for."""
    session: str = ""
    prompt: str = ""
    """The last words of a user."""
    heard: str = ""
    """What the last tool call came to."""
    counts: bool = True
    """Whether the client wants to hear of the tokens."""
    chatty: bool = False
    """The client has no tools at all and reads the text of the answer (aider)."""

    @property
    def side(self) -> bool:
        """Whether this is a question besides the conversation."""
        if self.schema is not None or self.prompt.lstrip().startswith(SIDE_MARKS):
            return True
        return not self.tools and not self.chatty


@dataclass(frozen=True)
class Answer:
    """One message to be spoken: a text, a tool call, or both."""

    message_id: str
    model: str
    usage: Usage
    text: str = ""
    tool: str = ""
    arguments: Json | str = ""
    """A mapping, or the plain text that a freeform tool takes."""

    @property
    def argument_text(self) -> str:
        """The arguments as they go over the wire."""
        return self.arguments if isinstance(self.arguments, str) else json.dumps(self.arguments)

    @property
    def call_id(self) -> str:
        """A name of the tool call that no other message has."""
        return f"call_{self.message_id}"


class Dialect(Protocol):
    """One way to speak with clients."""

    prefix: str
    """How message ids start."""

    def asked(self, body: Json, headers: Mapping[str, str]) -> Asked:
        """Read a request."""
        ...

    def reported(self, usage: Usage, asked: Asked) -> Usage | None:
        """Return as much of `usage` as this dialect can tell this client; None for nothing."""
        ...

    def whole(self, answer: Answer) -> Json:
        """Speak an answer in one piece."""
        ...

    def events(self, answer: Answer, asked: Asked) -> list[Event]:
        """Speak an answer as a stream; at least three events."""
        ...

    def refusal(self, status: int, message: str) -> Json:
        """Speak an error."""
        ...


def words(content: object) -> str:
    """Return the text in content of any dialect: a string, or parts with a `text`."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "\n".join(part["text"] for part in content if isinstance(part, dict) and "text" in part)
    return ""


def pieces(text: str, size: int = 24) -> list[str]:
    """Cut a text as streams do."""
    return [text[start : start + size] for start in range(0, len(text), size)]


def fitting(schema: Json) -> Any:
    """Return a plain value that a JSON schema allows."""
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return schema["enum"][0]
    for several in ("anyOf", "oneOf"):
        if schema.get(several):
            return fitting(schema[several][0])
    kind = schema.get("type", "object" if "properties" in schema else "string")
    if isinstance(kind, list):
        kind = kind[0]
    if kind == "object":
        return {name: fitting(part) for name, part in schema.get("properties", {}).items()}
    plain = {"array": [], "integer": 1, "number": 1, "boolean": False, "null": None}
    return plain.get(kind, "a short title")
