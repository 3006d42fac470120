"""Anthropic Messages, as Claude Code speaks it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from tests.support.standin.asked import Answer, Asked, Event, Json, pieces, words
from tests.support.standin.record import Usage

_SESSION = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    429: "rate_limit_error",
    529: "overloaded_error",
}


class Anthropic:
    """POST /v1/messages."""

    prefix = "msg_"

    def asked(self, body: Json, headers: Mapping[str, str]) -> Asked:
        """Read a request."""
        tools = {tool["name"]: tool.get("input_schema", {}) for tool in body.get("tools") or [] if "name" in tool}
        shape = (body.get("output_config") or {}).get("format") or body.get("output_format")
        user = str((body.get("metadata") or {}).get("user_id", ""))
        named = _SESSION.findall(headers.get("x-claude-code-session-id", "") or user)
        return Asked(
            model=str(body.get("model", "")),
            stream=bool(body.get("stream")),
            tools=tools,
            schema=(shape.get("schema") or {}) if shape else None,
            session=named[-1] if named else "",
            prompt=_last_words(body.get("messages") or []),
            heard=_last_result(body.get("messages") or []),
        )

    def reported(self, usage: Usage, asked: Asked) -> Usage | None:
        """All four kinds."""
        return usage

    def whole(self, answer: Answer) -> Json:
        """Speak an answer in one piece."""
        content: list[Json] = [{"type": "text", "text": answer.text}] if answer.text else []
        if answer.tool:
            content.append(
                {"type": "tool_use", "id": answer.call_id, "name": answer.tool, "input": answer.arguments or {}}
            )
        return {**_head(answer), "content": content, "stop_reason": _reason(answer), "usage": _counts(answer.usage)}

    def events(self, answer: Answer, asked: Asked) -> list[Event]:
        """Speak an answer as a stream."""
        first = {**_counts(answer.usage), "output_tokens": 1}
        told: list[Event] = [
            _event("message_start", message={**_head(answer), "stop_reason": None, "usage": first}),
            _event("ping"),
        ]
        if answer.text:
            told += _block(0, {"type": "text", "text": ""}, "text_delta", "text", answer.text)
        if answer.tool:
            start = {"type": "tool_use", "id": answer.call_id, "name": answer.tool, "input": {}}
            place = 1 if answer.text else 0
            told += _block(place, start, "input_json_delta", "partial_json", answer.argument_text)
        delta = {"stop_reason": _reason(answer), "stop_sequence": None}
        told.append(_event("message_delta", delta=delta, usage=_counts(answer.usage)))
        told.append(_event("message_stop"))
        return told

    def refusal(self, status: int, message: str) -> Json:
        """Speak an error."""
        return {"type": "error", "error": {"type": _KINDS.get(status, "api_error"), "message": message}}


def _last_words(messages: list[Json]) -> str:
    for message in reversed(messages):
        if message.get("role") == "user" and (text := words(message.get("content"))):
            parts = [part for part in text.split("\n") if part.strip()]
            return "\n".join(parts)
    return ""


def _last_result(messages: list[Json]) -> str:
    blocks = [block for message in messages if isinstance(message.get("content"), list) for block in message["content"]]
    results = [words(block.get("content")) for block in blocks if block.get("type") == "tool_result"]
    return results[-1] if results else ""


def _head(answer: Answer) -> Json:
    return {
        "id": answer.message_id,
        "type": "message",
        "role": "assistant",
        "model": answer.model,
        "content": [],
        "stop_sequence": None,
    }


def _counts(usage: Usage) -> Json:
    return {
        "input_tokens": usage.input,
        "output_tokens": usage.output,
        "cache_read_input_tokens": usage.cache_read,
        "cache_creation_input_tokens": usage.cache_write,
        "cache_creation": {"ephemeral_5m_input_tokens": usage.cache_write, "ephemeral_1h_input_tokens": 0},
    }


def _reason(answer: Answer) -> str:
    return "tool_use" if answer.tool else "end_turn"


def _event(kind: str, **data: object) -> Event:
    return kind, {"type": kind, **data}


def _block(index: int, start: Json, delta: str, key: str, text: str) -> list[Event]:
    return [
        _event("content_block_start", index=index, content_block=start),
        *(_event("content_block_delta", index=index, delta={"type": delta, key: piece}) for piece in pieces(text)),
        _event("content_block_stop", index=index),
    ]
