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


def run(script: str, module: Path) -> None:
    assert NODE is not None
    argv = [NODE, "--input-type=module", "-e", script, module.as_uri()]
    subprocess.run(argv, check=True, timeout=30)


def told(spool: Path) -> list[tuple[str, dict]]:
    files = sorted((spool / "s").glob("[0-9]*.json"))
    found = [json.loads(path.read_text()) for path in files]
    return [(one["event"], one["payload"]) for one in found]


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    return tmp_path / "a b#'"


def test_opencodes_plugin_tells_of_the_persons_session_and_of_all_questions(spool: Path) -> None:
    config = json.loads(prepare(load_profiles()["opencode"], VALUES, spool=spool).env["OPENCODE_CONFIG_CONTENT"])
    run(OPENCODE, Path(unquote(urlsplit(config["plugin"][0]).path)))
    events = told(spool)
    assert [event for event, _ in events] == [
        *("session.status", "permission.asked", "session.error"),  # a turn that failed comes to rest untold
        *("session.status", "session.idle"),
    ]
    assert events[0][1]["session_id"] == "parent"
    assert (events[1][1]["tool_name"], events[1][1]["tool_input"]) == ("bash", {"command": "ls"})
    assert events[2][1]["message"] == "no"


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
