"""Reading panes, typing into them, ending them."""

from __future__ import annotations

import asyncio
import hashlib
import os
import signal
import sys
import threading
from pathlib import Path

import pytest

from autod_tui import process, processes
from autod_tui.core.errors import AutodError
from autod_tui.core.pane_ports import PaneStatus
from autod_tui.tmux.control import ControlClient
from autod_tui.tmux.pane import Panes
from tests.support.terminals import until


async def the_pane(panes: Panes, pane: str) -> PaneStatus:
    return next(status for status in await panes.panes() if status.pane == pane)


async def dead(panes: Panes, pane: str) -> PaneStatus:
    return await until(lambda: the_pane(panes, pane), lambda status: status.dead)


async def shows(panes: Panes, pane: str, text: str):
    return await until(lambda: panes.capture(pane), lambda screen: any(text in line for line in screen.lines))


async def test_without_a_server_there_are_no_panes(panes: Panes, server) -> None:
    assert await panes.panes() == []
    assert not server.running()
    with pytest.raises(AutodError, match="not running"):
        await panes.capture("%1")


async def test_the_exit_status_of_the_quickest_program_is_known(panes: Panes, launch) -> None:
    for _ in range(30):  # tmux misses about one in ten of these
        status = await panes.start(launch("sh", "-c", "exit 7"))
        assert (await dead(panes, status.pane)).exit_status == 7


