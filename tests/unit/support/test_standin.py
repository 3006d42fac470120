"""The stand-in says what its script says, in each dialect, and its log holds exactly what it told."""

from __future__ import annotations

import http.client
import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.standin import Ask, Call, Cut, Hang, Lane, Refuse, Say, Shell, StandIn, Usage, Write

BASH = {"name": "Bash", "input_schema": {"type": "object"}}
WRITE = {"name": "Write", "input_schema": {"type": "object"}}
ASK = {"name": "AskUserQuestion", "input_schema": {"type": "object"}}
EXEC = {"type": "function", "name": "exec_command", "parameters": {"type": "object"}}


@pytest.fixture
def model() -> Iterator[StandIn]:
    with StandIn() as standin:
        yield standin


def post(lane: Lane, path: str, body: dict[str, Any]) -> str:
    request = urllib.request.Request(lane.url + path, json.dumps(body).encode(), {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return str(answer.read().decode())


def claude(lane: Lane, stream: bool = True, **more: Any) -> str:
    messages = [{"role": "user", "content": "Do it."}]
    return post(lane, "/v1/messages", {"messages": messages, "tools": [BASH, WRITE, ASK], "stream": stream} | more)


def codex(lane: Lane, **more: Any) -> str:
    return post(lane, "/v1/responses", {"input": "Do it.", "tools": [EXEC], "stream": True} | more)


def events(text: str) -> list[dict[str, Any]]:
    lines = [line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data: ")]
    return [json.loads(line) for line in lines if line != "[DONE]"]


def counted(raw: dict[str, Any]) -> Usage:
    return Usage(
        raw["input_tokens"],
        raw["output_tokens"],
        raw["cache_read_input_tokens"],
        raw["cache_creation_input_tokens"],
    )


def test_messages_are_streamed_with_their_text_tool_and_usage(model: StandIn) -> None:
    lane = model.lane("a", [Shell("make"), Say("Done.")])
    told = events(claude(lane))
    assert [event["type"] for event in told][:2] == ["message_start", "ping"]
    assert told[-1]["type"] == "message_stop"
    starts = [event["content_block"]["type"] for event in told if event["type"] == "content_block_start"]
    assert starts == ["text", "tool_use"]
    pieces = [event["delta"].get("partial_json", "") for event in told if event["type"] == "content_block_delta"]
    assert json.loads("".join(pieces))["command"] == "make"
    assert told[-2]["delta"]["stop_reason"] == "tool_use"
    final = events(claude(lane))[-2]
    assert final["delta"]["stop_reason"] == "end_turn"
    assert counted(told[-2]["usage"]) + counted(final["usage"]) == lane.usage()
    assert counted(told[-2]["usage"]) != counted(final["usage"])


def test_messages_come_whole_as_well(model: StandIn) -> None:
    lane = model.lane("a", [Write("a.txt", "hi\n"), Ask("Which?", ("Red", "Green"))])
    written = json.loads(claude(lane, stream=False))
    assert written["content"][1]["input"] == {"file_path": "a.txt", "content": "hi\n"}
    asked = json.loads(claude(lane, stream=False))["content"][1]["input"]["questions"][0]
    assert [one["label"] for one in asked["options"]] == ["Red", "Green"]
    assert counted(written["usage"]) == lane.main[0].usage


def test_responses_are_streamed_with_their_items_and_usage(model: StandIn) -> None:
    lane = model.lane("a", [Shell("make", beyond=True), Write("a b", "it's"), Say("Done.")])
    told = events(codex(lane))
    call = next(
        event["item"] for event in told if event["type"] == "response.output_item.done" and "name" in event["item"]
    )
    assert json.loads(call["arguments"]) == {
        "cmd": "make",
        "sandbox_permissions": "require_escalated",
        "justification": "May I?",
    }
    assert "it'\"'\"'s" in codex(lane).replace("\\", "")
    raw = events(codex(lane))[-1]["response"]["usage"]
    last = lane.main[-1].usage
    assert last is not None
    assert raw["input_tokens"] == last.input + last.cache_read + last.cache_write
    assert raw["input_tokens_details"] == {"cached_tokens": last.cache_read, "cache_write_tokens": last.cache_write}
    assert raw["total_tokens"] == last.total


def test_chat_tells_usage_only_to_who_asks_for_it(model: StandIn) -> None:
    lane = model.lane("a", [Say("One."), Say("Two."), Say("Three.")])
    tools = [{"type": "function", "function": {"name": "exec_command"}}]
    body = {"messages": [{"role": "user", "content": "Do it."}], "tools": tools, "stream": True}
    assert "usage" not in post(lane, "/v1/chat/completions", body)
    heard = post(lane, "/v1/chat/completions", body | {"stream_options": {"include_usage": True}})
    assert events(heard)[-1]["usage"]["completion_tokens"] == lane.usage().output
    assert "".join(one["choices"][0]["delta"].get("content", "") for one in events(heard)[:-1]) == "Two."
    whole = json.loads(post(lane, "/v1/chat/completions", body | {"stream": False}))
    assert whole["choices"][0]["message"]["content"] == "Three."
    assert [one.usage is None for one in lane.main] == [True, False, False]


def test_gemini_is_told_the_same_in_pieces_and_whole(model: StandIn) -> None:
    lane = model.lane("a", [Shell("make"), Say("Done.")])
    shell = {
        "name": "run_shell_command",
        "parametersJsonSchema": {
            "properties": {"command": {}, "is_background": {"type": "boolean"}},
            "required": ["command", "is_background"],
        },
    }
    body = {"contents": [{"role": "user", "parts": [{"text": "Do it."}]}], "tools": [{"functionDeclarations": [shell]}]}
    told = events(post(lane, "/v1beta/models/gemini-3-pro:streamGenerateContent?alt=sse", body))
    parts = [part for event in told for part in event["candidates"][0]["content"]["parts"]]
    called = next(part["functionCall"] for part in parts if "functionCall" in part)
    assert (called["name"], called["args"]) == ("run_shell_command", {"command": "make", "is_background": False})
    assert told[-1]["candidates"][0]["finishReason"] == "STOP"
    answer = {
        "role": "user",
        "parts": [{"functionResponse": {"name": "run_shell_command", "response": {"output": "ok"}}}],
    }
    whole = json.loads(
        post(lane, "/v1beta/models/gemini-3-pro:generateContent", body | {"contents": [*body["contents"], answer]})
    )
    assert whole["candidates"][0]["content"]["parts"] == [{"text": "Done."}]
    usage = [one["usageMetadata"] for one in (told[-1], whole)]
    assert sum(one["promptTokenCount"] for one in usage) == lane.usage().input + lane.usage().cache_read
    assert sum(one["candidatesTokenCount"] for one in usage) == lane.usage().output
    assert [(one.model, one.heard) for one in lane.main] == [("gemini-3-pro", ""), ("gemini-3-pro", "{'output': 'ok'}")]


def test_what_is_asked_besides_takes_no_step_and_counts_apart(model: StandIn) -> None:
    lane = model.lane("a", [Say("The step.")])
    schema = {"type": "object", "properties": {"title": {"type": "string"}, "fit": {"type": "boolean"}}}
    shape = {"format": {"type": "json_schema", "schema": schema}}
    titled = json.loads(claude(lane, stream=False, output_config=shape))
    assert json.loads(titled["content"][0]["text"]) == {"title": "a short title", "fit": False}
    claude(lane, tools=[])
    codex(lane, text={"format": {"type": "json_schema", "schema": schema}})
    claude(lane, messages=[{"role": "user", "content": "[SUGGESTION MODE: what next?]"}])
    with urllib.request.urlopen(lane.url + "/v1/models", timeout=10) as answer:
        assert json.load(answer)["data"]
    assert "The step." in claude(lane)
    assert [one.kind for one in lane.log] == ["side", "side", "side", "side", "probe", "main"]
    assert lane.usage() == lane.main[0].usage
    assert lane.overruns == 0
    assert "nothing left" in claude(lane, stream=False)
    assert lane.overruns == 1


@pytest.mark.parametrize(
    ("status", "kind"), [(401, "authentication_error"), (429, "rate_limit_error"), (500, "api_error")]
)
def test_it_refuses_with_the_status_and_the_time_to_wait(model: StandIn, status: int, kind: str) -> None:
    lane = model.lane("a", [Refuse(status, retry_after=2), Say("Well then.")])
    with pytest.raises(urllib.error.HTTPError) as refused:
        claude(lane)
    assert (refused.value.code, refused.value.headers["retry-after"]) == (status, "2")
    assert json.load(refused.value)["error"]["type"] == kind
    assert "Well then." in claude(lane)
    assert [(one.status, one.usage is None) for one in lane.main] == [(status, True), (200, False)]


@pytest.mark.parametrize("begun", [True, False])
def test_a_gate_holds_an_answer_until_it_is_released(model: StandIn, begun: bool) -> None:
    lane = model.lane("a", [Say("At last.", gate="door", begun=begun)])
    heard: list[str] = []
    client = threading.Thread(target=lambda: heard.append(claude(lane)))
    client.start()
    held = lane.wait_asked(1)
    lane.wait(lambda _: held.status == (200 if begun else 0), "the answer begun or not")
    assert not heard
    assert held.answered_at == 0
    lane.release("door")
    client.join(10)
    assert "At last." in "".join(event.get("delta", {}).get("text", "") for event in events(heard[0]))


def test_a_cut_answer_breaks_off(model: StandIn) -> None:
    lane = model.lane("a", [Cut()])
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        claude(lane)
    assert lane.main[0].usage is None
    assert lane.main[0].abandoned


def test_it_notices_who_hangs_up(model: StandIn) -> None:
    lane = model.lane("a", [Hang()])
    line = http.client.HTTPConnection("127.0.0.1", model.port, timeout=10)
    line.request("POST", "/a/v1/messages", json.dumps({"messages": [], "tools": [BASH], "stream": True}))
    lane.wait_asked(1)
    line.close()
    lane.wait(lambda _: lane.main[0].abandoned, "the end of the line")
    assert lane.main[0].status == 0


def test_it_keeps_what_a_tool_call_came_to(model: StandIn) -> None:
    lane = model.lane("a")
    result = {"type": "tool_result", "tool_use_id": "x", "content": [{"type": "text", "text": "made"}]}
    claude(lane, messages=[{"role": "user", "content": [result]}])
    codex(lane, input=[{"type": "function_call_output", "call_id": "x", "output": "built"}])
    assert [one.heard for one in lane.main] == ["made", "built"]


def test_lanes_are_apart(model: StandIn) -> None:
    one, two = model.lane("one", [Say("One.")]), model.lane("two", [Call("Bash", {"command": "true"})])
    assert "tool_use" in claude(two)
    assert "One." in claude(one)
    assert [exchange.lane for exchange in (*one.log, *two.log)] == ["one", "two"]
    assert len(model.dump().splitlines()) == 2
