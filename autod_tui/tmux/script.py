"""The little shell script that becomes an agent: exact arguments and environment, nothing secret on a command line."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import time
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path

from autod_tui.core.errors import UsageError
from autod_tui.core.pane_ports import Launch

LONGEST_ARGUMENT = 128 * 1024 - 1
"""Bytes that Linux allows for one argument or one `NAME=value`."""

SETUP_FAILED = "autod: setup failed"
"""How the line starts that a pane shows when the setup command failed; the agent was not started then."""

OLD = 60.0
"""Seconds after which an empty script is nobody's."""

NO_DIRECTORY = "autod: no directory"
"""How the line starts that a pane shows when the working directory is missing."""

_SEEN = "sleep 0.3"
"""A pause before an end: tmux may drop what was printed at the moment that a pane's program ends."""

_OF_THE_TERMINAL = ("TMUX", "TMUX_PANE", "TERM", "TERM_PROGRAM", "TERM_PROGRAM_VERSION")
_NOT_INHERITED = frozenset({*_OF_THE_TERMINAL, "LINES", "COLUMNS", "PWD", "OLDPWD", "SHLVL", "_"})
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z", re.ASCII)
_NEVER_UNSET = frozenset({"UID", "EUID", "PPID", "IFS", "BASHOPTS", "SHELLOPTS", "BASH_VERSINFO"})
"""Variables that a shell may refuse to forget, or should not."""


def write_agent_script(directory: Path, launch: Launch, inherited: Sequence[str] | None = None) -> Path:
    """Write the script of `launch` as a file of mode 0600 that empties itself once it runs.

    The script ends as the agent itself (`exec`), so the pane's process, exit status and signals are the agent's.
    `inherited` names the variables that the server gives to its panes, none of which reaches the agent; None where they
    are not known: then the shell is started once more without any. Raises UsageError for what no program can be given.
    """
    env = {**launch.env, "AUTOD_SESSION": launch.session, "AUTOD_WORKSTREAM": launch.workstream}
    _check_lengths(launch.argv, env)
    stdin = f" < {shlex.quote(launch.stdin_file)}" if launch.stdin_file else ""
    body = [
        "{",  # read to the end before anything of it is done: it is emptied while it runs
        *_without(inherited),
        ': > "$0"',
        *_preamble(env, launch.cwd),
        *_setup(launch.setup, launch.setup_mark),
        f"exec {shlex.join(launch.argv)}{stdin}",
        "}",
    ]
    return _write(directory, body)


def used_up(script: Path) -> bool:
    """Remove a script that has emptied itself; False while its shell has not come so far."""
    with contextlib.suppress(FileNotFoundError):
        if script.stat().st_size:
            return False
        script.unlink()
    return True


def remove_empty(directory: Path) -> None:
    """Remove the emptied scripts that a killed autod left; one that is just being written is as empty, but young."""
    with contextlib.suppress(FileNotFoundError):
        for entry in os.scandir(directory):
            if time.time() - entry.stat().st_mtime > OLD:
                used_up(Path(entry.path))


def write_dashboard_script(
    directory: Path, argv: Sequence[str], cwd: str, env: Mapping[str, str], leave: Sequence[str]
) -> Path:
    """Write the script of the dashboard: when it ends well, `leave` lets the terminals go; a crash stays in sight."""
    _check_lengths(argv, env)
    body = [
        *_without(None),
        'rm -f -- "$0"',
        *_preamble(env, cwd),
        shlex.join(argv),
        "status=$?",
        f'if [ "$status" = 0 ]; then {shlex.join(leave)}; fi',
        "exit $status",
    ]
    return _write(directory, body)


def _without(inherited: Sequence[str] | None) -> list[str]:
    """Leave nothing of the environment but the terminal's own variables: the server's are none of the agent's."""
    if inherited is None or not all(map(_VARIABLE.match, inherited)) or _NEVER_UNSET.intersection(inherited):
        kept = " ".join(f'{name}="${name}"' for name in _OF_THE_TERMINAL)
        return [f'if [ "$1" != clean ]; then exec env -i {kept} /bin/sh "$0" clean; fi']
    names = [name for name in dict.fromkeys(inherited) if name not in _OF_THE_TERMINAL]
    return [f"unset {' '.join(names)}"] if names else []


def _preamble(env: Mapping[str, str], cwd: str) -> list[str]:
    exports = [
        f"export {name}={shlex.quote(value)}"
        for name, value in env.items()
        if _VARIABLE.match(name) and name not in _NOT_INHERITED
    ]
    return [
        "unset LINES COLUMNS OLDPWD",
        *exports,
        f"cd -- {shlex.quote(cwd)} || {{ echo {shlex.quote(f'{NO_DIRECTORY} {cwd}')}; {_SEEN}; exit 1; }}",
        "export PWD",
        "unset OLDPWD",
    ]


def _setup(command: str, mark: str) -> list[str]:
    if not command:
        return []
    quoted = shlex.quote(command)
    return [
        f"printf '%s\\n' {shlex.quote(f'autod: setup: {command}')}",
        f"/bin/sh -c {quoted}",
        "status=$?",
        'if [ "$status" != 0 ]; then',
        f'  echo "{SETUP_FAILED} (exit status $status); the agent was not started"',
        f"  {_SEEN}",
        '  exit "$status"',
        "fi",
        *([f": > {shlex.quote(mark)}"] if mark else []),
    ]


def _check_lengths(argv: Sequence[str], env: Mapping[str, str]) -> None:
    for text in [*argv, *(f"{name}={value}" for name, value in env.items())]:
        size = len(os.fsencode(text))
        if size > LONGEST_ARGUMENT:
            raise UsageError(
                f"{text[:40]!r}... has {size} bytes, and one argument may have {LONGEST_ARGUMENT}",
                hint='give the agent its prompt another way: prompt = "file", "keys" or "stdin"',
            )
        if "\0" in text:
            raise UsageError(f"{text[:40]!r} holds a NUL byte, which no argument can")


def _write(directory: Path, lines: Sequence[str]) -> Path:
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = directory / f"{uuid.uuid4().hex}.sh"
    with open(path, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(os.fsencode("\n".join(lines) + "\n"))
    return path
