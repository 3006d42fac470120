"""Real repositories for tests: own identity, fixed dates, nothing inherited from the machine's git set-up."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from autod_tui.git.repository import Repository, open_repository

ENV = {
    **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_SYSTEM": "/dev/null",
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.com",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.com",
    "GIT_AUTHOR_DATE": "2026-01-02T03:04:05Z",
    "GIT_COMMITTER_DATE": "2026-01-02T03:04:05Z",
}


class Sandbox:
    """A repository and the plain git that a person would type there."""

    def __init__(self, root: Path) -> None:
        """Make a repository with branch main at `root`."""
        self.root = root
        root.mkdir(parents=True)
        self.git("init", "-q", "-b", "main")
        self.git("config", "user.name", "Ada")
        self.git("config", "user.email", "ada@example.com")

    def git(self, *args: str, cwd: Path | None = None, check: bool = True, env: Mapping[str, str] | None = None) -> str:
        """Run git and return its output without the final newline."""
        done = subprocess.run(
            ["git", *args], cwd=cwd or self.root, env={**ENV, **(env or {})}, capture_output=True, check=False
        )
        if check and done.returncode:
            raise AssertionError(f"git {args}: {done.stderr.decode()}")
        return os.fsdecode(done.stdout).rstrip("\n")

    def commit(self, files: Mapping[str, str | bytes | None], message: str = "work", *, cwd: Path | None = None) -> str:
        """Write files (None deletes), commit everything and return the commit."""
        write(cwd or self.root, files)
        self.git("add", "-A", cwd=cwd)
        self.git("commit", "-q", "--allow-empty", "-m", message, cwd=cwd)
        return self.git("rev-parse", "HEAD", cwd=cwd)

    def branch(self, name: str, start: str, *steps: Mapping[str, str | bytes | None]) -> str:
        """Make a branch at `start` with a commit per step, and go back to main; return its head."""
        self.git("checkout", "-q", "-b", name, start)
        for number, step in enumerate(steps):
            self.commit(step, f"{name} {number}")
        head = self.git("rev-parse", "HEAD")
        self.git("checkout", "-q", "main")
        return head

    def open(self) -> Repository:
        """Open it as autod does."""
        return open_repository(self.root)

    def objects(self) -> set[str]:
        """Return all files of the object store."""
        return {str(path) for path in (self.root / ".git/objects").rglob("*") if path.is_file()}


def write(root: Path, files: Mapping[str, str | bytes | None]) -> None:
    """Write files below `root`; None deletes."""
    for name, content in files.items():
        path = root / name
        if content is None:
            path.unlink()
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
