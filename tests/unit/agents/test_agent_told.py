"""Real hook payloads and status files, each with the state that it tells."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autod_tui.agents.profiles import load_profiles
from autod_tui.agents.told import Payload, conversation_of, hook_reading, read_payload, status_reading
from autod_tui.core.plan import AgentProfile
from autod_tui.core.workstream import Reading, Source, WorkstreamState

PAYLOADS = Path(__file__).parents[2] / "data" / "payloads" / "claude.jsonl"
CLAUDE = load_profiles()["claude"]

TOLD = {
    ("MessageDisplay", ""): "",
    ("Notification", "idle_prompt"): "",
    ("Notification", "permission_prompt"): "",
    ("PermissionRequest", "AskUserQuestion"): "waiting question: ",
    ("PermissionRequest", "Bash"): "waiting permission: Bash: ",
    ("PermissionRequest", "Write"): "waiting permission: Write: /home/dev/repo/",
    ("PostToolBatch", ""): "",
    ("PostToolUse", "AskUserQuestion"): "working ",
    ("PostToolUse", "Bash"): "working ",
    ("PostToolUse", "Write"): "working ",
    ("PreToolUse", "AskUserQuestion"): "waiting question: ",
    ("PreToolUse", "Bash"): "working ",
    ("PreToolUse", "Write"): "working ",
    ("SessionEnd", "other"): "",
    ("SessionEnd", "prompt_input_exit"): "",
    ("SessionStart", ""): "",
    ("Stop", ""): "done ",
    ("StopFailure", "authentication_failed"): "failed ",
    ("StopFailure", "rate_limit"): "rate-limited API Error: Request rejected (429)",
    ("StopFailure", "server_error"): "failed API Error: 500",
    ("UserPromptSubmit", ""): "working ",
}


def payloads() -> list[Payload]:
    found = [read_payload(line) for line in PAYLOADS.read_bytes().splitlines()]
    return [told for told in found if told is not None]


def kind(told: Payload) -> tuple[str, str]:
    given = (told.fields.get(name) for name in ("tool_name", "notification_type", "error", "reason"))
    return told.event, next((str(value) for value in given if value), "")


@pytest.mark.parametrize(
    ("tasks", "state"),
    [
        ([], "done"),
        ([{"id": "b1", "type": "shell", "status": "running", "command": "npm run dev"}], "done"),
        ([{"id": "b1", "type": "shell"}, {"id": "a1", "type": "subagent", "status": "running"}], "working"),
        ("nonsense", "done"),
        (["nonsense"], "done"),
    ],
)
def test_a_turn_that_waits_for_its_sub_agents_has_not_ended(tasks: object, state: str) -> None:
    stop = Payload(event="Stop", payload={"last_assistant_message": "Sent.", "background_tasks": tasks})
    assert hook_reading(CLAUDE, stop) == Reading(WorkstreamState(state), "", Source.HOOK)


@pytest.mark.parametrize("source", ("startup", "resume", "clear", "compact"))
def test_only_a_conversation_that_was_cleared_rests_at_its_beginning(source: str) -> None:
    told = hook_reading(CLAUDE, Payload(event="SessionStart", payload={"source": source}))
    assert (told is None) == (source != "clear")


@pytest.mark.parametrize(("trigger", "works"), [("manual", True), ("auto", False)])
def test_a_compaction_that_was_asked_for_is_work_of_its_own(trigger: str, works: bool) -> None:
    told = hook_reading(CLAUDE, Payload(event="PreCompact", payload={"trigger": trigger}))
    assert told == (Reading(WorkstreamState.WORKING, "", Source.HOOK) if works else None)


def test_every_sample_is_in_the_table() -> None:
    assert {kind(told) for told in payloads()} == set(TOLD)


@pytest.mark.parametrize("told", payloads(), ids=lambda told: ":".join(kind(told)))
def test_a_real_payload(told: Payload) -> None:
    reading = hook_reading(CLAUDE, told)
    expected = TOLD[kind(told)]
    if not expected:
        assert reading is None
        return
    assert reading is not None
    assert reading.source is Source.HOOK
    assert f"{reading.state and reading.state.value} {reading.reason}".startswith(expected)
    assert conversation_of(told) == told.fields["session_id"]
    assert told.at > 1.7e9


def test_an_overload_in_the_words_of_the_agent_is_a_limit() -> None:
    words = "API Error: Repeated 529 Overloaded errors. Try again in 30s."
    told = Payload(event="StopFailure", at=100.0, payload={"error": "server_error", "last_assistant_message": words})
    reading = hook_reading(CLAUDE, told)
    assert reading is not None
    assert (reading.state, reading.until) == ("rate-limited", 130.0)


def test_other_spellings_are_understood() -> None:
    copilot = load_profiles()["copilot"]
    asks = {"sessionId": "c1", "toolName": "bash", "toolInput": {"command": "ls"}}
    told = Payload(event="permissionRequest", payload=asks)
    reading = hook_reading(msgspec.structs.replace(copilot, hook_states={"permissionRequest": "permission"}), told)
    assert reading is not None
    assert (reading.reason, conversation_of(told)) == ("permission: bash: ls", "c1")
    assert hook_reading(copilot, told) is None  # it comes for what is allowed beforehand as well
    shown = {"notification_type": "permission_prompt", "message": "Run command: ls"}
    reading = hook_reading(copilot, Payload(event="notification", payload=shown))
    assert reading is not None
    assert (reading.state, reading.reason) == ("waiting", "permission: Run command: ls")
    shown = {
        "message": "Information requested",
        "notificationType": "elicitation_dialog",
        "title": "Information requested",
    }
    reading = hook_reading(copilot, Payload(event="notification", payload=shown))
    assert reading is not None
    assert (reading.state, reading.reason) == ("waiting", "question: Information requested")
    limit = {"message": "Too many requests. Please retry in 4s.", "type": "rate_limit_exceeded"}
    crowded = {"message": "The service is overloaded", "type": "server_error", "code": "server_error", "param": None}
    for message, recoverable, state, reason, until in (
        ("it broke", False, WorkstreamState.FAILED, "it broke", 0.0),
        (json.dumps(limit), True, WorkstreamState.RATE_LIMITED, f"rate_limit_exceeded: {limit['message']}", 14.0),
        (json.dumps(crowded), True, WorkstreamState.RATE_LIMITED, "server_error: The service is overloaded", 0.0),
        ("{torn", False, WorkstreamState.FAILED, "{torn", 0.0),
    ):
        error = {"error": {"message": message}, "errorContext": "model_call", "recoverable": recoverable}
        trouble = hook_reading(copilot, Payload(event="errorOccurred", payload=error, at=10.0))
        vague = state is WorkstreamState.RATE_LIMITED
        assert trouble == Reading(state, reason, Source.HOOK, until, vague=vague)
    begun = {"source": "new", "initialPrompt": "Read STARTUP.md"}
    assert hook_reading(copilot, Payload(event="sessionStart", payload=begun)) is None
    reading = hook_reading(copilot, Payload(event="sessionStart", payload={"source": "new"}))
    assert reading is not None and reading.state == "idle"
    again = {"error": {"message": "it broke"}, "recoverable": True}
    assert hook_reading(copilot, Payload(event="errorOccurred", payload=again)) is None
    reading = hook_reading(copilot, Payload(event="errorOccurred", payload={"error": {"message": "it broke"}}))
    assert reading is not None
    assert (reading.state, reading.reason) == ("failed", "it broke")


@pytest.mark.parametrize(
    ("words", "state"),
    [("529 The service is overloaded", "rate-limited"), ("429 Too many", "rate-limited"), ("503 It rests", "failed")],
)
def test_a_status_of_too_many_requests_is_a_limit_whoever_hands_it_on(words: str, state: str) -> None:
    told = Payload(event="agent_end", payload={"reason": "error", "message": words})
    reading = hook_reading(load_profiles()["pi"], told)
    assert reading is not None
    assert (reading.state, reading.reason) == (state, words)


@pytest.mark.parametrize(
    ("status", "state", "reason"),
    [
        ({"status": "busy"}, "working", ""),
        ({"status": "idle"}, "idle", ""),
        ({"status": "waiting", "waitingFor": "permission prompt"}, "waiting", "permission"),
        ({"status": "waiting", "waitingFor": "input needed"}, "waiting", "question"),
        ({"status": "waiting"}, "waiting", ""),
    ],
)
def test_a_status_file(status: dict[str, str], state: str, reason: str) -> None:
    reading = status_reading(CLAUDE, status)
    assert reading is not None
    assert (reading.state, reading.reason, reading.source) == (state, reason, Source.STATUS_FILE)


@pytest.mark.parametrize("status", [{}, {"status": "shell"}, {"status": 7}, {"pid": 1}])
def test_a_status_file_that_tells_no_state(status: dict[str, object]) -> None:
    assert status_reading(CLAUDE, status) is None


def test_the_more_specific_key_counts() -> None:
    profile = AgentProfile(name="a", command=("a",), hook_states={"Tool": "working", "Tool:Ask": "question"})
    for tool, state in (("Ask", "waiting"), ("Bash", "working")):
        reading = hook_reading(profile, Payload(event="Tool", payload={"tool_name": tool}))
        assert reading is not None
        assert reading.state == state


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(), lambda v: st.lists(v) | st.dictionaries(st.text(), v)
    )
)
def test_nothing_makes_it_fail(value: object) -> None:
    fields = ("tool_input", "tool_name", "error", "message", "properties", "session_id", "last_assistant_message")
    for event in ("PermissionRequest", "StopFailure", "Notification"):
        told = Payload(event=event, payload=dict.fromkeys(fields, value))
        hook_reading(CLAUDE, told)
        conversation_of(told)
    status_reading(CLAUDE, {"status": "waiting", "waitingFor": value})
    read_payload(msgspec.json.encode(value))
    read_payload(json.dumps({"event": "x", "payload": repr(value)}).encode())
    read_payload(b"[" * 5000)
