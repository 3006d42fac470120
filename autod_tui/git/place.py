"""Where a repository is; all that the dashboard's first frame needs of git."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from autod_tui import process
from autod_tui.core.errors import EnvironmentUnfitError
from autod_tui.git.config import FIXED, environment


class Place(NamedTuple):
    """Directories of a repository, without symbolic links, and its object format."""

    root: Path
    """The main worktree."""
    common_dir: Path
    algorithm: str
    """`sha1` or `sha256`."""


def find_place(start: Path) -> Place:
    """Return where the repository is that `start` stands in, also from within one of its worktrees.

    Raises EnvironmentUnfitError when there is none, or it is bare.
    """
    env = environment(FIXED)
    words = (
        "rev-parse",
        "--path-format=absolute",
        "--git-common-dir",
        "--git-dir",
        "--is-bare-repository",
        "--show-object-format",
    )
    done = process.run_sync(["git", *words], cwd=start, env=env)
    if not done.ok:
        said = done.stderr.decode("utf-8", "replace").strip().removeprefix("fatal: ")
        raise EnvironmentUnfitError(f"{str(start)!r}: {said}", hint="go to a git repository, or make one: git init")
    common, git_dir, bare, algorithm = done.text.rsplit("\n", 3)[-4:]
    if bare == "true":
        raise EnvironmentUnfitError(f"{common!r} is a bare repository", hint="clone it and run autod in the clone")
    common_dir = Path(os.path.realpath(common))
    return Place(_main_worktree(start, common_dir, git_dir, env), common_dir, algorithm)


def _main_worktree(start: Path, common_dir: Path, git_dir: str, env: Mapping[str, str]) -> Path:
    if os.path.realpath(git_dir) == str(common_dir):
        top = process.run_sync(["git", "rev-parse", "--show-toplevel"], cwd=start, env=env)
        if not top.ok:  # inside `.git` itself
            return common_dir.parent
        return Path(os.path.realpath(top.text))
    listed = process.run_sync(["git", "worktree", "list", "--porcelain", "-z"], cwd=start, env=env)
    first = listed.checked("listing the worktrees").text.split("\0", 1)[0]
    return Path(os.path.realpath(first.removeprefix("worktree ")))
