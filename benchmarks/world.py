"""Private ground for measurements: a home, a socket directory and repositories that vanish afterwards."""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from autod_tui.core.requests import Up
from autod_tui.tmux.server import TmuxServer
from autod_tui.wiring import open_desk
from tests.support.terminals import end_server

PATIENCE = 60.0
"""Seconds after which a measurement gives up."""

IDENTITY = "[user]\nname = Ada\nemail = ada@example.com\n[gc]\nauto = 0\n[init]\ndefaultBranch = main\n"
_INHERITED = frozenset(
    [
        "TMUX",
        "TMUX_PANE",
        "AUTOD_SESSION",
        "AUTOD_WORKSTREAM",
        "AUTOD_TREE",
        "LINES",
        "COLUMNS",
        "PYTHONDONTWRITEBYTECODE",
    ]
)


@contextlib.contextmanager
def private_ground() -> Iterator[Path]:
    """Give this process and its children a home and sockets of their own; everything is removed at the end."""
    directory = Path(tempfile.mkdtemp(prefix="autod-bench-")).resolve()
    before = dict(os.environ)
    (directory / "home").mkdir()
    (directory / "sockets").mkdir(mode=0o700)
    (directory / "home" / ".gitconfig").write_text(IDENTITY)
    for name in [name for name in os.environ if name in _INHERITED or name.startswith("GIT_")]:
        del os.environ[name]
    os.environ |= {
        "HOME": str(directory / "home"),
        "XDG_STATE_HOME": str(directory / "home" / "state"),
        "TMUX_TMPDIR": str(directory / "sockets"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "TERM": "xterm-256color",
        "PYTHONPATH": str(Path(__file__).parents[1]),
        "PYTHONPYCACHEPREFIX": str(directory / "compiled"),
    }
    try:
        _compile()
        yield directory
    finally:
        for socket in (directory / "sockets").glob("tmux-*/*"):
            end_server(socket)
        os.environ.clear()
        os.environ |= before
        shutil.rmtree(directory, ignore_errors=True)


def _compile() -> None:
    """Compile what is measured, as an installer does: a checkout compiled at every start would measure the compiler."""
    words = (
        "autod_tui.cli.status",
        "autod_tui.tui.dashboard",
        "autod_tui.tui.app",
        "textual.widgets._static",
        "libtmux",
        "watchfiles",
        "anyio._backends._asyncio",
        "git",
    )
    for module in words:
        subprocess.run([sys.executable, "-c", f"import {module}"], capture_output=True, check=False)


class World:
    """A repository with workstreams of one agent (a shell command that gets no prompt)."""

    def __init__(self, root: Path, names: Sequence[str], *, agent: str, files: int = 2000, settings: str = "") -> None:
        """Make and commit everything; nothing of autod runs yet."""
        self.root = root
        self.names = tuple(names)
        root.mkdir(parents=True)
        self.git("init", "-q", "-b", "main")
        _write_files(root, files)
        quoted = agent.replace("'''", "")
        (root / "autod.toml").write_text(
            '[project]\ntarget = "main"\nagent = "bench"\nmax_sessions = 200\n'
            f"[agents.bench]\nprompt = \"file\"\ncommand = [\"sh\", \"-c\", '''{quoted}''']\n{settings}"
        )
        for name in names:
            (root / "workstreams" / name).mkdir(parents=True)
            (root / "workstreams" / name / "STARTUP.md").write_text(f"# {name}\n")
        self.git("add", "-A")
        self.git("commit", "-qm", "base")

    def git(self, *words: str, cwd: Path | None = None) -> str:
        """Run a plain git and return what it prints."""
        done = subprocess.run(["git", *words], cwd=cwd or self.root, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def worktree(self, name: str) -> Path:
        """Return where a workstream's worktree is."""
        return self.root.parent / f"{self.root.name}-{name}"

    @property
    def server(self) -> TmuxServer:
        """The tmux server that autod has for this repository."""
        return TmuxServer(self.root / ".git")

    def tmux(self, *words: str) -> str:
        """Run a command on autod's server and return what it prints."""
        return self.server.run(*words).text

    def up(self) -> None:
        """Start all workstreams and leave."""
        asyncio.run(self._up())

    async def _up(self) -> None:
        async with open_desk(self.root, role="up") as desk:
            answer = await desk.ask(Up())
            if not answer.ok:
                raise RuntimeError(f"autod up: {answer.message}")

    def panes(self, form: str) -> list[str]:
        """Return `form` for each workstream's pane, in the order of the names."""
        lines = self.tmux("list-panes", "-s", "-t", "=autod-hub", "-F", f"#{{@autod_workstream}} {form}").splitlines()
        found = dict(line.split(" ", 1) for line in lines if not line.startswith(" "))
        return [found[name] for name in self.names]

    def close(self) -> None:
        """End autod's server and whatever runs in it."""
        self.server.stop()


def _write_files(root: Path, number: int) -> None:
    for index in range(number):
        path = root / f"src/part{index % 40:02}" / f"module{index:05}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"value_{line} = {index * line}\n" for line in range(20)))


class Bell:
    """A FIFO that a program writes to when it is alive; opened for both ends, so neither ever blocks."""

    def __init__(self, path: Path) -> None:
        """Make the FIFO."""
        os.mkfifo(path)
        self.path = path
        self.file = os.open(path, os.O_RDWR | os.O_NONBLOCK)

    def read(self, patience: float = PATIENCE) -> bytes:
        """Wait for something and return it."""
        if not select.select([self.file], [], [], patience)[0]:
            raise TimeoutError(f"nothing came by {self.path.name}")
        return os.read(self.file, 4096)

    def count(self, wanted: int) -> float:
        """Wait for `wanted` bytes and return the time when the last came."""
        while wanted > 0:
            wanted -= len(self.read())
        return time.monotonic()

    def close(self) -> None:
        """Close both ends."""
        os.close(self.file)


class BareTmux:
    """A tmux server as a person has it."""

    def __init__(self, name: str, *, config: str = "/dev/null") -> None:
        """Start it with one quiet window of 160x48."""
        self.argv = ["tmux", "-L", name, "-f", config]
        self.run("new-session", "-d", "-s", "hand", "-x", "160", "-y", "48", "sleep 100000")
        self.socket = Path(self.run("display-message", "-p", "#{socket_path}"))

    def run(self, *words: str) -> str:
        """Run one command in a client process and return what it prints."""
        return subprocess.run([*self.argv, *words], capture_output=True, text=True, check=True).stdout.strip()

    def close(self) -> None:
        """End it."""
        end_server(self.socket)


def autod(*words: str) -> list[str]:
    """Return the argv of an autod command."""
    return [sys.executable, "-P", "-m", "autod_tui", *words]


def settle(seconds: float) -> None:
    """Let what the last measurement set off come to rest."""
    time.sleep(seconds)
