"""The conversation that a Codex is in, by the rollouts that its process holds open."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from autod_tui.agents.records.threads import present_thread
from autod_tui.core.agent_ports import Followed
from autod_tui.core.plan import AgentProfile


def rollout(directory: Path, id: str, at: float, **more: object) -> Path:
    path = directory / f"rollout-2026-11-21T20-00-00-{id}.jsonl"
    path.write_text(json.dumps({"type": "session_meta", "payload": {"id": id, "source": "cli", **more}}) + "\n")
    os.utime(path, (at, at))
    return path


@contextmanager
def holding(*paths: Path) -> Iterator[int]:
    """Run a launcher whose child holds files open; yield the launcher's process id."""
    child = 'import sys, time; files = [open(name, "a") for name in sys.argv[1:]]; print("x", flush=True); input()'
    argv = ["sh", "-c", 'python3 -c "$0" "$@"; exit $?', child, *map(str, paths)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "x\n"
        yield process.pid
        process.communicate("\n")


def codex(pid: int, conversation: str) -> Followed:
    profile = AgentProfile(name="codex", command=("codex",), records="codex")
    return Followed(session="s", profile=profile, worktree="/w", pid=pid, started_at=0.0, conversation=conversation)


@pytest.mark.parametrize("known", ("a1", "b2"))
def test_it_is_the_one_written_last(tmp_path: Path, known: str) -> None:
    with holding(rollout(tmp_path, "a1", 100.0), rollout(tmp_path, "b2", 200.0)) as pid:
        assert present_thread(codex(pid, known)) == ("b2" if known == "a1" else "")
        assert present_thread(codex(pid, "")) == ""


def test_sub_agents_and_what_others_hold_open_are_none(tmp_path: Path) -> None:
    own = rollout(tmp_path, "a1", 100.0, session_id="a1")
    sub = rollout(tmp_path, "c3", 300.0, session_id="a1", source={"subagent": "review"})
    parted = rollout(tmp_path, "d4", 400.0, parent_thread_id="a1")
    rollout(tmp_path, "e5", 500.0)
    with holding(own, sub, parted) as pid:
        assert present_thread(codex(pid, "a1")) == ""
