"""A run in the middle of its work: twelve tasks in four batches, built by agents, judged by gates and a person."""

from __future__ import annotations

from autod_tui.core import run_events as ev
from autod_tui.core.checkpoint import GateSpec
from autod_tui.core.run import SessionRecord, SessionState, TaskVerdict, Verdict
from autod_tui.core.run_plan import BatchSpec, By, RunPlan, StageSpec, TaskSpec
from autod_tui.core.usage import Usage
from tests.tui.fake_desk import NOW, FakeDesk
from tests.tui.sample import busy_desk, fresh_desk

RUN = "week1-20260101090000"
TITLES = (
    "List the orders of a customer", "Page the list of orders", "Cancel an order", "Pay an order back",
    "Print an invoice", "Send the invoice by mail", "Remind of open invoices", "Export the ledger",
    "Look products up", "Sort by price", "Keep a wish list", "Share the wish list",
)  # fmt: skip


def make_run_plan(tasks: int = 12, batch: int = 3, sessions: int = 2) -> RunPlan:
    specs = tuple(
        TaskSpec(
            id=f"{number // batch + 1}.{number % batch + 1}",
            title=TITLES[number % len(TITLES)],
            body="As the ticket says; with tests.",
            outputs=(f"docs/{number}.md",),
        )
        for number in range(tasks)
    )
    groups = [specs[start : start + batch] for start in range(0, tasks, batch)]
    return RunPlan(
        name="week1",
        title="Week 1: orders, invoices, products",
        into="integration/week1",
        target="main",
        stages=(
            StageSpec(name="build", batch_size=batch, sessions=sessions, needs_work="build"),
            StageSpec(
                name="verify",
                batch_size=batch,
                gates=(GateSpec(name="tests", command="pytest -q"),),
                needs_work="build",
            ),
            StageSpec(
                name="review",
                by=By.PERSON,
                needs_work="build",
                checklist=("The tests say what the ticket says", "No new dependency"),
            ),
        ),
        tasks=specs,
        batches=tuple(
            BatchSpec(name=f"b{number}", title=f"Batch {number}", tasks=tuple(spec.id for spec in group))
            for number, group in enumerate(groups, 1)
        ),
        agent="claude",
        max_sessions=8,
    )


def session(id: str, stage: str, tasks: tuple[str, ...], at: float, *, pane: str = "%41") -> SessionRecord:
    return SessionRecord(
        id=id,
        stage=stage,
        tasks=tasks,
        agent="claude",
        model="opus",
        started_at=at,
        pane=pane,
        window="@41",
        log=f"/srv/shop/.git/autod/runs/{RUN}/{id}/output.log",
        branch=f"run/{RUN}/{id}",
        worktree="/srv/shop-slot1",
        base_oid="a" * 40,
    )


def work(
    desk: FakeDesk,
    id: str,
    stage: str,
    tasks: tuple[str, ...],
    at: float,
    *,
    says: dict[str, str] | None = None,
    run: str = RUN,
) -> None:
    """Play one session: it takes `tasks`, prints, ends, and approves all but those that `says` names with a reason."""
    desk.happen(ev.SessionStarted(run=run, session=session(id, stage, tasks, at)), at=at)
    desk.happen(ev.SessionPrinted(run=run, session=id), at=at + 20)
    verdicts = [
        TaskVerdict(
            stage=stage,
            verdict=Verdict.NEEDS_WORK if task in (says or {}) else Verdict.APPROVED,
            reason=(says or {}).get(task, ""),
            session=id,
            at=at + 240,
        )
        for task in tasks
    ]
    desk.happen(
        ev.SessionEnded(
            run=run,
            session=id,
            state=SessionState.DONE,
            exit_status=0,
            head=id.encode().hex().ljust(40, "0")[:40],
            usage=Usage(input=21_000, output=3_000, cost_usd=0.21),
        ),
        *(
            ev.TaskJudged(run=run, task=task, verdict=verdict, size=2048)
            for task, verdict in zip(tasks, verdicts, strict=True)
        ),
        at=at + 240,
    )


def approve(desk: FakeDesk, *tasks: str, at: float) -> None:
    """Let a person approve, and the work arrive."""
    for task in tasks:
        verdict = TaskVerdict(stage="review", verdict=Verdict.APPROVED, by=By.PERSON, at=at)
        desk.happen(ev.TaskJudged(run=RUN, task=task, verdict=verdict), at=at)
    desk.happen(ev.TasksIntegrated(run=RUN, tasks=tasks, before_oid="b" * 40, after_oid="c" * 40), at=at)


DIFF = """diff --git a/shop/invoice.py b/shop/invoice.py
index 1111111..2222222 100644
--- a/shop/invoice.py
+++ b/shop/invoice.py
@@ -10,4 +10,6 @@ def invoice(order):
     lines = order.lines
-    return render(lines)
+    total = sum(line.price for line in lines)
+    tax = total * 0.19
+    return render(lines, total, tax)

@@ -40,2 +42,3 @@ def render(lines, total, tax):
     text = head()
+    text += foot(total, tax)
     return text
diff --git a/docs/3.md b/docs/3.md
new file mode 100644
--- /dev/null
+++ b/docs/3.md
@@ -0,0 +1,2 @@
+# Invoices
+One page each.
"""


def run_desk(base: FakeDesk | None = None) -> FakeDesk:
    """Return a desk with a run: a batch done, one under review, one built again, one at work."""
    desk = base or busy_desk()
    desk.plans = ["bugs", "week1"]
    desk.happen(ev.RunStarted(run=RUN, plan=make_run_plan(), base_oid="0" * 40), at=NOW - 3600)
    for number, batch in enumerate((("1.1", "1.2", "1.3"), ("2.1", "2.2", "2.3")), 1):
        work(desk, f"build-{number}", "build", batch, NOW - 3600 + 300 * number)
        work(desk, f"verify-{number}", "verify", batch, NOW - 3300 + 300 * number)
        for task in batch:
            desk.happen(ev.ReviewAsked(run=RUN, task=task), at=NOW - 3000 + 300 * number)
    approve(desk, "1.1", "1.2", "1.3", at=NOW - 2000)
    work(desk, "build-3", "build", ("3.1", "3.2", "3.3"), NOW - 1800)
    work(desk, "verify-3", "verify", ("3.1", "3.2", "3.3"), NOW - 1500, says={"3.2": "the reminder is sent twice"})
    desk.happen(ev.ReviewAsked(run=RUN, task="3.1"), at=NOW - 1200)
    work(desk, "build-4", "build", ("3.2",), NOW - 1000)
    work(desk, "verify-4", "verify", ("3.2",), NOW - 700, says={"3.2": "still sent twice on a leap day"})
    for id, tasks in (("build-5", ("3.2",)), ("build-6", ("4.1", "4.2", "4.3"))):
        desk.happen(ev.SessionStarted(run=RUN, session=session(id, "build", tasks, NOW - 90)), at=NOW - 90)
    desk.diffs["2.1"] = DIFF
    desk.logs["build-5"] = [b"reading the findings\r\n", b"\x1b[32mtests: 14 passed\x1b[0m\r\n"]
    return desk


def quiet_run_desk() -> FakeDesk:
    """Return the same run where there are no workstreams at work."""
    return run_desk(fresh_desk())
