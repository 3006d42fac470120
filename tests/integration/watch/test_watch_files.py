import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from autod_tui.watch.files import FileWatch
from autod_tui.watch.watcher import open_listener

DEADLINE = 10.0


class Seen:
    """Collects what a FileWatch tells."""

    def __init__(self, watch: FileWatch) -> None:
        self.watch = watch
        self.batches: list[frozenset[str]] = []
        self._news = asyncio.Condition()

    async def run(self) -> None:
        async for keys in self.watch.changes():
            async with self._news:
                self.batches.append(keys)
                self._news.notify_all()

    async def until(self, *keys: str) -> frozenset[str]:
        """Wait until all of `keys` were told; return everything told since the last time."""
        async with asyncio.timeout(DEADLINE), self._news:
            await self._news.wait_for(lambda: set(keys) <= set().union(*self.batches))
        told = frozenset().union(*self.batches)
        self.batches.clear()
        return told


@asynccontextmanager
async def watching(debounce: float = 0.02, **options) -> AsyncIterator[Seen]:
    seen = Seen(FileWatch(debounce=debounce, **options))
    task = asyncio.create_task(seen.run())
    try:
        yield seen
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


def make(tmp_path: Path, *names: str) -> dict[str, str]:
    for name in names:
        (tmp_path / name).mkdir()
    return {name: str(tmp_path / name) for name in names}


async def test_a_new_key_is_reported_once_and_then_its_changes(tmp_path):
    async with watching() as seen:
        await seen.watch.watch(make(tmp_path, "a", "b"))
        await seen.until("a", "b")
        (tmp_path / "a" / "deep").mkdir()
        await seen.until("a")
        (tmp_path / "a" / "deep" / "file").write_text("1")
        assert await seen.until("a") == {"a"}


async def test_ignored_directories_and_the_git_file_are_silent(tmp_path):
    paths = make(tmp_path, "a", "b")
    for ignored in ("node_modules", ".venv", "__pycache__", ".git"):
        (tmp_path / "a" / ignored).mkdir()
    async with watching() as seen:
        await seen.watch.watch(paths)
        await seen.until("a", "b")
        for ignored in ("node_modules", ".venv", "__pycache__", ".git"):
            (tmp_path / "a" / ignored / "file").write_text("1")
        (tmp_path / "b" / "uv.lock").write_text("1")
        assert await seen.until("b") == {"b"}


async def test_paths_are_added_and_removed_while_running(tmp_path):
    paths = make(tmp_path, "a", "b")
    async with watching() as seen:
        await seen.watch.watch({"a": paths["a"]})
        await seen.until("a")
        await seen.watch.watch(paths)
        assert await seen.until("b") == {"b"}
        (tmp_path / "a" / "x").write_text("1")
        (tmp_path / "b" / "x").write_text("1")
        await seen.until("a", "b")
        await seen.watch.watch({"b": paths["b"]})
        (tmp_path / "a" / "y").write_text("1")
        (tmp_path / "b" / "y").write_text("1")
        assert await seen.until("b") == {"b"}


async def test_many_additions_end_in_few_watchers_and_none_is_lost(tmp_path):
    names = [f"w{index}" for index in range(20)]
    paths = make(tmp_path, *names)
    async with watching() as seen:
        for count in range(1, 21):
            await seen.watch.watch({name: paths[name] for name in names[:count]})
            (tmp_path / names[count - 1] / "x").write_text("1")
        await seen.until(*names)
        for name in names:
            (tmp_path / name / "y").write_text("1")
        await seen.until(*names)
        assert len(seen.watch._watchers) <= 8


async def test_a_missing_directory_is_noticed_when_it_comes(tmp_path):
    async with watching() as seen:
        await seen.watch.watch({"late": str(tmp_path / "some" / "where" / "late")})
        await seen.until("late")
        (tmp_path / "some" / "where" / "late").mkdir(parents=True)
        await seen.until("late")
        (tmp_path / "some" / "where" / "late" / "file").write_text("1")
        await seen.until("late")


async def test_a_removed_directory_that_returns_is_watched_again(tmp_path):
    async with watching() as seen:
        await seen.watch.watch(make(tmp_path, "a", "b"))
        await seen.until("a", "b")
        shutil.rmtree(tmp_path / "a")
        await seen.until("a")
        (tmp_path / "b" / "x").write_text("1")
        await seen.until("b")
        (tmp_path / "a").mkdir()
        await seen.until("a")
        await seen.watch.watch({"a": str(tmp_path / "a"), "b": str(tmp_path / "b")})  # waits for the set-up
        (tmp_path / "a" / "x").write_text("1")
        await seen.until("a")


