"""Running git: one hermetic environment, and directories that are named rather than discovered."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from autod_tui import process
from autod_tui.core.errors import RefusedError
from autod_tui.git.config import FIXED, LocalConfig, environment, parse_config

Signature = tuple[tuple[str, int, int, int], ...]


class Place(Struct, frozen=True):
    """Where a git works: its git directory, and its work tree when it needs one."""

    git_dir: str
    work_tree: str = ""


class Git:
    """Runs git in one repository, or in one of its worktrees, with the repository's own programs switched off."""

    def __init__(self, common_dir: Path, root: Path) -> None:
        """Serve the repository whose common directory is `common_dir` and main worktree is `root` (real paths)."""
        self.common_dir = common_dir
        self.root = root
        self.common = Place(str(common_dir))
        self._configs: dict[str, tuple[Signature, LocalConfig]] = {}
        self._admins: dict[str, Path] = {}

    async def run(
        self,
        *args: str,
        place: Place | None = None,
        stdin: bytes | None = None,
        env: Mapping[str, str] | None = None,
        timeout: float = 120.0,
    ) -> process.Finished:
        """Run git to its end, whatever its exit status; `place` defaults to the common directory."""
        where = place or self.common
        config = await self.config(where)
        return await process.run(
            ["git", "-C", where.work_tree or where.git_dir, *self.argv(where, args)[1:]],
            env=environment({**FIXED, **config.overrides}, env),
            stdin=stdin,
            timeout=timeout,
        )

    async def text(
        self,
        *args: str,
        step: str,
        place: Place | None = None,
        stdin: bytes | None = None,
        env: Mapping[str, str] | None = None,
        timeout: float = 120.0,
    ) -> str:
        """Run git and return its output; raises CommandFailedError that names `step`."""
        done = await self.run(*args, place=place, stdin=stdin, env=env, timeout=timeout)
        return done.checked(step).text

    async def _config_place(self, place: Place | None) -> Place:
        """Return the common directory for a worktree with no configuration of its own: that saves asking git anew."""
        if place is None or place.git_dir == self.common.git_dir:
            return self.common
        own = (f"{place.git_dir}/config.worktree", f"{self.common_dir}/config.worktree")
        if any(map(os.path.exists, own)) or (await self.config()).conditional:
            return place
        return self.common

    @staticmethod
    def argv(place: Place, args: tuple[str, ...]) -> list[str]:
        """Return the whole command line for `args` at `place`."""
        tree = ["--work-tree", place.work_tree] if place.work_tree else []
        return ["git", "--git-dir", place.git_dir, *tree, *args]

    async def config(self, place: Place | None = None) -> LocalConfig:
        """Return what the configuration at `place` says, read again only when one of its files changed."""
        where = await self._config_place(place)
        known = self._configs.get(where.git_dir)
        if known and known[0] == _signature(known[1].files):
            return known[1]
        done = await process.run(
            self.argv(Place(where.git_dir), ("config", "--list", "-z", "--show-scope", "--show-origin")),
            env=environment(FIXED),
        )
        config = parse_config(done.checked("reading git's configuration").stdout, where.git_dir)
        watched = (*config.files, f"{self.common_dir}/config.worktree", f"{where.git_dir}/config.worktree")
        config = msgspec.structs.replace(config, files=tuple(dict.fromkeys(watched)))
        self._configs[where.git_dir] = (_signature(config.files), config)
        return config

    def place_of(self, worktree: str) -> Place:
        """Return the place of a worktree from git's own record of it, never from its `.git` file.

        Raises RefusedError when the repository has no such worktree.
        """
        path = os.path.realpath(worktree)
        admin = self.admin_dir(path)
        if admin is not None:
            return Place(str(admin), path)
        if path == os.path.realpath(self.root):
            return Place(str(self.common_dir), path)
        raise RefusedError(
            f"{worktree!r} is no worktree of the repository at {str(self.common_dir)!r}",
            hint="`git worktree list` shows those there are",
        )

    def admin_dir(self, path: str) -> Path | None:
        """Return `<common>/worktrees/<id>` whose record names the worktree at `path` (a real path), or None."""
        known = self._admins.get(path)
        if known is not None and recorded_path(known) == path:
            return known
        records = self.common_dir / "worktrees"
        for admin in sorted(records.iterdir()) if records.is_dir() else ():
            if recorded_path(admin) == path:
                self._admins[path] = admin
                return admin
        return None


def recorded_path(admin: Path) -> str:
    """Return the real path of the worktree that an admin directory belongs to; empty when it is half made."""
    try:
        record = os.fsdecode((admin / "gitdir").read_bytes()).removesuffix("\n")
    except OSError:
        return ""
    return os.path.realpath(Path(admin, record).parent) if record else ""


def _signature(files: tuple[str, ...]) -> Signature:
    found = []
    for name in files:
        try:
            stat = os.stat(name)  # noqa: PTH116 - called for each git command
        except OSError:
            continue
        found.append((name, stat.st_mtime_ns, stat.st_size, stat.st_ino))
    return tuple(found)
