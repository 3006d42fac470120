"""The sample repository: made from the package's files with fixed authors and dates, so its hashes are constants."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from autod_tui.core.errors import RefusedError
from autod_tui.demo.material import BASE, WORKSTREAMS, files_below, plan_files, workstreams_directory
from autod_tui.process import run_sync

AUTHOR = "Demo"
EMAIL = "demo@example.invalid"
FIRST_DATE = "2025-10-16T09:00:00+00:00"
SECOND_DATE = "2025-10-16T09:30:00+00:00"


def make_sample(directory: Path) -> None:
    """Make the sample repository in `directory`, missing or empty: two commits on `main`, nothing uncommitted.

    Raises RefusedError when something is there already, CommandFailedError when git fails.
    """
    if directory.exists() and any(directory.iterdir()):
        raise RefusedError(f"{str(directory)!r} is not empty", hint="name a directory that is new or empty")
    directory.mkdir(parents=True, exist_ok=True)
    _git(directory, "init", "--quiet", "--initial-branch=main", "--template=", "--object-format=sha1")
    _git(directory, "config", "user.name", AUTHOR)
    _git(directory, "config", "user.email", EMAIL)
    _lay_out(directory, files_below(BASE))
    _commit(directory, "Start paperflow", FIRST_DATE)
    _lay_out(directory, _workstream_files())
    _commit(directory, "Plan the week's four workstreams", SECOND_DATE)


def _workstream_files() -> dict[Path, Path]:
    files = (Path(name) / file for name in WORKSTREAMS for file in ("STARTUP.md", "workstream.toml"))
    startup = {file: workstreams_directory() / file for file in files}
    return {Path("workstreams") / file: kept for file, kept in {**startup, **plan_files()}.items()}


def _lay_out(directory: Path, files: Mapping[Path, Path]) -> None:
    for path, kept in files.items():
        target = directory / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(kept.read_bytes())


def _commit(directory: Path, message: str, date: str) -> None:
    _git(directory, "add", "--all", "--force", ".")
    _git(directory, "commit", "--quiet", "--no-verify", "-m", message, date=date)


def _git(directory: Path, *arguments: str, date: str = FIRST_DATE) -> None:
    done = run_sync(["git", *arguments], cwd=directory, env=_environment(date))
    done.checked(f"git {arguments[0]} in the sample repository")


def _environment(date: str) -> Mapping[str, str]:
    """Return an environment in which neither the user's nor the machine's git settings count."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return {
        **inherited,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_DATE": date,
        "GIT_COMMITTER_DATE": date,
    }
