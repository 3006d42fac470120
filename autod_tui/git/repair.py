"""Mending what a killed git of ours left, guided by the note it wrote before it started."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
from collections.abc import Sequence
from pathlib import Path

from autod_tui import processes
from autod_tui.git.command import Git, Place, recorded_path
from autod_tui.git.lock import MARKER, Intent
from autod_tui.git.torn import take_back


async def mend(git: Git, intent: Intent) -> list[str]:
    """Undo a half-done operation (the lock is held); return one sentence per thing that was mended."""
    found = await _end_survivors(intent)
    found += _remove_locks(git, intent)
    if intent.git_dir:
        found += _remove_index_lock(intent)
    if intent.new:
        found += await take_back(git, Place(intent.git_dir, intent.worktree), intent.old, intent.new)
    if intent.made_worktree:
        found += _remove_half_worktree(git, intent)
        found += await _remove_branch(git, intent)
    return found


async def _end_survivors(intent: Intent) -> list[str]:
    ended = await end_marked(intent.id)
    return [f"ended a git that outlived its autod while {intent.what}"] if ended else []


async def end_marked(id: str) -> bool:
    """End all programs that carry the id of a note or mark; return whether there were any."""
    survivors = processes.marked(f"{MARKER}={id}") if id else []
    for pid in survivors:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    while any(processes.alive(pid) for pid in survivors):  # noqa: ASYNC110 - not our children: no event tells their end
        await asyncio.sleep(0.005)
    return bool(survivors)


def _remove_locks(git: Git, intent: Intent) -> list[str]:
    names = [*intent.refs, "packed-refs", "config", "HEAD"]
    found = []
    locks = [git.common_dir / f"{name}.lock" for name in names]
    if intent.git_dir:
        locks.append(Path(intent.git_dir) / "HEAD.lock")
    for lock in dict.fromkeys(locks):
        if lock.exists() and lock.stat().st_mtime >= intent.at - 1:
            lock.unlink()
            found.append(f"removed the stale lock {str(lock)!r}")
    return found


def _remove_index_lock(intent: Intent) -> list[str]:
    return remove_stale([Path(intent.git_dir) / "index.lock"], intent.at, intent.worktree)


def remove_stale(locks: Sequence[Path], since: float, worktree: str) -> list[str]:
    """Remove lock files made after `since` (Unix time), unless a git works in `worktree`; one sentence for each."""
    stale = [lock for lock in locks if lock.exists() and lock.stat().st_mtime >= since - 1]
    if not stale or processes.gits_in(worktree):
        return []
    for lock in stale:
        lock.unlink()
    return [f"removed the stale lock {str(lock)!r}" for lock in stale]


def _remove_half_worktree(git: Git, intent: Intent) -> list[str]:
    records = git.common_dir / "worktrees"
    found = []
    for admin in sorted(records.iterdir()) if records.is_dir() else ():
        if recorded_path(admin) == intent.worktree or (_half_made(admin) and admin.stat().st_mtime >= intent.at - 1):
            shutil.rmtree(admin)
            found.append(f"removed the half-made worktree record {admin.name!r}")
    if records.is_dir() and not any(records.iterdir()):
        records.rmdir()
    if Path(intent.worktree).is_dir():  # it was not there, or empty, when the operation began
        shutil.rmtree(intent.worktree)
        found.append(f"removed the half-made worktree {intent.worktree!r}")
    return found


def _half_made(admin: Path) -> bool:
    try:
        return not recorded_path(admin) or not (admin / "commondir").read_bytes().strip()
    except OSError:
        return True


async def _remove_branch(git: Git, intent: Intent) -> list[str]:
    if not intent.branch:
        return []
    done = await git.run("update-ref", "-d", intent.branch, intent.base)  # only when it is still where it began
    return [f"removed the branch {intent.branch!r} that had just been made"] if done.ok else []
