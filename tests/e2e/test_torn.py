"""A checkout whose move was cut short: the next start makes it whole, and loses nothing of the person's."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from pathlib import Path

import pytest

from autod_tui import processes
from tests.support.e2e_world import World
from tests.support.terminals import PATIENCE

pytestmark = pytest.mark.e2e
SETTINGS = '[[checkpoint]]\nname = "first"\nmerge = ["a"]\ntag = "done"\n'
FILES = 400
LONG = 160_000


def declare(stand: World) -> None:
    """Bring up a workstream whose merge rewrites, adds and deletes many files."""
    for number in range(FILES):
        stand.write(f"f{number}/x.txt", f"base {number}\n")
    stand.declare(SETTINGS, "a")
    stand.ask("up")
    worktree = stand.worktree("a")
    for number in range(0, FILES, 2):
        stand.write(f"f{number}/x.txt", "changed\n" * (LONG // 8), worktree)
    for number in range(1, FILES, 4):
        (worktree / f"f{number}/x.txt").unlink()
    for number in range(50):
        stand.write(f"new{number}/x.txt", "new\n", worktree)
    (worktree / "f3/x.txt").chmod(0o755)
    stand.commit(cwd=worktree)


def kill_in_the_middle(stand: World) -> None:
    """Kill autod and its git while that has written some of the person's files, but not all."""
    first, last = stand.root / "f0/x.txt", stand.root / "new9/x.txt"
    merge = stand.start("checkpoint", "merge", "first", "--yes")
    deadline = time.monotonic() + PATIENCE
    while size(first) < LONG:  # no pause: it is a matter of milliseconds
        assert time.monotonic() < deadline, "no checkout was moved"
    for pid in (merge.pid, *processes.descendants(merge.pid)):  # at once: it takes longer to find out whom else to kill
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
    kill_all_but_tmux(stand)
    merge.communicate()
    assert not last.exists(), "the kill came too late to tell anything"


def size(path: Path) -> int:
    """Bytes of a file; 0 while git has taken it away to write it anew."""
    with contextlib.suppress(FileNotFoundError):
        return path.stat().st_size
    return 0


def kill_all_but_tmux(stand: World) -> None:
    for pid, line in stand.processes().items():
        try:
            agent = b"AUTOD_SESSION=" in Path(f"/proc/{pid}/environ").read_bytes()
            if not agent and not line.startswith("tmux"):
                os.kill(pid, 9)
        except OSError:
            continue


def test_a_killed_follow_is_finished_by_the_next_start(stand: World) -> None:
    declare(stand)
    stand.write("f7/x.txt", "mine\n")
    stand.write("staged.txt", "mine\n")
    stand.git("add", "staged.txt")
    before = stand.git("status", "--short")
    kill_in_the_middle(stand)
    torn = stand.git("status", "--short", "-uno")
    assert torn.count("f2") > 1, "files are neither the old ones nor the new ones"
    state = stand.checkpoint("first")["state"]
    if state != "merged":
        stand.ask("checkpoint", "merge", "first")
    assert stand.git("status", "--short") == before
    assert stand.git("rev-parse", "main") == stand.git("rev-parse", "done^{commit}")
    assert (stand.root / "f7/x.txt").read_text() == "mine\n"
    assert not list((stand.root / ".git").glob("*.lock"))
    assert not list((stand.directory / "tmp").iterdir())
    stand.ask("checkpoint", "rollback", "first")
    assert stand.git("status", "--short") == before


def test_what_was_edited_after_the_kill_is_kept_and_nothing_has_moved(stand: World) -> None:
    declare(stand)
    old = stand.git("rev-parse", "main")
    kill_in_the_middle(stand)
    stand.write("f2/x.txt", "edited after the crash\n")
    state = stand.checkpoint("first")["state"]
    assert (stand.root / "f2/x.txt").read_text() == "edited after the crash\n"
    assert state == "blocked"
    assert stand.git("rev-parse", "main") == old
    assert not stand.git("tag")
    assert stand.git("status", "--short") == " M f2/x.txt"
    stand.git("checkout", "f2/x.txt")
    stand.ask("checkpoint", "merge", "first")


def test_a_lock_that_is_not_ours_is_told_and_left(stand: World) -> None:
    stand.declare(SETTINGS, "a")
    stand.ask("up")
    stand.commit(cwd=stand.worktree("a"), **{"a.txt": "a\n"})
    lock = stand.write(".git/index.lock", "")
    refused = stand.autod("checkpoint", "merge", "first", "--json", "--yes")
    assert refused.returncode == 1
    assert "another git is at work" in json.loads(refused.stdout)["error"]["message"]
    assert stand.checkpoint("first")["state"] == "open"  # refused beforehand, not given up half-way
    assert lock.exists()
    lock.unlink()
    stand.ask("checkpoint", "merge", "first")
