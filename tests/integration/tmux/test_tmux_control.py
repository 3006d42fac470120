"""The conversation with tmux, with a partner that plays tmux at its worst."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from autod_tui.tmux.control import ControlClient, ServerGoneError, TmuxRefusedError

PARTNER = r"""
import sys
def say(*lines):
    print(*lines, sep="\n", flush=True)
say("%begin 1 1 0", "%end 1 1 0", "%session-changed $0 hub", "%begin 1 2 0", "a hook's words", "%end 1 2 0")
for line in sys.stdin:
    command = line.split()[0]
    if command == "screen":
        say("%begin 5 7 1", "4", "%end 5 7 1")
        say("%begin 5 8 1", "%end 5 8 1", "%error 5 8 1", "%output %1 x", "%begin 5 9 1", "%end 5 8 1")
    elif command == "outer":
        say("%begin 6 7 1", "%end 6 6 1", "%end 5 7 1", "%error 6 7 0", "%end 6 7 1")
    elif command == "refuse":
        say("%begin 7 1 1", "can't", "%error 7 1 1")
    elif command == "news":
        say("%output %1 hello", "%begin 8 1 1", "%end 8 1 1", "%window-add @1")
    elif command == "leave":
        say("%begin 9 1 1", "half a reply")
        sys.exit()
"""


@pytest.fixture
async def news() -> list[bytes]:
    return []


@pytest.fixture
async def client(news: list[bytes]):
    client = ControlClient([sys.executable, "-c", PARTNER], on_news=news.append)
    assert await client.join()
    yield client
    await client.close()


async def test_screen_content_that_looks_exactly_like_the_end_is_content(client: ControlClient) -> None:
    blocks = await client.run(["screen"], ["rows"], line_count=lambda reply: int(reply[0]))
    assert blocks == [[b"4"], [b"%end 5 8 1", b"%error 5 8 1", b"%output %1 x", b"%begin 5 9 1"]]


async def test_other_numbers_end_nothing(client: ControlClient) -> None:
    assert await client.run(["outer"]) == [[b"%end 6 6 1", b"%end 5 7 1", b"%error 6 7 0"]]


async def test_an_error_ends_the_line_and_the_next_goes_on(client: ControlClient) -> None:
    with pytest.raises(TmuxRefusedError, match="can't"):
        await client.run(["refuse"], ["never-run"])
    assert len((await client.run(["outer"]))[0]) == 3


async def test_pipelined_replies_keep_their_order(client: ControlClient, news: list[bytes]) -> None:
    outer, fresh, again = await asyncio.gather(client.run(["outer"]), client.run(["news"]), client.run(["outer"]))
    assert (len(outer[0]), fresh, again) == (3, [[]], outer)
    assert news == [b"%output %1 hello", b"%window-add @1"]


async def test_whoever_waits_when_it_ends_is_told(client: ControlClient) -> None:
    waiting = asyncio.create_task(client.run(["leave"]))
    with pytest.raises(ServerGoneError):
        await asyncio.wait_for(waiting, 5)
    assert not client.open
    with pytest.raises(ServerGoneError):
        await client.run(["outer"])


async def test_a_caller_that_gives_up_does_not_disturb_the_next(client: ControlClient) -> None:
    given_up = asyncio.create_task(client.run(["outer"]))
    await asyncio.sleep(0)
    given_up.cancel()
    assert await client.run(["news"]) == [[]]


async def test_joining_nothing_is_false_once_the_client_has_ended(tmp_path: Path) -> None:
    script = 'exec >&-; sleep 0.2; : > "$1"'
    assert not await ControlClient(["sh", "-c", script, "sh", str(tmp_path / "ended")]).join()
    assert (tmp_path / "ended").exists()


@pytest.mark.parametrize("turns", range(8))
async def test_a_join_that_is_given_up_leaves_in_good_order(tmp_path: Path, turns: int) -> None:
    """tmux 3.3a ends, and all agents with it, when a client is killed that is just joining."""
    begun, left = tmp_path / "begun", tmp_path / "left"
    script = ': > "$1"; while read -r line; do :; done; : > "$2"'
    joining = asyncio.create_task(ControlClient(["sh", "-c", script, "sh", str(begun), str(left)]).join())
    for _ in range(turns):
        await asyncio.sleep(0)
    while turns == 7 and not begun.exists():
        await asyncio.sleep(0.005)
    joining.cancel()
    with pytest.raises(asyncio.CancelledError):
        await joining
    assert begun.exists() == left.exists()
