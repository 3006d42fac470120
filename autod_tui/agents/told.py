"""What an agent tells of itself outside its terminal, by its profile: hook events and values of its status file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from autod_tui.agents.limits import ANY_REFUSAL, WAITS_FOR, limit_ends
from autod_tui.agents.readiness import clean, limited
from autod_tui.core.plan import AgentProfile
from autod_tui.core.workstream import Reading, Source, WorkstreamState

_CAPITAL = re.compile(r"(?<=[a-z])[A-Z]")
_REFUSED = re.compile(ANY_REFUSAL)
"""An agent hands on the status of an answer as its first word."""
_HANDED_ON = re.compile(r"(?:(\d{3}):? *)?(?=\{)")
"""What may stand before the answer of a service that is handed on as it is."""
_KINDS = frozenset({"permission", "question"})
_WAITS_FOR = (("permission", "permission"), ("input", "question"))
"""How status files begin to say what is waited for, and the kind of wait."""
_DETAILS = ("tool_name", "notification_type", "error", "reason", "trigger")
_WORDS = ("last_assistant_message", "message", "error_message", "error")
_SUBJECTS = ("command", "file_path", "path", "url", "pattern", "description")
_GOES_ON = frozenset({"startup", "resume", "compact"})
"""Beginnings of sessions in the midst of work: of a prompt from the command line, of a turn that is compacted."""
_WAKING = frozenset({"subagent", "workflow"})
"""Kinds of background tasks that end by themselves; a server in a shell may never."""
_FAMILIAR = frozenset({"permission_prompt", "idle_prompt"})
"""Kinds of notification that come seconds late, when an answer may have been given: other events tell the same."""


class Payload(Struct, frozen=True):
    """One file of a spool."""

    event: str = ""
    at: float = 0.0
    payload: Any = None

    @property
    def fields(self) -> Mapping[str, Any]:
        """What the agent said, by name (`toolName` is `tool_name`); nothing when it said nothing."""
        given = self.payload if isinstance(self.payload, Mapping) else {}
        return {_CAPITAL.sub(lambda found: f"_{found[0].lower()}", name): value for name, value in given.items()}


def read_payload(data: bytes) -> Payload | None:
    """Read a spooled file; None when it is no payload."""
    try:
        return msgspec.json.decode(data, type=Payload, strict=False)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def hook_reading(profile: AgentProfile, told: Payload) -> Reading | None:
    """Return the state that a hook event tells; None for one that tells none.

    The keys of `hook_states` are `EVENT` or, counting more, `EVENT:VALUE` with a value that the payload holds.
    """
    details = _details(told.fields)
    if told.event == "Notification" and _FAMILIAR & details and "PermissionRequest" in profile.hook_states:
        return None
    if told.event == "SessionStart" and told.fields.get("source") in _GOES_ON:
        return None
    if told.event.lower() == "sessionstart" and told.fields.get("initial_prompt"):
        return None  # it works on that, and may have told so before
    keys = [*(f"{told.event}:{detail}" for detail in sorted(details)), told.event]
    word = next((profile.hook_states[key] for key in keys if key in profile.hook_states), "")
    if state_of(word) is WorkstreamState.DONE and _works_on(told.fields):
        word = WorkstreamState.WORKING
    return _reading(profile, word, told) if word else None


def _works_on(payload: Mapping[str, Any]) -> bool:
    """Tell whether a turn has ended only until sub-agents, which work on, wake it again."""
    tasks = payload.get("background_tasks")
    return isinstance(tasks, list) and any(_dig(task, "type") in _WAKING for task in tasks)


def conversation_of(told: Payload) -> str:
    """Return the agent's own id of the conversation, as far as the payload holds one."""
    value = told.fields.get("session_id")
    return value if isinstance(value, str) and value.isprintable() and len(value) <= 200 else ""


