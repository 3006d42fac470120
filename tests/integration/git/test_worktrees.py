"""Worktrees: added, refused, killed half-way and mended, measured, removed."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from autod_tui.core.errors import EnvironmentUnfitError, RefusedError
from autod_tui.git.repository import open_repository
from tests.support.repos import ENV, Sandbox, write


async def test_add_makes_the_branch_without_tracking(box: Sandbox) -> None:
    base = box.commit({"f": "1\n"})
    repository = box.open()
    path = box.root.parent / "w #1"
    assert await repository.add_worktree(str(path), "ws/one", "main")
    assert box.git("rev-parse", "ws/one") == base
    assert box.git("config", "--get-regexp", "branch", check=False) == ""
    assert [one.branch for one in await repository.worktrees()] == ["main", "ws/one"]
    assert open_repository(path).root == box.root
    assert not await box.open().add_worktree(str(box.root.parent / "w2"), box.git("branch", "two") or "two", "main")


async def test_add_refuses_with_the_place(box: Sandbox) -> None:
    with pytest.raises(RefusedError, match="no commit yet"):
        await box.open().add_worktree(str(box.root.parent / "w"), "ws/one", "main")
    box.commit({"f": "1\n"})
    repository = box.open()
    with pytest.raises(RefusedError, match=r"checked out in .*a #repo"):
        await repository.add_worktree(str(box.root.parent / "w"), "main", "main")
    with pytest.raises(RefusedError, match="there already"):
        await repository.add_worktree(str(box.root), "ws/one", "main")
    for name in ("-x", "../../x", "a..b", "a b"):
        with pytest.raises(RefusedError, match="name of a branch"):
            await repository.add_worktree(str(box.root.parent / "w"), name, "main")
    (box.root / ".wt").symlink_to(box.root.parent / "elsewhere")
    with pytest.raises(RefusedError, match="by a link"):
        await repository.add_worktree(str(box.root / ".wt" / "w"), "ws/one", "main")
    assert box.git("branch", "--list", "ws/*") == ""


async def test_eight_at_once_all_work(box: Sandbox) -> None:
    box.commit({f"d{i}/f": "x" for i in range(50)})
    repository = box.open()
    await asyncio.gather(
        *(repository.add_worktree(str(box.root.parent / f"w{i}"), f"ws/{i}", "main") for i in range(8))
    )
    assert len(await repository.worktrees()) == 9


KILLED = """
import asyncio, sys
from pathlib import Path
from autod_tui.git.repository import open_repository
repository = open_repository(Path(sys.argv[1]))
print("ready", flush=True)
asyncio.run(repository.add_worktree(sys.argv[2], "ws/k", "main"))
"""


@pytest.mark.parametrize("delay", [0.004, 0.012, 0.02, 0.028, 0.036, 0.05])
async def test_a_killed_add_is_mended(box: Sandbox, delay: float) -> None:
    box.commit({f"d{i}/f{j}": "x" * 500 for i in range(40) for j in range(10)})
    path = box.root.parent / "w"
    child = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(box.root), str(path)],
        stdout=subprocess.PIPE,
        start_new_session=True,
        env={**ENV, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert child.stdout is not None
    child.stdout.readline()
    time.sleep(delay)  # the moment of death is what this test varies
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    child.stdout.close()
    repository = box.open()
    await repository.repair()
    assert await repository.repair() == []
    if path.exists():
        await repository.finish_worktree(str(path))
    else:
        assert await repository.add_worktree(str(path), "ws/k", "main")
    assert box.git("status", "--porcelain", cwd=path) == ""
    assert [one.locked for one in await repository.worktrees()] == [False, False]
    box.git("fsck", "--strict")


async def test_repair_heals_a_record_that_breaks_the_whole_repository(box: Sandbox) -> None:
    base = box.commit({"f": "1\n"})
    repository = box.open()
    path = box.root.parent / "w"
    intent = repository._lock
    intent.directory.mkdir(parents=True)
    intent.announce("adding a worktree", worktree=str(path), made_worktree=True, branch="refs/heads/ws/k", base=base)
    admin = box.root / ".git/worktrees/w"
    write(admin, {"commondir": "", "locked": "initializing", "gitdir": f"{path}/.git\n", "HEAD": base})
    write(path, {".git": f"gitdir: {admin}\n", "half": "file"})
    box.git("branch", "ws/k")
    assert len(await repository.repair()) == 3
    assert not path.exists()
    assert box.git("branch", "--list", "ws/*") == ""
    assert await repository.add_worktree(str(path), "ws/k", "main")


async def test_changes_count_everything_but_the_steering_files(box: Sandbox) -> None:
    box.commit({"f": "1\n2\n", "g": "g\n"})
    path = box.root.parent / "w"
    repository = box.open()
    await repository.add_worktree(str(path), "ws/a", "main")
    box.commit({"main": "m"})
    box.commit({"g": "g\nh\n", "progress.md": "p"}, cwd=path)
    write(path, {"f": "1\n3\n", "new file": "a\nb\n", "STARTUP.md": "s"})
    found = await repository.changes(str(path), "main")
    assert (found.ahead, found.behind, found.files) == (1, 1, 3)
    assert (found.insertions, found.deletions, found.uncommitted) == (4, 1, 2)
    assert await repository.uncommitted(str(path)) == ("f", "new file")
    write(path, {"new file": "a\nb\nc\n"})
    assert (await repository.changes(str(path), "main")).insertions == 5
    diff = await repository.diff(str(path), "main")
    assert "+c" in diff and "STARTUP" not in diff and "progress.md" not in diff


async def test_nothing_moved_costs_one_git(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    box.commit({"f": "1\n"})
    path = box.root.parent / "w"
    repository = box.open()
    await repository.add_worktree(str(path), "ws/a", "main")
    write(path, {"f": "2\n", "n": "n"})
    os.utime(box.root / ".git/worktrees/w/index", (1, 1))  # a checkout of long ago
    await repository.changes(str(path), "main")
    first = await repository.changes(str(path), "main")
    calls: list[tuple[str, ...]] = []
    real = repository._git.run

    async def counting(*args: str, **rest: object) -> object:
        calls.append(args)
        return await real(*args, **rest)  # type: ignore[arg-type]

    monkeypatch.setattr(repository._git, "run", counting)
    assert await repository.changes(str(path), "main") == first
    assert [call[0] for call in calls] == ["status"]


async def test_snapshot_holds_the_work_and_leaves_the_index_alone(box: Sandbox) -> None:
    box.commit({"f": "1\n", ".gitignore": "*.log\nnode_modules/\n"})
    path = box.root.parent / "w"
    repository = box.open()
    await repository.add_worktree(str(path), "ws/a", "main")
    assert await repository.snapshot(str(path)) == box.git("rev-parse", "HEAD", cwd=path)
    write(
        path,
        {
            "f": "2\n",
            "new": "n",
            "x.log": "log",
            "node_modules/m": "m",
            "progress.md": "p",
            "big.log": b"b" * 6_000_000,
        },
    )
    box.git("add", "f", cwd=path)
    index = box.root / ".git/worktrees/w/index"
    before = (index.read_bytes(), index.stat().st_mtime_ns)
    work = await repository.snapshot(str(path))
    everything = await repository.snapshot(str(path), ignored=True)
    assert (index.read_bytes(), index.stat().st_mtime_ns) == before
    assert box.git("ls-tree", "--name-only", work).splitlines() == [".gitignore", "f", "new"]
    assert box.git("ls-tree", "--name-only", everything).splitlines() == [
        ".gitignore",
        "f",
        "new",
        "progress.md",
        "x.log",
    ]
    assert work == await box.open().snapshot(str(path))
    assert (await repository.removal(str(path), "ws/a", ["main"], [])).ignored == ("big.log",)
    assert (await repository.removal(str(path), "ws/a", ["main"], ["*.log"])).ignored == ()


async def test_restore_brings_the_work_back(box: Sandbox) -> None:
    box.commit({"f": "1\n", "gone": "g"})
    path = box.root.parent / "w"
    repository = box.open()
    await repository.add_worktree(str(path), "ws/a", "main")
    write(path, {"f": "2\n", "new": "n", "gone": None})
    work = await repository.snapshot(str(path), ignored=True)
    await repository.remove_worktree(str(path))
    assert not path.exists() and not (box.root / ".git/worktrees").exists()
    await repository.add_worktree(str(path), "ws/a", "main")
    await repository.restore_files(str(path), work)
    assert box.git("status", "--porcelain", cwd=path).splitlines() == [" M f", " D gone", "?? new"]
    with pytest.raises(RefusedError, match="uncommitted"):
        await repository.restore_files(str(path), work)


async def test_commit_all_leaves_the_steering_files_out(box: Sandbox) -> None:
    box.commit({"f": "1\n"})
    repository = box.open()
    write(box.root, {"progress.md": "p", "STARTUP.md": "s"})
    box.git("add", "progress.md")
    assert await repository.commit_all(str(box.root), "m") is None
    write(box.root, {"n": "n"})
    made = await repository.commit_all(str(box.root), "Keep\n\nbody")
    assert made and box.git("show", "--name-only", "--format=%s", made).split() == ["Keep", "n"]


async def test_hide_keeps_a_tracked_file_out_of_status(box: Sandbox) -> None:
    box.commit({"STARTUP.md": "committed\n"})
    path = box.root.parent / "w"
    repository = box.open()
    await repository.add_worktree(str(path), "ws/a", "main")
    await repository.hide(str(path), "STARTUP.md")
    write(path, {"STARTUP.md": "ours\n"})
    assert box.git("status", "--porcelain", cwd=path) == ""


@pytest.mark.parametrize("way", ["merge", "squash", "rebase", "none"])
async def test_removal_sees_content_that_is_in_the_target(box: Sandbox, way: str) -> None:
    box.commit({"f": "1\n"})
    path = box.root.parent / "w"
    repository = box.open()
    await repository.add_worktree(str(path), "ws/a", "main")
    box.commit({"a": "a", "progress.md": "p"}, cwd=path)
    box.commit({"b": "b"}, cwd=path)
    box.commit({"main": "m"})
    if way == "merge":
        box.git("merge", "-q", "--no-ff", "ws/a")
    elif way == "squash":
        box.git("merge", "--squash", "ws/a")
        box.git("rm", "-qf", "progress.md")
        box.git("commit", "-qm", "squash")
    elif way == "rebase":
        box.git("cherry-pick", "main..ws/a")
    found = await repository.removal(str(path), "ws/a", ["main"], [])
    assert found.unmerged_commits == (2 if way == "none" else 0)
    assert found.safe == (way != "none")
    write(path, {"dirty": "d"})
    assert not (await repository.removal(str(path), "ws/a", ["main"], [])).safe


def test_what_is_no_repository_is_said(tmp_path: Path, box: Sandbox) -> None:
    with pytest.raises(EnvironmentUnfitError, match="not a git repository"):
        open_repository(tmp_path)
    box.git("init", "-q", "--bare", str(tmp_path / "bare"))
    with pytest.raises(EnvironmentUnfitError, match="bare"):
        open_repository(tmp_path / "bare")


async def test_a_backup_of_a_worktree_with_a_repository_without_a_commit_says_how_to_mend_it(box: Sandbox) -> None:
    box.commit({"a": "1\n"})
    repository, path = box.open(), box.root.parent / "w"
    await repository.add_worktree(str(path), "ws/a", "main")
    write(path, {"sub dir/f": "2\n"})
    box.git("init", "--quiet", cwd=path / "sub dir")
    with pytest.raises(RefusedError, match="holds a repository without a commit: 'sub dir'") as caught:
        await repository.snapshot(str(path), ignored=True)
    assert caught.value.hint == "commit in it, or delete it or its .git, then try again"
