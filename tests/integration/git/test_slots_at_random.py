"""Sessions that do anything to a slot, one after another: whatever they leave is in their last commit."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.repos import ENV, Sandbox

FILES = {"f": "1\n", "a/b": "1\n", "a/c": "1\n", "a/d/e": "1\n", "g": "1\n", ".gitignore": "*.log\n"}
NAMES = ("f", "g", "h", "a/b", "a/c", "a/n", "a/d/e", "a/d/n", "n/n", "x.log")


class Session:
    """Does a few things by chance, none of which git refuses."""

    def __init__(self, slot: Path, chance: random.Random) -> None:
        self.slot = slot
        self.chance = chance

    def work(self) -> None:
        deeds = (self.write, self.same_size, self.delete, self.rename, self.mode, self.link, self.stage, self.unstage,
                 self.commit, self.commit_part, self.touch, self.empty)  # fmt: skip
        for deed in self.chance.choices(deeds, k=self.chance.randrange(5)):
            deed()

    def any(self) -> Path:
        return self.slot / self.chance.choice(NAMES)

    def write(self) -> None:
        path = self.any()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_text(f"{self.chance.random()}\n" * self.chance.randrange(3))

    def same_size(self) -> None:
        path = self.any()
        if path.is_file() and not path.is_symlink():
            seen = path.stat()
            path.write_text("".join(self.chance.choices("xyz", k=seen.st_size)))
            os.utime(path, ns=(seen.st_atime_ns, seen.st_mtime_ns))

    def delete(self) -> None:
        path = self.any()
        if self.chance.random() < 0.2:
            shutil.rmtree(path.parent if path.parent != self.slot else self.slot / "n", ignore_errors=True)
        path.unlink(missing_ok=True)

    def rename(self) -> None:
        old, new = self.any(), self.any()
        if os.path.lexists(old):
            new.parent.mkdir(parents=True, exist_ok=True)
            old.rename(new)

    def mode(self) -> None:
        path = self.any()
        if path.is_file() and not path.is_symlink():
            path.chmod(self.chance.choice((0o644, 0o755)))

    def link(self) -> None:
        path = self.any()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.symlink_to("f")

    def touch(self) -> None:
        path = self.any()
        if path.is_file() and not path.is_symlink():
            path.touch()

    def empty(self) -> None:
        (self.slot / "n").mkdir(exist_ok=True)

    def stage(self) -> None:
        self.git("add", self.chance.choice(NAMES))

    def unstage(self) -> None:
        self.git("rm", "-q", "--cached", self.chance.choice(NAMES))

    def commit(self) -> None:
        self.git("add", "--all")
        self.git("commit", "-qm", "all")

    def commit_part(self) -> None:
        self.git("commit", "-qm", "part")

    def git(self, *words: str) -> None:
        subprocess.run(["git", *words], cwd=self.slot, env=ENV, capture_output=True, check=False)


def held(slot: Path) -> dict[str, tuple[bool, bytes]]:
    """What a slot holds and git would not ignore: path to whether it is a program, and its content."""
    found = {}
    for path in slot.rglob("*"):
        name = path.relative_to(slot).as_posix()
        if name.endswith(".log"):
            continue
        if path.is_symlink():
            found[name] = (False, b"-> " + os.fsencode(path.readlink()))
        elif path.is_file() and name != ".git":
            found[name] = (bool(path.stat().st_mode & 0o100), path.read_bytes())
    return found


@pytest.mark.parametrize("seed", range(int(os.environ.get("AUTOD_TEST_SEEDS", "6"))))
async def test_nothing_that_a_session_leaves_is_lost(box: Sandbox, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    start = box.commit(FILES)
    repository = box.open()
    slot = tmp_path / "slot"
    for number in range(12):
        branch = f"run/r/{number}"
        await repository.take_slot(str(slot), branch, start)
        Session(slot, chance).work()
        left = held(slot)
        logs = {path: path.read_bytes() for path in slot.rglob("*.log") if not path.is_symlink()}
        head = await repository.close_slot(str(slot), branch, "Save")
        assert box.git("rev-parse", branch) == head
        assert box.git("status", "--porcelain", cwd=slot) == ""
        shown = tmp_path / f"shown-{number}"
        box.git("worktree", "add", "-q", "--detach", str(shown), head)
        assert held(shown) == left, f"session {number}"
        assert all(path.read_bytes() == data for path, data in logs.items()), "ignored files stay"
        box.git("worktree", "remove", "--force", str(shown))
        start = chance.choice((start, head))
