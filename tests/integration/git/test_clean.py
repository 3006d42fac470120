"""A worktree seen to be as its index lists it: only where git, reading every file, would say so, too."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from autod_tui.git.clean import Clean
from autod_tui.git.index_tree import listed_in, read_index
from autod_tui.git.objects import Durable, ObjectWriter
from tests.support.repos import Sandbox

FILES = {"f": "1\n2\n", "a/b": "1\n", "a/c/d": "1\n", ".gitignore": "*.log\n", "é x": "1\n"}


class Slot(Sandbox):
    """A worktree of its own."""

    def __init__(self, box: Sandbox) -> None:
        box.commit(FILES)
        box.git("worktree", "add", "-q", "--detach", str(box.root.parent / "slot"))
        self.root = box.root.parent / "slot"
        self.index = Path(self.git("rev-parse", "--git-dir")) / "index"
        self.writer = ObjectWriter(box.root / ".git" / "objects", "sha1", Durable.NOT)

    @property
    def clean(self) -> bool:
        held = read_index(self.index)
        assert held
        return self.looked(held)

    def looked(self, held: bytes) -> bool:
        listed = listed_in(held, self.writer.width)
        written = int(self.index.stat().st_mtime)
        return listed is not None and Clean(str(self.root), listed, written, self.writer).is_clean()


@pytest.fixture
def slot(box: Sandbox) -> Slot:
    return Slot(box)


def with_its_times(path: Path, text: str) -> None:
    """Change what a file holds, and neither its size nor the time of modification."""
    before = path.stat()
    path.write_text(text)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def as_directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


def as_link(path: Path) -> None:
    path.rename(path.with_name(".away"))
    path.symlink_to(".away")


def as_worktree(path: Path) -> None:
    (path / ".git").write_text("gitdir: /elsewhere\n")


CHANGES: dict[str, Callable[[Path], object]] = {
    "changed": lambda root: (root / "a/b").write_text("other\n"),
    "changed to as many bytes": lambda root: (root / "a/b").write_text("2\n"),
    "changed, with the old time": lambda root: with_its_times(root / "a/b", "2\n"),
    "touched": lambda root: (root / "a/b").touch(),
    "executable": lambda root: (root / "a/b").chmod(0o755),
    "deleted": lambda root: (root / "a/c/d").unlink(),
    "new": lambda root: (root / "a/c/new").write_text(""),
    "renamed": lambda root: (root / "f").rename(root / "g"),
    "a worktree within": lambda root: as_worktree(root / "empty directory"),
    "new and ignored": lambda root: (root / "x.log").write_text(""),
    "a directory": lambda root: as_directory(root / "f"),
    "a link": lambda root: as_link(root / "f"),
    "a pipe": lambda root: os.mkfifo(root / "a" / "pipe"),
    "a repository": lambda root: subprocess.run(["git", "init", "-q", "inner"], cwd=root, check=True),
}


@pytest.mark.parametrize("old", [False, True], ids=["in the second of the index", "long after it"])
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_only_what_is_listed_is_clean(slot: Slot, change: Callable[[Path], object], old: bool) -> None:
    (slot.root / "empty directory").mkdir()
    if old:
        os.utime(slot.index, ns=(0, slot.index.stat().st_mtime_ns + 10 * 10**9))
    assert slot.clean
    change(slot.root)
    assert not slot.clean


def test_no_change_in_the_moment_of_a_commit_is_missed(slot: Slot) -> None:
    for number in range(40):
        slot.commit({"f": f"{number:03}\n"})
        assert slot.clean
        with_its_times(slot.root / "f", f"{number + 500:03}\n")
        assert not slot.clean


def test_what_kept_its_times_in_the_second_of_the_index_is_read(slot: Slot) -> None:
    facts = (slot.root / "f").stat()
    (slot.root / "f").write_text("3\n4\n")
    held = read_index(slot.index)
    assert held
    at = held.index(b"\0\1f\0", 12) - 60  # as if its times were the same: a clock may be as coarse as that
    now = (slot.root / "f").stat()
    assert now.st_size == facts.st_size
    times = b"".join(part.to_bytes(4, "big") for ns in (now.st_ctime_ns, now.st_mtime_ns) for part in divmod(ns, 10**9))
    assert not slot.looked(held[:at] + times + held[at + 16 :])


def test_links_programs_and_files_without_content_are_clean(slot: Slot) -> None:
    (slot.root / "link").symlink_to("nowhere/é")
    (slot.root / "empty").touch()
    (slot.root / "program").write_text("#!/bin/sh\n")
    (slot.root / "program").chmod(0o755)
    slot.commit({})
    assert slot.clean


@pytest.mark.parametrize("words", [("update-index", "--index-version", "4"), ("update-index", "--split-index")])
def test_an_index_of_another_kind_is_left_to_git(slot: Slot, words: tuple[str, ...]) -> None:
    slot.git(*words)
    assert not slot.clean


def test_what_git_converts_is_left_to_git(slot: Slot) -> None:
    slot.commit({".gitattributes": "* text eol=crlf\n", "g": "1\r\n"})
    assert not slot.clean
