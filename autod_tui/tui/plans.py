"""Plans that answers carry, read back as values and laid out for approval."""

from __future__ import annotations

from autod_tui.core.amounts import count
from autod_tui.core.requests import Answer
from autod_tui.tui.text import Row, paragraph, row
from autod_tui.tui.widgets.lines import Source


def unsafe(plan: object) -> bool:
    """Say whether a removal plan would lose work."""
    removals = plan.get("remove", {}) if isinstance(plan, dict) else {}
    return any(not look.get("safe", True) for look in removals.values())


def losses(plan: object) -> list[tuple[str, str]]:
    """Return (what, path or count) of everything a removal plan would lose."""
    found: list[tuple[str, str]] = []
    for look in plan.get("remove", {}).values() if isinstance(plan, dict) else ():
        found += [("uncommitted", path) for path in look.get("uncommitted", ())]
        found += [("ignored", path) for path in look.get("ignored", ())]
        if number := look.get("unmerged_commits", 0):
            found.append(("unmerged", f"{count(number, 'commit')} that no target holds (the branch stays)"))
    return found


def plan_source(answer: Answer, head: str = "") -> Source:
    """Return rows that show an answer's plan: its sentences, then everything that would be lost, path by path."""
    lost = losses(answer.data.get("plan"))

    def make(width: int) -> list[Row]:
        rows = paragraph(answer.message, width)
        if answer.hint:
            rows += paragraph(answer.hint, width, "dim")
        if head:
            rows += [row(""), *paragraph(head, width, "warn" if lost else "dim")]
        rows += [row((f"  {kind:<12}", "dim"), (path, "bad")) for kind, path in lost]
        return rows

    return make