def status_reading(profile: AgentProfile, status: Mapping[str, Any]) -> Reading | None:
    """Return the state that a status file tells."""
    word = profile.status_states.get(str(status.get("status", "")), "")
    state = state_of(word)
    if state is None:
        return None
    if state is not WorkstreamState.WAITING:
        return Reading(state, "", Source.STATUS_FILE)
    waits_for = clean(str(status.get("waitingFor") or ""))
    kind = next((kind for beginning, kind in _WAITS_FOR if waits_for.startswith(beginning)), waits_for)
    return Reading(state, word if word in _KINDS else kind, Source.STATUS_FILE)


def state_of(word: str) -> WorkstreamState | None:
    """Return the state that a word of a profile stands for, None for no state."""
    if word in _KINDS:
        return WorkstreamState.WAITING
    try:
        return WorkstreamState(word)
    except ValueError:
        return None


def _details(payload: Mapping[str, Any]) -> frozenset[str]:
    found = [payload.get(name) for name in _DETAILS]
    status = _dig(payload, "properties", "status", "type")
    return frozenset(str(value) for value in (*found, status) if isinstance(value, str))


def _dig(value: Any, *names: str) -> Any:
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _reading(profile: AgentProfile, word: str, told: Payload) -> Reading | None:
    state = state_of(word)
    if state is WorkstreamState.WAITING:
        kind = word if word in _KINDS else ""
        return Reading(state, clean(": ".join(filter(None, (kind, _subject(told.fields))))), Source.HOOK)
    if state in (WorkstreamState.FAILED, WorkstreamState.RATE_LIMITED):
        return _trouble(profile, state, told)
    return None if state is None else Reading(state, "", Source.HOOK)


def _trouble(profile: AgentProfile, state: WorkstreamState, told: Payload) -> Reading | None:
    """Read a failure or a rate limit; one that the agent calls recoverable is tried again by itself."""
    error = _dig(told.fields, "error", "message")
    words = _said(next(_strings([*(told.fields.get(name) for name in _WORDS), error]), ""))
    again = told.fields.get("recoverable") is True
    if limited(profile, words) or _REFUSED.match(words) or (again and WAITS_FOR.search(words)):
        state = WorkstreamState.RATE_LIMITED
    elif again:
        return _goes_on(told, words)
    until = _tried_again(told, words) if state is WorkstreamState.RATE_LIMITED else 0.0
    return Reading(state, clean(words), Source.HOOK, until, vague=again)


def _goes_on(told: Payload, words: str) -> Reading | None:
    """Read trouble that is part of the work: until when nothing is tried. Where that isn't told it is no news.

    What another source has told of the same trouble, its status above all, holds.
    """
    until = _tried_again(told, "")
    reason = clean(f"retrying: {words}")
    return Reading(WorkstreamState.WORKING, reason, Source.HOOK, until, vague=True) if until else None


def _said(words: str) -> str:
    """Return the message in the answer of a service that an agent hands on as it is."""
    before = _HANDED_ON.match(words)
    try:
        held = msgspec.json.decode(words[before.end() :]) if before else None
    except msgspec.MsgspecError:
        return words
    held = _dig(held, "error") or held
    message, kind = _dig(held, "message"), _dig(held, "type")
    if before is None or not isinstance(message, str):
        return words
    return f"{before[1]} {message}" if before[1] else ": ".join(_strings([kind, message]))


def _tried_again(told: Payload, words: str) -> float:
    """Return the Unix time of the next attempt, by the payload or else by its words; 0 when neither tells."""
    at = _dig(told.fields, "properties", "status", "next") or told.fields.get("next")
    return at / 1000 if isinstance(at, int | float) and at > 0 else limit_ends(words, told.at)


def _strings(values: Iterable[Any]) -> Iterator[str]:
    return (value for value in values if isinstance(value, str) and value)


def _subject(payload: Mapping[str, Any]) -> str:
    """Return what an agent asks about in a few words: its question, or the tool and what that would touch."""
    given = payload.get("tool_input")
    questions = _dig(given, "questions")
    if isinstance(questions, list) and questions:
        asked = _dig(questions[0], "question")
        return asked if isinstance(asked, str) else ""
    tool = payload.get("tool_name")
    subject = next(_strings(_dig(given, name) for name in _SUBJECTS), "")
    message = payload.get("message")
    words = (tool, subject) if isinstance(tool, str) else (message,)
    return ": ".join(_strings(words))
