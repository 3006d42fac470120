"""The main job by keys alone, in a real terminal: wizard, agent at work, attach and back, checkpoint, rollback."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.terminals import Terminal, clean_env, end_server, wait_until

SETTINGS = """
[project]
target = "main"
agent = "scribe"
[agents.scribe]
command = ["sh", "-c", '''
cat STARTUP.md; echo done > work.txt; git add work.txt; git commit -qm work
echo the scribe rests; read answer; echo heard $answer; sleep 600''']
[gates.check]
command = "test -s work.txt"
[[checkpoint]]
name = "first"
merge = ["older"]
into = "integration/first"
gates = ["check"]
"""

pytestmark = pytest.mark.e2e


class World:
    """A repository, a home and a tmux socket directory of their own."""

    def __init__(self, directory: Path) -> None:
        self.root = directory / "re po#1"
        self.root.mkdir()
        self.sockets = Path(tempfile.mkdtemp(prefix="autod-e2e-"))  # a socket's path has to be short
        home = directory / "home"
        home.mkdir()
        (home / ".gitconfig").write_text("[user]\nname = A\nemail = a@example.org\n")
        self.env = clean_env(
            HOME=str(home), XDG_STATE_HOME=str(home / "state"), TMUX_TMPDIR=str(self.sockets), TERM="xterm-256color"
        )
        self.git("init", "-q", "-b", "main")
        (self.root / "autod.toml").write_text(SETTINGS)
        older = self.root / "workstreams" / "older"
        older.mkdir(parents=True)
        (older / "STARTUP.md").write_text("# older\n")
        self.git("add", "-A")
        self.git("commit", "-qm", "base")

    def git(self, *words: str) -> str:
        done = subprocess.run(["git", *words], cwd=self.root, env=self.env, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def autod(self, *words: str) -> list[str]:
        return [sys.executable, "-P", "-m", "autod_tui", *words]

    def terminal(self, columns: int = 120, rows: int = 34) -> Terminal:
        return Terminal(self.autod(), env=self.env, columns=columns, rows=rows, cwd=self.root)

    def close(self) -> None:
        for socket in (self.sockets / f"tmux-{os.getuid()}").glob("autod-*"):
            end_server(socket)
        shutil.rmtree(self.sockets, ignore_errors=True)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.close()


def refs(world: World) -> list[str]:
    return world.git("for-each-ref", "--format=%(refname:short)", "refs/heads/").splitlines()


def seen(terminal: Terminal, key: str) -> None:
    """Press a key and wait until the screen answers: a person sees where they are before they go on."""
    before = terminal.tmux("capture-pane", "-pe")
    terminal.press(key)
    wait_until(lambda: terminal.tmux("capture-pane", "-pe") != before, f"an answer to {key}")


def test_from_the_wizard_to_a_rollback(world: World) -> None:
    terminal = world.terminal()
    try:
        terminal.wait_for("older")
        terminal.press("n")
        terminal.wait_for("new workstream")
        terminal.type("newer")
        terminal.wait_for("newer")
        seen(terminal, "Tab")
        terminal.type("The newer one")
        terminal.wait_for("The newer one")
        for key in ("Tab", "Tab", "Tab", "Tab", "Tab", "Tab", "Enter", "Down", "Enter", "Tab", "Tab"):
            seen(terminal, key)
        terminal.type("write a word into work.txt")
        terminal.wait_for("write a word into work.txt")
        terminal.press("C-s")
        wait_until(lambda: "workstream/newer" in refs(world), "the branch of the new workstream")
        assert (world.root / "workstreams/newer/STARTUP.md").read_text().strip() == "write a word into work.txt"
        seen(terminal, "Up")
        terminal.wait_for("the scribe rests")

        terminal.press("Enter")
        terminal.wait_for("F12 dashboard")
        assert "write a word into work.txt" in terminal.screen()
        terminal.type("hello from the terminal")
        terminal.press("Enter")
        terminal.wait_for("heard hello from the terminal")
        terminal.press("F12")
        terminal.wait_for("Attach")

        seen(terminal, "Down")
        terminal.press("u")
        wait_until(lambda: "workstream/older" in refs(world), "the older workstream's branch")
        wait_until(lambda: world.git("log", "--format=%s", "-1", "workstream/older") == "work", "the older one's work")
        terminal.press("m")
        terminal.wait_for("merge of first")
        terminal.wait_for("check")
        terminal.press("y")
        wait_until(lambda: "integration/first" in refs(world), "the merged checkpoint")
        merged = world.git("log", "--first-parent", "--format=%s", "main..integration/first").splitlines()
        assert merged == [
            "Merge workstream 'newer' at checkpoint 'first'",
            "Merge workstream 'older' at checkpoint 'first'",
        ]

        terminal.press("Escape")
        terminal.press("Escape")
        terminal.wait_for("workstreams")
        terminal.press("p")
        terminal.wait_for("merged")
        terminal.press("R")
        terminal.wait_for("roll back first")
        terminal.press("y")
        wait_until(lambda: "integration/first" not in refs(world), "the rollback")
        assert {"workstream/newer", "workstream/older"} <= set(refs(world))
    finally:
        print(terminal.screen())
        terminal.close()


def test_a_closed_terminal_loses_nothing(world: World) -> None:
    terminal = world.terminal(80, 24)
    terminal.wait_for("older")
    terminal.press("u")
    terminal.wait_for("the scribe rests")
    terminal.close()
    again = world.terminal(80, 24)
    try:
        again.wait_for("the scribe rests")
        assert "older" in again.screen()
    finally:
        again.close()


def conductor(world: World) -> int:
    """The process that conducts; 0 while there is none."""
    argv = world.autod("status", "--json")
    told = subprocess.run(argv, cwd=world.root, env=world.env, capture_output=True, check=True)
    found = json.loads(told.stdout)["project"]["conductor"]
    return int(found or 0)


def test_a_halted_dashboard_goes_on_and_is_left_by_a_key(world: World) -> None:
    terminal = world.terminal(80, 24)
    try:
        terminal.wait_for("u starts it")
        wait_until(lambda: conductor(world), "the dashboard's conducting")
        pid = conductor(world)
        for number, state in ((signal.SIGSTOP, "T"), (signal.SIGCONT, "S")) * 5:  # once fails only now and then
            os.kill(pid, number)
            wait_until(lambda state=state: Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == state)
        terminal.press("?")
        terminal.wait_for("esc Back")
        terminal.press("Escape")
        terminal.wait_for("u starts it")
        terminal.press("q")
        wait_until(terminal.ended, "the end of autod")
    finally:
        print(terminal.screen())
        terminal.close()
