"""An actor: plays an agent in a pane, one cue at a time, and dates what it does. Standard library only.

Cues are lines of JSON that come through the FIFO in ACTOR_CUES; each may hold: `hook` [event, payload], `status` (a
word for the status file), `title`, `osc` (a text of OSC 7501), `screen` (lines, drawn anew), `count` (a line with {}
that counts seconds down), `text` (printed as it is), `exit` (a status), `kill` (a signal for itself). When a cue is
played its `id` and the time go to ACTOR_PLAYED.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

STATUS = "sessions/{}.json"
BOTTOM = ["", "─" * 40, "❯ ", "─" * 40, "  ? for shortcuts"]


class Actor:
    """One agent on its stage."""

    def __init__(self) -> None:
        self.spool = Path(os.environ["ACTOR_SPOOL"])
        self.home = Path(os.environ["HOME"])
        self.counting = threading.Event()
        self.number = 0

    def run(self) -> None:
        """Play cue after cue."""
        played_file = Path(os.environ["ACTOR_PLAYED"])
        with Path(os.environ["ACTOR_CUES"]).open() as cues, played_file.open("a", buffering=1) as played:
            for line in cues:
                cue = json.loads(line)
                at = time.time()
                self.play(cue)
                played.write(json.dumps({"id": cue["id"], "at": at}) + "\n")
                if "exit" in cue:
                    sys.exit(cue["exit"])
                if "kill" in cue:
                    os.kill(os.getpid(), cue["kill"])

    def play(self, cue: dict[str, Any]) -> None:
        """Do what a cue says, in the order in which agents do it."""
        self.counting.set()
        if "title" in cue:
            write(f"\033]0;{cue['title']}\007")
        if "osc" in cue:
            write(f"\033]7501;{cue['osc']}\007")
        if "text" in cue:
            write(cue["text"])
        if "screen" in cue:
            draw(cue["screen"])
        if "count" in cue:
            self.counting = threading.Event()
            threading.Thread(target=self.count, args=(cue["count"], self.counting), daemon=True).start()
        if "status" in cue:
            self.tell_status(cue["status"])
        if "hook" in cue:
            self.tell_hook(*cue["hook"])

    def count(self, line: str, over: threading.Event) -> None:
        """Draw a line that counts seconds down until the next cue."""
        left = 30
        while not over.is_set():
            draw(["● some words", line.format(left)])
            over.wait(1.0)
            left -= 1

    def tell_status(self, word: str) -> None:
        """Write the status file."""
        path = self.home / STATUS.format(os.getpid())
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"pid": os.getpid(), "status": word, "statusUpdatedAt": int(time.time() * 1000)}))

    def tell_hook(self, event: str, payload: dict[str, Any]) -> None:
        """Leave a payload as hooks do."""
        self.number += 1
        name = f"{time.time_ns()}-{self.number}.json"
        self.spool.mkdir(parents=True, exist_ok=True)
        told = {"event": event, "agent": "actor", "at": time.time(), "payload": {"session_id": "talk", **payload}}
        (self.spool / f".{name}").write_text(json.dumps(told))
        (self.spool / f".{name}").rename(self.spool / name)


def draw(lines: list[str]) -> None:
    """Draw the screen anew, as agents with a line for input do."""
    rows = "".join(f"{line}\033[K\r\n" for line in [*lines, *BOTTOM])
    write(f"\033[H{rows}\033[J")


def write(text: str) -> None:
    """Write at once."""
    sys.stdout.write(text)
    sys.stdout.flush()


if __name__ == "__main__":
    Actor().run()
