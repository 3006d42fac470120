"""A file that another process writes is read whole, piece by piece, until its writer has ended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from autod_tui.inotify import Unavailable
from autod_tui.store import file_news
from autod_tui.store.growth import CHUNK, growth

PATIENCE = 10.0


@pytest.fixture(params=[True, False], ids=["inotify", "watchfiles"], autouse=True)
def by_kernel(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the kernel tell of changes, or not."""

    def refuse() -> None:
        raise Unavailable("no inotify here")

    if not request.param:
        monkeypatch.setattr(file_news, "Inotify", refuse)


async def read_on(pieces: AsyncGenerator[bytes, None], wanted: int) -> bytes:
    """Read until `wanted` bytes have come."""
    found = b""
    async with asyncio.timeout(PATIENCE):
        while len(found) < wanted:
            found += await anext(pieces)
    return found


async def rest(pieces: AsyncGenerator[bytes, None]) -> bytes:
    async with asyncio.timeout(PATIENCE):
        return b"".join([piece async for piece in pieces])


async def test_what_is_there_comes_in_pieces_and_ends(tmp_path: Path) -> None:
    path, ended = tmp_path / "output.log", asyncio.Event()
    content = bytes(range(256)) * (3 * CHUNK // 256 + 1)
    path.write_bytes(content)
    ended.set()
    pieces = [piece async for piece in growth(path, ended)]
    assert b"".join(pieces) == content
    assert max(map(len, pieces)) <= CHUNK


async def test_what_is_added_follows(tmp_path: Path) -> None:
    path, ended = tmp_path / "output.log", asyncio.Event()
    path.write_bytes(b"one\n")
    pieces = growth(path, ended)
    assert await read_on(pieces, 4) == b"one\n"
    for word in (b"two\n", b"three\n"):
        with path.open("ab") as file:
            file.write(word)
        assert await read_on(pieces, len(word)) == word
    ended.set()
    assert await rest(pieces) == b""


async def test_the_last_words_before_the_end_are_not_lost(tmp_path: Path) -> None:
    path, ended = tmp_path / "output.log", asyncio.Event()
    path.write_bytes(b"begun\n")
    pieces = growth(path, ended)
    assert await read_on(pieces, 6) == b"begun\n"
    with path.open("ab") as file:
        file.write(b"the last line")
    ended.set()
    assert await rest(pieces) == b"the last line"


async def test_a_file_that_is_made_later_is_waited_for(tmp_path: Path) -> None:
    path, ended = tmp_path / "output.log", asyncio.Event()
    pieces = growth(path, ended)
    first = asyncio.ensure_future(anext(pieces))
    (tmp_path / "another.log").write_bytes(b"not this one")
    done, _ = await asyncio.wait([first], timeout=0.3)
    assert not done
    path.write_bytes(b"here")
    async with asyncio.timeout(PATIENCE):
        assert await first == b"here"
    ended.set()
    assert await rest(pieces) == b""


async def test_one_that_never_came_is_empty(tmp_path: Path) -> None:
    ended = asyncio.Event()
    ended.set()
    assert await rest(growth(tmp_path / "output.log", ended)) == b""


async def test_a_reader_may_leave_in_the_middle(tmp_path: Path) -> None:
    path = tmp_path / "output.log"
    path.write_bytes(b"one\n")
    pieces = growth(path, asyncio.Event())
    assert await read_on(pieces, 4) == b"one\n"
    async with asyncio.timeout(PATIENCE):
        await pieces.aclose()
    assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []
