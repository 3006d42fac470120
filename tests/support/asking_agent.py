"""An agent that only asks: a menu drawn in raw mode as real ones draw theirs, answers written to a file. Stdlib only.

`asking_agent.py FILE SCREEN...`: each SCREEN is `menu:QUESTION|A|B|C`, `typed:QUESTION|A|Type something.`, `line:WORDS`
(a plain question that takes a line), `say:WORDS`, or `wait:FILE` (until it exists). States are told by OSC 7501.
"""

from __future__ import annotations

import os
import sys
import termios
import time
import tty
from pathlib import Path

ARROWS = {b"\x1b[A": -1, b"\x1bOA": -1, b"\x1b[B": 1, b"\x1bOB": 1}


def out(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def tell(state: str) -> None:
    out(f"\x1b]7501;state={state}\x07")


def key() -> bytes:
    """Return what one key press sends; escape sequences arrive in one piece."""
    return os.read(0, 64)


def draw(question: str, choices: list[str], at: int, words: str = "") -> None:
    rows = ["", "─" * 40, f" {question}"]
    for number, choice in enumerate(choices):
        label = words if words and choice.startswith("Type") else choice
        rows.append(f" {'❯' if number == at else ' '} {number + 1}. {label}")
    editing = " · ctrl+g to edit in Vim" if choices[at].startswith("Type") else ""
    rows += ["", f" Enter to select · ↑/↓ to navigate{editing} · Esc to cancel"]
    out("\x1b[2J\x1b[H" + "\r\n".join(rows))


def menu(question: str, choices: list[str], *, by_digit: bool) -> str:
    """Ask until a choice is taken; digits move the cursor or take at once, Enter takes."""
    at, words = 0, ""
    while True:
        draw(question, choices, at, words)
        typed = key()
        in_field = choices[at].startswith("Type")
        if typed in ARROWS:
            at = max(0, min(at + ARROWS[typed], len(choices) - 1))
        elif typed == b"\r":
            return words if in_field else choices[at]
        elif in_field:
            words += typed.replace(b"\x1b[200~", b"").replace(b"\x1b[201~", b"").decode()
        elif by_digit and typed.isdigit() and 0 < int(typed) <= len(choices):
            at = int(typed) - 1
            if not choices[at].startswith("Type"):
                return choices[at]


def play(scene: str) -> str:
    """Play one scene and return what was answered."""
    kind, _, rest = scene.partition(":")
    if kind == "say":
        out(f"\r\n{rest}\r\n")
        return ""
    if kind == "wait":
        while not Path(rest).exists():
            time.sleep(0.02)
        return ""
    tell("blocked:kind=question")
    if kind == "line":
        out(f"\x1b[2J\x1b[H{rest} ")
        line = b""
        while not line.endswith(b"\r"):
            line += key()
        return line.decode().strip()
    question, *choices = rest.split("|")
    return menu(question, choices, by_digit=kind == "typed")


def main() -> None:
    """Play all scenes, then sit there."""
    answers, scenes = Path(sys.argv[1]), sys.argv[2:]
    before = termios.tcgetattr(0)
    tty.setraw(0)
    out("\x1b[?2004h")
    try:
        for scene in scenes:
            answer = play(scene)
            tell("working")
            if answer:
                out("\x1b[2J\x1b[Hworking\r\n")
                with answers.open("a", encoding="utf-8") as file:
                    file.write(f"{answer}\n")
        tell("idle")
        while True:
            key()
    finally:
        termios.tcsetattr(0, termios.TCSANOW, before)


if __name__ == "__main__":
    main()
