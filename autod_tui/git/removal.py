"""What would be lost with a worktree."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fnmatch import fnmatch

from autod_tui.core.errors import RefusedError
from autod_tui.core.git_ports import Removal
from autod_tui.git.command import Git
from autod_tui.git.ignored import backup_choice
from autod_tui.git.merge import Bench
from autod_tui.git.status import operation_under_way, read_status


async def look_at_removal(
    git: Git, bench: Callable[[], Bench], worktree: str, branch: str, targets: Sequence[str], copied: Sequence[str]
) -> Removal:
    """Look at what removing a worktree would lose against the refs in `targets`.

    `copied` are ignored files (or patterns) that autod itself put there.
    """
    place = git.place_of(worktree)
    status = await read_status(git, place)
    uncommitted = status.paths
    if operation := operation_under_way(place):
        uncommitted = (*uncommitted, f"({operation} under way)")
    large = (await backup_choice(git, place)).too_large
    return Removal(
        worktree=worktree,
        uncommitted=uncommitted,
        unmerged_commits=await _unmerged(git, bench, [branch and f"refs/heads/{branch}", status.head], targets),
        ignored=tuple(path for path in large if not any(fnmatch(path, pattern) for pattern in copied)),
    )


async def _unmerged(git: Git, bench: Callable[[], Bench], heads: Sequence[str], targets: Sequence[str]) -> int:
    goals = [oid for target in targets if (oid := await _commit(git, target))]
    counts = []
    for head in dict.fromkeys([await _commit(git, head) for head in heads if head]):
        if head:
            counts.append(await _count(git, bench, head, goals))
    return max(counts, default=0)


async def _commit(git: Git, name: str) -> str:
    done = await git.run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    return done.text if done.ok else ""


async def _count(git: Git, bench: Callable[[], Bench], head: str, goals: Sequence[str]) -> int:
    outside = int(await git.text("rev-list", "--count", head, "--not", *goals, "--", step="counting commits"))
    if not outside:
        return 0
    async with bench() as opened:
        for goal in goals:
            try:
                merged = await opened.merge(goal, head)
            except RefusedError:  # no history in common: nothing of it can be in there
                continue
            if not merged.conflicts and merged.tree == await opened.tree_of(goal):
                return 0  # its content is in the target, by a squash or a rebase
    return outside
