"""The modules that tell the events of agents written in JavaScript, run by a real node."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from autod_tui.agents.launch import prepare
from autod_tui.agents.profiles import load_profiles

NODE = shutil.which("node")
pytestmark = pytest.mark.skipif(NODE is None, reason="node is not installed: npm's agents bring it")
VALUES = {**dict.fromkeys(("prompt", "prompt_file", "model", "worktree", "workstream"), "x"), "session_id": "s"}

OPENCODE = """
const { Autod } = await import(process.argv[1])
const { event } = await Autod()
const say = (type, properties) => event({ event: { type, properties } })
await say("session.created", { info: { id: "child", parentID: "parent" } })
await say("session.status", { sessionID: "parent", status: { type: "busy" } })
await say("session.idle", { sessionID: "child" })
await say("permission.asked", { sessionID: "child", permission: "bash", metadata: { command: "ls" } })
await say("message.updated", {})
await say("session.error", { sessionID: "parent", error: { data: { message: "no" } } })
await say("session.idle", { sessionID: "parent" })
await say("session.status", { sessionID: "parent", status: { type: "busy" } })
await say("session.idle", { sessionID: "parent" })
"""
ANSWERS = """
const { Autod } = await import(process.argv[1])
const cases = JSON.parse(process.argv[2])
let pieces
globalThis.fetch = async (url) => {
  const left = [...pieces]
  const pull = (c) => {
    if (left.length === 0) return c.close()
    const piece = left.shift()
    return piece === "broken" ? c.error(new Error("broken")) : c.enqueue(new TextEncoder().encode(piece))
  }
  return new Response(new ReadableStream({ pull }), { status: url.endsWith("refused") ? 500 : 200 })
}
const { event, "chat.params": params } = await Autod()
await Autod()
const info = { sessionID: "ses_1", role: "assistant", modelID: "m", time: { created: 1000 } }
const message = (id) => ({ type: "message.updated", properties: { info: { ...info, id } } })
const passed = []
for (const one of cases) {
  await event({ event: message(one.id) })
  pieces = one.pieces
  if (one.agent) await params({ sessionID: "ses_1", agent: one.agent, model: { id: "small" } })
  const body = one.tools === false ? "{}" : JSON.stringify({ tools: [{}] })
  const headers = { [one.header ?? "x-session-affinity"]: "ses_1" }
  const answer = await fetch(one.url ?? "http://model", { method: "POST", headers, body })
  passed.push(await answer.text().catch((error) => error.message))
}
console.log(JSON.stringify(passed))
"""
PI = """
const { default: extension } = await import(process.argv[1])
const handlers = {}
extension({ on: (name, handler) => (handlers[name] = handler) })
const ctx = { sessionManager: { getSessionId: () => "conv" } }
await handlers.agent_start({}, ctx)
const answer = (stopReason, errorMessage) => ({ messages: [{ role: "assistant", stopReason, errorMessage }] })
await handlers.agent_end(answer("error", "500"), ctx)
await handlers.agent_end(answer("stop"), undefined)
"""


def run(script: str, module: Path, *more: str) -> str:
    assert NODE is not None
    argv = [NODE, "--input-type=module", "-e", script, module.as_uri(), *more]
    return subprocess.run(argv, check=True, timeout=30, stdout=subprocess.PIPE, text=True).stdout


def told(spool: Path) -> list[tuple[str, dict]]:
    files = sorted((spool / "s").glob("[0-9]*.json"))
    found = [json.loads(path.read_text()) for path in files]
    return [(one["event"], one["payload"]) for one in found]


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    return tmp_path / "a b#'"


def plugin_of_opencode(spool: Path) -> Path:
    config = json.loads(prepare(load_profiles()["opencode"], VALUES, spool=spool).env["OPENCODE_CONFIG_CONTENT"])
    return Path(unquote(urlsplit(config["plugin"][0]).path))


def test_opencodes_plugin_tells_of_the_persons_session_and_of_all_questions(spool: Path) -> None:
    run(OPENCODE, plugin_of_opencode(spool))
    events = told(spool)
    assert [event for event, _ in events] == [
        *("session.status", "permission.asked", "session.error"),  # a turn that failed comes to rest untold
        *("session.status", "session.idle"),
    ]
    assert events[0][1]["session_id"] == "parent"
    assert (events[1][1]["tool_name"], events[1][1]["tool_input"]) == ("bash", {"command": "ls"})
    assert events[2][1]["message"] == "no"


def sse(*told: object) -> str:
    return "".join(f"data: {json.dumps(one)}\n\n" for one in told) + "data: [DONE]\n\n"


def test_opencodes_plugin_tells_what_answers_that_may_call_tools_have_used(spool: Path) -> None:
    chat = sse({"choices": [], "usage": None}, {"text": 'of "usage"'}, {"usage": {"total_tokens": 7}})
    responses = sse({"type": "response.completed", "response": {"usage": {"input_tokens": 5}}})
    begun = sse({"message": {"usage": {"input_tokens": 9, "output_tokens": 1}}}).replace("data: [DONE]", "")
    cases: list[dict[str, object]] = [
        {"id": "chat", "pieces": list(chat)},
        {"id": "responses", "pieces": [responses], "header": "x-opencode-session"},
        {"id": "google", "pieces": [json.dumps({"usageMetadata": {"totalTokenCount": 3}}, indent=None)]},
        {"id": "anthropic", "pieces": [begun, sse({"usage": {"output_tokens": 4}})]},
        {"id": "cut", "pieces": [begun, "broken"]},
        {"id": "silent", "pieces": ['data: {"usage\n']},
        {"id": "aside", "pieces": [chat], "tools": False, "agent": "compaction"},
        {"id": "refused", "pieces": [chat], "tools": False, "agent": "title", "url": "http://refused"},
        {"id": "title", "pieces": [chat], "tools": False},
        {"id": "aside", "pieces": [chat], "tools": False},
        {"id": "refused", "pieces": [chat], "url": "http://refused"},
        {"id": "other", "pieces": [chat], "header": "x-other"},
    ]
    passed = json.loads(run(ANSWERS, plugin_of_opencode(spool), json.dumps(cases)))
    whole = ["".join(one["pieces"]) for one in cases]  # type: ignore[arg-type]
    assert passed == [*whole[:4], "broken", *whole[5:]]
    lines = (spool / ".answers" / "ses_1.jsonl").read_text().splitlines()
    *answers, title = [json.loads(line) for line in lines]
    assert (title["model"], title["usage"]) == ("small", {"total_tokens": 7})
    assert title["id"].startswith("title-ses_1-") and title["at"] > 1000
    assert answers == [
        {"id": id, "model": "m", "at": 1000, "usage": usage}
        for id, usage in {
            "chat": {"total_tokens": 7},
            "responses": {"input_tokens": 5},
            "google": {"totalTokenCount": 3},
            "anthropic": {"input_tokens": 9, "output_tokens": 4},
            "cut": {"input_tokens": 9, "output_tokens": 1},
        }.items()
    ]


def test_pis_extension_tells_how_a_turn_ended(spool: Path) -> None:
    words = prepare(load_profiles()["pi"], VALUES, spool=spool).argv
    extension = Path(words[words.index("--extension") + 1])
    run(PI, Path(shutil.copy(extension, extension.with_suffix(".mjs"))))  # pi compiles it by itself
    start, failed, done = told(spool)
    assert start == ("agent_start", {"session_id": "conv", "reason": "", "message": ""})
    assert failed == ("agent_end", {"session_id": "conv", "reason": "error", "message": "500"})
    assert done[1]["reason"] == "stop"


def test_a_spool_that_is_gone_disturbs_nobody(spool: Path, tmp_path: Path) -> None:
    words = prepare(load_profiles()["pi"], VALUES, spool=spool).argv
    module = shutil.copy(words[words.index("--extension") + 1], tmp_path / "kept.mjs")
    shutil.rmtree(spool)
    run(PI, Path(module))
    assert not spool.exists()
