"""Repositories of other shapes: they work, or are refused in clear words."""

from __future__ import annotations

import json

import pytest

from tests.support.e2e_world import World
from tests.support.terminals import wait_until

pytestmark = pytest.mark.e2e
SETTINGS = '[[checkpoint]]\nname = "first"\nmerge = ["a"]\n'


def test_a_bare_repository_is_told(stand: World) -> None:
    stand.commit("base", **{"x.txt": "x\n"})
    bare = stand.directory / "bare.git"
    stand.git("clone", "-q", "--bare", str(stand.root), str(bare))
    done = stand.autod("status", "--json", cwd=bare)
    assert done.returncode == 3
    assert "bare" in json.loads(done.stdout)["error"]["message"]


def test_a_linked_worktree_leads_to_the_same_repository(stand: World) -> None:
    stand.declare(SETTINGS, "a")
    stand.ask("up")
    inside = stand.autod("status", "--json", cwd=stand.worktree("a"))
    assert json.loads(inside.stdout)["project"]["root"] == str(stand.root)
    stand.commit(cwd=stand.worktree("a"), **{"a.txt": "a\n"})
    assert stand.autod("checkpoint", "merge", "first", "--yes", cwd=stand.worktree("a")).returncode == 0
    assert (stand.root / "a.txt").exists()


def test_a_repository_with_a_submodule(stand: World) -> None:
    other = stand.directory / "other"
    other.mkdir()
    stand.git("init", "-q", "-b", "main", cwd=other)
    first = stand.commit("one", cwd=other, **{"o.txt": "1\n"})
    second = stand.commit("two", cwd=other, **{"o.txt": "2\n"})
    stand.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(other), "sub")
    stand.declare(SETTINGS, "a")
    stand.ask("up")
    worktree = stand.worktree("a")
    assert stand.workstream("a")["uncommitted"] == 0
    stand.git("update-index", "--cacheinfo", f"160000,{first},sub", cwd=worktree)
    stand.git("commit", "-qm", "older sub", cwd=worktree)
    stand.commit(cwd=worktree, **{"a.txt": "a\n"})
    stand.ask("checkpoint", "merge", "first")
    assert first in stand.git("ls-tree", "main", "sub")
    assert first != second
    assert (stand.root / "a.txt").exists()
    stand.ask("checkpoint", "rollback", "first")
    assert second in stand.git("ls-tree", "main", "sub")
    stand.git("checkout", "-q", "main")


def test_a_helper_lane_has_a_log_and_no_branch(stand: World) -> None:
    settings = '[[checkpoint]]\nname = "first"\nmerge = ["a", "b"]\n'
    stand.declare(settings, "a", "b")
    stand.ask("up")
    for name in ("a", "b"):
        stand.commit(cwd=stand.worktree(name), **{"same.txt": f"{name}\n"})
    stand.ask("checkpoint", "merge", "first", code=1)
    assert stand.ask("checkpoint", "resolve", "first", "--agent")["workstream"] == "resolve-first"
    assert stand.autod("log", "resolve-first").returncode == 0
    refused = stand.autod("diff", "resolve-first", "--json")
    assert refused.returncode == 1
    assert "works on conflicts" in json.loads(refused.stdout)["error"]["message"]
    stand.ask("checkpoint", "resolve", "first", "--abandon")


def test_a_repository_whose_files_are_named_like_modules(stand: World) -> None:
    """No file of a repository is run for one of the modules that the dashboard, or a run in its own window, needs."""
    trap = 'raise SystemExit("a file of the repository was run")\n'
    stand.declare("", "a")
    stand.commit(**{"textual/__init__.py": trap, "msgspec.py": trap, "asyncio.py": trap, "sqlite3.py": trap})
    with stand.terminal() as terminal:
        terminal.wait_for("planned")
    stand.write("workstreams/one.toml", '[plan]\nagent = "script"\n[[stage]]\nname = "build"\n[[task]]\nid = "t"\n')
    run = stand.ask("run", "one", "--detach")["id"]
    wait_until(lambda: stand.ask("runs")["runs"][0]["sessions"]["running"] == 1, "the run's session")
    stand.ask("stop", run)
