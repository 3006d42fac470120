"""The demo agent in a session of a run: it works on the tasks, commits, gives verdicts and hands over.

It knows its session from the AUTOD_ variables alone. Standard library only.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Mapping
from pathlib import Path

from autod_tui.demo.orders import Job, Memory, read_jobs
from autod_tui.demo.screen import BOLD, DIM, GREEN, RED, RESET, YELLOW, Screen
from autod_tui.demo.script import FALLBACK, load_script
from autod_tui.demo.worker import Worker

FAILED_STATUS = 7
FLOOD_BYTES = 5_000_000
GOOD_SCORE = 95
_FILLER = (
    "No model wrote this. The demo agent leaves the same words for every task, so that a whole run can be watched\n"
    "from its first session to its last without an account, without a network and without a bill.\n"
)


class TaskAgent:
    """One session of the demo agent."""

    def __init__(self, environment: Mapping[str, str], prompt: str, worktree: Path, screen: Screen) -> None:
        """Do the tasks of `environment`, as `prompt` describes them, in `worktree`."""
        self._stage = environment.get("AUTOD_STAGE", "")
        self._jobs = read_jobs(environment.get("AUTOD_TASKS", "").split(), prompt)
        self._memory = Memory(environment)
        self._verdicts = environment.get("AUTOD_VERDICTS", "")
        self._handoff = environment.get("AUTOD_HANDOFF", "")
        self._worktree = worktree
        self._screen = screen
        self._worker = Worker(load_script(FALLBACK), worktree)

    def live(self) -> int:
        """Do all tasks; return the exit status."""
        self._screen.state("working")
        failed = False
        for job in self._jobs:
            self._screen.bullet(f"{BOLD}{job.id}{RESET} {job.title}")
            self._screen.pause()
            self._misbehave(job)
            self._judge(job, self._work(job))
            failed = failed or self._memory.obeys(job, "fail") is not None
        self._hand_over()
        self._screen.state("error" if failed else "done")
        return FAILED_STATUS if failed else 0

    def _misbehave(self, job: Job) -> None:
        if self._memory.obeys(job, "flood"):
            line = "flood " * 20 + "\n"
            for _ in range(FLOOD_BYTES // len(line)):
                self._screen.put(line)
        if self._memory.obeys(job, "hang"):
            while True:
                signal.pause()
        if self._memory.obeys(job, "crash"):
            os.kill(os.getpid(), signal.SIGKILL)

    def _work(self, job: Job) -> str:
        """Write and commit what the task is to leave; return what is wrong with it, empty for nothing."""
        if self._memory.obeys(job, "judge"):
            missing = [path for path in job.outputs if not (self._worktree / path).is_file()]
            self._screen.note(f"{len(job.outputs) - len(missing)} of {len(job.outputs)} outputs are there")
            return f"{missing[0]} is missing" if missing else ""
        if self._memory.obeys(job, "missing"):
            return ""
        paths = job.outputs or [f"notes/{job.id.replace(':', '-')}.md"]
        score = self._memory.obeys(job, "score")
        for path in paths:
            self._write(path, job, score.value if score else "")
        if shared := self._memory.obeys(job, "write"):
            self._replace_line(shared.value, job)
            paths = [*paths, shared.value]
        oid = self._worker.commit(f"{self._stage}: {job.id} {job.title}".strip(), paths)
        self._screen.note(f"[{oid}] {', '.join(paths)}" if oid else "nothing new")
        return ""

    def _write(self, path: str, job: Job, score: str) -> None:
        file = self._worktree / path
        file.parent.mkdir(parents=True, exist_ok=True)
        old = file.read_text(encoding="utf-8") if file.is_file() else ""
        new = self._json(old, job, score) if path.endswith(".json") else self._text(old, job)
        file.write_text(new, encoding="utf-8")
        self._screen.change(path, old, new)

    def _text(self, old: str, job: Job) -> str:
        head = old or f"# {job.id} {job.title}".rstrip() + "\n\n" + _FILLER * 4
        passes = head.count("\n- pass ") + 1
        return f"{head}\n- pass {passes}: {self._stage}\n"

    def _json(self, old: str, job: Job, score: str) -> str:
        found = json.loads(old) if old else {"task": job.id, "title": job.title, "notes": _FILLER * 4, "passes": []}
        found["score"] = float(score) if score else GOOD_SCORE
        found["passes"] = [*found["passes"], self._stage]
        return json.dumps(found, indent=1) + "\n"

    def _replace_line(self, path: str, job: Job) -> None:
        file = self._worktree / path
        file.parent.mkdir(parents=True, exist_ok=True)
        old = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
        mine = [f"{job.id} wrote this line"]
        file.write_text("\n".join([*mine, *(line for line in old if line not in mine)]) + "\n", encoding="utf-8")

    def _judge(self, job: Job, wrong: str) -> None:
        if self._memory.obeys(job, "silent"):
            return
        if self._memory.obeys(job, "unclear"):
            self._verdict(f"VERDICT {job.id} APPROVED NEEDS_WORK", YELLOW)
        elif self._memory.obeys(job, "reject"):
            self._verdict(f"VERDICT {job.id} NEEDS_WORK: the demo asks for another pass", RED)
        elif wrong:
            self._verdict(f"VERDICT {job.id} NEEDS_WORK: {wrong}", RED)
        else:
            self._verdict(f"VERDICT {job.id} APPROVED", GREEN)

    def _verdict(self, line: str, colour: str) -> None:
        if self._verdicts:
            with Path(self._verdicts).open("a", encoding="utf-8") as verdicts:
                verdicts.write(line + "\n")
        self._screen.put(f"{colour}{line}{RESET}\n")

    def _hand_over(self) -> None:
        if self._handoff and self._jobs:
            ids = ", ".join(job.id for job in self._jobs)
            Path(self._handoff).write_text(f"{self._stage}: {ids} are through; go on behind them.\n", encoding="utf-8")
        self._screen.bullet("Session done.", DIM)


def in_session(environment: Mapping[str, str]) -> bool:
    """Tell whether the program was started as a session of a run."""
    return bool(environment.get("AUTOD_TASKS"))