async def test_nobody_joins_while_the_first_session_is_made(
    panes: Panes, server, launch, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, joined_early = threading.Event(), threading.Event()
    ensure, join = server.ensure_keeper, ControlClient.join

    def ensure_keeper() -> None:
        ensure()  # the server listens from here on
        joined_early.wait(0.3)
        made.set()

    async def joining(client: ControlClient) -> bool:
        if not made.is_set():
            joined_early.set()
        return await join(client)

    monkeypatch.setattr(server, "ensure_keeper", ensure_keeper)
    monkeypatch.setattr(ControlClient, "join", joining)
    first = asyncio.create_task(panes.start(launch("sleep", "100")))
    await until(lambda: asyncio.to_thread(server.running), bool)
    second = await panes.start(launch("sleep", "100"))
    assert (await first).pane != second.pane
    assert not joined_early.is_set()


async def test_a_killed_program_has_a_signal(panes: Panes, launch) -> None:
    status = await panes.start(launch("sleep", "100"))
    await shows(panes, status.pane, "")
    os.kill(status.pid, signal.SIGKILL)
    found = await dead(panes, status.pane)
    assert (found.exit_status, found.signal) == (None, "SIGKILL")


async def test_capture_is_exact(panes: Panes, launch) -> None:
    text = r"\033[1;38;2;1;2;3mred\033[0m \033]8;;http://x\033\\link\033]8;;\033\\ \033(0ql\033(B ünï\n世界|\033[?25l"
    status = await panes.start(launch("sh", "-c", f"printf '{text}'; sleep 100"))
    screen = await shows(panes, status.pane, "|")
    assert screen.lines[0].startswith("\x1b[1m\x1b[38;2;1;2;3mred\x1b[0m")
    assert screen.lines[0].endswith(" link ─┌ ünï")
    assert screen.lines[1] == "世界|"
    assert screen.cursor is None
    assert not any(char in line.replace("\x1b[", "") for line in screen.lines for char in "\x1b\x0e\x0f\x07")
    assert len(screen.lines) == screen.size[1]


async def test_history_comes_before_the_screen(panes: Panes, launch) -> None:
    status = await panes.start(launch("sh", "-c", "seq 500; sleep 100"))
    await shows(panes, status.pane, "500")
    screen = await panes.capture(status.pane, history=20)
    assert len(screen.lines) == screen.size[1] + 20
    numbers = [int(line) for line in screen.lines if line]
    assert numbers == list(range(numbers[0], 501))
    assert screen.cursor == (0, numbers.index(500) + 1)
    everything = await panes.capture(status.pane, history=100_000)
    assert next(filter(None, everything.lines)) == "1"


LOOK_ALIKE = """
import subprocess, sys, time
for count in range(400):
    for number in range(200, 600, 7):
        print("%end", int(time.time()), number + count, 1)
print("%begin 1 2 1\\n%error 1 2 1\\n%exit\\nOVER", flush=True)
time.sleep(100)
"""


async def test_look_alike_replies_end_nothing(panes: Panes, launch) -> None:
    status = await panes.start(launch(sys.executable, "-c", LOOK_ALIKE))
    while not any("OVER" in line for line in (await panes.capture(status.pane)).lines):
        screens = await asyncio.gather(*(panes.capture(status.pane, history=200) for _ in range(10)))
        assert all(len(screen.lines) >= screen.size[1] for screen in screens)
    assert (await the_pane(panes, status.pane)).pid == status.pid


async def test_keys_arrive_byte_for_byte(panes: Panes, launch, tmp_path: Path) -> None:
    data = bytes(range(1, 256)) * 12 + "é世;".encode()
    got = tmp_path / "got"
    reader = f"stty raw -echo; echo ready; head -c {len(data)} > got; echo got-all; sleep 100"
    status = await panes.start(launch("sh", "-c", reader))
    await shows(panes, status.pane, "ready")
    await panes.keys(status.pane, data)
    await shows(panes, status.pane, "got-all")
    assert got.read_bytes() == data


async def test_a_named_key_follows_the_programs_mode(panes: Panes, launch) -> None:
    reader = "stty raw -echo; printf '\\033[?1hready'; head -c 3 | od -c; sleep 100"
    status = await panes.start(launch("sh", "-c", reader))
    await shows(panes, status.pane, "ready")
    await panes.named_key(status.pane, "Up")
    await shows(panes, status.pane, "033   O   A")


async def test_a_megabyte_is_pasted_byte_for_byte(panes: Panes, launch, tmp_path: Path) -> None:
    text = "".join(f"{number} ünï; 'quoted' #(id)\t{{E}}\n" for number in range(40_000))
    data = text.encode()
    assert len(data) > 1_000_000
    reader = f"stty raw -echo; echo ready; head -c {len(data)} | sha256sum; sleep 100"
    status = await panes.start(launch("sh", "-c", reader))
    await shows(panes, status.pane, "ready")
    await panes.paste(status.pane, text, submit=False)
    await shows(panes, status.pane, hashlib.sha256(data).hexdigest())


async def test_a_paste_is_stripped_bracketed_and_submitted_apart(panes: Panes, launch, tmp_path: Path) -> None:
    reader = "stty raw -echo; printf '\\033[?2004hready'; head -c 30 | tee got; sleep 100"
    status = await panes.start(launch("sh", "-c", reader))
    await shows(panes, status.pane, "ready")
    await panes.paste(status.pane, "one\x1b[201~\x03\x1b[A\x9b;\r\ntwo;\x7f\x00", submit=True)

    async def got() -> bytes:
        return (tmp_path / "got").read_bytes() if (tmp_path / "got").exists() else b""

    expected = b"\x1b[200~one[A;\ntwo;\x1b[201~\r"
    await panes.keys(status.pane, b"." * (30 - len(expected)))
    assert await until(got, lambda data: len(data) == 30) == expected + b"." * (30 - len(expected))


SLOW_TO_PASTE = """
import os, select, time
os.system("stty raw -echo")
os.write(1, b"ready")
pasted = os.read(0, 1000)
os.write(1, b"\\r\\nPasting text...")
end = time.monotonic() + 0.3
while (left := end - time.monotonic()) > 0:
    if select.select([0], [], [], left)[0]:
        os.read(0, 1000)  # dropped
os.write(1, b"\\r\\x1b[2K> " + pasted)
while os.read(0, 1) != b"\\r":
    pass
os.write(1, b"\\r\\nsubmitted")
time.sleep(100)
"""


async def test_enter_waits_for_a_program_that_says_it_is_pasting(panes: Panes, launch) -> None:
    status = await panes.start(launch(sys.executable, "-c", SLOW_TO_PASTE))
    await shows(panes, status.pane, "ready")
    await panes.paste(status.pane, "words", submit=True)
    await shows(panes, status.pane, "submitted")


async def test_pasting_into_nothing_is_an_error(panes: Panes, launch) -> None:
    status = await panes.start(launch("true"))
    await dead(panes, status.pane)
    for pane in (status.pane, "%999"):
        with pytest.raises(AutodError):
            await panes.paste(pane, "text", submit=True)


STUBBORN = """
import os, signal, sys, time
for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT): signal.signal(number, signal.SIG_IGN)
for _ in range(2):
    if os.fork() == 0:
        os.setsid()
        if os.fork(): os._exit(0)
print("ready", os.getpid(), flush=True)
time.sleep(1000)
"""


async def test_kill_leaves_nothing_of_a_stubborn_tree(panes: Panes, launch, monkeypatch) -> None:
    monkeypatch.setattr("autod_tui.tmux.pane.GRACE", 0.2)
    one = launch(sys.executable, "-c", STUBBORN)
    bystander = await panes.start(launch("sleep", "100"))
    status = await panes.start(one)
    await shows(panes, status.pane, "ready")
    marker = f"AUTOD_SESSION={one.session}"

    async def marked() -> list[int]:
        return processes.marked(marker)

    await until(marked, lambda found: len(found) >= 3)
    await panes.kill(status.pane)
    assert processes.marked(marker) == []
    assert [pane.pane for pane in await panes.panes() if pane.session] == [bystander.pane]
    await panes.kill(status.pane)  # gone already: nothing to do


async def test_kill_closes_a_dead_pane_and_ends_what_it_left(panes: Panes, launch) -> None:
    one = launch("sh", "-c", "setsid sleep 1000 >/dev/null 2>&1 & exit 3")
    status = await panes.start(one)
    await dead(panes, status.pane)
    await panes.kill(status.pane)
    assert processes.marked(f"AUTOD_SESSION={one.session}") == []


async def test_resize_and_title(panes: Panes, launch) -> None:
    status = await panes.start(launch("sh", "-c", "printf '\\033]2;The | title\\007'; sleep 100"))
    await panes.resize(status.window, 200, 50)
    screen = await until(lambda: panes.capture(status.pane), lambda seen: seen.size == (200, 50))
    assert len(screen.lines) == 50
    await until(lambda: the_pane(panes, status.pane), lambda pane: pane.title == "The | title")


async def test_two_processes_may_use_the_server_at_once(panes: Panes, server, launch) -> None:
    status = await panes.start(launch("cat"))
    code = (
        "import asyncio,sys;from pathlib import Path;from autod_tui.tmux.pane import Panes;"
        "from autod_tui.tmux.server import TmuxServer;"
        "print([p.pane for p in asyncio.run(Panes(TmuxServer(Path(sys.argv[1]))).panes())])"
    )
    found = await process.run([sys.executable, "-c", code, str(server.launch_dir.parent.parent)], timeout=20)
    assert status.pane in found.checked("look").text