async def test_git_directories_tell_of_refs_and_indexes_only(tmp_path):
    def git(*words: str, at: Path = tmp_path / "repo") -> None:
        identity = ("-c", "user.name=t", "-c", "user.email=t@t")
        subprocess.run(["git", *identity, *words], cwd=at, check=True, capture_output=True)

    (tmp_path / "repo").mkdir()
    git("init", "-q", "-b", "main")
    git("commit", "-q", "--allow-empty", "-m", "one")
    common = tmp_path / "repo" / ".git"
    async with watching() as seen:
        await seen.watch.watch({"refs": str(common)})
        await seen.until("refs")
        git("branch", "other")
        await seen.until("refs")
        git("worktree", "add", "-q", "../lane", "other")
        await seen.until("refs")
        await seen.watch.watch({"refs": str(common)})
        (tmp_path / "lane" / "file").write_text("1")
        git("add", "file", at=tmp_path / "lane")
        await seen.until("refs")
        (common / "objects" / "tmp").write_text("1")
        (common / "HEAD.lock").write_text("1")
        (common / "COMMIT_EDITMSG").write_text("1")
        (common / "packed-refs").write_text("")
        await seen.until("refs")


def test_git_noise_concerns_no_key(tmp_path):
    from autod_tui.watch.roots import Roots

    (tmp_path / "objects").mkdir()
    (tmp_path / "HEAD").write_text("ref: refs/heads/main\n")
    roots = Roots({"refs": str(tmp_path)})
    noise = (
        "objects/ab/cd",
        "HEAD.lock",
        "refs/heads/x.lock",
        "COMMIT_EDITMSG",
        "autod/journal.db",
        "worktrees/a/logs/HEAD",
    )
    assert not roots.keys(f"{tmp_path}/{path}" for path in noise)
    for path in ("HEAD", "index", "packed-refs", "refs/heads/x", "worktrees/a/HEAD", "worktrees/a/index"):
        assert roots.keys([f"{tmp_path}/{path}"]) == {"refs"}, path


async def test_the_inner_of_two_nested_worktrees_is_meant(tmp_path):
    (tmp_path / "outer" / "inner").mkdir(parents=True)
    paths = {"outer": str(tmp_path / "outer"), "inner": str(tmp_path / "outer" / "inner")}
    async with watching() as seen:
        await seen.watch.watch(paths)
        await seen.until("outer", "inner")
        (tmp_path / "outer" / "inner" / "x").write_text("1")
        assert await seen.until("inner") == {"inner"}


async def test_a_burst_is_one_batch(tmp_path):
    async with watching(debounce=0.3) as seen:
        await seen.watch.watch(make(tmp_path, "a"))
        await seen.until("a")
        for index in range(50):
            (tmp_path / "a" / str(index)).write_text("1")
        await seen.until("a")
        (tmp_path / "a" / "last").write_text("1")
        async with asyncio.timeout(DEADLINE):
            while not seen.batches:
                async with seen._news:
                    await seen._news.wait()
        assert len(seen.batches) == 1


async def test_steady_noise_does_not_hold_a_batch_back_for_ever(tmp_path):
    async with watching(debounce=0.1) as seen:
        await seen.watch.watch(make(tmp_path, "a"))
        await seen.until("a")

        async def noise() -> None:
            while True:
                (tmp_path / "a" / "log").write_text("1")
                await asyncio.sleep(0.02)

        task = asyncio.create_task(noise())
        try:
            await seen.until("a")
        finally:
            task.cancel()


async def test_a_refused_directory_is_polled_and_said(tmp_path):
    notes: list[str] = []
    modes: list[tuple[list[str], bool]] = []

    def limited(paths, deep, polling):
        modes.append((paths, polling))
        if str(tmp_path / "a") in paths and not polling:
            raise OSError("inotify watch limit reached")
        return open_listener(paths, deep, polling)

    async with watching(note=notes.append, opened=limited) as seen:
        await seen.watch.watch(make(tmp_path, "a", "b"))
        await seen.until("a", "b")
        assert len(notes) == 1
        assert str(tmp_path / "a") in notes[0]
        assert "limit reached" in notes[0]
        assert ([str(tmp_path / "a")], True) in modes
        (tmp_path / "b" / "x").write_text("1")
        await seen.until("b")
        (tmp_path / "a" / "x").write_text("1")
        await seen.until("a")
