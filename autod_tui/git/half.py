"""Worktrees whose checkout was cut short: what others wrote there, and filling in what is missing."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

from autod_tui.core.errors import CommandFailedError, RefusedError
from autod_tui.git.command import Git, Place
from autod_tui.git.snapshot import shadow_index


async def fill(git: Git, place: Place, marker: Mapping[str, str]) -> None:
    """Lay out what HEAD holds and the worktree lacks, and give it its index; nothing that stands there is overwritten.

    A file that holds the beginning of what belongs there is git's own half-written one. What differs otherwise was
    written by somebody and stays, as a change. Raises CommandFailedError with git's words when files can't be written.
    """
    if _was_laid_out(place):
        return
    with _index_lock(place) as lock:
        async with _whole_index(git, place, marker) as (env, missing):
            changed = await _changed(git, place, env, missing)
            torn = [path for path, letter in changed.items() if letter == "M" and await _is_torn(git, place, env, path)]
            for path in torn:
                Path(place.work_tree, path).unlink()
            absent = [path for path in changed if _is_free(place.work_tree, path)]
            await _write(git, place, env, absent)
            shutil.copyfile(env["GIT_INDEX_FILE"], lock)
            lock.rename(Path(place.git_dir, "index"))


async def strangers(git: Git, place: Place, marker: Mapping[str, str]) -> list[str]:
    """Return the paths in a half laid out worktree that no checkout of HEAD put there."""
    async with _whole_index(git, place, marker) as (env, missing):
        changed = await _changed(git, place, env, missing)
        there = [path for path in changed if os.path.lexists(Path(place.work_tree, path))]
        edited = [path for path in there if not await _is_torn(git, place, env, path)]
        step = f"looking for files of others in {place.work_tree!r}"
        done = (await git.run("ls-files", "--others", "-z", place=place, env=env)).checked(step)
        return [*edited, *_fields(done.stdout)]


def _was_laid_out(place: Place) -> bool:
    """Tell whether git came to its end: `reset` writes all files, then the index, then ORIG_HEAD."""
    return all(Path(place.git_dir, name).exists() for name in ("index", "ORIG_HEAD"))


@contextlib.contextmanager
def _index_lock(place: Place) -> Iterator[Path]:
    lock = Path(place.git_dir, "index.lock")
    try:
        lock.touch(exist_ok=False)
    except FileExistsError:
        raise RefusedError(f"a git works in {place.work_tree!r}: {str(lock)!r} is there", hint="wait for it") from None
    try:
        yield lock
    finally:
        lock.unlink(missing_ok=True)


@contextlib.asynccontextmanager
async def _whole_index(
    git: Git, place: Place, marker: Mapping[str, str]
) -> AsyncIterator[tuple[dict[str, str], frozenset[str]]]:
    """Yield the environment of an index of ours that lacks nothing of HEAD, and the paths that the real one lacks."""
    step = f"reading what belongs into {place.work_tree!r}"
    async with shadow_index(place) as index:
        env = {**marker, **index}
        fresh = not Path(index["GIT_INDEX_FILE"]).exists()
        words = ("diff-index", "--cached", "--raw", "-z", "--no-renames", "--diff-filter=D", "HEAD", "--")
        fields = _fields((await git.run(*words, place=place, env=env)).checked(step).stdout)
        rows = dict(zip(fields[1::2], fields[::2], strict=True))
        listing = "".join(f"{_mode_and_oid(facts)}\t{path}\0" for path, facts in rows.items())
        listed = os.fsencode(listing)
        await git.text("update-index", "-z", "--index-info", step=step, place=place, env=env, stdin=listed)
        if fresh and Path(place.git_dir, "info", "sparse-checkout").exists():
            await git.text("read-tree", "-m", "-u", "HEAD", step=step, place=place, env=env)  # marks what is left out
        await git.run("update-index", "-q", "--refresh", place=place, env=env)
        yield env, frozenset(rows)


def _mode_and_oid(facts: str) -> str:
    mode, _, oid, _, _ = facts.removeprefix(":").split(" ")
    return f"{mode} {oid}"


async def _changed(git: Git, place: Place, env: Mapping[str, str], among: frozenset[str]) -> dict[str, str]:
    """Return path to letter (`D` missing, `M` other content, `T` other kind) for those of `among` that differ."""
    step = f"comparing {place.work_tree!r} with its branch"
    words = ("diff-files", "-z", "--no-renames", "--name-status")
    fields = _fields((await git.run(*words, place=place, env=env)).checked(step).stdout)
    found = dict(zip(fields[1::2], fields[::2], strict=True))
    return {path: letter for path, letter in found.items() if path in among}


async def _is_torn(git: Git, place: Place, env: Mapping[str, str], path: str) -> bool:
    """Tell whether a file holds the beginning of what belongs there and no more."""
    file = Path(place.work_tree, path)
    if file.is_symlink() or not file.is_file():
        return False
    done = await git.run("cat-file", "--filters", f":{path}", place=place, env=env)
    return done.ok and done.stdout.startswith(file.read_bytes())


def _is_free(root: str, path: str) -> bool:
    """Tell whether nothing stands at `path`, nor in the way of its directories."""
    if os.path.lexists(f"{root}/{path}"):
        return False
    parents = [Path(root, parent) for parent in Path(path).parents]
    return all(parent.is_dir() and not parent.is_symlink() for parent in parents if os.path.lexists(parent))


async def _write(git: Git, place: Place, env: Mapping[str, str], paths: list[str]) -> None:
    listing = os.fsencode("".join(f"{path}\0" for path in paths))
    words = ("checkout-index", "--quiet", "--index", "-z", "--stdin")
    done = await git.run(*words, place=place, env=env, stdin=listing, timeout=600.0)
    left = [path for path in paths if _is_free(place.work_tree, path)]
    if left:
        said = done.stderr.decode("utf-8", "replace").strip() or f"exit status {done.returncode}"
        raise CommandFailedError(
            f"{left[0]!r} and so {len(left)} files of {place.work_tree!r} can't be written: {said}"
        )


def _fields(output: bytes) -> list[str]:
    return os.fsdecode(output).split("\0")[:-1]
