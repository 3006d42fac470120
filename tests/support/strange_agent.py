"""A program that people type to, in nobody's words: it asks for trust, turns a wheel at work, and asks again."""

from __future__ import annotations

import os
import sys
import termios
import time
import tty
from pathlib import Path

WHEEL = "◐◓◑◒"
TICK = 0.1


def draw(*rows: str) -> None:
    sys.stdout.write("\x1b[H\x1b[2J" + "\r\n".join((*rows, "╭────────╮", "│ Ask me │", "╰────────╯", "  mytool 1.0")))
    sys.stdout.flush()


def key() -> str:
    return os.read(0, 1).decode()


def ask(*rows: str) -> None:
    sys.stdout.write("\x1b[H\x1b[2J" + "\r\n".join((*rows, "▸ Proceed", "  Abort", "", "  arrows move, return takes")))
    sys.stdout.flush()
    while key() != "\r":
        pass


def line() -> str:
    typed = ""
    while not typed.endswith("\r"):
        typed += key()
    return typed.strip()


def work(until: Path) -> None:
    """Turn the wheel until a file is there."""
    turn = 0
    while not until.exists():
        draw(f"{WHEEL[turn % 4]} Pondering")
        turn += 1
        time.sleep(TICK)


def main() -> None:
    gates = Path(sys.argv[1])
    before = termios.tcgetattr(0)
    tty.setraw(0)
    try:
        ask("May mytool work in this directory?")
        draw("Welcome.")
        (gates / "heard").write_text(line())
        work(gates / "thought")
        ask("May mytool run `make`?")
        work(gates / "made")
        draw("Done with it.")
        line()
    finally:
        termios.tcsetattr(0, termios.TCSANOW, before)


if __name__ == "__main__":
    main()
