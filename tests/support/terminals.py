"""Real terminals for tests: an outer tmux server plays the person's terminal; conditions are waited for."""

from __future__ import annotations

import asyncio
import os
import shlex
import subprocess
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from autod_tui.tmux.ending import seen_to_end

PATIENCE = 30.0
T = TypeVar("T")


def clean_env(**extra: str) -> dict[str, str]:
    """The process's environment without a surrounding tmux or agent."""
    dropped = ("TMUX", "TMUX_PANE", "AUTOD_SESSION", "AUTOD_WORKSTREAM", "LINES", "COLUMNS")
    return {name: value for name, value in os.environ.items() if name not in dropped} | extra


def end_server(socket: Path) -> None:
    """End a tmux server and see that it is gone; where none listens nothing happens."""
    with seen_to_end(socket) as pid:
        if pid:
            subprocess.run(
                ["tmux", "-S", str(socket), "kill-server"], env=clean_env(), capture_output=True, check=False
            )


def wait_until(condition: Callable[[], object], what: str = "", patience: float = PATIENCE) -> None:
    """Return once `condition` holds; fail with `what` after `patience` seconds."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, f"not within {patience:g} s: {what or condition}"
        time.sleep(0.01)


async def until(look: Callable[[], Awaitable[T]], holds: Callable[[T], object], patience: float = PATIENCE) -> T:
    """Look again and again until the value `holds`, and return it."""
    deadline = time.monotonic() + patience
    while not holds(value := await look()):
        assert time.monotonic() < deadline, f"not within {patience:g} s, last seen: {value!r}"
        await asyncio.sleep(0.01)
    return value


class Terminal:
    """A terminal of a given size that runs one program; closing it is closing the window on the desktop."""

    def __init__(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        columns: int = 120,
        rows: int = 36,
        cwd: str | Path = "/",
    ) -> None:
        """Open the terminal with `argv` running in it (its environment is exactly `env` and the terminal's own)."""
        self.socket = f"terminal-{uuid.uuid4().hex[:12]}"
        wanted = dict(env) if env is not None else clean_env()
        self._sockets = {name: wanted[name] for name in ("TMUX_TMPDIR",) if name in wanted}
        options = ["-x", str(columns), "-y", str(rows), "-c", str(cwd)]
        self.tmux("new-session", "-d", "-s", "terminal", *options, "cat", env=wanted)
        for option in ("remain-on-exit on", "status off", "escape-time 0"):
            self.tmux("set-option", "-g", *option.split())
        # One shell word, or the outer tmux would take a `;` for itself; the program shall not know of the outer tmux.
        command = f"exec env -u TMUX -u TMUX_PANE {shlex.join(argv)}"
        try:
            self.tmux("respawn-pane", "-k", "-c", str(cwd), command, env=wanted)
        except subprocess.CalledProcessError:
            self.close()
            raise

    def tmux(self, *arguments: str, env: Mapping[str, str] | None = None) -> str:
        """Run a command of the outer tmux and return what it prints."""
        argv = ["tmux", "-L", self.socket, "-f", "/dev/null", *arguments]
        done = subprocess.run(argv, env=env or clean_env(**self._sockets), capture_output=True, text=True, check=True)
        return done.stdout

    def screen(self) -> str:
        """What the terminal shows."""
        return self.tmux("capture-pane", "-p")

    def press(self, *keys: str) -> None:
        """Press keys by name, such as F12 or Enter."""
        self.tmux("send-keys", *keys)

    def type(self, text: str) -> None:
        """Type text."""
        self.tmux("send-keys", "-l", text)

    def wait_for(self, text: str, patience: float = PATIENCE) -> str:
        """Wait until the terminal shows `text`, and return the screen."""
        deadline = time.monotonic() + patience
        while text not in (screen := self.screen()):
            assert time.monotonic() < deadline, f"{text!r} not within {patience:g} s on:\n{screen}"
            time.sleep(0.01)
        return screen

    def ended(self) -> bool:
        """True when the program has come back to the shell, so to say."""
        return self.tmux("display-message", "-p", "#{pane_dead}").strip() == "1"

    def resize(self, columns: int, rows: int) -> None:
        """Give the terminal another size."""
        self.tmux("resize-window", "-x", str(columns), "-y", str(rows))

    def close(self) -> None:
        """Close the terminal; its program gets a hang-up."""
        sockets = Path(self._sockets.get("TMUX_TMPDIR") or os.environ.get("TMUX_TMPDIR") or "/tmp")
        end_server(sockets / f"tmux-{os.getuid()}" / self.socket)
