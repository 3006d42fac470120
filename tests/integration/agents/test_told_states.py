"""The module that opencode loads, run by node: what it makes of opencode's events."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from autod_tui.agents.hooks import install_hooks
from autod_tui.agents.profiles import load_profiles
from autod_tui.agents.spool import take_signs
from autod_tui.core.agent_ports import Followed

NODE = shutil.which("node")
OPENCODE = load_profiles()["opencode"]
RUN = """
import { pathToFileURL } from "node:url"
const { Autod } = await import(pathToFileURL(process.argv[1]))
const { event } = await Autod()
for (const one of JSON.parse(process.argv[2])) await event({ event: one })
"""


def told(tmp_path: Path, *events: tuple[str, dict[str, object]]) -> list[tuple[str, str]]:
    """Let the module hear events of a session and return the states that follow, each with its reason."""
    spool = tmp_path / "spool"
    install_hooks(OPENCODE, spool)
    module = spool / ".launch" / "autod.mjs"
    heard = [{"type": type, "properties": {"sessionID": "ses_1", **more}} for type, more in events]
    argv = [NODE or "node", "--input-type=module", "-e", RUN, str(module), json.dumps(heard)]
    subprocess.run(argv, check=True, timeout=30)
    agent = Followed(session="s", profile=OPENCODE, worktree="/w", pid=1, started_at=0.0)
    readings = [sign.reading for sign in take_signs(spool, agent)]
    return [(one.state.value, one.reason) for one in readings if one is not None and one.state is not None]


@pytest.mark.skipif(NODE is None, reason="node runs the module")
def test_a_turn_that_failed_or_was_interrupted_is_not_done(tmp_path: Path) -> None:
    busy = ("session.status", {"status": {"type": "busy"}})
    refused = ("session.error", {"error": {"name": "APIError", "data": {"message": "The key is not valid"}}})
    stopped = ("session.error", {"error": {"name": "MessageAbortedError", "data": {"message": "Aborted"}}})
    idle = ("session.idle", dict[str, object]())
    assert told(tmp_path, busy, idle, busy, refused, idle, idle, busy, stopped, idle, idle, busy, idle) == [
        ("working", ""),
        ("done", ""),
        ("working", ""),
        ("failed", "The key is not valid"),
        ("working", ""),
        ("idle", ""),
        ("working", ""),
        ("done", ""),
    ]


@pytest.mark.skipif(NODE is None, reason="node runs the module")
def test_the_ends_of_sub_agents_are_not_its_own(tmp_path: Path) -> None:
    born = ("session.created", {"info": {"id": "ses_2", "parentID": "ses_1"}})
    child = {"sessionID": "ses_2"}
    asks = ("permission.asked", {**child, "permission": "bash", "metadata": {"command": "make"}})
    assert told(tmp_path, born, ("session.idle", child), asks) == [("waiting", "permission: bash: make")]
