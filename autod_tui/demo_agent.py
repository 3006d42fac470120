"""The demo's coding agent: `python -m autod_tui.demo_agent PROMPT_FILE`, run in a worktree.

A program without a model: it plays the script of the workstream that AUTOD_WORKSTREAM names, and then waits for
messages. Where the conflicts of a merge lie it settles them. As a session of a run (AUTOD_TASKS) it does these tasks
and ends.
AUTOD_DEMO_PACE is the seconds that a step takes (0.4; 0 is as fast as possible). Standard library only.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from autod_tui.demo.listener import Listener, standard_input
from autod_tui.demo.screen import BOLD, CYAN, DIM, GREEN, RED, RESET, YELLOW, Screen
from autod_tui.demo.script import FALLBACK, Script, Step, load_script
from autod_tui.demo.solver import PREFIX, Solver
from autod_tui.demo.task_agent import TaskAgent, in_session
from autod_tui.demo.worker import Worker, WorkFailed

GATE_FAILED = re.compile(r"\bgates?\b.*\b(failed|fails|failing|red)\b", re.IGNORECASE | re.DOTALL)
CONFLICT = re.compile(r"\bconflict", re.IGNORECASE)
LEAVE = frozenset({"exit", "quit", "/exit", "/quit"})
YES, NO = frozenset({"", "y", "yes"}), frozenset({"n", "no"})
DEFAULT_PACE = 0.4


class Agent:
    """One life of the demo agent."""

    def __init__(self, script: Script, worker: Worker, screen: Screen, listener: Listener) -> None:
        """Play `script` with these hands, voice and ears."""
        self._script = script
        self._worker = worker
        self._screen = screen
        self._listener = listener
        self._early: list[str] = []
        """Messages that came when an answer was expected."""

    def live(self) -> None:
        """Work, then read messages until one says to leave or the input ends."""
        self._work()
        while (message := self._next_message()) is not None:
            if not self._answer(message):
                return

    def _work(self) -> None:
        self._screen.state("working")
        steps = self._steps_left()
        self._worker.report()
        for step in steps:
            self._take(step, self._script.material)
        self._screen.state("done")

    def _steps_left(self) -> Sequence[Step]:
        """Leave out what an earlier life committed."""
        steps, committed = self._script.steps, self._worker.committed()
        finished = [index + 1 for index, step in enumerate(steps) if step.commit and step.commit in committed]
        start = max(finished, default=0)
        if start:
            self._worker.done = max((step.done for step in steps[:start]), default=0)
            self._screen.bullet(f"{len(finished)} commits of mine are here already; going on from there.", DIM)
        return steps[start:]

    def _take(self, step: Step, material: Path) -> None:
        if step.say:
            self._screen.bullet(step.say)
        elif step.read:
            self._read(step.read)
        elif step.think:
            self._screen.spin(step.think)
        elif step.edit:
            self._screen.change(step.edit, *self._worker.edit(step.edit, material))
        elif step.run:
            self._run(step.run)
        elif step.ask:
            self._ask(step)
        elif step.commit:
            self._commit(step)
        if step.done:
            self._advance(step.done)
        self._screen.pause()

    def _read(self, path: str) -> None:
        lines = self._worker.lines_of(path)
        self._screen.bullet(f"Reading {path}")
        self._screen.note("no such file" if lines is None else f"{lines} lines")

    def _run(self, command: str) -> None:
        self._screen.bullet(f"{BOLD}Bash{RESET}({command})", GREEN)
        status, last = self._worker.run(command)
        self._screen.note(last if status == 0 else f"exit status {status}: {last}")

    def _commit(self, step: Step) -> None:
        self._screen.bullet(f"{BOLD}Bash{RESET}(git commit -m {step.commit!r})", GREEN)
        oid = self._worker.commit(step.commit, step.files)
        self._screen.note(f"[{oid}] {len(step.files)} file{'s' * (len(step.files) != 1)}" if oid else "nothing new")

    def _advance(self, done: int) -> None:
        self._worker.done = done
        self._worker.report()
        self._screen.todo(self._script.tasks, done)

    def _ask(self, step: Step) -> None:
        self._worker.blockers = (f"Waiting for an answer: {step.ask}",)
        self._worker.report("🔴 Blocked")
        self._screen.bullet(f"{BOLD}{step.ask}{RESET}", YELLOW)
        self._screen.state("blocked", kind="question", message=step.ask)
        agreed = self._agreed()
        self._worker.blockers = ()
        self._worker.notes = () if agreed or not step.note else (step.note,)
        self._worker.report()
        self._screen.state("working")
        self._screen.bullet(step.yes if agreed else step.no)

    def _agreed(self) -> bool:
        """Return the answer, yes when the input has ended; keep what is no answer for later."""
        while True:
            self._prompt()
            line = self._listener.line()
            word = "" if line is None else line.strip().casefold()
            if word in YES | NO:
                return word in YES
            self._early.append(line or "")
            self._screen.note("please answer y or n first")

    def _next_message(self) -> str | None:
        if self._early:
            return self._early.pop(0)
        self._prompt()
        return self._listener.message()

    def _prompt(self) -> None:
        self._screen.put(f"{BOLD}>{RESET} ")

    def _answer(self, message: str) -> bool:
        """React to a message; False when it says to leave."""
        words = [line.strip().casefold() for line in message.splitlines()]
        if not "".join(words):
            return True
        if words == words[-1:] and words[-1] in LEAVE:
            self._screen.bullet("Bye.", DIM)
            return False
        self._screen.state("working")
        if GATE_FAILED.search(message):
            self._mend(message)
        elif CONFLICT.search(message):
            self._screen.bullet("Where both sides changed a line, keep both intentions; my commits say what mine was.")
        else:
            self._screen.bullet("Noted. It changes nothing in my part of the work.")
        self._screen.state("done")
        return words[-1] not in LEAVE

    def _mend(self, message: str) -> None:
        script = self._script
        if not script.fix_gate or script.fix_gate not in message:
            self._screen.bullet("I looked at that gate: it does not come from what I changed.")
        elif {step.commit for step in script.fix_steps if step.commit} <= self._worker.committed():
            self._screen.bullet("That is fixed and committed already; the gate has to run again.")
        else:
            self._screen.bullet(f"Looking into the gate {script.fix_gate}.", CYAN)
            for step in script.fix_steps:
                self._take(step, script.fix_material)


def _pace(text: str) -> float:
    """Return the seconds a step takes; what is no number means the default."""
    try:
        return max(0.0, float(text))
    except ValueError:
        return DEFAULT_PACE


def main(arguments: Sequence[str]) -> int:
    """Play the agent in the current directory; return the exit status."""
    if len(arguments) != 1 or not Path(arguments[0]).is_file():
        sys.stderr.write("usage: python -m autod_tui.demo_agent PROMPT_FILE (an existing file)\n")
        return 2
    screen = Screen(_pace(os.environ.get("AUTOD_DEMO_PACE", "")))
    screen.put(f"{BOLD}demo agent{RESET} {DIM}· no model, a script · {Path.cwd()}{RESET}\n\n")
    try:
        return _live(Path(arguments[0]), Path.cwd(), screen)
    except WorkFailed as error:
        screen.state("error", message=str(error))
        screen.bullet(str(error), RED)
        return 1
    except KeyboardInterrupt:
        return 130


def _live(prompt: Path, worktree: Path, screen: Screen) -> int:
    if in_session(os.environ):
        text = prompt.read_text(encoding="utf-8", errors="replace")
        return TaskAgent(os.environ, text, worktree, screen).live()
    name = os.environ.get("AUTOD_WORKSTREAM") or FALLBACK
    script = load_script(name)
    if name.startswith(PREFIX) and (worker := Worker(script, worktree)).unmerged():
        Solver(worker, worktree, screen, standard_input()).live()
        return 0
    Agent(script, Worker(script, worktree), screen, standard_input()).live()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
