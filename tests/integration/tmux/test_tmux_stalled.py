"""A reader that falls behind: what it asks tmux for then must never cost the server, and all agents with it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from autod_tui.tmux.hearing import Hearing
from autod_tui.tmux.meter import FLOOD
from autod_tui.tmux.quoting import command_line
from autod_tui.tmux.server import DASHBOARD, TmuxServer
from autod_tui.tmux.stream import FLAGS
from tests.support.terminals import wait_until

FULL = 2**16
"""Bytes of a pipe."""


@contextmanager
def reader(server: TmuxServer, flags: str) -> Iterator[subprocess.Popen[bytes]]:
    """Join the server by a control client that nobody reads."""
    pipe = subprocess.PIPE
    with subprocess.Popen(server.control_argv(flags), env=server.client_env(), stdin=pipe, stdout=pipe) as client:
        try:
            wait_until(lambda: str(client.pid) in server.run("list-clients", "-F", "#{client_pid}").text)
            yield client
        finally:
            client.kill()


def flood(server: TmuxServer, mark: str) -> None:
    """Have the pane print more than a pipe holds."""
    server.run("send-keys", "-t", DASHBOARD, f"seq 60000; echo {mark[:-1]}''{mark[-1]}", "Enter")
    wait_until(lambda: mark in server.run("capture-pane", "-p", "-t", DASHBOARD).text)


def tell(client: subprocess.Popen[bytes], hearing: Hearing) -> None:
    """Send what wants to be sent."""
    assert client.stdin is not None
    assert hearing.requests
    while hearing.requests:
        client.stdin.write(command_line(hearing.requests.popleft()))
    client.stdin.flush()


def read_to(client: subprocess.Popen[bytes], what: bytes) -> None:
    """Read until `what` comes, or the server has ended."""
    assert client.stdout is not None
    told = b""
    while what not in told and (more := os.read(client.stdout.fileno(), FULL)):
        told += more


def silenced(hearing: Hearing, pane: str) -> None:
    hearing.silence(pane)


def flooded(hearing: Hearing, pane: str) -> None:
    hearing.hear(pane, b"x" * (FLOOD + 1), 10.0)


@pytest.mark.parametrize("way", [silenced, flooded])
def test_a_pane_is_switched_off_while_tmux_owes_what_it_printed(
    server: TmuxServer, way: Callable[[Hearing, str], None]
) -> None:
    server.ensure_keeper()
    server.run("respawn-window", "-k", "-t", DASHBOARD, "sh")
    pane = server.run("display-message", "-p", "-t", DASHBOARD, "#{pane_id}").text
    with reader(server, "ignore-size,no-output"), reader(server, FLAGS) as client:
        flood(server, "first")
        hearing = Hearing(frozenset())
        way(hearing, pane)
        tell(client, hearing)
        flood(server, "second")
        read_to(client, f"%pause {pane}".encode())
        flood(server, "third")
        assert server.running()
        hearing.paused(pane, 11.0)
        assert not hearing.requests, "it was asked for"


def test_the_dashboards_pane_stays_silent() -> None:
    hearing = Hearing(frozenset())
    hearing.hear("%0", b"x" * (FLOOD + 1), 10.0)
    hearing.silence("%0")
    hearing.requests.clear()
    assert not hearing.hear("%0", b"x", 10.1)
    assert hearing.take(20.0) == []
    assert not hearing.requests
