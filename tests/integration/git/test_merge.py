"""Merges are git's own merges, but for STARTUP.md and progress.md."""

from __future__ import annotations

from pathlib import Path

import pytest

from autod_tui.core.errors import RefusedError
from tests.support.repos import Sandbox

LINES = "".join(f"line {number}\n" for number in range(30))


def swap(text: str, **lines: str) -> str:
    """Replace lines: swap(text, l3="new") changes `line 3`."""
    rows = text.splitlines()
    for name, new in lines.items():
        rows[int(name[1:])] = new
    return "\n".join(rows) + "\n"


BASE = {
    "a.txt": LINES,
    "dir/deep/b.txt": LINES.replace("line", "bee"),
    "dir/c.txt": LINES.replace("line", "sea"),
    "odd name\n\tü#.txt": LINES.replace("line", "odd"),
    "bin": b"\0\1\2" * 50,
    "CHANGES": "one\n",
    ".gitattributes": "CHANGES merge=union\n",
    "sub/.gitattributes": "*.lst merge=union\n",
    "sub/x.lst": "1\n",
}

CASES = {
    "both change apart": ({"a.txt": swap(LINES, l2="O")}, {"a.txt": swap(LINES, l25="T"), "new/n": "n"}),
    "content conflict": ({"a.txt": swap(LINES, l2="O")}, {"a.txt": swap(LINES, l2="T")}),
    "odd name conflict": (
        {"odd name\n\tü#.txt": swap(LINES, l2="O")},
        {"odd name\n\tü#.txt": swap(LINES, l2="T"), "dir/c.txt": "x\n"},
    ),
    "modify/delete": ({"a.txt": None}, {"a.txt": swap(LINES, l2="T")}),
    "add/add": ({"n": "ours\n"}, {"n": "theirs\n"}),
    "binary": ({"bin": b"\0\1\3" * 50}, {"bin": b"\0\1\4" * 50}),
    "rename and change": (
        {"a.txt": None, "moved/a.txt": LINES},
        {"a.txt": swap(LINES, l2="T")},
    ),
    "rename/rename": ({"a.txt": None, "x.txt": LINES}, {"a.txt": None, "y.txt": LINES}),
    "directory rename": (
        {"dir/deep/b.txt": None, "dir/c.txt": None, "dar/deep/b.txt": LINES.replace("line", "bee"), "dar/c.txt": "s\n"},
        {"dir/deep/new.txt": "new\n"},
    ),
    "file and directory": ({"n/x": "1\n"}, {"n": "2\n"}),
    "union by attribute": ({"CHANGES": "one\nours\n"}, {"CHANGES": "one\ntheirs\n"}),
    "union by nested attribute": ({"sub/x.lst": "1\n2\n"}, {"sub/x.lst": "1\n3\n"}),
}


async def check_against_git(box: Sandbox, ours: str, theirs: str) -> None:
    """Compare the bench with a real `git merge` of two branches, tree for tree and stage for stage."""
    async with box.open().bench(scratch=False) as bench:
        merged = await bench.merge(box.git("rev-parse", ours), box.git("rev-parse", theirs))
    box.git("checkout", "-q", ours)
    box.git("merge", "-q", "--no-ff", "-m", "m", theirs, check=False)
    stages = {
        (row.split("\t", 1)[1], *row.split("\t", 1)[0].split()[1:])
        for row in box.git("ls-files", "-u", "-z").split("\0")
        if row
    }
    names = {box.git("rev-parse", theirs): theirs}
    found = {
        (_named(one.path, names), oid, str(stage))
        for one in merged.conflicts
        for stage, oid in ((1, one.base), (2, one.ours), (3, one.theirs))
        if oid
    }
    assert found == stages
    if not stages:
        assert merged.tree == box.git("rev-parse", "HEAD^{tree}")


def _named(path: str, names: dict[str, str]) -> str:
    """Git calls a file that had to step aside `name~branch`; the bench knows commits only."""
    stem, _, side = path.partition("~")
    return f"{stem}~{names.get(side, side)}" if side else path


@pytest.mark.parametrize("case", CASES)
async def test_merge_equals_gits_own(box: Sandbox, case: str) -> None:
    base = box.commit(BASE)
    ours, theirs = CASES[case]
    box.branch("ours", base, ours)
    box.branch("theirs", base, theirs)
    await check_against_git(box, "ours", "theirs")


async def test_mode_changes_and_links_merge_as_in_git(box: Sandbox) -> None:
    base = box.commit(BASE)
    box.git("checkout", "-q", "-b", "ours")
    (box.root / "a.txt").chmod(0o755)
    (box.root / "link").symlink_to("a.txt")
    box.commit({})
    box.branch("theirs", base, {"a.txt": swap(LINES, l4="T")})
    await check_against_git(box, "ours", "theirs")


async def test_criss_cross_merges_as_in_git(box: Sandbox) -> None:
    base = box.commit(BASE)
    one = box.branch("one", base, {"a.txt": swap(LINES, l2="1")})
    two = box.branch("two", base, {"dir/c.txt": "2\n"})
    for name, other in (("one", two), ("two", one)):
        box.git("checkout", "-q", name)
        box.git("merge", "-q", "--no-ff", "-m", "cross", other)
        box.commit({f"{name}.txt": name, "a.txt": swap(LINES, l2=f"after {name}")})
    box.git("checkout", "-q", "main")
    await check_against_git(box, "one", "two")


