"""The dashboard lives in autod's own tmux server: seen from a real outer terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from autod_tui.tmux.pane import Panes
from autod_tui.tmux.server import TmuxServer
from tests.support.terminals import Terminal, clean_env, until, wait_until

# A stand-in for the dashboard: says its size and what it reads, ends on q, crashes on x.
DASHBOARD = """
import os, signal, sys, termios, tty
tty.setcbreak(0)
def say(*_):
    print("\\033[2J\\033[HDASHBOARD", *os.get_terminal_size(), os.environ.get("MARK"), flush=True)
signal.signal(signal.SIGWINCH, say)
say()
while True:
    data = os.read(0, 100)
    if data == b"q": sys.exit(0)
    if data == b"x": sys.exit("crashed badly")
    print("read", data, flush=True)
"""


@pytest.fixture
def dashboard(server: TmuxServer, tmp_path: Path) -> Callable[[], None]:
    def ensure() -> None:
        server.ensure_session([sys.executable, "-c", DASHBOARD], str(tmp_path), clean_env(MARK="mark"))

    return ensure


@pytest.fixture
def terminal(server: TmuxServer) -> Iterator[Callable[..., Terminal]]:
    opened: list[Terminal] = []

    def attach(window: str = "", **size: int) -> Terminal:
        opened.append(Terminal(server.attach_argv(window), env=server.client_env(), **size))
        return opened[-1]

    yield attach
    for one in opened:
        one.close()


async def test_f12_round_trip(panes: Panes, server: TmuxServer, dashboard, terminal, launch) -> None:
    dashboard()
    agent = await panes.start(launch("sh", "-c", "echo AGENT HERE; cat", title="Fix #(the) thing", workstream="fix"))
    outer = terminal()
    outer.wait_for("DASHBOARD 120 36 mark")
    await panes.resize(agent.window, 50, 10)
    assert (await panes.capture(agent.pane)).size == (50, 10)
    await panes.select(agent.window)
    screen = outer.wait_for("AGENT HERE")
    assert "fix - Fix #(the) thing" in screen.splitlines()[0]
    assert "F12 dashboard" in screen.splitlines()[0]
    await until(lambda: panes.capture(agent.pane), lambda seen: seen.size == (120, 35))
    outer.type("typed to the agent")
    outer.wait_for("typed to the agent")
    outer.press("F12")
    assert "DASHBOARD 120 36" in outer.wait_for("DASHBOARD")
    outer.press("F12")  # on the dashboard the key is the dashboard's own
    outer.wait_for("read b'\\x1b[24~'")


async def test_f12_leaves_copy_mode(panes: Panes, server: TmuxServer, dashboard, terminal, launch) -> None:
    dashboard()
    agent = await panes.start(launch("sh", "-c", "seq 500; cat"))
    outer = terminal(agent.window)
    outer.wait_for("500")
    server.run("copy-mode", "-t", agent.pane).checked("copy-mode")
    outer.press("F12")
    outer.wait_for("DASHBOARD")
    await panes.keys(agent.pane, b"x")  # typed text ends the scrolling and gets through
    await until(lambda: panes.capture(agent.pane), lambda seen: "x" in seen.lines)


async def test_a_closed_terminal_loses_nothing(panes: Panes, server, dashboard, terminal, launch) -> None:
    dashboard()
    agent = await panes.start(launch("sleep", "100"))
    first = terminal()
    first.wait_for("DASHBOARD")
    before = await panes.panes()
    await panes.select(agent.window)
    first.close()
    dashboard()
    second = terminal(columns=100, rows=30)
    second.wait_for("F12 dashboard")  # where the first one was
    second.press("F12")
    second.wait_for("DASHBOARD 100 30")
    assert [(pane.pane, pane.pid) for pane in await panes.panes()] == [(pane.pane, pane.pid) for pane in before]
    assert not next(pane for pane in await panes.panes() if pane.pane == agent.pane).dead


async def test_two_terminals_at_once(server: TmuxServer, dashboard, terminal) -> None:
    dashboard()
    first, second = terminal(), terminal()
    for one in (first, second):
        one.wait_for("DASHBOARD")
    second.type("z")
    for one in (first, second):
        one.wait_for("read b'z'")
    first.close()
    second.type("y")
    second.wait_for("read b'y'")


async def test_quitting_lets_the_terminals_go_and_the_agents_live(panes, server, dashboard, terminal, launch) -> None:
    dashboard()
    agent = await panes.start(launch("sleep", "100"))
    outer = terminal()
    outer.wait_for("DASHBOARD")
    outer.type("q")
    wait_until(outer.ended, "the terminal is back at its shell")
    assert not next(pane for pane in await panes.panes() if pane.pane == agent.pane).dead
    dashboard()
    terminal().wait_for("DASHBOARD")


async def test_a_crashed_dashboard_stays_in_sight_and_is_started_again(server, dashboard, terminal) -> None:
    dashboard()
    outer = terminal()
    outer.wait_for("DASHBOARD")
    outer.type("x")
    outer.wait_for("crashed badly")

    def left() -> bool:
        outer.press("F12")  # until tmux knows of the end the key is the dashboard's
        return outer.ended()

    wait_until(left, "F12 leaves a dead dashboard")
    dashboard()
    terminal().wait_for("DASHBOARD")


async def test_agents_first_and_the_dashboard_later(panes: Panes, server, dashboard, terminal, launch) -> None:
    agent = await panes.start(launch("sh", "-c", "echo AGENT; cat"))
    await until(panes.panes, lambda found: [pane.dead for pane in found if not pane.session] == [True])
    server.ensure_terminal_session()
    outer = terminal(agent.window)
    outer.wait_for("AGENT")
    outer.press("F12")  # no dashboard to go to
    wait_until(outer.ended, "back at the shell")
    dashboard()
    terminal().wait_for("DASHBOARD")
    assert (await panes.panes())[0].window == "@0"


async def test_a_living_dashboard_is_left_alone(panes: Panes, server: TmuxServer, dashboard) -> None:
    dashboard()
    before = [pane.pid for pane in await panes.panes()]
    dashboard()
    assert [pane.pid for pane in await panes.panes()] == before


async def test_a_closed_dashboard_window_is_made_again(panes: Panes, server, dashboard, terminal, launch) -> None:
    dashboard()
    await panes.start(launch("sleep", "100"))
    server.run("kill-window", "-t", "=autod:0").checked("kill-window")
    dashboard()
    terminal().wait_for("DASHBOARD")


def test_inside_its_own_server_it_only_shows_the_dashboard(server: TmuxServer, dashboard, monkeypatch) -> None:
    dashboard()
    monkeypatch.setenv("TMUX", f"{server.socket_path},1,0")
    assert server.inside()
    assert "attach-session" not in server.attach_argv()
    monkeypatch.setenv("TMUX", "/tmp/tmux-0/default,1,0")
    assert not server.inside()
    assert "attach-session" in server.attach_argv()


async def test_an_agent_that_starts_autod_does_not_mark_the_server(server, launch, monkeypatch) -> None:
    monkeypatch.setenv("AUTOD_SESSION", "session-x")
    monkeypatch.setenv("TMUX", "/tmp/other,1,0")
    server.ensure_keeper()
    pid = int(server.run("display-message", "-p", "#{pid}").text)
    environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    assert not any(entry.startswith((b"AUTOD_SESSION", b"TMUX=")) for entry in environment)


async def test_in_a_terminal_that_is_a_tmux(server, dashboard, terminal, tmp_path) -> None:
    dashboard()
    env = server.client_env({**os.environ, "TMUX": "/tmp/other,1,0", "TERM": "tmux-256color"})
    outer = Terminal(server.attach_argv(), env=env)
    outer.wait_for("DASHBOARD")
    outer.close()


async def test_either_session_may_be_killed(panes: Panes, server: TmuxServer, dashboard, terminal, launch) -> None:
    dashboard()
    agent = await panes.start(launch("sleep", "100"))
    for session in ("autod", "autod-hub"):
        server.run("kill-session", "-t", f"={session}").checked("kill-session")
        dashboard()
        assert agent.pane in [pane.pane for pane in await panes.panes() if not pane.dead]
    terminal().wait_for("DASHBOARD")
