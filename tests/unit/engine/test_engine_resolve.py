"""Rules settle conflicts by path and by winner."""

from __future__ import annotations

from typing import Any

import pytest

from autod_tui.core.checkpoint import Conflict
from autod_tui.core.plan import ResolveRule
from autod_tui.engine.resolve import choice, path_pattern, settle_by_rule


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("*.md", "README.md", True), ("*.md", "docs/deep/x.md", True), ("*.md", "x.mdx", False),
        ("/*.md", "README.md", True), ("/*.md", "docs/x.md", False),
        ("docs/*.md", "docs/x.md", True), ("docs/*.md", "docs/deep/x.md", False),
        ("docs/*.md", "other/docs/x.md", False),
        ("docs/**", "docs/deep/x.md", True), ("docs/**", "docs", False), ("docs/**", "docs-2/x", False),
        ("docs/**/x.md", "docs/x.md", True), ("docs/**/x.md", "docs/a/b/x.md", True),
        ("**/x.md", "x.md", True), ("**/x.md", "a/b/x.md", True), ("**/x.md", "a/b/xx.md", False),
        ("docs", "docs/x", True), ("docs", "a/docs/x", True), ("docs/", "docs/deep/x", True),
        ("/docs", "docs/x", True), ("/docs", "a/docs/x", False),
        ("x?.txt", "x1.txt", True), ("x?.txt", "x/.txt", False), ("x?.txt", "x.txt", False),
        ("a.b", "axb", False), ("a+(b)", "a+(b)", True), ("*", "any/thing", True), ("*.txt", "a\nb.txt", True),
        ("docs/**", "docs/a\nb", True), ("**/b", "x\ny/b", True),
    ],
)  # fmt: skip
def test_pattern(pattern: str, path: str, matches: bool) -> None:
    assert bool(path_pattern(pattern).fullmatch(path)) is matches


CONFLICT = Conflict(path="docs/x.md", base="b", ours="o", theirs="t", mode="100755")


class LastChanges:
    """Tells when a path last changed."""

    def __init__(self, **at: int) -> None:
        self.at = at

    async def last_change(self, commit: str, path: str) -> int:
        return self.at[commit]


async def settled(*rules: tuple[str, str], git: Any = None, conflict: Conflict = CONFLICT) -> str:
    """Return who won: `ours`, `theirs`, or nothing."""
    chosen = await settle_by_rule(
        git, [ResolveRule(*rule) for rule in rules], [conflict], "now", ["before"], (["left"], "right")
    )
    return {("100755", "o"): "ours", ("100755", "t"): "theirs"}[chosen["docs/x.md"]] if chosen else ""


@pytest.mark.parametrize(
    ("winner", "side"),
    [("ours", "ours"), ("theirs", "theirs"), ("now", "theirs"), ("before", "ours"), ("not-yet-merged", "")],
)
async def test_winner(winner: str, side: str) -> None:
    assert await settled(("docs/**", winner)) == side


@pytest.mark.parametrize(("left", "right", "side"), [(2, 1, "ours"), (1, 2, "theirs"), (1, 1, "theirs")])
async def test_newest_change_wins(left: int, right: int, side: str) -> None:
    assert await settled(("*.md", "newest"), git=LastChanges(left=left, right=right)) == side


async def test_first_rule_that_matches_decides() -> None:
    assert await settled(("src/**", "ours"), ("*.md", "theirs"), ("docs/**", "ours")) == "theirs"
    assert await settled(("src/**", "ours")) == ""
    assert await settled() == ""


def test_taking_a_side_without_a_file_removes_it() -> None:
    assert choice(Conflict(path="x", ours="", theirs="t"), "ours") == ("100644", "")
    assert choice(CONFLICT, "theirs") == ("100755", "t")
