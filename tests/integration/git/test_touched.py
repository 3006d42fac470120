"""What the kernel tells of worktrees: every touch of a file, and that it can't tell where it can't."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from autod_tui import inotify
from autod_tui.git import touched as module
from autod_tui.git.touched import Touched
from autod_tui.inotify import Inotify, Unavailable


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    tree = tmp_path / "tree"
    (tree / "a" / "b").mkdir(parents=True)
    for name in ("f", "a/g", "a/b/h"):
        (tree / name).write_text("1\n")
    return tree


@pytest.fixture
def watched(tree: Path) -> Touched:
    watched = Touched()
    watched.begin(str(tree))
    return watched


TOUCHES: dict[str, tuple[Callable[[Path], object], set[bytes]]] = {
    "nothing": (lambda tree: (tree / "f").read_text(), set()),
    "written": (lambda tree: (tree / "a/b/h").write_text("2\n"), {b"a/b/h"}),
    "opened for writing": (lambda tree: (tree / "f").open("r+").close(), {b"f"}),
    "made and gone": (lambda tree: ((tree / "a/x").touch(), (tree / "a/x").unlink()), {b"a/x"}),
    "renamed": (lambda tree: (tree / "f").rename(tree / "a/é"), {b"f", "a/é".encode()}),
    "moved away": (lambda tree: (tree / "f").rename(tree.parent / "f"), {b"f"}),
    "moved in": (lambda tree: ((tree.parent / "x").touch(), (tree.parent / "x").rename(tree / "x")), {b"x"}),
    "its times": (lambda tree: os.utime(tree / "a/g"), {b"a/g"}),
    "its mode": (lambda tree: (tree / "a/g").chmod(0o755), {b"a/g"}),
    "a link": (lambda tree: (tree / "l").symlink_to("f"), {b"l"}),
}
UNSURE: dict[str, Callable[[Path], object]] = {
    "a new directory": lambda tree: (tree / "new").mkdir(),
    "a directory gone": lambda tree: shutil.rmtree(tree / "a/b"),
    "a directory renamed": lambda tree: (tree / "a").rename(tree / "c"),
    "a directory from elsewhere": lambda tree: ((tree.parent / "d").mkdir(), (tree.parent / "d").rename(tree / "d")),
    "the tree renamed": lambda tree: tree.rename(tree.parent / "elsewhere"),
    "the tree gone": lambda tree: shutil.rmtree(tree),
}


@pytest.mark.parametrize(("touch", "paths"), TOUCHES.values(), ids=TOUCHES.keys())
def test_each_file_that_is_touched_is_told(
    watched: Touched, tree: Path, touch: Callable[[Path], object], paths: set[bytes]
) -> None:
    touch(tree)
    assert watched.since(str(tree)) == paths
    watched.begin(str(tree))
    assert watched.since(str(tree)) == set()


@pytest.mark.parametrize("touch", UNSURE.values(), ids=UNSURE.keys())
def test_where_directories_come_and_go_nothing_is_told(
    watched: Touched, tree: Path, touch: Callable[[Path], object]
) -> None:
    touch(tree)
    assert watched.since(str(tree)) is None
    assert watched.since(str(tree)) is None


def test_new_directories_are_watched_from_the_next_beginning_on(watched: Touched, tree: Path) -> None:
    (tree / "new").mkdir()
    watched.begin(str(tree))
    (tree / "new" / "x").touch()
    assert watched.since(str(tree)) == {b"new/x"}


def test_trees_are_told_apart(watched: Touched, tree: Path) -> None:
    other = tree.parent / "other"
    other.mkdir()
    assert watched.since(str(other)) is None
    watched.begin(str(other))
    (other / "x").touch()
    assert (watched.since(str(tree)), watched.since(str(other))) == (set(), {b"x"})


def test_too_many_directories_are_not_watched(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MANY", 2)
    watched = Touched()
    watched.begin(str(tree))
    assert watched.since(str(tree)) is None
    shutil.rmtree(tree / "a/b")
    watched.begin(str(tree))
    (tree / "a/g").touch()
    assert watched.since(str(tree)) == {b"a/g"}


def test_news_that_the_kernel_lost_make_all_unknown(
    watched: Touched, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = [[inotify.News(-1, inotify.LOST, b"")], []]
    monkeypatch.setattr(Inotify, "read", lambda self: iter(lost.pop(0)))
    assert watched.since(str(tree)) is None


def test_a_system_without_such_news_tells_nothing(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unavailable(self: Inotify) -> None:
        raise Unavailable("too many")

    monkeypatch.setattr(Inotify, "__init__", unavailable)
    watched = Touched()
    for _ in range(2):
        watched.begin(str(tree))
        assert watched.since(str(tree)) is None
