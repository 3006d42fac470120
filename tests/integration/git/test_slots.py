"""Slots: one session after another works in them, and nothing that is not committed gets lost or handed on."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from autod_tui.core.errors import CommandFailedError
from autod_tui.git.command import Git
from autod_tui.git.repository import Repository
from tests.support.repos import Sandbox


@pytest.fixture
async def slot(box: Sandbox) -> Path:
    """Where the slot is to be; the repository has a first commit."""
    box.commit({"f": "1\n", "STARTUP.md": "do\n"})
    return box.root.parent / "slot"


async def leave(repository: Repository, box: Sandbox, slot: Path) -> str:
    """Have a session take the slot from `main` and leave it as it was."""
    base = box.git("rev-parse", "main")
    await repository.take_slot(str(slot), "run/r/one", base)
    assert await repository.close_slot(str(slot), "run/r/one", "Save") == base
    return base


def state(box: Sandbox, slot: Path) -> tuple[str, str, str]:
    """Return the branch, its commit and what is not committed, as git itself tells."""
    at = ("-C", str(slot))
    return (
        box.git(*at, "symbolic-ref", "--quiet", "HEAD", check=False),
        box.git(*at, "rev-parse", "HEAD"),
        box.git(*at, "status", "--porcelain"),
    )


async def test_next_session_starts_where_the_last_left_off(box: Sandbox, slot: Path) -> None:
    repository = box.open()
    base = await leave(repository, box, slot)
    index = (box.root / ".git/worktrees/slot/index").stat().st_ino
    await repository.take_slot(str(slot), "run/r/two", base)
    assert (box.root / ".git/worktrees/slot/index").stat().st_ino == index, "laid out once more"
    assert state(box, slot) == ("refs/heads/run/r/two", base, "")
    (slot / "g").write_text("2\n")
    head = await repository.close_slot(str(slot), "run/r/two", "Save")
    assert box.git("rev-parse", "run/r/two", "run/r/one").split() == [head, base]
    await repository.take_slot(str(slot), "run/r/three", base)
    assert state(box, slot) == ("refs/heads/run/r/three", base, "")
    assert not (slot / "g").exists()
    assert box.git("fsck") == ""


@pytest.mark.parametrize("name", ["run/r/two", "run/r"])
async def test_branch_in_the_way_is_for_git(box: Sandbox, slot: Path, name: str) -> None:
    repository = box.open()
    base = await leave(repository, box, slot)
    later = box.commit({"f": "2\n"})
    box.git("-C", str(slot), "checkout", "-q", "--detach", base)
    assert await repository.close_slot(str(slot), "", "Save") == base
    box.git("update-ref", "-d", "refs/heads/run/r/one")
    box.git("branch", name, later)
    box.git("pack-refs", "--all")
    if name == "run/r":
        with pytest.raises(CommandFailedError, match="run/r"):
            await repository.take_slot(str(slot), "run/r/two", base)
        assert state(box, slot) == ("", base, "")
        return
    await repository.take_slot(str(slot), "run/r/two", base)
    assert state(box, slot) == ("refs/heads/run/r/two", base, "")


async def test_what_somebody_staged_meanwhile_is_seen(box: Sandbox, slot: Path) -> None:
    repository = box.open()
    base = await leave(repository, box, slot)
    (slot / "f").write_text("by hand\n")
    box.git("-C", str(slot), "add", "f")
    await repository.take_slot(str(slot), "run/r/two", base)
    assert state(box, slot) == ("refs/heads/run/r/two", base, "")


async def test_left_out_files_are_laid_out_again(box: Sandbox, slot: Path) -> None:
    repository = box.open()
    base = box.git("rev-parse", "main")
    await repository.take_slot(str(slot), "run/r/one", base)
    (slot / "STARTUP.md").write_text("something else\n")
    assert await repository.close_slot(str(slot), "run/r/one", "Save") == base
    await repository.take_slot(str(slot), "run/r/two", base)
    assert (slot / "STARTUP.md").read_text() == "do\n"


async def known_files(repository: Repository, box: Sandbox, slot: Path) -> str:
    """Have three sessions change nothing, so that the slot's files are known, and return where they stand."""
    base = box.git("rev-parse", "main")
    for number in range(3):
        await repository.take_slot(str(slot), f"run/r/quiet-{number}", base)
        age(slot)
        assert await repository.close_slot(str(slot), f"run/r/quiet-{number}", "Save") == base
    await repository.take_slot(str(slot), "run/r/next", base)
    return base