async def test_steering_files_stay_as_in_ours_and_never_conflict(box: Sandbox) -> None:
    base = box.commit({"f": "1\n", "STARTUP.md": "base\n", "deep/progress.md": "1\n"})
    ours = box.branch("ours", base, {"progress.md": "ours\n"})
    theirs = box.branch(
        "theirs", base, {"progress.md": "theirs\n", "STARTUP.md": None, "deep/progress.md": "2\n", "g": "g"}
    )
    async with box.open().bench(scratch=False) as bench:
        merged = await bench.merge(ours, theirs)
        back = await bench.merge(theirs, ours)
    assert merged.conflicts == back.conflicts == ()
    assert box.git("show", f"{merged.tree}:progress.md") == "ours"
    assert box.git("show", f"{merged.tree}:STARTUP.md") == "base"
    assert box.git("show", f"{merged.tree}:deep/progress.md") == "2"
    assert "STARTUP.md" not in box.git("ls-tree", "--name-only", back.tree).splitlines()


async def test_kinds_are_named(box: Sandbox) -> None:
    base = box.commit(BASE)
    ours = box.branch("ours", base, {"a.txt": None, "n": "o\n", "dir/c.txt": "o\n"})
    theirs = box.branch("theirs", base, {"a.txt": swap(LINES, l2="T"), "n": "t\n", "dir/c.txt": "t\n"})
    async with box.open().bench(scratch=True) as bench:
        merged = await bench.merge(ours, theirs)
    assert {one.path: one.kind for one in merged.conflicts} == {
        "a.txt": "modify/delete",
        "n": "add/add",
        "dir/c.txt": "content",
    }


async def test_scratch_leaves_the_object_store_alone(box: Sandbox) -> None:
    base = box.commit(BASE)
    ours = box.branch("ours", base, {"a.txt": swap(LINES, l2="O")})
    theirs = box.branch("theirs", base, {"dir/c.txt": "t\n", "progress.md": "p"})
    before = box.objects()
    async with box.open().bench(scratch=True) as bench:
        merged = await bench.merge(ours, theirs)
        commit = await bench.commit(merged.tree, [ours, theirs], "m")
        assert await bench.tree_of(commit) == merged.tree
        assert not (await bench.merge(commit, theirs)).conflicts
    assert box.objects() == before


async def test_unrelated_histories_are_refused_and_the_bench_goes_on(box: Sandbox) -> None:
    base = box.commit(BASE)
    theirs = box.branch("theirs", base, {"new": "n"})
    box.git("checkout", "-q", "--orphan", "lonely")
    lonely = box.commit({"x": "y"})
    async with box.open().bench(scratch=True) as bench:
        with pytest.raises(RefusedError, match="shares no history"):
            await bench.merge(base, lonely)
        assert not (await bench.merge(base, theirs)).conflicts


async def test_resolve_replaces_and_removes_nested_paths(box: Sandbox) -> None:
    base = box.commit(BASE)
    blob = box.git("hash-object", "-w", "a.txt")
    async with box.open().bench(scratch=False) as bench:
        tree = await bench.resolve(
            await bench.tree_of(base),
            {"dir/deep/b.txt": ("", ""), "dir/c.txt": ("100755", blob), "new/way/down": ("100644", blob)},
        )
    listed = box.git("ls-tree", "-r", tree).splitlines()
    assert f"100755 blob {blob}\tdir/c.txt" in listed
    assert f"100644 blob {blob}\tnew/way/down" in listed
    assert not any("dir/deep" in row for row in listed)
    assert "dir/deep" not in box.git("ls-tree", "-r", "-t", "--name-only", tree)


async def test_a_commit_is_gits_own_and_by_the_user(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"):
        monkeypatch.delenv(name, raising=False)
    base = box.commit(BASE)
    async with box.open().bench(scratch=False) as bench:
        commit = await bench.commit(await bench.tree_of(base), [base], "Merge ü\n\nbody")
    assert box.git("log", "-1", "--format=%an %ae %cn %s|%b", commit) == "Ada ada@example.com Ada Merge ü|body"
    box.git("fsck", "--strict")


async def test_sha256_repositories_work(tmp_path: Path, box: Sandbox) -> None:
    del box
    other = Sandbox.__new__(Sandbox)
    other.root = tmp_path / "long"
    other.root.mkdir()
    other.git("init", "-q", "-b", "main", "--object-format=sha256")
    base = other.commit(BASE)
    other.branch("ours", base, {"a.txt": swap(LINES, l2="O"), "progress.md": "o"})
    theirs = other.branch("theirs", base, {"dir/c.txt": "t\n", "progress.md": "t"})
    async with other.open().bench(scratch=False) as bench:
        merged = await bench.merge(other.git("rev-parse", "ours"), theirs)
        commit = await bench.commit(merged.tree, [base, theirs], "m")
    assert len(commit) == 64
    assert other.git("show", f"{commit}:progress.md") == "o"
