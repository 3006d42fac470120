"""Talking with agents from the command line: `send` of any size, `log -f`, `watch`."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.support.e2e_world import World
from tests.support.terminals import wait_until

pytestmark = pytest.mark.e2e
LISTENER = "stty -echo; echo ready; cat > ../got"
COUNTER = "stty -echo; echo ready; while read count; do seq -f 'line %.0f' 1 $count; echo end of $count; done"


@contextmanager
def following(stand: World, *words: str) -> Iterator[list[str]]:
    """Run a command that goes on printing and yield the lines that it has printed; it has to end with 130."""
    lines: list[str] = []
    process = stand.start(*words)

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line.decode().rstrip("\n"))

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield lines
        process.send_signal(signal.SIGINT)
        assert process.wait(15) == 130
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        reader.join()
        process.communicate()


def ready(stand: World, agent: str) -> None:
    """Start agent `a` and wait until it listens."""
    stand.declare("", "a", agent=agent)
    stand.ask("up")
    wait_until(lambda: "ready" in stand.autod("log", "a").stdout, "the agent's greeting")


def test_200_kb_are_sent_byte_for_byte(stand: World) -> None:
    ready(stand, LISTENER)
    text = "".join(f"line {number} with $(id) `id` '\" #(x) é {{prompt}};\n" for number in range(4500))
    assert len(text.encode()) > 200_000
    done = stand.autod("send", "a", "-", stdin=text)
    assert done.returncode == 0, done
    got = stand.directory / "got"
    wait_until(lambda: got.read_text() == text + "\n", "all of the text and an Enter", 30)
    assert stand.wait_up("a")


def test_a_text_of_one_word_goes_to_all_that_live(stand: World) -> None:
    stand.declare("", "a", "b", agent="cat > ../got-$AUTOD_WORKSTREAM")
    stand.ask("up", "a")
    wait_until((stand.directory / "got-a").exists, "the listener")
    assert stand.autod("send", "--all", "--json", "--", "-l", "C-c;", "Enter").returncode == 0
    wait_until(lambda: (stand.directory / "got-a").read_text() == "-l C-c; Enter\n", "the text")
    assert stand.autod("send", "b", "hello", "--json").returncode == 1
    assert stand.autod("send", "nobody", "hello", "--json").returncode == 2
    assert stand.autod("send", "a", "  ", "--json").returncode == 2


def test_a_followed_log_prints_each_line_once(stand: World) -> None:
    ready(stand, COUNTER)
    with following(stand, "log", "a", "-f") as lines:
        for count in (3, 400, 7):
            stand.ask("send", "a", str(count))
            # the last line may still grow: it is printed when another one follows, or in the end
            wait_until(lambda count=count: lines and lines[-1] == f"line {count}", f"{count} lines")
        stand.ask("send", "a", "1")
        wait_until(lambda: lines[-1] == "line 1", "one line")
    printed = [line for line in lines if line.startswith(("line", "end"))]
    wanted = [[*(f"line {number + 1}" for number in range(count)), f"end of {count}"] for count in (3, 400, 7, 1)]
    assert printed == [line for part in wanted for line in part]


def test_watch_tells_every_event_once_in_order(stand: World) -> None:
    stand.declare('[[checkpoint]]\nname = "first"\nmerge = ["a"]\n', "a")

    def seen(kind: str, **fields: Any) -> bool:
        events = [json.loads(line) for line in lines]
        return any(event["kind"] == kind and fields.items() <= event.items() for event in events)

    with following(stand, "watch") as lines:
        wait_until(lambda: stand.ask("status")["project"]["conductor"], "a conductor")
        stand.ask("up")
        wait_until(lambda: seen("AgentStarted", name="a"), "the agent's start")
        head = stand.commit(cwd=stand.worktree("a"), **{"a.txt": "a\n"})
        wait_until(lambda: seen("HeadMoved", name="a", head=head), "the commit")
        stand.ask("checkpoint", "merge", "first")
        wait_until(lambda: seen("CheckpointMerged", checkpoint="first"), "the merge")
    numbers = [json.loads(line)["seq"] for line in lines]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert all(event["at"] > 0 for event in map(json.loads, lines))


def test_a_reader_that_goes_away_ends_the_watch(stand: World) -> None:
    stand.declare("", "a")
    stand.ask("up")
    watch = stand.start("watch", "--last", "2")
    assert watch.stdout is not None
    assert json.loads(watch.stdout.readline())["seq"]
    watch.stdout.close()
    stand.ask("down")
    assert watch.wait(15) in (0, 1, 141, -signal.SIGPIPE)
    assert watch.stderr is not None
    assert b"Traceback" not in watch.stderr.read()
    watch.stderr.close()
    assert stand.ask("status")["project"]["conductor"] is None
