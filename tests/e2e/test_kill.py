"""kill -9 of everything but tmux and the agents, at any point; then the same command again."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

import pytest

from tests.support.e2e_world import World
from tests.support.terminals import wait_until

pytestmark = pytest.mark.e2e
NAMES = ("a", "b", "c")
GATED = """
[gates.slow]
command = 'if test -e "$E2E_FLAG"; then exit 0; fi; touch "$E2E_FLAG"; sleep 60'
[[checkpoint]]
name = "first"
merge = ["a", "b"]
gates = ["slow"]
tag = "first-done"
"""


def kill_all_but_tmux(stand: World) -> None:
    """Kill every process of autod's own: neither tmux nor what runs for an agent."""
    agents = stand.processes()
    for pid, line in agents.items():
        with contextlib.suppress(OSError):
            if not line.startswith("tmux") and b"AUTOD_SESSION=" not in Path(f"/proc/{pid}/environ").read_bytes():
                os.kill(pid, signal.SIGKILL)


def locks(stand: World) -> list[str]:
    """The lock files of git that are left."""
    return [str(path) for path in (stand.root / ".git").rglob("*.lock") if path.parent.name != "autod"]


def steps(stand: World) -> dict[str, bool]:
    """Points in the course of `up`, told by what lies on disk."""
    return {
        "note": (stand.root / ".git/autod/git-intent.json").exists(),
        "half a worktree": any((stand.root / ".git").glob("worktrees/*/autod-unfinished")),
        "first worktree": stand.worktree("a").is_dir(),
        "second worktree": (stand.worktree("b") / "STARTUP.md").exists(),
        "first agent": bool(stand.processes(AUTOD_WORKSTREAM="a")),
        "last worktree": stand.worktree("c").is_dir(),
    }


@pytest.mark.parametrize(
    "point", ["note", "half a worktree", "first worktree", "second worktree", "first agent", "last worktree"]
)
def test_up_killed_and_run_again(stand: World, point: str) -> None:
    stand.commit("base", **{f"d{number}/file.txt": "x\n" * 50 for number in range(100)})
    stand.declare("", *NAMES)
    first = stand.start("up")
    wait_until(lambda: steps(stand)[point] or first.poll() is not None, point)
    kill_all_but_tmux(stand)
    first.communicate()
    stand.ask("up")
    seen = stand.wait_up(*NAMES)
    for name in NAMES:
        assert seen[name]["branch"] == f"workstream/{name}"
        assert len(stand.processes(AUTOD_WORKSTREAM=name)) == 1
        assert stand.git("status", "--short", cwd=stand.worktree(name)) == ""
    assert len(stand.git("worktree", "list").splitlines()) == 1 + len(NAMES)
    assert not locks(stand)


def test_a_merge_killed_in_its_gate_moves_nothing_and_works_again(stand: World) -> None:
    stand.env["E2E_FLAG"] = str(stand.directory / "flag")
    stand.declare(GATED, *NAMES)
    stand.ask("up")
    for name in ("a", "b"):
        stand.commit(cwd=stand.worktree(name), **{f"{name}.txt": f"{name}\n"})
    before = stand.refs("refs/heads", "refs/tags")
    merge = stand.start("checkpoint", "merge", "first", "--yes")
    wait_until((stand.directory / "flag").exists, "the gate")
    kill_all_but_tmux(stand)
    merge.communicate()
    assert stand.refs("refs/heads", "refs/tags") == before
    assert stand.checkpoint("first")["state"] in ("open", "blocked")
    assert stand.git("status", "--short") == ""
    merged = stand.ask("checkpoint", "merge", "first")
    assert stand.refs("refs/heads/main", "refs/tags/first-done") == {
        "refs/heads/main": merged["after_oid"],
        "refs/tags/first-done": merged["after_oid"],
    }
    assert (stand.root / "a.txt").exists()
    assert (stand.root / "b.txt").exists()
    assert not locks(stand)


def test_an_agent_that_outlives_its_tmux_server_is_not_doubled(stand: World) -> None:
    stand.declare("", "a", agent="trap '' HUP; setsid sleep 1000 & wait")
    stand.ask("up")
    wait_until(lambda: any("sleep" in line for line in stand.processes(AUTOD_WORKSTREAM="a").values()), "the sleeper")
    os.kill(int(stand.tmux("display-message", "-p", "#{pid}")), signal.SIGKILL)
    assert stand.wait_state("a", "lost")["reason"]
    refused = stand.autod("up", "--json", "--yes")
    assert refused.returncode == 1
    assert "still runs" in refused.stdout
    stand.ask("down", "a")
    assert not stand.processes(AUTOD_WORKSTREAM="a")
    stand.ask("up")
    assert stand.wait_state("a", "working", "starting", "idle")["pane"]
