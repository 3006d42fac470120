"""What tmux tells by itself: in time, condensed, and without ever holding an agent up."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from autod_tui.core.pane_ports import PaneEvent
from autod_tui.tmux.meter import FLOOD
from autod_tui.tmux.pane import Panes
from autod_tui.tmux.server import TmuxServer
from tests.support.terminals import until


class Listener:
    """Keeps all events and waits for one."""

    def __init__(self, panes: Panes) -> None:
        self.seen: list[PaneEvent] = []
        self._task = asyncio.create_task(self._listen(panes))

    async def _listen(self, panes: Panes) -> None:
        async for event in panes.events():
            self.seen.append(event)

    async def wait(self, patience: float = 10.0, **fields: object) -> PaneEvent:
        def match() -> list[PaneEvent]:
            return [one for one in self.seen if all(getattr(one, key) == value for key, value in fields.items())]

        async def look() -> list[PaneEvent]:
            return match()

        return (await until(look, bool, patience))[0]

    def count(self, **fields: object) -> int:
        return sum(all(getattr(one, key) == value for key, value in fields.items()) for one in self.seen)

    async def end(self) -> None:
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task


@pytest.fixture
async def listener(panes: Panes, server: TmuxServer) -> AsyncIterator[Callable[[], Listener]]:
    listeners: list[Listener] = []

    def listen() -> Listener:
        listeners.append(Listener(panes))
        return listeners[-1]

    yield listen
    for one in listeners:
        await one.end()


async def joined(events: Listener, panes: Panes, launch) -> None:
    """Wait until the stream hears panes."""
    probe = await panes.start(launch("sh", "-c", "while :; do echo x; sleep 0.1; done"))
    await events.wait(kind="output", pane=probe.pane)
    await panes.kill(probe.pane)


async def test_death_is_told_with_its_status_within_a_second_or_so(panes: Panes, listener, launch) -> None:
    events = listener()
    await joined(events, panes, launch)
    status = await panes.start(launch("sh", "-c", "read line; exit 7"))
    killed = await panes.start(launch("sleep", "100"))
    begin = time.monotonic()
    await panes.keys(status.pane, b"\n")
    told = await events.wait(kind="dead", pane=status.pane)
    assert told.exit_status == 7
    assert time.monotonic() - begin < 1.5
    os.kill(killed.pid, signal.SIGKILL)
    told = await events.wait(kind="dead", pane=killed.pane)
    assert (told.exit_status, told.data) == (None, "SIGKILL")
    assert events.count(kind="dead", pane=status.pane) == 1


async def test_a_closed_window_is_told(panes: Panes, listener, launch) -> None:
    events = listener()
    status = await panes.start(launch("sleep", "100"))
    await joined(events, panes, launch)
    await panes.kill(status.pane)
    await events.wait(kind="closed", pane=status.pane)


async def test_signals_of_a_pane_nobody_looks_at(panes: Panes, listener, launch) -> None:
    events = listener()
    await joined(events, panes, launch)
    text = r"\033]9;need you ünï\007\033]777;notify;a;b\033\\\033]2;new title\007\a"
    status = await panes.start(launch("sh", "-c", f"printf '{text}'; sleep 100"))
    await events.wait(kind="osc", pane=status.pane, data="9;need you ünï")
    await events.wait(kind="osc", pane=status.pane, data="777;notify;a;b")
    await events.wait(kind="title", pane=status.pane, data="new title")
    await events.wait(kind="bell", pane=status.pane)
    assert events.count(kind="title", pane=status.pane) == 1


async def test_watched_output_is_told_at_once_and_other_output_seldom(panes: Panes, listener, launch) -> None:
    events = listener()
    await joined(events, panes, launch)
    chatter = "while :; do echo x; sleep 0.02; done"
    watched = await panes.start(launch("sh", "-c", chatter))
    other = await panes.start(launch("sh", "-c", chatter))
    await panes.watch_output([watched.pane])

    async def told() -> int:
        return events.count(kind="output", pane=watched.pane)

    await until(told, lambda count: count >= 60)
    assert 1 <= events.count(kind="output", pane=other.pane) <= 12
    await panes.watch_output([other.pane])
    before = events.count(kind="output", pane=other.pane)

    async def told_other() -> int:
        return events.count(kind="output", pane=other.pane)

    await until(told_other, lambda count: count >= before + 20)


async def test_the_last_output_of_an_unwatched_burst_is_told(panes: Panes, listener, launch) -> None:
    events = listener()
    await joined(events, panes, launch)
    status = await panes.start(launch("sh", "-c", "for i in 1 2 3 4 5; do echo $i; sleep 0.05; done; sleep 100"))

    async def captured_after_an_event() -> list[str]:
        count = events.count(kind="output", pane=status.pane)
        return [*(await panes.capture(status.pane)).lines[:5]] if count >= 2 else []

    await until(captured_after_an_event, lambda lines: lines == ["1", "2", "3", "4", "5"])


async def test_a_flood_is_switched_off_and_heard_again_when_calm(panes: Panes, listener, launch, monkeypatch) -> None:
    events = listener()
    await joined(events, panes, launch)
    status = await panes.start(
        launch(
            "sh", "-c", "timeout 2 yes 'flooding the reader'; echo; echo over; read x; printf '\\033]9;calm\\007'; cat"
        )
    )
    await panes.watch_output([status.pane])
    stream = next(iter(panes._streams))

    async def off() -> bool:
        ear = stream._hearing._ears.get(status.pane)
        return bool(ear and ear.meter.off_until)

    heard = bytearray()
    hear = stream._hearing.hear
    monkeypatch.setattr(stream._hearing, "hear", lambda pane, data, now: heard.extend(data) or hear(pane, data, now))
    assert await until(off, bool)
    begin, before = time.monotonic(), events.count(kind="output", pane=status.pane)
    await panes.capture(status.pane)
    heard.clear()

    async def told() -> int:
        return events.count(kind="output", pane=status.pane) - before

    await until(told, lambda count: count >= 5)
    assert time.monotonic() - begin > 0.3, "a flood must be told at a low rate"
    assert len(heard) < 4 * FLOOD, "tmux must send nothing of a pane that is switched off"
    await until(lambda: panes.capture(status.pane), lambda seen: "over" in seen.lines)
    await until(off, lambda is_off: not is_off)
    await panes.keys(status.pane, b"\n")
    await events.wait(kind="osc", pane=status.pane, data="9;calm")


async def test_a_stalled_reader_freezes_no_agent(panes: Panes, listener, launch, tmp_path: Path) -> None:
    events = listener()
    await joined(events, panes, launch)
    start = tmp_path / "start"
    status = await panes.start(
        launch("sh", "-c", "while [ ! -e start ]; do sleep 0.01; done; seq 1000000; touch done; cat")
    )
    await panes.watch_output([status.pane])
    start.touch()
    deadline = time.monotonic() + 10
    while not (tmp_path / "done").exists():  # the event loop stands still all the while
        assert time.monotonic() < deadline, "the agent was held up by a reader that does not read"
        time.sleep(0.01)
    screen = await until(lambda: panes.capture(status.pane), lambda seen: "1000000" in seen.lines)
    assert screen.lines
    before = len(events.seen)
    await panes.keys(status.pane, b"still heard\r")

    async def heard() -> bool:
        return any(one.kind == "output" and one.pane == status.pane for one in events.seen[before:])

    await until(heard, bool)


async def test_the_dashboards_own_output_is_never_heard(panes: Panes, server, listener, launch, tmp_path) -> None:
    server.ensure_session(["sh", "-c", "while :; do echo tick; sleep 0.01; done"], str(tmp_path), dict(os.environ))
    events = listener()
    await joined(events, panes, launch)
    dashboard = next(pane.pane for pane in await panes.panes() if not pane.session)
    await panes.watch_output([dashboard])  # even then
    await joined(events, panes, launch)
    told = events.count(pane=dashboard)
    await joined(events, panes, launch)
    assert events.count(pane=dashboard) == told <= 2


async def test_a_switched_window_is_told(panes: Panes, server, listener, launch) -> None:
    status = await panes.start(launch("cat"))
    server.ensure_terminal_session()
    events = listener()
    await joined(events, panes, launch)
    await panes.select(status.window)
    await events.wait(kind="window", data=status.window)


async def test_a_dead_server_is_told_and_joined_again(panes: Panes, server: TmuxServer, listener, launch) -> None:
    events = listener()
    await joined(events, panes, launch)
    os.kill(int(server.run("display-message", "-p", "#{pid}").text), signal.SIGKILL)
    await events.wait(kind="lost")
    assert await panes.panes() == []
    status = await panes.start(launch("sh", "-c", "printf '\\033]9;back\\007'; sleep 0.5; exit 5"))
    await events.wait(kind="dead", pane=status.pane, exit_status=5)
    assert events.count(kind="lost") == 1


async def test_a_server_that_comes_later_is_joined(panes: Panes, listener, launch) -> None:
    events = listener()
    status = await panes.start(launch("sh", "-c", "while :; do echo x; sleep 0.1; done"))
    await events.wait(kind="output", pane=status.pane)


async def test_closing_ends_the_events_and_not_the_agents(server: TmuxServer, launch) -> None:
    panes = Panes(server)
    status = await panes.start(launch("sleep", "100"))
    events = Listener(panes)
    await joined(events, panes, launch)
    await panes.close()
    await asyncio.wait_for(events._task, 5)
    other = Panes(server)
    assert status.pane in [pane.pane for pane in await other.panes() if not pane.dead]
    await other.close()


async def test_split_characters_and_binary_output_disturb_nothing(panes: Panes, listener, launch) -> None:
    code = (
        "import os,time\n"
        "data=('世界é'*30+'\\n').encode()\n"
        "for at in range(len(data)):\n os.write(1,data[at:at+1]); time.sleep(0.001)\n"
        "os.write(1,bytes(b for b in range(128,256))+b'\\nOVER\\n'); time.sleep(100)"
    )
    events = listener()
    await joined(events, panes, launch)
    status = await panes.start(launch(sys.executable, "-c", code))
    screen = await until(lambda: panes.capture(status.pane), lambda seen: any("OVER" in line for line in seen.lines))
    assert "".join(screen.lines).startswith("世界é" * 30)
    assert events.count(kind="lost") == 0
