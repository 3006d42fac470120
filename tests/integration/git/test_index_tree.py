"""The tree of an index made without a git is the very one that git would write, or is left to git."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from autod_tui.git.index_tree import read_index, tree_of_index
from autod_tui.git.objects import Durable, ObjectWriter
from tests.support.repos import Sandbox

NAMES = ("a", "b", "a.c", "a-b", "ab", "a0", "é")


def change(root: Path, chance: random.Random) -> None:
    """Write or remove a file, a link or a program somewhere; what is in its way gives way."""
    path = root.joinpath(*chance.choices(NAMES, k=chance.randint(1, 4)))
    for part in [*reversed(path.relative_to(root).parents)][1:]:
        if (root / part).is_file() or (root / part).is_symlink():
            (root / part).unlink()
    if path.is_dir() and not path.is_symlink():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    gone = path.is_symlink() or path.exists()
    path.unlink(missing_ok=True)
    if gone and chance.random() < 0.5:
        return
    if chance.random() < 0.1:
        path.symlink_to("elsewhere")
    else:
        path.write_text(str(chance.random()))
        path.chmod(chance.choice([0o644, 0o755]))


def made(box: Sandbox, algorithm: str = "sha1") -> str | None:
    """Return the tree of the index as it is made without a git."""
    held = read_index(box.root / ".git/index")
    return tree_of_index(held, ObjectWriter(box.root / ".git/objects", algorithm, Durable.NOT)) if held else None


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
@pytest.mark.parametrize("seed", range(3))
def test_tree_is_the_one_that_git_writes(tmp_path: Path, algorithm: str, seed: int) -> None:
    root = tmp_path / "repo"
    box, chance = Sandbox(root), random.Random(seed)
    if algorithm != "sha1":
        box.git("init", "-q", "-b", "main", f"--object-format={algorithm}", str(tmp_path / "other"))
        box.root = root = tmp_path / "other"
    box.commit({"b/f": "1\n"})
    for step in range(8):
        for _ in range(chance.randint(1, 30)):
            change(root, chance)
        box.git("add", "-A")
        tree = made(box, algorithm)
        assert tree is not None
        box.git("ls-tree", "-r", "-t", tree)
        assert tree == box.git("write-tree")
        if step % 3:
            box.git("commit", "-q", "--allow-empty", "-m", "step")
    assert box.git("fsck", "--strict", "--no-dangling") == ""


def test_unusual_indexes_are_left_to_git(box: Sandbox) -> None:
    box.commit({"f": "1\n", "d/g": "2\n"})
    assert made(box) == box.git("write-tree")
    box.git("update-index", "--index-version", "4")
    assert made(box) is None
    box.git("update-index", "--index-version", "2")
    box.git("update-index", "--split-index")
    assert made(box) is None
    box.git("update-index", "--no-split-index")
    (box.root / "later").write_text("3\n")
    box.git("add", "--intent-to-add", "later")
    assert made(box) is None
    box.git("rm", "-q", "--cached", "later")
    blob = box.git("rev-parse", "HEAD:f")
    box.git("update-index", "--replace", "--add", "--cacheinfo", f"100644,{blob},f")
    assert made(box) == box.git("write-tree")


def test_unmerged_and_missing_indexes_are_left_to_git(box: Sandbox) -> None:
    box.commit({"f": "1\n"})
    box.branch("other", "main", {"f": "2\n"})
    box.commit({"f": "3\n"})
    box.git("merge", "other", check=False)
    assert made(box) is None
    (box.root / ".git/index").unlink()
    assert made(box) is None


def test_torn_index_is_left_to_git(box: Sandbox) -> None:
    box.commit({f"d{number}/f": "1\n" for number in range(4)})
    index = box.root / ".git/index"
    whole = index.read_bytes()
    assert made(box) is not None
    for end in range(len(whole)):
        index.write_bytes(whole[:end])
        assert made(box) is None


def test_index_without_remembered_trees_is_left_to_git(box: Sandbox) -> None:
    box.git("add", "-A")
    (box.root / "f").write_text("1\n")
    box.git("add", "-A")
    assert made(box) is None
