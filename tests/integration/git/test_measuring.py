"""Observing a worktree: its index is never written to, and files that come and go meanwhile are no error."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from autod_tui.git import settled
from tests.support.repos import Sandbox, write


async def lane(box: Sandbox, files: dict[str, str | bytes | None]) -> Path:
    """Commit `files` and make a worktree of them."""
    box.commit(files)
    worktree = box.root.parent / "lane"
    await box.open().add_worktree(str(worktree), "lane", "main")
    return worktree


def age(worktree: Path, index: Path, seconds: float = 60.0) -> None:
    """Make a checkout look as if all of it was written in one moment, some time ago."""
    then = index.stat().st_mtime_ns - int(seconds * 1e9)
    for path in [*worktree.glob("*.txt"), index]:
        os.utime(path, ns=(then, then))


async def test_observing_never_touches_the_index(box: Sandbox) -> None:
    worktree = await lane(box, {f"f{number}.txt": "x\n" for number in range(20)})
    index = box.root / ".git/worktrees/lane/index"
    age(worktree, index)
    before = (index.read_bytes(), index.stat().st_mtime_ns, index.stat().st_ino)
    lock = index.with_name("index.lock")
    for busy in (False, True):
        if busy:
            lock.write_bytes(b"")  # an agent is in the middle of a commit
        repository = box.open()
        for _ in range(4):
            assert (await repository.changes(str(worktree), "main")).uncommitted == 0
        assert (index.read_bytes(), index.stat().st_mtime_ns, index.stat().st_ino) == before
    write(worktree, {"f1.txt": "y\n"})
    assert (await repository.changes(str(worktree), "main")).uncommitted == 1
    await repository.snapshot(str(worktree))
    assert (index.read_bytes(), index.stat().st_mtime_ns, index.stat().st_ino) == before
    lock.unlink()


async def test_what_the_agent_stages_and_commits_is_seen_at_once(box: Sandbox) -> None:
    worktree = await lane(box, {"f1.txt": "x\n", "f2.txt": "x\n"})
    age(worktree, box.root / ".git/worktrees/lane/index")
    repository = box.open()
    for _ in range(3):
        await repository.changes(str(worktree), "main")
    box.git("rm", "-q", "--cached", "f1.txt", cwd=worktree)
    assert (await repository.changes(str(worktree), "main")).uncommitted == 1  # one path, gone and untracked
    box.commit({"f2.txt": "y\n"}, cwd=worktree)
    seen = await repository.changes(str(worktree), "main")
    assert (seen.ahead, seen.files, seen.uncommitted) == (1, 1, 0)


async def test_a_young_checkout_is_hashed_no_longer_than_it_has_to(box: Sandbox) -> None:
    worktree = await lane(box, {f"f{number}.txt": "x\n" for number in range(3)})
    index = box.root / ".git/worktrees/lane/index"
    age(worktree, index)
    indexes = settled.SettledIndexes(box.open()._git)
    place = box.open()._git.place_of(str(worktree))
    assert await indexes.env(place) == {}
    copy = Path((await indexes.env(place))["GIT_INDEX_FILE"])
    assert copy.stat().st_mtime > index.stat().st_mtime
    del indexes
    assert not copy.parent.exists()


@contextmanager
def churning(worktree: Path) -> Iterator[None]:
    """Make and remove files in a worktree as quickly as can be."""
    ended = threading.Event()

    def churn() -> None:
        number = 0
        while not ended.is_set():
            number += 1
            paths = [worktree / f"t{number % 50}-{part}" / "x.tmp" for part in range(8)]
            for path in paths:
                path.parent.mkdir(exist_ok=True)
                path.write_bytes(b"x" * 5000)
            (worktree / "f1.txt").write_text(f"{number}\n" * (number % 900))
            (worktree / "f2.txt").unlink(missing_ok=True)
            (worktree / "f2.txt").write_text(f"{number}\n")
            for path in paths:
                path.unlink()
                path.parent.rmdir()

    thread = threading.Thread(target=churn)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


async def test_files_that_come_and_go_are_no_error(box: Sandbox) -> None:
    worktree = await lane(box, {f"f{number}.txt": "x\n" for number in range(3)})
    repository = box.open()
    with churning(worktree):
        for _ in range(40):
            commit = await repository.snapshot(str(worktree))
            assert box.git("cat-file", "-t", commit) == "commit"
            await repository.changes(str(worktree), "main")
