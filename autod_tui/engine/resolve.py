"""Conflicts settled without a person: what was resolved before, and the rules of [resolve]."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from autod_tui.core.checkpoint import Conflict
from autod_tui.core.git_ports import GitPort
from autod_tui.core.plan import ResolveRule

Choice = tuple[str, str]
"""(mode, blob object id); an empty id removes the file."""


@lru_cache(maxsize=256)
def path_pattern(pattern: str) -> re.Pattern[str]:
    """Compile a path pattern: `*` and `?` stay within a directory, `**` crosses, no slash means any directory."""
    anchored = pattern.lstrip("/")
    prefix = "" if "/" in pattern.rstrip("/") else "(?:.*/)?"
    out = ""
    for token in re.findall(r"\*\*/|\*\*|\*|\?|[^*?]+", anchored.rstrip("/")):
        out += {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}.get(token, re.escape(token))
    return re.compile(f"{prefix}{out}(?:/.*)?", re.DOTALL)


async def settle_by_rule(
    git: GitPort,
    rules: Sequence[ResolveRule],
    conflicts: Sequence[Conflict],
    workstream: str,
    merged: Sequence[str],
    heads: tuple[Sequence[str], str],
) -> dict[str, Choice]:
    """Return path to choice where a rule decides.

    `heads` are the commits that went into our side so far, and theirs; all of them are in the repository, while
    the merge of ours may only be in a scratch directory.
    """
    chosen: dict[str, Choice] = {}
    for conflict in conflicts:
        rule = next((rule for rule in rules if path_pattern(rule.pattern).fullmatch(conflict.path)), None)
        if rule is None:
            continue
        side = await _side(git, rule.winner, conflict.path, workstream, merged, heads)
        if side:
            chosen[conflict.path] = choice(conflict, side)
    return chosen


async def _side(
    git: GitPort, winner: str, path: str, workstream: str, merged: Sequence[str], heads: tuple[Sequence[str], str]
) -> str:
    if winner in ("ours", "theirs"):
        return winner
    if winner == "newest":
        ours = max([await git.last_change(head, path) for head in heads[0]])
        theirs = await git.last_change(heads[1], path)
        return "theirs" if theirs >= ours else "ours"
    if winner == workstream:
        return "theirs"
    return "ours" if winner in merged else ""


def choice(conflict: Conflict, side: str) -> Choice:
    """Return what taking one whole side of a conflict means."""
    return conflict.mode, conflict.ours if side == "ours" else conflict.theirs
