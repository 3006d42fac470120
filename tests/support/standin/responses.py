"""OpenAI Responses, as Codex speaks it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tests.support.standin.asked import Answer, Asked, Event, Json, pieces, words
from tests.support.standin.record import Usage


class Responses:
    """POST /v1/responses."""

    prefix = "resp_"

    def asked(self, body: Json, headers: Mapping[str, str]) -> Asked:
        """Read a request."""
        given = body.get("input") or []
        items = [{"role": "user", "content": given}] if isinstance(given, str) else given
        spoken = [words(item.get("content")) for item in items if item.get("role") == "user"]
        results = [words(item.get("output")) for item in items if str(item.get("type")).endswith("_output")]
        shape = (body.get("text") or {}).get("format") or {}
        tools = list(_named(body.get("tools") or []))
        return Asked(
            model=str(body.get("model", "")),
            stream=bool(body.get("stream")),
            tools={name: tool.get("parameters") or {} for name, tool in tools},
            freeform=frozenset(name for name, tool in tools if tool.get("type") == "custom"),
            schema=(shape.get("schema") or {}) if shape.get("type") in ("json_schema", "json_object") else None,
            session=headers.get("session_id") or headers.get("session-id") or str(body.get("prompt_cache_key") or ""),
            prompt=next((text for text in reversed(spoken) if text.strip()), ""),
            heard=results[-1] if results else "",
        )

    def reported(self, usage: Usage, asked: Asked) -> Usage | None:
        """All four kinds."""
        return usage

    def whole(self, answer: Answer) -> Json:
        """Speak an answer in one piece."""
        return _response(answer, "completed", _items(answer))

    def events(self, answer: Answer, asked: Asked) -> list[Event]:
        """Speak an answer as a stream."""
        told = [
            _event("response.created", response=_response(answer, "in_progress", [])),
            _event("response.in_progress", response=_response(answer, "in_progress", [])),
        ]
        for index, item in enumerate(_items(answer)):
            told += _spoken(index, item)
        told.append(_event("response.completed", response=_response(answer, "completed", _items(answer))))
        return told

    def refusal(self, status: int, message: str) -> Json:
        """Speak an error."""
        kind = {401: "invalid_api_key", 429: "rate_limit_exceeded"}.get(status, "server_error")
        return {"error": {"message": message, "type": kind, "code": kind, "param": None}}


def _named(tools: Iterable[Json], inside: str = "") -> Iterable[tuple[str, Json]]:
    for tool in tools:
        if tool.get("type") == "namespace":
            yield from _named(tool.get("tools") or [], f"{tool.get('name', '')}/")
        else:
            yield inside + str(tool.get("name") or tool.get("type", "")), tool


def _items(answer: Answer) -> list[Json]:
    items: list[Json] = []
    if answer.text:
        content = [{"type": "output_text", "text": answer.text, "annotations": []}]
        items.append(
            {
                "type": "message",
                "id": f"item_{answer.message_id}",
                "status": "completed",
                "role": "assistant",
                "content": content,
            }
        )
    if answer.tool:
        items.append(_call(answer))
    return items


def _call(answer: Answer) -> Json:
    space, _, name = answer.tool.rpartition("/")
    common: Json = {"id": f"fc_{answer.message_id}", "call_id": answer.call_id, "name": name, "status": "completed"}
    if space:
        common["namespace"] = space
    if isinstance(answer.arguments, str):
        return {**common, "type": "custom_tool_call", "input": answer.arguments}
    return {**common, "type": "function_call", "arguments": answer.argument_text}


def _spoken(index: int, item: Json) -> list[Event]:
    if item["type"] != "message":
        return [
            _event("response.output_item.added", output_index=index, item={**item, "status": "in_progress"}),
            _event("response.output_item.done", output_index=index, item=item),
        ]
    place = {"item_id": item["id"], "output_index": index, "content_index": 0}
    empty = {**item, "status": "in_progress", "content": []}
    text = item["content"][0]["text"]
    return [
        _event("response.output_item.added", output_index=index, item=empty),
        *(_event("response.output_text.delta", **place, delta=piece) for piece in pieces(text)),
        _event("response.output_text.done", **place, text=text),
        _event("response.output_item.done", output_index=index, item=item),
    ]


def _response(answer: Answer, status: str, items: list[Json]) -> Json:
    usage = answer.usage
    asked_tokens = usage.input + usage.cache_read + usage.cache_write
    counts = {
        "input_tokens": asked_tokens,
        "input_tokens_details": {"cached_tokens": usage.cache_read, "cache_write_tokens": usage.cache_write},
        "output_tokens": usage.output,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": asked_tokens + usage.output,
    }
    return {
        "id": answer.message_id,
        "object": "response",
        "status": status,
        "model": answer.model,
        "output": items,
        "usage": counts if status == "completed" else None,
    }


def _event(kind: str, **data: object) -> Event:
    return kind, {"type": kind, **data}
