"""Directories watched by the kernel's own news: at once, missing ones awaited."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from autod_tui.inotify import Unavailable
from autod_tui.watch.spots import Spots


class Ear:
    """What was told so far."""

    def __init__(self, spots: Spots) -> None:
        self.spots = spots
        self.heard: list[str] = []
        self._task = asyncio.create_task(self._listen())
        self._news = asyncio.Event()

    async def _listen(self) -> None:
        async for keys in self.spots.changes():
            self.heard += sorted(keys)
            self._news.set()

    async def after(self, act: Callable[[], object], *keys: str) -> set[str]:
        """Act, and return what is told until all of `keys` were."""
        self.heard.clear()
        act()
        async with asyncio.timeout(5):
            while not set(keys) <= set(self.heard) or not self.heard:
                self._news.clear()
                await self._news.wait()
        return set(self.heard)

    async def close(self) -> None:
        """Listen no more."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self.spots.close()


@pytest.fixture
async def ear() -> AsyncIterator[Ear]:
    try:
        spots = Spots()
    except Unavailable:
        pytest.skip("this system has no inotify")
    ear = Ear(spots)
    yield ear
    await ear.close()


async def test_changes_of_a_directory_are_told_by_its_keys(ear: Ear, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    await ear.spots.watch({"one": str(tmp_path / "a"), "same": str(tmp_path / "a"), "two": str(tmp_path / "b")})
    await ear.after(lambda: None)
    file = tmp_path / "a" / "f"
    assert await ear.after(lambda: file.write_text("1"), "one", "same") == {"one", "same"}
    with file.open("ab", buffering=0) as grown:
        assert await ear.after(lambda: grown.write(b"2"), "one", "same") == {"one", "same"}
    await ear.after(lambda: file.rename(tmp_path / "b" / "f"), "one", "same", "two")
    await ear.after((tmp_path / "b" / "f").unlink, "two")


async def test_missing_directories_are_awaited_however_deep(ear: Ear, tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b" / "c"
    await ear.spots.watch({"deep": str(deep)})
    await ear.after(lambda: None)
    assert await ear.after(lambda: deep.mkdir(parents=True)) == {"deep"}
    await ear.after(lambda: (deep / "first").write_text("1"))
    assert await ear.after(lambda: (deep / "second").write_text("1")) == {"deep"}


async def test_a_directory_that_goes_and_comes_back_is_watched_again(ear: Ear, tmp_path: Path) -> None:
    place = tmp_path / "a" / "b"
    place.mkdir(parents=True)
    await ear.spots.watch({"b": str(place)})
    await ear.after(lambda: None)
    assert await ear.after(lambda: shutil.rmtree(tmp_path / "a")) == {"b"}
    await ear.after(lambda: place.mkdir(parents=True))
    assert await ear.after(lambda: (place / "f").write_text("1")) == {"b"}


async def test_what_is_watched_no_more_is_not_told(ear: Ear, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    await ear.spots.watch({"a": str(tmp_path / "a"), "b": str(tmp_path / "b")})
    await ear.after(lambda: None)
    await ear.spots.watch({"b": str(tmp_path / "b")})
    (tmp_path / "a" / "f").write_text("1")
    assert await ear.after(lambda: (tmp_path / "b" / "f").write_text("1")) == {"b"}


async def test_a_link_to_a_directory_is_that_directory(ear: Ear, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    await ear.spots.watch({"real": str(tmp_path / "real"), "link": str(tmp_path / "link")})
    await ear.after(lambda: None)
    assert await ear.after(lambda: (tmp_path / "real" / "f").write_text("1"), "real", "link") == {"real", "link"}
