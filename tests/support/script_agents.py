"""A repository whose agents are scripts, and autod as a person runs it there, in a home of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from autod_tui import processes
from tests.support.raw_terminal import RawTerminal

SOURCE = Path(__file__).parents[2]


class ScriptWorld:
    """A home, a repository and a directory of programs of one's own; whoever runs has AUTOD_TEST_MARK set."""

    def __init__(self, directory: Path) -> None:
        """Make them in `directory`."""
        self.directory = directory
        self.repository = directory / "re po"
        self.programs = directory / "bin"
        for made in (self.repository, self.programs, directory / "home", directory / "tmp", directory / "status"):
            made.mkdir()
        self.git("init", "-q", "-b", "main")
        self.git("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m", "begin")

    def git(self, *words: str) -> None:
        """Run git in the repository."""
        subprocess.run(["git", "-C", str(self.repository), *words], check=True)

    def program(self, name: str, script: str) -> Path:
        """Write a program that goes before those of the machine."""
        path = self.programs / name
        path.write_text(script)
        path.chmod(0o755)
        return path

    def configure(self, text: str) -> None:
        """Write autod.toml."""
        (self.repository / "autod.toml").write_text(text)

    def workstream(self, name: str, text: str) -> None:
        """Declare a workstream."""
        directory = self.repository / "workstreams" / name
        directory.mkdir(parents=True)
        (directory / "STARTUP.md").write_text(f"# {name}\n")
        (directory / "workstream.toml").write_text(text)

    def autod(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run autod to its end."""
        return subprocess.run(
            self._argv(words), env=self._environ(), capture_output=True, text=True, check=False, timeout=120
        )

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start autod; what it prints can be read."""
        return subprocess.Popen(self._argv(words), env=self._environ(), stdout=subprocess.PIPE, text=True)

    def on_terminal(self, *words: str) -> RawTerminal:
        """Start autod on a terminal of its own."""
        return RawTerminal(self._argv(words), env=self._environ(), cwd=self.directory, size=(100, 30))

    def _argv(self, words: tuple[str, ...]) -> list[str]:
        return [sys.executable, "-P", "-m", "autod_tui", "-C", str(self.repository), *words]

    def _environ(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AUTOD_", "XDG_"))}
        return kept | {
            "HOME": str(self.directory / "home"),
            "PATH": f"{self.programs}:{os.environ['PATH']}",
            "TMPDIR": str(self.directory / "tmp"),
            "NO_COLOR": "1",
            "PYTHONPATH": str(SOURCE),
        }

    def left(self) -> list[int]:
        """Return the agents that live."""
        return processes.marked(f"AUTOD_TEST_MARK={self.directory}")

    @property
    def spool(self) -> Path:
        """Where the sessions' hooks write."""
        return self.repository / ".git" / "autod" / "spool"