def age(slot: Path) -> None:
    """Wait until the files are old enough to be known by their times: the clock alone brings that about."""
    youngest = max(path.lstat().st_ctime_ns for path in slot.rglob("*"))
    while time.time_ns() - youngest < 60_000_000:
        time.sleep(0.01)


def same_size(slot: Path) -> None:
    seen = (slot / "f").stat()
    (slot / "f").write_text("X\n")
    os.utime(slot / "f", ns=(seen.st_atime_ns, seen.st_mtime_ns))


def restored_by_rename(slot: Path) -> None:
    seen = (slot / "f").stat()
    (slot / "g").write_text("Y\n")
    os.utime(slot / "g", ns=(seen.st_atime_ns, seen.st_mtime_ns))
    (slot / "g").rename(slot / "f")


TOUCHES: dict[str, Callable[[Path], object]] = {
    "same size, old time": same_size,
    "another file in its place": restored_by_rename,
    "new file": lambda slot: (slot / "new").write_text("1\n"),
    "new file far down": lambda slot: ((slot / "a" / "b").mkdir(parents=True), (slot / "a/b/c").write_text("1\n")),
    "gone": lambda slot: (slot / "f").unlink(),
    "executable": lambda slot: (slot / "f").chmod(0o755),
}


@pytest.mark.parametrize("touch", TOUCHES.values(), ids=TOUCHES.keys())
async def test_no_change_goes_unseen_in_a_slot_whose_files_are_known(
    box: Sandbox, slot: Path, touch: Callable[[Path], object]
) -> None:
    repository = box.open()
    base = await known_files(repository, box, slot)
    touch(slot)
    assert await repository.close_slot(str(slot), "run/r/next", "Save") != base
    assert box.git("status", "--porcelain", cwd=slot) == ""


async def test_a_commit_in_a_slot_whose_files_are_known_is_seen(box: Sandbox, slot: Path) -> None:
    repository = box.open()
    base = await known_files(repository, box, slot)
    box.git("commit", "-q", "--allow-empty", "-m", "empty", cwd=slot)
    head = await repository.close_slot(str(slot), "run/r/next", "Save")
    assert head == box.git("rev-parse", "run/r/next") != base


async def test_no_git_runs_where_nothing_was_touched(box: Sandbox, slot: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository = box.open()
    base = await known_files(repository, box, slot)

    async def none(*_: object, **__: object) -> None:
        raise AssertionError("a git was started")

    monkeypatch.setattr(Git, "run", none)
    for number in range(3):
        assert await repository.close_slot(str(slot), f"run/r/{number or 'next'}", "Save") == base
        await repository.take_slot(str(slot), f"run/r/{number + 1}", base)


async def test_work_is_committed_under_the_users_name_with_the_message_given(box: Sandbox, slot: Path) -> None:
    repository = box.open()
    base = box.git("rev-parse", "main")
    await repository.take_slot(str(slot), "run/r/one", base)
    (slot / "new").write_text("1\n")
    head = await repository.close_slot(str(slot), "run/r/one", "Save the work\n\nAutod-Run: r\n")
    assert (
        box.git("log", "-1", "--format=%an|%ce|%P|%B", head)
        == f"Ada|ada@example.com|{base}|Save the work\n\nAutod-Run: r"
    )
    assert state(box, slot) == ("refs/heads/run/r/one", head, "")
    assert box.git("fsck") == ""
