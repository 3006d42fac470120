"""The end of a server whose clients take nothing any more: tmux itself would wait for them for ever."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from autod_tui import processes
from autod_tui.tmux.ending import seen_to_end, server_pid
from autod_tui.tmux.server import TmuxServer
from tests.support.terminals import end_server, wait_until


@contextlib.contextmanager
def control_client(server: TmuxServer) -> Iterator[tuple[subprocess.Popen[bytes], list[int]]]:
    """Attach a client that is owed output; give it, and the descriptors of whoever should take it."""
    inside, outside = os.pipe(), os.pipe()
    fcntl.fcntl(outside[1], fcntl.F_SETPIPE_SZ, 4096)
    argv = server.control_argv("ignore-size")
    client = subprocess.Popen(argv, stdin=inside[0], stdout=outside[1], env=server.client_env())
    os.close(inside[0])
    os.close(outside[1])
    ours = [inside[1], outside[0]]
    try:
        assert select.select([outside[0]], [], [], 20)[0], "it attaches"
        yield client, ours
    finally:
        for descriptor in ours:
            os.close(descriptor)
        client.kill()
        client.wait()


def owe(server: TmuxServer) -> None:
    """Have a pane print so much that the client's pipe, one page, is full."""
    server.run("new-window", "-d", "-n", "flood", "yes a line that is long enough to fill something")
    flood = ("display-message", "-p", "-t", "=autod-hub:flood", "#{history_size}")
    wait_until(lambda: int(server.run(*flood).text or 0) > 200, "a flood")


def test_a_server_whose_client_is_stopped_ends_all_the_same(server: TmuxServer) -> None:
    server.ensure_keeper()
    pid = server_pid(server.socket_path)
    assert str(pid) == server.run("display-message", "-p", "#{pid}").text
    with control_client(server) as (client, _):
        client.send_signal(signal.SIGSTOP)
        server.stop()
        assert not processes.alive(pid)
    assert not server.running()
    server.ensure_keeper()  # and a new one may take its place at once
    assert server_pid(server.socket_path) not in (0, pid)


def test_a_server_ends_though_it_owes_output_to_who_was_killed(server: TmuxServer) -> None:
    server.ensure_keeper()
    pid = server_pid(server.socket_path)
    with control_client(server) as (client, ours):
        owe(server)
        while ours:
            os.close(ours.pop())
        end_server(server.socket_path)
        assert not processes.alive(pid)
        client.wait(20)


def test_without_descriptors_of_processes_it_is_looked_for(server: TmuxServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "pidfd_open")
    server.ensure_keeper()
    pid = server_pid(server.socket_path)
    with control_client(server) as (client, _):
        client.send_signal(signal.SIGSTOP)
        with seen_to_end(server.socket_path, grace=0.1):
            server.run("kill-server")
        assert not processes.alive(pid)


def test_where_nobody_listens_nothing_is_waited_for(tmp_path: Path) -> None:
    with seen_to_end(tmp_path / "no-socket") as pid:
        assert pid == 0
    end_server(tmp_path / "no-socket")
