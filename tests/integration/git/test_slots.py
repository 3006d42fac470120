"""Slots: one session after another works in them, and nothing that is not committed gets lost or handed on."""

from __future__ import annotations

from pathlib import Path

import pytest

from autod_tui.core.errors import CommandFailedError
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
