"""Worktrees whose checkout was cut short: never taken for changes, finished without loss, as git lays them out."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from autod_tui.core.errors import AutodError, CommandFailedError, RefusedError
from autod_tui.git.marks import HeldMark, set_mark
from autod_tui.git.repository import Repository
from tests.support.repos import ENV, Sandbox, write

FILES: Mapping[str, str | bytes | None] = {f"d{i}/f{j}": f"{i} {j}\n" * 300 for i in range(40) for j in range(20)}
ADD = """
import asyncio, sys
from pathlib import Path
from autod_tui.git.repository import open_repository
repository = open_repository(Path(sys.argv[1]))
async def up():
    await repository.repair()
    here = {entry.branch: entry for entry in await repository.worktrees()}
    async def one(path):
        entry = here.get(f"ws/{Path(path).name}")
        if entry is None:
            await repository.add_worktree(path, f"ws/{Path(path).name}", "main")
        elif entry.unfinished:
            await repository.finish_worktree(path)
    await asyncio.gather(*map(one, sys.argv[2:]))
print("ready", flush=True)
asyncio.run(up())
"""


def half(box: Sandbox, path: Path, laid_out: Mapping[str, str | bytes | None]) -> HeldMark:
    """Leave what a killed checkout leaves: a record, a mark, some files and no index."""
    box.git("worktree", "add", "-q", "--no-checkout", "-b", "ws/h", str(path))
    held = set_mark(str(admin(box, path)))
    write(path, laid_out)
    return held


def admin(box: Sandbox, path: Path) -> Path:
    """Where git keeps what it knows of a worktree."""
    return box.root / ".git/worktrees" / path.name


def marks(box: Sandbox) -> list[Path]:
    """The marks of worktrees that are not whole."""
    return list((box.root / ".git/worktrees").glob("*/autod-unfinished"))


async def finished(box: Sandbox, path: Path) -> list[str]:
    """Finish a worktree and return what git says of it."""
    repository = box.open()
    assert [one.unfinished for one in await repository.worktrees()] == [False, True]
    assert await repository.finish_worktree(str(path))
    assert not await repository.finish_worktree(str(path))
    assert [one.unfinished for one in await repository.worktrees()] == [False, False]
    return box.git("status", "--porcelain", cwd=path).splitlines()


async def test_what_is_missing_comes_and_what_others_wrote_stays(box: Sandbox) -> None:
    box.commit({"a": "one\ntwo\n", "b": "b\n", "c/d": "d\n", "e": "e\n", "x/y": "y\n", "empty": ""})
    path = box.root.parent / "w"
    half(box, path, {"a": "one\nt", "b": "edited\n", "e": "", "new": "n\n", "x": "a file\n"}).release()
    assert await finished(box, path) == [" M b", " D x/y", "?? new", "?? x"]
    assert (path / "a").read_text() == "one\ntwo\n"
    assert (path / "b").read_text() == "edited\n"
    assert (path / "c/d").read_text() == "d\n"


async def test_what_somebody_staged_meanwhile_stays_staged(box: Sandbox) -> None:
    box.commit({"a": "a\n", "b": "b\n", "c": "c\n"})
    path = box.root.parent / "w"
    half(box, path, {"a": "edited\n", "new": "n\n"}).release()
    box.git("add", "a", "new", cwd=path)
    assert await finished(box, path) == ["M  a", "A  new"]


async def test_a_checkout_that_came_to_its_end_is_not_done_again(box: Sandbox) -> None:
    box.commit({"a": "a\n", "b": "b\n"})
    path = box.root.parent / "w"
    half(box, path, {}).release()
    box.git("reset", "-q", "--hard", cwd=path)
    box.git("rm", "-q", "a", cwd=path)
    (path / "b").unlink()
    assert await finished(box, path) == ["D  a", " D b"]


async def test_nothing_missing_is_ever_a_change(box: Sandbox) -> None:
    box.commit({"a": "a\n", "b": "b\n"})
    path = box.root.parent / "w"
    half(box, path, {"a": "a\n"}).release()
    repository = box.open()
    for look in (
        repository.changes(str(path), "main"),
        repository.uncommitted(str(path)),
        repository.snapshot(str(path)),
        repository.commit_all(str(path), "m"),
        repository.diff(str(path), "main"),
    ):
        with pytest.raises(RefusedError, match="not all there yet"):
            await look
    assert (await repository.removal(str(path), "ws/h", ["main"], [])).safe
    assert (await repository.changes(str(path), "main")).uncommitted == 0


async def test_removal_sees_what_somebody_wrote(box: Sandbox) -> None:
    box.commit({"a": "a\n", "b": "b\n"})
    path = box.root.parent / "w"
    half(box, path, {"a": "a\n", "mine": "m\n"}).release()
    repository = box.open()
    assert (await repository.removal(str(path), "ws/h", ["main"], [])).uncommitted == ("mine",)
    await repository.remove_worktree(str(path))
    assert not path.exists()


async def test_a_stale_lock_and_a_foreign_git(box: Sandbox) -> None:
    box.commit({"a": "a\n"})
    path = box.root.parent / "w"
    half(box, path, {}).release()
    for lock in (
        admin(box, path) / "index.lock",
        admin(box, path) / "HEAD.lock",
        box.root / ".git/refs/heads/ws/h.lock",
    ):
        lock.touch()
    assert await finished(box, path) == []
    assert not list((box.root / ".git").rglob("*.lock"))[1:]  # but for autod's own


async def test_who_is_at_it_is_waited_for(box: Sandbox) -> None:
    box.commit({"a": "a\n"})
    path = box.root.parent / "w"
    held = half(box, path, {})
    waiting = asyncio.create_task(box.open().finish_worktree(str(path)))
    done, _ = await asyncio.wait([waiting], timeout=0.1)
    assert not done
    box.git("reset", "-q", "--hard", cwd=path)
    held.clear()
    held.release()
    assert not await waiting


@pytest.mark.parametrize("seed", range(6))
def test_killed_again_and_again_at_random(box: Sandbox, seed: int) -> None:
    box.commit(FILES)
    paths = [box.root.parent / f"w{number}" for number in range(4)]
    dice, kept, killed, cut_short = random.Random(seed), {}, 0, 0
    environ = {**ENV, "PYTHONPATH": os.pathsep.join(sys.path)}
    words = [sys.executable, "-c", ADD, str(box.root), *map(str, paths)]
    while True:
        with subprocess.Popen(words, stdout=subprocess.PIPE, start_new_session=True, env=environ) as child:
            assert child.stdout is not None
            child.stdout.readline()
            if killed < 6:
                while killed % 2 == 0 and child.poll() is None and not marks(box):
                    time.sleep(0.001)
                if killed:  # the first time it surely dies in the middle, at all other times at a moment that varies
                    time.sleep(dice.uniform(0.0, 0.15))
                child.kill()
            killed += 1
            if child.wait() == 0:
                break
            assert child.returncode == -signal.SIGKILL
        cut_short += len(marks(box))
        for path in filter(lambda one: (one / "d0/f0").exists(), paths):  # somebody writes where files have come
            write(path, {"d0/f0": f"mine {killed}\n"})
            kept[path] = f"mine {killed}\n"
    for path in paths:
        assert box.git("status", "--porcelain", cwd=path) == (" M d0/f0" if path in kept else "")
        assert (path / "d0/f0").read_text() == kept.get(path, FILES["d0/f0"])
    assert not [str(one) for one in (box.root / ".git").rglob("*.lock") if one.parent.name != "autod"]
    assert cut_short and not list((box.root / ".git/worktrees").glob("*/autod-*"))
    box.git("fsck", "--strict")


async def test_a_checkout_that_fails_leaves_nothing(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    box.commit({"a": "a\n", ".gitattributes": "a filter=broken\n"})
    box.git("config", "--file", str(box.root.parent / "global"), "filter.broken.smudge", "false")
    box.git("config", "--file", str(box.root.parent / "global"), "filter.broken.required", "true")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(box.root.parent / "global"))
    path = box.root.parent / "w"
    with pytest.raises(CommandFailedError, match="smudge"):
        await box.open().add_worktree(str(path), "ws/h", "main")
    assert not path.exists()
    assert not admin(box, path).exists()
    assert box.git("branch", "--list", "ws/*") == ""


async def as_git_does(box: Sandbox, repository: Repository) -> None:
    """Compare a worktree of ours, and one that was cut short and finished, with one by git alone."""
    ours, cut, plain = (box.root.parent / name for name in ("ours", "cut", "plain"))
    await repository.add_worktree(str(ours), "ws/o", "main")
    box.git("worktree", "add", "-q", "--no-checkout", "-b", "ws/c", str(cut))
    set_mark(str(admin(box, cut))).release()
    await repository.finish_worktree(str(cut))
    box.git("-c", "core.hooksPath=/dev/null", "worktree", "add", "-q", "-b", "ws/p", str(plain))
    for one in (ours, cut):
        assert listing(one) == listing(plain)
        for words in (("status", "--porcelain"), ("ls-files", "-t", "--stage")):
            assert box.git(*words, cwd=one) == box.git(*words, cwd=plain)


def listing(root: Path) -> list[tuple[str, bytes | None]]:
    """Every file and empty directory below a worktree, with its content."""
    found = (path for path in sorted(root.rglob("*")) if path.name != ".git")
    return [(str(path.relative_to(root)), path.read_bytes() if path.is_file() else None) for path in found]


async def test_sparse_checkouts_are_as_git_makes_them(box: Sandbox) -> None:
    box.commit({"in/f": "f\n", "out/g": "g\n", "top": "t\n"})
    box.git("sparse-checkout", "set", "--cone", "in")
    await as_git_does(box, box.open())
    assert not (box.root.parent / "cut/out").exists()


async def test_submodules_links_and_modes_are_as_git_makes_them(box: Sandbox, tmp_path: Path) -> None:
    other = Sandbox(tmp_path / "other")
    other.commit({"f": "f\n"})
    box.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other.root), "sub")
    write(box.root, {"run": "#!/bin/sh\n", "-x": "dash\n", "name\nwith\tall": "n\n"})
    (box.root / "run").chmod(0o755)
    (box.root / "link").symlink_to("nowhere")
    box.commit({".gitattributes": "*.txt text eol=crlf\n", "t.txt": "1\n2\n"})
    await as_git_does(box, box.open())
    assert (box.root.parent / "cut/t.txt").read_bytes() == b"1\r\n2\r\n"
    assert os.access(box.root.parent / "cut/run", os.X_OK)


async def test_filters_of_the_user_smudge_and_hooks_of_the_repository_never_run(
    box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = str(box.root.parent / "global")
    box.commit({"a.big": "pointer\n", ".gitattributes": "*.big filter=big\n"})
    box.git("config", "--file", settings, "filter.big.smudge", "sed s/pointer/content/")
    box.git("config", "--file", settings, "filter.big.clean", "sed s/content/pointer/")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", settings)
    hook = box.root / ".git/hooks/post-checkout"
    write(box.root, {".git/hooks/post-checkout": f"#!/bin/sh\ntouch '{box.root.parent}/ran'\n"})
    hook.chmod(0o755)
    repository = box.open()
    path = box.root.parent / "ours"
    await repository.add_worktree(str(path), "ws/o", "main")
    assert (path / "a.big").read_text() == "content\n"
    cut = box.root.parent / "cut"
    box.git("-c", "core.hooksPath=/dev/null", "worktree", "add", "-q", "--no-checkout", "-b", "ws/c", str(cut))
    set_mark(str(admin(box, cut))).release()
    write(cut, {"a.big": "conte"})
    assert await repository.finish_worktree(str(cut))
    assert (cut / "a.big").read_text() == "content\n"
    assert not (box.root.parent / "ran").exists()


async def test_checkouts_run_side_by_side_outside_the_lock(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    box.commit({"f": "f\n"})
    repository = box.open()
    run, under_way, most = repository._git.run, 0, 0
    both = asyncio.Event()

    async def counting(*args: str, **rest: object) -> object:
        nonlocal under_way, most
        if args[0] != "reset":
            return await run(*args, **rest)  # type: ignore[arg-type]
        under_way += 1
        most = max(most, under_way)
        if under_way == 2:
            both.set()
        async with asyncio.timeout(20):
            await both.wait()
        try:
            return await run(*args, **rest)  # type: ignore[arg-type]
        finally:
            under_way -= 1

    monkeypatch.setattr(repository._git, "run", counting)
    places = [str(box.root.parent / f"w{number}") for number in range(4)]
    await asyncio.gather(*(repository.add_worktree(place, f"ws/{Path(place).name}", "main") for place in places))
    assert most >= 2


async def test_a_branch_in_use_or_a_taken_place_is_still_refused(box: Sandbox) -> None:
    box.commit({"f": "f\n"})
    repository = box.open()
    await repository.add_worktree(str(box.root.parent / "w"), "ws/a", "main")
    box.git("pack-refs", "--all")
    for place, branch in (("v", "ws/a"), ("w", "ws/b"), ("v", "HEAD"), ("v", "x.lock")):
        with pytest.raises(AutodError):
            await repository.add_worktree(str(box.root.parent / place), branch, "main")
    assert await repository.resolve("main") == box.git("rev-parse", "main")
    box.git("tag", "main", "HEAD", "-m", "a tag by the branch's name")
    assert await repository.resolve("main") == box.git("rev-parse", "main^{commit}")
