"""autod's own tmux server: where it is, how it is made, and how a terminal gets to its dashboard.

Two sessions show the same windows: `autod-hub` is where control clients attach and what keeps the windows, `autod` is
what terminals attach to. Window 0 is the dashboard's; while no dashboard runs it holds a dead pane without a process.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import socket
import stat
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from autod_tui import process
from autod_tui.core.errors import CommandFailedError, EnvironmentUnfitError
from autod_tui.tmux.ending import seen_to_end
from autod_tui.tmux.quoting import argument
from autod_tui.tmux.script import write_dashboard_script

if TYPE_CHECKING:
    import libtmux

HUB = "autod-hub"
UI = "autod"
DASHBOARD = f"={HUB}:0"
KEEPER = "true"
"""Command of window 0 while no dashboard has run: it ends at once and its dead pane keeps the window."""

CONFIG = Path(__file__).with_name("tmux.conf")
MINIMUM = (3, 2)

_PRESENT = re.compile(r"duplicate session|already exists|index 0 in use|still active")
_INSTALL = (
    "Debian/Ubuntu: sudo apt install tmux - Fedora: sudo dnf install tmux - Arch: sudo pacman -S tmux - "
    "Alpine: sudo apk add tmux"
)
_HOW = "brew install tmux" if sys.platform == "darwin" else _INSTALL


def tmux_binary() -> str:
    """Return the tmux program: $AUTOD_TMUX, else `tmux`."""
    return os.environ.get("AUTOD_TMUX") or "tmux"


def require_tmux() -> tuple[int, int]:
    """Return tmux's version (major, minor); raise EnvironmentUnfitError when it is missing or older than 3.2."""
    binary = tmux_binary()
    if shutil.which(binary) is None:
        raise EnvironmentUnfitError(
            f"tmux was not found (looked for {binary!r}; 3.2 or newer is needed)",
            hint=f"{_HOW}; or set AUTOD_TMUX=/path/to/tmux",
        )
    said = process.run_sync([binary, "-V"], timeout=10).text
    found = re.search(r"(\d+)\.(\d+)", said)
    if "master" in said:
        return (99, 0)
    version = (int(found[1]), int(found[2])) if found else (0, 0)
    if version < MINIMUM:
        raise EnvironmentUnfitError(
            f"{said or binary!r} is too old: autod needs tmux 3.2 or newer",
            hint=f"{_HOW}; or set AUTOD_TMUX=/path/to/a/newer/tmux",
        )
    return version


