"""Calling a person: what reaches the person's own terminal, what never does, and the command that is run."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator

import pytest

from tests.support.e2e_world import World
from tests.support.raw_terminal import RawTerminal
from tests.support.terminals import wait_until

pytestmark = pytest.mark.e2e

# each line of ../orders is printed as printf prints it; states are told by OSC 7501
PRINTER = """touch ../orders; tail -n +1 -f ../orders | while read -r line; do printf "$line"; done"""
NOISE = [
    r"\033]0;agents title\007", r"\033]2;agents title\033\\", r"\033]52;c;c3RvbGVu\007", r"\007",
    r"\033]9;agents words\007", r"\033]777;notify;agents;words\007", r"\033]99;;agents words\033\\",
    r"\033Ptmux;\033\033]52;c;c3RvbGVu\007\033\\", r"\033Ptmux;\033\033]9;agents words\007\033\\",
    r"\033[22;0t\033]0;agents title\007", r"\033]1337;SetBadgeFormat=eA==\007",
    r"\033]8;;http\072//e.example\007x\033]8;;\007",
]  # fmt: skip
BLOCKED = r"\033]7501;state=blocked\072kind=permission\007"
WORKING = r"\033]7501;state=working\007"


@pytest.fixture
def told(stand: World) -> World:
    """A world with one workstream whose agent prints what it is told to."""
    stand.declare("", "a", agent=PRINTER)
    stand.ask("up")
    wait_until((stand.directory / "orders").exists, "the agent")
    return stand


def order(stand: World, *lines: str) -> None:
    with (stand.directory / "orders").open("a") as file:
        file.writelines(f"{line}\n" for line in lines)


def insist(stand: World, *lines: str) -> Callable[[], bool]:
    """Order again and again, for what is printed before anybody hears the pane is told by nobody."""

    def again() -> bool:
        order(stand, *lines)
        return True

    return again


@contextlib.contextmanager
def screen(stand: World, *words: str) -> Iterator[RawTerminal]:
    """A person's terminal with `autod` in it, left in the end by the person."""
    terminal = RawTerminal(stand.argv(*words), env=stand.env, cwd=stand.root, size=(120, 34))
    try:
        terminal.wait_for(lambda seen: b"workstreams" in seen, "the dashboard")
        yield terminal
    finally:
        terminal.close()


@pytest.mark.parametrize("words", [(), ("--here",)], ids=["in tmux", "here"])
def test_a_wait_reaches_the_persons_terminal_once(told: World, words: tuple[str, ...]) -> None:
    with screen(told, *words) as terminal:
        terminal.wait_for(lambda seen: b"\x1b]0;autod\x07" in seen, "the title")
        again = insist(told, BLOCKED)
        terminal.wait_for(lambda seen: b"\x1b]0;autod: 1 waits\x07" in seen or not again(), "the number in the title")
        terminal.wait_for(lambda seen: b"\x1b]9;autod: a waits for you" in seen, "OSC 9")
        terminal.wait_for(lambda seen: b"\x1b]777;notify;autod;autod: a waits" in seen, "OSC 777")
        order(told, BLOCKED, WORKING)
        terminal.wait_for(lambda seen: seen.count(b"\x1b]0;autod\x07") == 2, "the title of old")
        signals = terminal.signals()
        assert signals.count(b"\x07") == 1
        assert len([one for one in signals if one.startswith(b"\x1b]9;")]) == 1
        terminal.type(b"q")
        terminal.process.wait(10)
        terminal.read(0.2)
        assert b"\x1b[22;0" in terminal.written  # the title that was there is kept ...
        assert b"\x1b[23;0" in terminal.written[terminal.written.rfind(b"\x1b[22;0") :]  # ... and given back


@pytest.mark.parametrize("words", [(), ("--here",)], ids=["in tmux", "here"])
@pytest.mark.parametrize("inside", [False, True], ids=["on the dashboard", "in the agent's window"])
def test_nothing_that_an_agent_prints_speaks_to_the_persons_terminal(
    told: World, words: tuple[str, ...], inside: bool
) -> None:
    with screen(told, *words) as terminal:
        if inside:
            terminal.type(b"\r")
            terminal.wait_for(lambda seen: b"F12 dashboard" in seen, "the agent's window")
        order(told, *NOISE, "THE END")
        terminal.wait_for(lambda seen: b"THE END" in seen, "the agent's words")
        terminal.read(0.3)
        for signal in terminal.signals():
            assert signal.startswith((b"\x1b]0;autod", b"\x1b]8;", b"\x1b]22;default"))
        assert b"c3RvbGVu" not in terminal.written


def test_a_wait_is_rung_and_titled_over_an_agents_window(told: World) -> None:
    with screen(told) as terminal:
        terminal.type(b"\r")
        terminal.wait_for(lambda seen: b"F12 dashboard" in seen, "the agent's window")
        again = insist(told, BLOCKED)
        terminal.wait_for(lambda seen: b"\x1b]0;autod: 1 waits\x07" in seen or not again(), "the number in the title")
        terminal.wait_for(lambda seen: b"\x07" in terminal.signals(), "the bell")


def notify(stand: World, command: str) -> None:
    stand.declare(f'[project]\ntarget = "main"\nagent = "script"\nnotify = {json.dumps(command)}\n', "a", agent=PRINTER)
    stand.ask("up")
    wait_until((stand.directory / "orders").exists, "the agent")


def test_the_command_is_run_once_for_each_wait(stand: World) -> None:
    file = stand.directory / "called"
    notify(stand, f'echo "$AUTOD_WORKSTREAM|$AUTOD_STATE|$AUTOD_REASON|$AUTOD_SESSION" >> "{file}"')
    with stand.conductor():
        order(stand, BLOCKED)
        wait_until(lambda: file.exists() and file.read_text(), "the call")
    with stand.conductor():  # another process: the same wait is told of by the journal
        order(stand, BLOCKED, WORKING)
        wait_until(lambda: stand.workstream("a")["state"] == "working", "the work")
        assert file.read_text() == "a|waiting|permission|\n"
        order(stand, BLOCKED)
        wait_until(lambda: len(file.read_text().splitlines()) == 2, "the second call")


def test_a_command_that_fails_is_noted_once_and_one_that_lasts_holds_nobody(stand: World) -> None:
    notify(stand, f'touch "{stand.directory}/began"; test -e "{stand.directory}/slow" && exec sleep 500; exit 3')
    with stand.conductor():
        for _ in range(2):
            order(stand, BLOCKED)
            wait_until(lambda: stand.workstream("a")["state"] == "waiting", "the wait")
            order(stand, WORKING)
            wait_until(lambda: stand.workstream("a")["state"] == "working", "the work")
        wait_until(lambda: len(notes(stand)) == 1, "a note")
        (stand.directory / "slow").touch()
        order(stand, BLOCKED)
        wait_until(lambda: any("sleep 500" in line for line in stand.processes().values()), "the slow command")
    assert any("sleep 500" in line for line in stand.processes().values())
    assert len(notes(stand)) == 1
    assert stand.ask("up")["workstreams"][0]["state"] == "running"


def notes(stand: World) -> list[str]:
    import sqlite3

    with contextlib.closing(sqlite3.connect(next((stand.root / ".git" / "autod").glob("*.db")))) as journal:
        tables = [row[0] for row in journal.execute("select name from sqlite_master where type='table'")]
        rows = [str(row) for table in tables for row in journal.execute(f"select * from {table}")]
    return [row for row in rows if "notify command" in row]
