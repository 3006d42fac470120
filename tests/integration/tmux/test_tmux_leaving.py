"""Leaving the dashboard gives the terminal back as it was: tmux has no word in it unless something failed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from autod_tui.tmux.server import TmuxServer
from tests.support.raw_terminal import RawTerminal
from tests.support.terminals import clean_env, wait_until

Attach = Callable[[], RawTerminal]
DASHBOARD = ["sh", "-c", "echo the dashboard; read key"]


@pytest.fixture
def attach(server: TmuxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Attach]:
    """Make the server with a person's shell that writes down when it is run, and attach terminals to it."""
    shell = tmp_path / "shell"
    shell.write_text(f'#!/bin/sh\necho run >> {tmp_path}/shell-runs\nexec /bin/sh "$@"\n')
    shell.chmod(0o755)
    monkeypatch.setenv("SHELL", str(shell))
    server.ensure_session(DASHBOARD, str(tmp_path), clean_env())
    opened: list[RawTerminal] = []

    def one() -> RawTerminal:
        env = clean_env(TERM="xterm-256color", TMUX_TMPDIR=os.environ["TMUX_TMPDIR"])
        opened.append(RawTerminal(server.attach_argv(), env=env, cwd=tmp_path, size=(80, 24)))
        opened[-1].wait_for(lambda seen: b"the dashboard" in seen, "the dashboard")
        return opened[-1]

    yield one
    for terminal in opened:
        terminal.close()


def ended(terminal: RawTerminal) -> int | None:
    terminal.read()
    return terminal.process.poll()


def test_all_terminals_are_left_without_a_word(attach: Attach, tmp_path: Path) -> None:
    terminals = [attach(), attach()]
    runs = tmp_path / "shell-runs"
    begun = runs.read_text()
    terminals[0].type(b"\r")
    for terminal in terminals:
        wait_until(lambda terminal=terminal: ended(terminal) is not None, "the end of the terminal's tmux")
        assert terminal.process.returncode == 0
        assert b"detached" not in terminal.read()
        assert b"\x1b[?1049l" in terminal.written, "the person's own screen is back"
    assert runs.read_text() == begun, "no shell of the person's is started for it"


def test_an_end_of_the_server_is_told(attach: Attach, server: TmuxServer) -> None:
    terminal = attach()
    server.run("kill-server")
    wait_until(lambda: ended(terminal) is not None, "the end of the terminal's tmux")
    assert b"[server exited" in terminal.read()
