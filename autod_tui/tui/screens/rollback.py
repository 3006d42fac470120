"""Taking a merged checkpoint back: the plan in words, then the deed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from autod_tui.core.checkpoint import RollbackPlan
from autod_tui.core.requests import PlanRollback, Rollback
from autod_tui.tui.screens.dialogs import Confirm
from autod_tui.tui.text import Row, labelled, paragraph, row, short

if TYPE_CHECKING:
    from autod_tui.tui.app import AutodApp


async def roll_back(app: AutodApp, checkpoint: str) -> None:
    """Show what a rollback will do and carry it out when the person agrees."""
    answer = await app.desk.ask(PlanRollback(checkpoint=checkpoint))
    if not answer.ok:
        app.tell_answer(answer)
        return
    plan = msgspec.convert(answer.data["plan"], RollbackPlan)
    title = f"roll back {checkpoint}"
    possible = not plan.refusals
    if await app.push_screen_wait(
        Confirm(title, lambda width: plan_rows(plan, width), verb="Roll back", possible=possible)
    ):
        await app.ask(Rollback(plan=plan))


def plan_rows(plan: RollbackPlan, width: int) -> list[Row]:
    """Return a rollback plan in words."""
    rows = paragraph(_how(plan), width, "bold")
    rows.append(row(""))
    rows += labelled("branch", f"{plan.into}, now at {short(plan.into_oid)}", width)
    if plan.exact:
        before = short(plan.before_oid) if plan.before_oid else "nothing: the merge had made it"
        rows += labelled("back to", before, width)
    if plan.tag:
        rows += labelled("tag", f"{plan.tag} is removed", width)
    if plan.then:
        rows += labelled("then", f"{plan.then} is taken back as well", width)
    rows += labelled("backup", "every ref that moves is kept; z brings it back", width, "dim")
    for text in plan.warnings:
        rows += labelled("warning", text, width, "warn")
    for text in plan.refusals:
        rows += labelled("refused", text, width, "alarm")
    return rows


def _how(plan: RollbackPlan) -> str:
    if plan.exact:
        return "Exact: the branch goes back to where it was before the merge, as if it had not been."
    return f"By a revert: {plan.stays(f' on {plan.into}')}; a commit that takes this merge back is added."
