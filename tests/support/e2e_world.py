"""A person's world of its own: home, state directory, tmux sockets, a repository, and `autod` as they would call it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.support.terminals import PATIENCE, Terminal, clean_env, end_server, wait_until

SITTER = "exec sleep 1000"
"""An agent that only sits there."""


class World:
    """A repository at a path that hurts, with private HOME, XDG_STATE_HOME, TMPDIR and TMUX_TMPDIR."""

    def __init__(self, directory: Path, *, name: str = "re po#1", init: Sequence[str] = ()) -> None:
        self.directory = directory
        self.root = directory / name
        for part in ("home", "sockets", "tmp"):
            (directory / part).mkdir(mode=0o700)
        (directory / "home" / ".gitconfig").write_text("[user]\nname = A\nemail = a@example.org\n")
        self.marker = f"e2e-{os.urandom(6).hex()}"
        self.env = clean_env(
            HOME=str(directory / "home"),
            XDG_STATE_HOME=str(directory / "home" / "state"),
            TMUX_TMPDIR=str(directory / "sockets"),
            TMPDIR=str(directory / "tmp"),
            TERM="xterm-256color",
            GIT_CONFIG_NOSYSTEM="1",
            E2E_MARKER=self.marker,
        )
        self.root.mkdir()
        self.git("init", "-q", "-b", "main", *init)

    def git(self, *words: str, cwd: Path | None = None, check: bool = True, stdin: str | None = None) -> str:
        """Run git as the person and return its words."""
        done = subprocess.run(
            ["git", *words],
            cwd=cwd or self.root,
            env=self.env,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0 or not check, f"git {words}: {done.stderr}"
        return done.stdout.rstrip("\n")

    def write(self, name: str, text: str | bytes, cwd: Path | None = None) -> Path:
        """Write a file below the repository's root, or below `cwd`."""
        path = (cwd or self.root) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    def commit(self, message: str = "work", cwd: Path | None = None, **files: str) -> str:
        """Write `files`, commit everything that git sees, and return the commit."""
        for name, text in files.items():
            self.write(name, text, cwd)
        self.git("add", "-A", cwd=cwd)
        self.git("commit", "-qm", message, cwd=cwd)
        return self.git("rev-parse", "HEAD", cwd=cwd)

    def declare(self, settings: str, *names: str, agent: str = SITTER, commit: bool = True) -> None:
        """Write autod.toml, with the shell script `agent` as the agent, and one workstream per name."""
        head = "" if "[project]" in settings else '[project]\ntarget = "main"\nagent = "script"\n'
        script = json.dumps(agent)
        self.write("autod.toml", f'{head}{settings}\n[agents.script]\ncommand = ["sh", "-c", {script}]\n')
        for name in names:
            self.write(f"workstreams/{name}/STARTUP.md", f"# {name}\n")
        if commit:
            self.commit("declare")

    def argv(self, *words: str) -> list[str]:
        """`autod` by the interpreter that runs the tests."""
        return [sys.executable, "-P", "-m", "autod_tui", *words]

    def autod(
        self, *words: str, cwd: Path | None = None, stdin: str = "", **env: str
    ) -> subprocess.CompletedProcess[str]:
        """Run one command without a terminal."""
        return subprocess.run(
            self.argv(*words),
            cwd=cwd or self.root,
            env=self.env | env,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def ask(self, *words: str, code: int = 0) -> dict[str, Any]:
        """Run one command with --json --yes, check its exit code and return its answer."""
        done = self.autod(*words, "--json", "--yes")
        assert done.returncode == code, f"autod {words} ended with {done.returncode}: {done.stdout} {done.stderr}"
        answer = json.loads(done.stdout)
        assert isinstance(answer, dict)
        return answer

    def start(self, *words: str, **env: str) -> subprocess.Popen[bytes]:
        """Start a command in a process group of its own, to be killed by the test."""
        return subprocess.Popen(
            self.argv(*words),
            cwd=self.root,
            env=self.env | env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    @contextlib.contextmanager
    def terminal(self, *words: str, columns: int = 120, rows: int = 36, **env: str) -> Iterator[Terminal]:
        """Run a command in a terminal of a person's."""
        # The outer terminal's socket shall not lie in this world: its path would be too long.
        outside = {name: value for name, value in self.env.items() if name != "TMUX_TMPDIR"}
        inside = [f"TMUX_TMPDIR={self.env['TMUX_TMPDIR']}", *(f"{name}={value}" for name, value in env.items())]
        argv = ["env", *inside, *self.argv(*words)]
        terminal = Terminal(argv, env=outside, columns=columns, rows=rows, cwd=self.root)
        try:
            yield terminal
        finally:
            terminal.close()

    @contextlib.contextmanager
    def conductor(self) -> Iterator[subprocess.Popen[bytes]]:
        """Keep `autod watch` running as the conductor."""
        watch = self.start("watch")
        try:
            wait_until(lambda: self.ask("status")["project"]["conductor"], "a conductor")
            yield watch
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(watch.pid, signal.SIGTERM)
            watch.communicate()

    def workstream(self, name: str) -> dict[str, Any]:
        """What `status` says of one workstream."""
        found = [one for one in self.ask("status")["workstreams"] if one["name"] == name]
        assert len(found) == 1, f"{name}: {found}"
        return dict(found[0])

    def checkpoint(self, name: str) -> dict[str, Any]:
        """What `status` says of one checkpoint."""
        return dict(next(one for one in self.ask("status")["checkpoints"] if one["name"] == name))

    def wait_state(self, name: str, *states: str, patience: float = PATIENCE) -> dict[str, Any]:
        """Wait until `status` says one of `states` for a workstream, and return what it says of it."""
        return self.wait_states({name: states}, patience)[name]

    def wait_up(self, *names: str) -> dict[str, dict[str, Any]]:
        """Wait until the agents of all `names` run, and return what `status` says of them."""
        return self.wait_states(dict.fromkeys(names, ("working", "starting", "idle")))

    def wait_states(self, wanted: Mapping[str, Sequence[str]], patience: float = PATIENCE) -> dict[str, dict[str, Any]]:
        """Wait until one `status` says one of the wanted states for each workstream, and return what it says."""
        found: dict[str, dict[str, Any]] = {}

        def there() -> bool:
            found.update((one["name"], one) for one in self.ask("status")["workstreams"])
            return all(name in found and found[name]["state"] in states for name, states in wanted.items())

        wait_until(there, f"{dict(wanted)}; last: {found}", patience)
        return {name: found[name] for name in wanted}

    def worktree(self, name: str) -> Path:
        """Where a workstream's worktree lies by default."""
        return self.root.parent / f"{self.root.name}-{name}"

    def refs(self, *prefixes: str) -> dict[str, str]:
        """All refs below the prefixes, by full name."""
        lines = self.git("for-each-ref", "--format=%(objectname) %(refname)", *prefixes).splitlines()
        return {ref: oid for oid, _, ref in (line.partition(" ") for line in lines)}

    def sockets(self) -> list[Path]:
        """The sockets of the tmux servers that run or ran here."""
        return sorted((self.directory / "sockets").glob("tmux-*/*"))

    def tmux(self, *words: str, check: bool = True) -> str:
        """Speak to autod's own tmux server."""
        done = subprocess.run(
            ["tmux", "-S", str(self.sockets()[0]), *words], env=self.env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0 or not check, done.stderr
        return done.stdout

    def processes(self, **marks: str) -> dict[int, str]:
        """The living processes of this world that carry all `marks` in their environment: pid to command line."""
        wanted = {f"{name}={value}".encode() for name, value in {"E2E_MARKER": self.marker, **marks}.items()}
        return {pid: line for pid, line in _living() if wanted <= _environment(pid)}

    def close(self) -> None:
        """Stop all that this world started."""
        for socket in self.sockets():
            end_server(socket)
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _living() -> Iterator[tuple[int, str]]:
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            state = (entry / "stat").read_bytes().rpartition(b")")[2].split()[0]
            if state not in (b"Z", b"X"):
                yield int(entry.name), (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")


def _environment(pid: int) -> set[bytes]:
    try:
        return set(Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"))
    except OSError:
        return set()
