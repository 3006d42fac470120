"""OpenAI Chat Completions, as aider and many others speak it."""

from __future__ import annotations

from collections.abc import Mapping

from tests.support.standin.asked import Answer, Asked, Event, Json, pieces, words
from tests.support.standin.record import Usage


class Chat:
    """POST /v1/chat/completions."""

    prefix = "chatcmpl-"

    def asked(self, body: Json, headers: Mapping[str, str]) -> Asked:
        """Read a request."""
        messages = body.get("messages") or []
        functions = [tool.get("function") or tool for tool in body.get("tools") or []]
        shape = body.get("response_format") or {}
        spoken = [words(one.get("content")) for one in messages if one.get("role") == "user"]
        results = [words(one.get("content")) for one in messages if one.get("role") == "tool"]
        system = "\n".join(words(one.get("content")) for one in messages if one.get("role") == "system")
        streams = bool(body.get("stream"))
        return Asked(
            model=str(body.get("model", "")),
            stream=streams,
            tools={function["name"]: function.get("parameters") or {} for function in functions if "name" in function},
            schema=(shape.get("json_schema") or {}).get("schema") or {} if "json" in shape.get("type", "") else None,
            session=headers.get("x-session-id", ""),
            prompt=next((text for text in reversed(spoken) if text.strip()), ""),
            heard=results[-1] if results else "",
            counts=not streams or bool((body.get("stream_options") or {}).get("include_usage")),
            chatty="expert software developer" in system,
        )

    def reported(self, usage: Usage, asked: Asked) -> Usage | None:
        """Nothing of cache writes; nothing at all in a stream whose client didn't ask for it."""
        return Usage(usage.input, usage.output, usage.cache_read) if asked.counts else None

    def whole(self, answer: Answer) -> Json:
        """Speak an answer in one piece."""
        message: Json = {"role": "assistant", "content": answer.text or None}
        if answer.tool:
            message["tool_calls"] = [_call(answer)]
        choice = {"index": 0, "message": message, "finish_reason": _reason(answer)}
        return {**_head(answer, "chat.completion"), "choices": [choice], "usage": _counts(answer.usage)}

    def events(self, answer: Answer, asked: Asked) -> list[Event]:
        """Speak an answer as a stream."""
        head = _head(answer, "chat.completion.chunk")
        deltas: list[Json] = [{"role": "assistant", "content": ""}, *({"content": one} for one in pieces(answer.text))]
        if answer.tool:
            deltas.append({"tool_calls": [{"index": 0, **_call(answer)}]})
        told: list[Event] = [("", {**head, "choices": [_choice(delta, None)]}) for delta in deltas]
        told.append(("", {**head, "choices": [_choice({}, _reason(answer))]}))
        if asked.counts:
            told.append(("", {**head, "choices": [], "usage": _counts(answer.usage)}))
        told.append(("", "[DONE]"))
        return told

    def refusal(self, status: int, message: str) -> Json:
        """Speak an error."""
        kind = {401: "invalid_api_key", 429: "rate_limit_exceeded"}.get(status, "server_error")
        return {"error": {"message": message, "type": kind, "code": kind, "param": None}}


def _head(answer: Answer, kind: str) -> Json:
    return {"id": answer.message_id, "object": kind, "created": 1, "model": answer.model}


def _call(answer: Answer) -> Json:
    function = {"name": answer.tool, "arguments": answer.argument_text}
    return {"id": answer.call_id, "type": "function", "function": function}


def _choice(delta: Json, reason: str | None) -> Json:
    return {"index": 0, "delta": delta, "finish_reason": reason}


def _reason(answer: Answer) -> str:
    return "tool_calls" if answer.tool else "stop"


def _counts(usage: Usage) -> Json:
    asked_tokens = usage.input + usage.cache_read
    return {
        "prompt_tokens": asked_tokens,
        "completion_tokens": usage.output,
        "total_tokens": asked_tokens + usage.output,
        "prompt_tokens_details": {"cached_tokens": usage.cache_read},
    }
