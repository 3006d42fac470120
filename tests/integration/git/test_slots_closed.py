"""Slots closed by a look, or by one `git add`: the same work is kept as where a git status looks first."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from autod_tui.core.errors import CommandFailedError
from autod_tui.git import slots
from autod_tui.git.command import Git
from autod_tui.git.repository import Repository
from tests.support.repos import ENV, Sandbox

FILES = {"f": "1\n2\n3\n", "a/b": "1\n", "a/c": "1\n", ".gitignore": "*.log\n"}


def git(slot: Path, *words: str) -> None:
    """Do as an agent does, whatever git says of it."""
    subprocess.run(["git", *words], cwd=slot, env=ENV, capture_output=True, check=False)


def commit_and_leave(slot: Path) -> None:
    (slot / "f").write_text("5\n")
    git(slot, "commit", "-qam", "theirs")
    (slot / "g").write_text("left\n")


def dropped_from_the_index(slot: Path) -> None:
    git(slot, "rm", "-q", "--cached", "f")
    git(slot, "commit", "-qm", "without f, which stays as it was")


def committed_past_the_file(slot: Path) -> None:
    other = subprocess.run(
        ["git", "rev-parse", "HEAD:a/b"], cwd=slot, env=ENV, capture_output=True, text=True, check=True
    )
    git(slot, "update-index", "--cacheinfo", f"100644,{other.stdout.strip()},f")
    git(slot, "commit", "-qm", "another f, while the file stays as it was")


def merge_half_done(slot: Path) -> None:
    git(slot, "checkout", "-q", "-b", "other")
    (slot / "f").write_text("other\n")
    git(slot, "commit", "-qam", "other")
    git(slot, "checkout", "-q", "-")
    (slot / "f").write_text("ours\n")
    git(slot, "commit", "-qam", "ours")
    git(slot, "merge", "other")


def conflict_of_a_stash(slot: Path) -> None:
    (slot / "f").write_text("stashed\n")
    git(slot, "stash")
    (slot / "f").write_text("ours\n")
    git(slot, "commit", "-qam", "ours")
    git(slot, "stash", "pop")


def repository_within(slot: Path) -> None:
    git(slot, "init", "-q", "inner")
    git(slot / "inner", "commit", "-q", "--allow-empty", "-m", "inner")


def staged_then_changed(slot: Path) -> None:
    git(slot, "rm", "-q", "--cached", "f")
    (slot / "f").write_text("4\n")
    (slot / "new").write_text("1\n")
    git(slot, "add", "-N", "new")


def staged_that_stays_out(slot: Path) -> None:
    (slot / "progress.md").write_text("1\n")
    git(slot, "add", "progress.md")


def another_branch(slot: Path) -> None:
    git(slot, "checkout", "-q", "-b", "else")
    commit_and_leave(slot)


def no_branch(slot: Path) -> None:
    git(slot, "checkout", "-q", "--detach")
    commit_and_leave(slot)


def all_deleted(slot: Path) -> None:
    for path in [slot / "f", slot / "a/b", slot / "a/c", slot / ".gitignore"]:
        path.unlink()


def many(slot: Path) -> None:
    (slot / "f").unlink()
    (slot / "a/b").rename(slot / "moved")
    (slot / "a/c").chmod(0o755)
    (slot / "link").symlink_to("nowhere")
    (slot / "new dir").mkdir()
    (slot / "new dir" / "é\n").write_text("1\n")
    (slot / "x.log").write_text("ignored\n")


LOOK, ADD, MORE = (), ("add",), ("add", "...")
WAYS: dict[str, tuple[Callable[[Path], object], tuple[str, ...]]] = {
    "nothing": (lambda slot: None, LOOK),
    "many changes": (many, ADD),
    "all deleted": (all_deleted, ADD),
    "staged, then changed": (staged_then_changed, ADD),
    "committed": (lambda slot: git(slot, "commit", "-q", "--allow-empty", "-m", "empty"), LOOK),
    "committed, and more left": (commit_and_leave, ADD),
    "committed without a file that stays": (dropped_from_the_index, ADD),
    "committed another content than a file's": (committed_past_the_file, ADD),
    "conflict without an operation": (conflict_of_a_stash, ADD),
    "only an ignored file": (lambda slot: (slot / "x.log").write_text("1\n"), ADD),
    "a file that stays out": (lambda slot: (slot / "progress.md").write_text("1\n"), ADD),
    "a file that stays out, staged": (staged_that_stays_out, MORE),
    "merge half done": (merge_half_done, MORE),
    "another branch": (another_branch, MORE),
    "no branch": (no_branch, MORE),
    "repository within": (repository_within, MORE),
}
"""What a session may leave, and the gits that see it."""
FEW = {name: given for name, given in WAYS.items() if given[1] is not MORE}


@pytest.mark.parametrize("known", [False, True], ids=["first session", "later session"])
@pytest.mark.parametrize("way", [way for way, _ in WAYS.values()], ids=WAYS.keys())
async def test_the_same_is_kept_as_by_a_status(
    box: Sandbox, way: Callable[[Path], object], known: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = box.commit(FILES)
    repository = box.open()
    places = [box.root.parent / name for name in ("slot1", "slot2")]
    for place in places:
        if known:  # files are laid out anew, and what is touched is told from then on
            await repository.take_slot(str(place), f"run/r/first-{place.name}", base)
            (place / "a/new").write_text("1\n")
            await repository.close_slot(str(place), f"run/r/first-{place.name}", "Save")
        await repository.take_slot(str(place), f"run/r/{place.name}", base)
        way(place)
        git(place, "branch", "-D", "other")
    heads = [await repository.close_slot(str(places[0]), "run/r/slot1", "Save")]
    monkeypatch.setattr(slots, "is_plain", lambda index: False)
    heads.append(await repository.close_slot(str(places[1]), "run/r/slot2", "Save"))
    kept = [box.git("rev-parse", f"{head}^{{tree}}") for head in heads]
    if way is not repository_within:  # its commit is another each time
        assert kept[0] == kept[1]
    assert box.git("rev-parse", "run/r/slot1", "run/r/slot2").split() == heads
    first, second = (box.git("status", "--porcelain", "--ignored", cwd=place) for place in places)
    assert first == second
    assert len({box.git("rev-list", "--count", f"{base}..{head}") for head in heads}) == 1
    box.git("fsck")
    for place in places:  # whoever works there next finds all as it should be
        await repository.take_slot(str(place), f"run/r/next-{place.name}", base)
        assert box.git("diff", "HEAD", "--stat", cwd=place) == ""


async def left(box: Sandbox, way: Callable[[Path], object]) -> tuple[Repository, Path]:
    """Return a repository and its slot, in which the session `run/r/one` has done as `way` does."""
    box.commit(FILES)
    repository = box.open()
    slot = box.root.parent / "slot"
    await repository.take_slot(str(slot), "run/r/one", box.git("rev-parse", "main"))
    way(slot)
    return repository, slot


@pytest.mark.parametrize(("way", "gits"), FEW.values(), ids=FEW.keys())
async def test_a_look_or_one_git_closes_a_slot(
    box: Sandbox, way: Callable[[Path], object], gits: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    repository, slot = await left(box, way)
    words: list[str] = []
    run = Git.run

    async def noted(self: Git, *args: str, **more: object) -> object:
        words.append(args[0])
        return await run(self, *args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Git, "run", noted)
    await repository.close_slot(str(slot), "run/r/one", "Save")
    assert words == list(gits)


def commits(slot: Path) -> None:
    (slot / "new").write_text("1\n")
    git(slot, "add", "--all")
    git(slot, "commit", "-qm", "mine")


def commits_and_leaves(slot: Path) -> None:
    commits(slot)
    (slot / "left").write_text("1\n")


@pytest.mark.parametrize(("way", "trees"), [(commits, 0), (commits_and_leaves, 1)])
async def test_no_tree_is_made_where_all_is_committed(
    box: Sandbox, way: Callable[[Path], None], trees: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository, slot = await left(box, way)
    made: list[str | None] = []
    make = slots.tree_of_index
    monkeypatch.setattr(slots, "tree_of_index", lambda *given: made.append(make(*given)) or made[-1])
    head = await repository.close_slot(str(slot), "run/r/one", "Save")
    assert len(made) == trees
    assert box.git("log", "-1", "--format=%s", head) == ("Save" if trees else "mine")


@pytest.mark.parametrize("by_status", [False, True])
async def test_a_repository_within_that_has_no_commit_keeps_nobody(
    box: Sandbox, by_status: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    box.commit(FILES)
    repository = box.open()
    slot, base = box.root.parent / "slot", box.git("rev-parse", "main")
    await repository.take_slot(str(slot), "run/r/one", base)
    git(slot, "init", "-q", "inner")
    (slot / "inner" / "theirs").write_text("1\n")
    (slot / "new").write_text("1\n")
    if by_status:
        monkeypatch.setattr(slots, "is_plain", lambda index: False)
    head = await repository.close_slot(str(slot), "run/r/one", "Save")
    assert box.git("diff", "--name-status", base, head) == "A\tnew"
    await repository.take_slot(str(slot), "run/r/two", base)
    assert (slot / "inner" / "theirs").read_text() == "1\n"
    assert box.git("diff", "HEAD", cwd=slot) == ""


async def test_work_that_git_refuses_to_add_is_told_and_stays(box: Sandbox) -> None:
    box.commit(FILES)
    box.git("config", "core.autocrlf", "input")
    box.git("config", "core.safecrlf", "true")
    repository = box.open()
    slot = box.root.parent / "slot"
    await repository.take_slot(str(slot), "run/r/one", box.git("rev-parse", "main"))
    (slot / "new").write_bytes(b"1\r\n")
    with pytest.raises(CommandFailedError, match="committing the work"):
        await repository.close_slot(str(slot), "run/r/one", "Save")
    box.git("config", "core.safecrlf", "false")
    head = await repository.close_slot(str(slot), "run/r/one", "Save")
    assert box.git("show", f"{head}:new") == "1"