class TmuxServer:
    """The one tmux server of a repository, known by a socket name made from the git common directory."""

    def __init__(self, common_dir: Path, *, socket_name: str = "") -> None:
        """Name the server; nothing is started. Launch scripts are kept in `common_dir`/autod/launch."""
        real = common_dir.resolve()
        digest = hashlib.sha256(os.fsencode(real)).hexdigest()[:12]
        self.socket_name = socket_name or f"autod-{digest}"
        self.launch_dir = real / "autod" / "launch"

    @property
    def socket_path(self) -> Path:
        """Where the server's socket is (or will be); like tmux, /tmp when TMUX_TMPDIR is no directory."""
        wanted = Path(os.environ.get("TMUX_TMPDIR") or "/tmp")  # noqa: S108
        base = wanted if wanted.is_dir() else Path("/tmp")  # noqa: S108
        return base.resolve() / f"tmux-{os.getuid()}" / self.socket_name

    def argv(self, *arguments: str) -> list[str]:
        """Return the command line of a tmux client of this server."""
        return [tmux_binary(), "-L", self.socket_name, "-f", str(CONFIG), *arguments]

    def control_argv(self, flags: str) -> list[str]:
        """Return the command line of a control client with the given client flags."""
        return self.argv("-C", "attach-session", "-f", flags, "-t", f"={HUB}")

    def client_env(self, env: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return `env` (default: the process's) fit for tmux: not nested, and marked as no agent's.

        The marks matter: whatever carries an agent's is ended with that agent.
        """
        source = os.environ if env is None else env
        marks = ("AUTOD_SESSION", "AUTOD_WORKSTREAM", "AUTOD_TREE", "AUTOD_PROMPT_FILE")
        dropped = ("TMUX", "TMUX_PANE", "LINES", "COLUMNS", *marks)
        return {name: value for name, value in source.items() if name not in dropped}

    def running(self) -> bool:
        """Tell whether a server listens on the socket (no program is started to find out)."""
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(self.socket_path))
            except OSError:
                return False
        return True

    def inside(self) -> bool:
        """Tell whether this process runs in a pane of this very server."""
        return os.environ.get("TMUX", "").split(",")[0] == str(self.socket_path)

    def libtmux(self) -> libtmux.Server:
        """Return libtmux's view of the server, for looking at its structure; libtmux is imported by this call."""
        import libtmux

        return libtmux.Server(socket_name=self.socket_name, config_file=str(CONFIG), tmux_bin=tmux_binary())

    def run(self, *arguments: str) -> process.Finished:
        """Run one tmux command in a process of its own and return how it ended."""
        return process.run_sync(self.argv(*map(argument, arguments)), env=self.client_env(), timeout=20)

    def ensure_keeper(self) -> None:
        """Make sure that the server and its keeping session live; safe to call from several processes at once."""
        if self.running() and self.run("has-session", "-t", f"={HUB}").ok:
            return
        if self.running() and self.run("has-session", "-t", f"={UI}").ok:
            self._make("new-session", "-d", "-t", UI, "-s", HUB)  # the terminals' session still holds the windows
            return
        require_tmux()
        self.check_socket_dir()
        size = shutil.get_terminal_size((160, 48))
        columns, rows = str(max(size.columns, 40)), str(max(size.lines, 12))
        self._make("new-session", "-d", "-s", HUB, "-x", columns, "-y", rows, "-n", "dashboard", KEEPER)

    def ensure_session(self, dashboard_argv: Sequence[str], cwd: str, env: Mapping[str, str]) -> None:
        """Make sure that the session `autod` lives and its window 0 runs the dashboard; a living one is left alone."""
        self.ensure_keeper()
        self._make("new-session", "-d", "-t", HUB, "-s", UI)
        found = self._dashboard()
        if found == "alive":
            return
        leave = self._leave_argv()
        script = write_dashboard_script(self.launch_dir, dashboard_argv, cwd, self.client_env(env), leave)
        how = ("respawn-window",) if found == "dead" else ("new-window", "-d", "-n", "dashboard")
        if not self._make(*how, "-t", DASHBOARD, "/bin/sh", str(script)):
            script.unlink(missing_ok=True)  # another process was faster, this one never runs
        self._let_speak()
        self._make("select-window", "-t", f"={UI}:0")

    def _leave_argv(self) -> list[str]:
        """Return what gives all terminals back without tmux's word that they are detached.

        A client that becomes another program says nothing; that program does nothing, and no shell of the person's
        runs it. What tmux has to say of failures it says as always.
        """
        plain_shell = ("set-option", "-t", f"={UI}:", "default-shell", "/bin/sh")
        return self.argv(*plain_shell, ";", "detach-client", "-s", f"={UI}", "-E", ":")

    def _let_speak(self) -> None:
        """Let the dashboard, and no agent, ring the terminal's bell and pass notifications on to it.

        Before 3.3 tmux lets everybody pass anything on and has no such option.
        """
        self.run("set-option", "-w", "-t", DASHBOARD, "monitor-bell", "on")
        self.run("set-option", "-q", "-p", "-t", DASHBOARD, "allow-passthrough", "on")

    def ensure_window(self, name: str, argv: Sequence[str], cwd: str, env: Mapping[str, str]) -> None:
        """Make sure that a window called `name` runs `argv`; it closes when the program ends."""
        self.ensure_keeper()
        listed = self.run("list-windows", "-t", f"={HUB}", "-F", "#{window_name}\t#{pane_dead}").text
        if f"{name}\t0" in listed.splitlines():
            return
        close = self.argv("kill-window", "-t", f"={HUB}:={name}")
        script = write_dashboard_script(self.launch_dir, argv, cwd, self.client_env(env), close)
        self._make("new-window", "-d", "-t", f"={HUB}:", "-n", name, "/bin/sh", str(script))

    def _dashboard(self) -> str:
        """Return `alive`, `dead` or `missing`; a keeper's empty pane that is just ending is waited for."""
        for _ in range(200):
            found = self.run("list-panes", "-t", DASHBOARD, "-F", "#{pane_dead} #{pane_start_command}")
            if not found.ok:
                return "missing"
            dead, _, command = found.text.partition(" ")
            if dead == "1" or command.strip('"') != KEEPER:
                break
            time.sleep(0.01)
        return "dead" if dead == "1" else "alive"

    def attach_argv(self, window: str = "") -> list[str]:
        """Return what to exec to stand before `window` (`@ID`) in the present terminal, with `client_env` around it.

        Outside it attaches the terminal, by default to where the last one was; inside autod's own server it only shows
        the window, by default the dashboard.
        """
        show = ("select-window", "-t", f"={UI}:{window or '0'}")
        if self.inside():
            return self.argv(*show)
        first = (*show, ";") if window else ()
        true_colour = os.environ.get("COLORTERM", "") in ("truecolor", "24bit")
        features = ["-T", "RGB"] if true_colour else []
        argv = self.argv(*first, "attach-session", "-t", f"={UI}")
        return [argv[0], *features, *argv[1:]]

    def ensure_terminal_session(self) -> None:
        """Make sure that there is a session for terminals, with or without a dashboard (for `autod attach`)."""
        self.ensure_keeper()
        self._make("new-session", "-d", "-t", HUB, "-s", UI)

    def stop(self) -> None:
        """End the server and every program in it, and wait for it; one that is not running is no error."""
        if not self.running():
            return
        from libtmux.exc import LibTmuxException

        with seen_to_end(self.socket_path) as pid:
            try:
                self.libtmux().kill()
            except LibTmuxException:  # it may be at its end, and answer nobody
                if not pid and self.running():
                    raise

    def stop_if_empty(self) -> None:
        """End the server when nothing but its keeper is left: no agent's window, no dashboard, no terminal."""
        if not self.running():
            return
        panes = self.run("list-panes", "-a", "-F", "#{pane_dead}#{window_index}#{session_attached}")
        if panes.ok and set(panes.text.split()) <= {"100"}:
            self.stop()

    def check_socket_dir(self) -> None:
        """Raise EnvironmentUnfitError when others could reach the sockets' directory."""
        directory = self.socket_path.parent
        if not directory.exists():
            return
        seen = directory.stat()
        if seen.st_uid != os.getuid() or stat.S_IMODE(seen.st_mode) & 0o077:
            raise EnvironmentUnfitError(
                f"{str(directory)!r} is not private: mode {stat.S_IMODE(seen.st_mode):04o}, owner {seen.st_uid}",
                hint=f"chmod 700 {directory}, or set TMUX_TMPDIR to a directory of your own",
            )

    def _make(self, *arguments: str) -> bool:
        """Run a command that makes something; that it is there already is as good, and gives False."""
        done = self.run(*arguments)
        words = done.stderr.decode("utf-8", "replace").strip()
        if not done.ok and not _PRESENT.search(words):
            raise CommandFailedError(f"tmux {arguments[0]} failed: {words or f'exit status {done.returncode}'}")
        return done.ok
