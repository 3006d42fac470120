"""Gemini's generateContent, as Gemini CLI speaks it."""

from __future__ import annotations

from collections.abc import Mapping

from tests.support.standin.asked import Answer, Asked, Event, Json, pieces, words
from tests.support.standin.record import Usage

_STATUSES = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 429: "RESOURCE_EXHAUSTED"}


class Gemini:
    """POST /v1beta/models/MODEL:generateContent and :streamGenerateContent."""

    prefix = "gemini-"

    def asked(self, body: Json, headers: Mapping[str, str]) -> Asked:
        """Read a request; `model` and `stream` come from its path."""
        contents = body.get("contents") or []
        parts = [part for one in contents if one.get("role") != "model" for part in one.get("parts") or []]
        results = [part["functionResponse"] for part in parts if "functionResponse" in part]
        functions = [one for tool in body.get("tools") or [] for one in tool.get("functionDeclarations") or []]
        shape = body.get("generationConfig") or {}
        wants_json = shape.get("responseMimeType") == "application/json"
        spoken = [words([part]) for part in parts]
        return Asked(
            model=str(body.get("model", "")),
            stream=bool(body.get("stream")),
            tools={one["name"]: one.get("parametersJsonSchema") or one.get("parameters") or {} for one in functions},
            schema=(shape.get("responseJsonSchema") or shape.get("responseSchema") or {}) if wants_json else None,
            prompt=next((text for text in reversed(spoken) if text.strip()), ""),
            heard=str(results[-1].get("response", "")) if results else "",
        )

    def reported(self, usage: Usage, asked: Asked) -> Usage | None:
        """Nothing of cache writes."""
        return Usage(usage.input, usage.output, usage.cache_read)

    def whole(self, answer: Answer) -> Json:
        """Speak an answer in one piece."""
        return _frame(answer, [*_text(answer), *_call(answer)], "STOP")

    def events(self, answer: Answer, asked: Asked) -> list[Event]:
        """Speak an answer as a stream."""
        told = [_frame(answer, [{"text": piece}]) for piece in pieces(answer.text) or [""]]
        if answer.tool:
            told.append(_frame(answer, _call(answer)))
        told += [_frame(answer, [{"text": ""}]), _frame(answer, [{"text": ""}], "STOP")]
        return [("", frame) for frame in told]

    def refusal(self, status: int, message: str) -> Json:
        """Speak an error."""
        kind = _STATUSES.get(status, "INTERNAL" if status == 500 else "UNAVAILABLE")
        return {"error": {"code": status, "message": message, "status": kind}}


def _text(answer: Answer) -> list[Json]:
    return [{"text": answer.text}] if answer.text else []


def _call(answer: Answer) -> list[Json]:
    call = {"id": answer.call_id, "name": answer.tool, "args": answer.arguments}
    return [{"functionCall": call}] if answer.tool else []


def _frame(answer: Answer, parts: list[Json], finish: str = "") -> Json:
    usage = answer.usage
    asked_tokens = usage.input + usage.cache_read
    counts = {
        "promptTokenCount": asked_tokens,
        "candidatesTokenCount": usage.output,
        "cachedContentTokenCount": usage.cache_read,
        "totalTokenCount": asked_tokens + usage.output,
    }
    candidate = {
        "content": {"role": "model", "parts": parts},
        "index": 0,
        **({"finishReason": finish} if finish else {}),
    }
    head = {"responseId": answer.message_id, "modelVersion": answer.model, "usageMetadata": counts}
    return {"candidates": [candidate], **head}
