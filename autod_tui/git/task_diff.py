"""The work of one branch, also after it was merged."""

from __future__ import annotations

from autod_tui.core.workstream import UNMERGED_FILES
from autod_tui.git.command import Git

_LEFT_OUT = tuple(f":(top,exclude){name}" for name in sorted(UNMERGED_FILES))


async def diff_of(git: Git, head: str, into: str, base: str = "") -> str:
    """Return the unified diff from `base` to `head`; without one, from where `head` left `into`.

    Once `head` is merged, that is where it left the branch as it was before the merge.
    """
    base = base or await _fork(git, head, into)
    words = ("diff", "--no-ext-diff", "--no-textconv", "--no-color", base, head, "--", ".", *_LEFT_OUT)
    return (await git.run(*words)).checked(f"comparing {head!r} with {base!r}").stdout.decode("utf-8", "replace")


async def _fork(git: Git, head: str, into: str) -> str:
    fork = (await git.run("merge-base", into, head)).text
    if fork != head:
        return fork or into
    merges = (await git.run("rev-list", "--first-parent", "--ancestry-path", f"{head}..{into}", "--")).text.split()
    if not merges:
        return head
    return (await git.run("merge-base", f"{merges[-1]}^1", head)).text or head
