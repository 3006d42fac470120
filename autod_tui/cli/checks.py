"""The single checks of `autod doctor`; each looks at one thing and says how to mend it."""

from __future__ import annotations

import locale
import os
import platform
import re
import shutil
import sys
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Any

from msgspec import Struct

from autod_tui.core.errors import AutodError, SettingsError
from autod_tui.process import run_sync

MIN_PYTHON = (3, 11)
MIN_TMUX = (3, 2)
MIN_GIT = (2, 38)
MIN_WATCHES = 65536
MIN_INSTANCES = 64


class Level(StrEnum):
    """How much a finding matters."""

    OK = "ok"
    NOTE = "note"
    """Works, but less well."""
    MISSING = "missing"
    """autod can't do without it."""


class Finding(Struct, frozen=True):
    """What one check saw."""

    name: str
    level: Level
    found: str
    hint: str = ""
    """How to mend it; empty when there is nothing to mend."""

    def as_json(self) -> dict[str, Any]:
        """Return the documented object."""
        return {"name": self.name, "level": self.level.value, "found": self.found, "hint": self.hint or None}


def install_hint(program: str) -> str:
    """Say how `program` (tmux or git) is got on common systems."""
    return (
        f"Debian, Ubuntu: sudo apt install {program} - Fedora: sudo dnf install {program} - "
        f"Arch: sudo pacman -S {program} - macOS: brew install {program}"
    )


def python_check() -> Finding:
    """Check the Python that runs this."""
    found = platform.python_version()
    if sys.version_info >= MIN_PYTHON:
        return Finding("python", Level.OK, found)
    return Finding("python", Level.MISSING, found, "Python 3.11 or newer is needed; uv python install 3.12 gets one")


def tmux_check() -> Finding:
    """Check tmux, or the program that AUTOD_TMUX names."""
    return _program_check("tmux", os.environ.get("AUTOD_TMUX") or "tmux", "-V", MIN_TMUX)


def git_check() -> Finding:
    """Check git."""
    return _program_check("git", "git", "--version", MIN_GIT)


def _program_check(name: str, program: str, flag: str, least: tuple[int, int]) -> Finding:
    path = shutil.which(program)
    need = ".".join(map(str, least))
    if path is None:
        return Finding(name, Level.MISSING, "not found", f"{name} {need} or newer is needed. {install_hint(name)}")
    try:
        words = run_sync([path, flag]).text
    except AutodError as error:
        return Finding(name, Level.MISSING, error.message, install_hint(name))
    version = parse_version(words)
    if version is not None and version < least:
        return Finding(name, Level.MISSING, f"{words} ({path})", f"{need} or newer is needed. {install_hint(name)}")
    return Finding(name, Level.OK, f"{words} ({path})")


def parse_version(words: str) -> tuple[int, int] | None:
    """Find the first `MAJOR.MINOR` in what a program says of itself; None for a development version."""
    match = re.search(r"(\d+)\.(\d+)", words)
    return (int(match[1]), int(match[2])) if match else None


def colour_check() -> Finding:
    """Check how many colours the terminal says it has."""
    term, truecolour = os.environ.get("TERM", ""), os.environ.get("COLORTERM", "") in ("truecolor", "24bit")
    if "NO_COLOR" in os.environ:
        return Finding("colours", Level.NOTE, "switched off by NO_COLOR", "unset NO_COLOR to have colours")
    if not term or term == "dumb":
        hint = "run autod in a terminal emulator; TERM says what it can do, e.g. xterm-256color"
        return Finding("colours", Level.NOTE, f"TERM={term or '(not set)'}", hint)
    if truecolour or term.endswith("-direct"):
        return Finding("colours", Level.OK, f"16 million (TERM={term})")
    if "256" in term:
        return Finding("colours", Level.OK, f"256 (TERM={term})")
    return Finding(
        "colours", Level.NOTE, f"few (TERM={term})", "export COLORTERM=truecolor if the terminal can show them"
    )


def locale_check() -> Finding:
    """Check that the locale can say box-drawing characters."""
    encoding = locale.getencoding()
    if encoding.lower().replace("-", "") == "utf8":
        return Finding("locale", Level.OK, encoding)
    return Finding("locale", Level.NOTE, encoding, "export LC_ALL=C.UTF-8")


def agent_checks() -> Iterable[Finding]:
    """Check which agents' programs are on the PATH; none at all is worth a note, not a failure."""
    from autod_tui.cli.engine import load_profiles

    for profile in load_profiles().values():
        program = profile.command[0]
        if path := shutil.which(program):
            yield Finding(f"agent {profile.name}", Level.OK, path)
        else:
            hint = profile.install or f"install {program!r}, or give this agent another command in autod.toml"
            yield Finding(f"agent {profile.name}", Level.NOTE, "not installed", hint)


def inotify_checks() -> Iterable[Finding]:
    """Check the kernel's limits for watching files; nothing to check outside Linux."""
    for name, least in (("max_user_watches", MIN_WATCHES), ("max_user_instances", MIN_INSTANCES)):
        path = Path("/proc/sys/fs/inotify") / name
        if not path.exists():
            continue
        value = int(path.read_text())
        hint = "" if value >= least else f"sudo sysctl fs.inotify.{name}={least * 2}"
        yield Finding(f"inotify {name}", Level.OK if value >= least else Level.NOTE, str(value), hint)


def repository_checks(start: Path) -> Iterable[Finding]:
    """Check the repository that holds `start`, and its configuration."""
    if shutil.which("git") is None:
        return
    top = run_sync(["git", "-C", str(start), "rev-parse", "--show-toplevel"])
    if not top.ok:
        yield Finding("repository", Level.NOTE, f"{start} is in no git repository", "cd to one, or run git init")
        return
    root = Path(top.text)
    if not run_sync(["git", "-C", str(root), "rev-parse", "--verify", "-q", "HEAD"]).ok:
        yield Finding("repository", Level.NOTE, f"{root} has no commit yet", "worktrees need one: git commit")
    else:
        yield Finding("repository", Level.OK, str(root))
    yield settings_check(root)


def settings_check(root: Path) -> Finding:
    """Check autod.toml and workstreams/ by reading them as every command does."""
    if not (root / "autod.toml").exists():
        return Finding("autod.toml", Level.NOTE, "not there yet", "autod init writes one")
    from autod_tui.cli.engine import load_engine

    try:
        board = load_engine().status_board(root)
    except SettingsError as error:
        return Finding("autod.toml", Level.MISSING, error.message, error.hint)
    except AutodError as error:
        return Finding("autod.toml", Level.NOTE, f"it could not be looked at further: {error.message}", error.hint)
    return Finding(
        "autod.toml", Level.OK, f"{len(board.workstreams)} workstreams, {len(board.checkpoints)} checkpoints"
    )
