"""The demo agent's hands: it edits, runs, commits and reports in its worktree. Standard library only.

It is a program of its own, as any agent is, so it starts its own processes.
"""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path

from autod_tui.demo.material import kept_at
from autod_tui.demo.script import Script

IDENTITY = ("-c", "user.name=Demo agent", "-c", "user.email=demo-agent@example.invalid", "-c", "commit.gpgsign=false")
PROGRESS_FILE = "progress.md"


class Worker:
    """Works in one worktree; paths are relative to it."""

    def __init__(self, script: Script, worktree: Path) -> None:
        """Work on `script` in `worktree`."""
        self._script = script
        self._worktree = worktree
        self.done = 0
        """Tasks finished so far."""
        self.blockers: tuple[str, ...] = ()
        self.notes: tuple[str, ...] = ()

    def lines_of(self, path: str) -> int | None:
        """Return how many lines a file has; None when there is no such file."""
        file = self._worktree / path
        return len(file.read_text(encoding="utf-8", errors="replace").splitlines()) if file.is_file() else None

    def edit(self, path: str, material: Path) -> tuple[str, str]:
        """Write the prepared content of `path`; return the text before (empty for a new file) and after."""
        source = kept_at(material, path)
        if source.is_file():
            new = source.read_text(encoding="utf-8")
        else:
            new = source.with_name("template.md").read_text(encoding="utf-8").replace("{name}", self._script.name)
        target = self._worktree / path
        old = target.read_text(encoding="utf-8") if target.is_file() else ""
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(new, encoding="utf-8")
        return old, new

    def run(self, command: str) -> tuple[int, str]:
        """Run a command; return its exit status and the last line it said."""
        done = self._start(shlex.split(command))
        lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        return done.returncode, lines[-1] if lines else ""

    def commit(self, message: str, files: Sequence[str]) -> str:
        """Commit `files`; return the short object id, empty when they hold nothing new."""
        self._git("add", "--", *files)
        if not self._git("diff", "--cached", "--name-only", "--", *files):
            return ""
        self._git("commit", "--quiet", "-m", message, "--", *files)
        return self._git("rev-parse", "--short", "HEAD")

    def unmerged(self) -> tuple[str, ...]:
        """Return the files of a merge that are in conflict."""
        return tuple(filter(None, self._git("diff", "--name-only", "--diff-filter=U", "-z").split("\0")))

    def committed(self) -> frozenset[str]:
        """Return the subjects of the branch's latest commits: what an earlier life of this agent finished."""
        return frozenset(self._git("log", "--max-count=500", "--format=%s").splitlines())

    def report(self, status: str = "") -> None:
        """Write progress.md; `status` overrides what follows from the tasks."""
        script, total = self._script, len(self._script.tasks)
        complete = self.done >= total
        now = status or ("🟢 Complete" if complete else "🟢 On Track")
        sections = {
            "Completed": [f"✅ {task}" for task in script.tasks[: self.done]],
            "In Progress": [f"🔄 {task}" for task in script.tasks[self.done : self.done + 1]],
            "Pending": [f"⏳ {task}" for task in script.tasks[self.done + 1 :]],
            "Blockers": list(self.blockers) or ["None"],
            "Notes": list(self.notes),
        }
        head = [
            f"# {script.title}\n",
            f"**Status**: {now}",
            f"**Progress**: {self.done}/{total} tasks complete ({100 * self.done // total}%)",
            f"**ETA**: {'done' if complete else script.eta}",
        ]
        parts = [
            f"\n## {name}\n" + "\n".join(f"- {line}" for line in lines) for name, lines in sections.items() if lines
        ]
        (self._worktree / PROGRESS_FILE).write_text("\n".join([*head, *parts]) + "\n", encoding="utf-8")

    def _git(self, *arguments: str) -> str:
        done = self._start(["git", *IDENTITY, *arguments])
        if done.returncode != 0:
            raise WorkFailed(f"git {arguments[0]} failed: {done.stderr.strip()}")
        return done.stdout.strip()

    def _start(self, argv: Sequence[str]) -> subprocess.CompletedProcess[str]:
        try:
            return subprocess.run(
                argv,
                cwd=self._worktree,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                encoding="utf-8",
                errors="replace",
                check=False,
            )
        except OSError as error:
            raise WorkFailed(f"{argv[0]} can't be started: {error.strerror}") from None


class WorkFailed(Exception):  # noqa: N818 (read as: the work failed)
    """Something the agent needs does not work."""
