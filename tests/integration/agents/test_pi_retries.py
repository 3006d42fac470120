"""The module that pi loads, run by node with a package in place of pi's: what it makes of ends and further attempts."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from autod_tui.agents.hooks import install_hooks
from autod_tui.agents.profiles import load_profiles
from autod_tui.agents.spool import take_signs
from autod_tui.core.agent_ports import Followed
from autod_tui.core.workstream import Reading

NODE = shutil.which("node")
PI = load_profiles()["pi"]
WAIT = 20_000
"""Milliseconds until the next attempt."""
PACKAGE = """
export class AgentSession {
  listeners = []
  subscribe(listener) { this.listeners.push(listener) }
  emit(event) { for (const listener of this.listeners) listener(event) }
}
"""
RUN = """
import { pathToFileURL } from "node:url"
const [path, first, steps] = process.argv.slice(1)
const handlers = {}
const pi = { on: (name, handler) => (handlers[name] ??= []).push(handler) }
const load = async (times) => (await import(`${pathToFileURL(path)}?${times}`)).default(pi)
await load(1)
let session
if (first) {
  const { AgentSession } = await import(pathToFileURL(first))
  session = new AgentSession()
  session.subscribe(() => {})
  session.subscribe(() => {})
}
for (const [who, event] of JSON.parse(steps)) {
  const ctx = { sessionManager: { getSessionId: () => "s1" }, signal: { aborted: event.aborted } }
  if (who === "wait") await new Promise((done) => setTimeout(done, 150))
  else if (who === "session") session?.emit(event)
  else for (const handler of handlers[event.type] ?? []) await handler(event, ctx)
}
"""
Step = tuple[str, dict[str, object]]
BUSY: Step = ("pi", {"type": "agent_start"})
AGAIN: Step = ("session", {"type": "agent_start"})
CANCELLED: Step = ("session", {"type": "auto_retry_end", "success": False, "finalError": "Retry cancelled"})
PAUSE: Step = ("wait", {})


def ended(words: str) -> Step:
    answer = {"role": "assistant", "stopReason": "error" if words else "stop", "errorMessage": words}
    return "pi", {"type": "agent_end", "messages": [{"role": "user"}, answer]}


def aborted() -> Step:
    who, event = ended("This operation was aborted")
    return who, {**event, "aborted": True}


def retries(words: str) -> Step:
    return "session", {"type": "auto_retry_start", "delayMs": WAIT, "errorMessage": words}


def told(tmp_path: Path, *steps: Step, package: str = "@mariozechner/pi-coding-agent") -> list[Reading]:
    """Let the module hear events and return the readings that follow."""
    spool = tmp_path / "spool"
    (extension,) = install_hooks(PI, spool).arguments[1:]
    module = Path(extension).with_name("run.mjs")  # pi compiles it by itself
    module.write_text(Path(extension).read_text())
    lent = module.parent / "node_modules" / package / "index.mjs"
    if package:
        lent.parent.mkdir(parents=True)
        lent.write_text(PACKAGE)
        lent.with_name("package.json").write_text('{"type": "module", "exports": "./index.mjs"}')
    first = str(lent) if package else ""
    argv = [NODE or "node", "--input-type=module", "-e", RUN, str(module), first, json.dumps(steps)]
    subprocess.run(argv, check=True, timeout=30)
    agent = Followed(session="s", profile=PI, worktree="/w", pid=1, started_at=0.0)
    readings = [sign.reading for sign in take_signs(spool, agent)]
    return [one for one in readings if one is not None and one.state is not None]


def words(readings: list[Reading]) -> list[tuple[str, str]]:
    return [(str(one.state), one.reason) for one in readings]


@pytest.mark.skipif(NODE is None, reason="node runs the module")
@pytest.mark.parametrize("package", ["@mariozechner/pi-coding-agent", "@earendil-works/pi-coding-agent"])
@pytest.mark.parametrize(
    ("error", "state", "reason"),
    [
        ("429 Too many requests for now", "rate-limited", "429 Too many requests for now"),
        ('503: {"message":"The service rests","type":"server_error"}', "rate-limited", "503 The service rests"),
        ('529 {"type":"error","error":{"message":"Overloaded"}}', "rate-limited", "529 Overloaded"),
        ("500 Something broke", "working", "retrying: 500 Something broke"),
        ("Connection error.", "working", "retrying: Connection error."),
    ],
)
def test_an_end_before_another_attempt_is_none(
    tmp_path: Path, package: str, error: str, state: str, reason: str
) -> None:
    steps = (BUSY, AGAIN, ended(error), retries(error), PAUSE, BUSY, ended(""))
    readings = told(tmp_path, *steps, package=package)
    assert words(readings) == [("working", ""), (state, reason), ("working", ""), ("done", "")]
    assert readings[1].vague
    assert 0 < readings[1].until - time.time() <= WAIT / 1000


@pytest.mark.skipif(NODE is None, reason="node runs the module")
def test_the_last_attempt_is_an_end_and_so_is_one_that_was_called_off(tmp_path: Path) -> None:
    over: Step = ("session", {"type": "auto_retry_end", "success": False, "finalError": "500 It broke"})
    steps = (BUSY, AGAIN, ended("500 It broke"), over, BUSY, ended("500 It broke"), retries("500 It broke"), CANCELLED)
    assert words(told(tmp_path, *steps)) == [
        ("working", ""),
        ("failed", "500 It broke"),
        ("working", ""),
        ("working", "retrying: 500 It broke"),
        ("idle", ""),
    ]


@pytest.mark.skipif(NODE is None, reason="node runs the module")
def test_what_was_called_off_is_no_failure_whatever_it_says(tmp_path: Path) -> None:
    assert words(told(tmp_path, BUSY, AGAIN, aborted(), BUSY)) == [("working", ""), ("idle", ""), ("working", "")]


@pytest.mark.skipif(NODE is None, reason="node runs the module")
def test_an_end_that_nobody_explains_is_told(tmp_path: Path) -> None:
    assert words(told(tmp_path, BUSY, AGAIN, ended("401 no"), PAUSE, BUSY)) == [
        ("working", ""),
        ("failed", "401 no"),
        ("working", ""),
    ]


@pytest.mark.skipif(NODE is None, reason="node runs the module")
def test_a_version_that_lends_nothing_tells_its_ends_as_they_come(tmp_path: Path) -> None:
    assert words(told(tmp_path, BUSY, ended("401 no"), BUSY, package="")) == [
        ("working", ""),
        ("failed", "401 no"),
        ("working", ""),
    ]
