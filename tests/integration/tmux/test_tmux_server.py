"""Making and finding the server: fit tmux, private sockets, one server per repository."""

from __future__ import annotations

import concurrent.futures
import os
import subprocess
import sys
from pathlib import Path

import pytest

from autod_tui.core.errors import EnvironmentUnfitError, ExitCode
from autod_tui.tmux.server import TmuxServer, require_tmux
from tests.support.terminals import wait_until


def fake_tmux(tmp_path: Path, says: str) -> str:
    program = tmp_path / "tmux"
    program.write_text(f"#!/bin/sh\necho '{says}'\n")
    program.chmod(0o755)
    return str(program)


def test_this_tmux_is_fit() -> None:
    assert require_tmux() >= (3, 2)


@pytest.mark.parametrize(
    ("says", "fit"), [("tmux 3.1c", False), ("tmux 2.9", False), ("tmux 3.2a", True), ("x", False)]
)
def test_versions(tmp_path: Path, monkeypatch, says: str, fit: bool) -> None:
    monkeypatch.setenv("AUTOD_TMUX", fake_tmux(tmp_path, says))
    if fit:
        assert require_tmux() == (3, 2)
        return
    with pytest.raises(EnvironmentUnfitError, match=r"3\.2") as caught:
        require_tmux()
    assert caught.value.exit_code == ExitCode.UNFIT
    assert "install tmux" in caught.value.hint


def test_no_tmux_at_all(monkeypatch) -> None:
    monkeypatch.setenv("AUTOD_TMUX", "/nowhere/tmux")
    with pytest.raises(EnvironmentUnfitError, match="not found") as caught:
        require_tmux()
    assert "AUTOD_TMUX" in caught.value.hint


def test_a_socket_directory_open_to_others_is_refused(server: TmuxServer) -> None:
    server.socket_path.parent.mkdir(mode=0o700)
    server.socket_path.parent.chmod(0o777)
    with pytest.raises(EnvironmentUnfitError, match="0777") as caught:
        server.ensure_keeper()
    assert "chmod 700" in caught.value.hint


def test_many_may_make_it_at_once_and_one_dashboard_runs(server: TmuxServer, tmp_path: Path) -> None:
    dashboard = ["sh", "-c", "echo started >> starts; sleep 100"]
    env = {"PATH": os.environ["PATH"]}
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: server.ensure_session(dashboard, str(tmp_path), env), range(8)))
    wait_until((tmp_path / "starts").exists)
    wait_until(lambda: not list(server.launch_dir.iterdir()), "no script is left behind")
    assert (tmp_path / "starts").read_text() == "started\n"
    assert server.run("list-sessions", "-F", "#{session_name}").text.split() == ["autod", "autod-hub"]
    assert len(server.run("list-windows", "-t", "=autod", "-F", "#{window_id}").text.split()) == 1


def test_each_repository_has_its_own(tmp_path: Path) -> None:
    one, two = TmuxServer(tmp_path / "a"), TmuxServer(tmp_path / "b")
    assert one.socket_name != two.socket_name
    assert one.socket_name == TmuxServer(tmp_path / "b" / ".." / "a").socket_name


def test_the_configuration_is_taken_whole(server: TmuxServer) -> None:
    server.ensure_keeper()
    shown = server.run("show-options", "-g").text + server.run("show-options", "-gw").text
    shown += server.run("show-options", "-s").text
    for line in ("prefix None", "remain-on-exit on", "history-limit 50000", "exit-empty off", "allow-rename off"):
        assert line in shown
    assert "F12" in server.run("list-keys", "-T", "root").text
    assert server.run("show-messages").text.count("tmux.conf:") == 0


def test_stopping_what_does_not_run_is_no_error(server: TmuxServer) -> None:
    server.stop()
    server.ensure_keeper()
    assert server.libtmux().windows[0].window_index == "0"
    server.stop()
    server.stop()


def test_the_room_is_entered_without_libtmux() -> None:
    code = "import sys, autod_tui.tmux.pane, autod_tui.tmux.server; sys.exit('libtmux' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_keeper_that_is_slow_to_end_is_no_dashboard(server: TmuxServer, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("autod_tui.tmux.server.KEEPER", "sleep 0.5")
    server.ensure_session(["sh", "-c", "touch started; sleep 100"], str(tmp_path), {"PATH": os.environ["PATH"]})
    wait_until((tmp_path / "started").exists)


def test_an_empty_server_is_stopped_and_one_with_an_agent_is_not(server: TmuxServer) -> None:
    server.stop_if_empty()
    server.ensure_keeper()
    wait_until(lambda: server.run("list-panes", "-a", "-F", "#{pane_dead}").text == "1", "the keeper's pane is dead")
    server.run("new-window", "-d", "-t", "=autod-hub:1", "sleep 100")
    server.stop_if_empty()
    assert server.running()
    server.run("kill-window", "-t", "=autod-hub:1")
    server.stop_if_empty()
    wait_until(lambda: not server.running(), "the server ends")
