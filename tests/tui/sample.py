"""The sample project of the scenarios: four workstreams, three checkpoints, at several moments of its life."""

from __future__ import annotations

from autod_tui.core import events as ev
from autod_tui.core.checkpoint import CheckpointSpec, Conflict, GateResult, GateSpec, GateState, MergePlan, MergeStep
from autod_tui.core.desk import ConflictSides
from autod_tui.core.plan import AgentProfile, Plan, Project
from autod_tui.core.workstream import Changes, Overlap, Progress, Source, WorkstreamSpec, WorkstreamState
from tests.tui.fake_desk import NOW, FakeDesk

TESTS = GateSpec(name="tests", command="pytest -q --cov=src")
COVERAGE = GateSpec(name="coverage", command="coverage report --format=total", measure=r"(\d+)", at_least=60)
TITLES = {
    "database-pipeline": "Database + pipeline",
    "retry-error-handling": "Retries and error handling",
    "token-tracking": "Token tracking",
    "testing": "Test suite and coverage",
}
FOUNDATION_INTO = "integration/week1-foundation"


def workstream(name: str, title: str, after: tuple[str, ...] = ()) -> WorkstreamSpec:
    return WorkstreamSpec(
        name=name,
        title=title,
        branch=f"workstream/{name}",
        worktree=f"/srv/shop-{name}",
        agent="claude" if name != "token-tracking" else "gemini",
        model="opus" if name != "token-tracking" else "flash",
        after=after,
    )


def make_plan() -> Plan:
    return Plan(
        project=Project(root="/srv/shop", target="main"),
        agents={
            "claude": AgentProfile(name="claude", command=("claude", "{prompt}"), models={"opus": "o", "sonnet": "s"}),
            "gemini": AgentProfile(name="gemini", command=("gemini",), models={"flash": "f", "pro": "p"}),
            "mine": AgentProfile(name="mine", command=("sh", "-c", "echo hello")),
        },
        gates={"tests": TESTS, "coverage": COVERAGE},
        workstreams=tuple(
            workstream(name, title, ("foundation",) if name == "retry-error-handling" else ())
            for name, title in TITLES.items()
        ),
        checkpoints=(
            CheckpointSpec(
                name="foundation",
                title="Day 3: foundation",
                merge=("testing", "database-pipeline"),
                into=FOUNDATION_INTO,
                gates=(TESTS, COVERAGE),
                tag="week1-day3-foundation-integrated",
                due=NOW + 5 * 3600,
            ),
            CheckpointSpec(
                name="retry",
                title="Day 5: retries",
                merge=("retry-error-handling",),
                into=FOUNDATION_INTO,
                after=("foundation",),
                gates=(TESTS, COVERAGE),
            ),
            CheckpointSpec(
                name="final",
                title="Day 7: all of it",
                merge=("token-tracking",),
                into=FOUNDATION_INTO,
                after=("retry",),
                gates=(TESTS, COVERAGE),
                then="main",
                tag="week1-complete",
            ),
        ),
    )


def fresh_desk() -> FakeDesk:
    """Return a desk on which nothing has happened yet."""
    return FakeDesk(make_plan())


def start(desk: FakeDesk, name: str, number: int, at: float) -> None:
    spec = desk.plan.workstream(name)
    assert spec is not None
    desk.happen(
        ev.WorkstreamWanted(name=name, wanted=True),
        ev.WorktreeAdded(
            name=name, worktree=spec.worktree, branch=spec.branch, base_oid="a" * 40, port=42000 + number * 10
        ),
        ev.AgentStarted(
            name=name,
            session=f"session-{number}",
            agent=spec.agent,
            model=spec.model,
            window=f"@{number}",
            pane=f"%{number}",
            pid=1000 + number,
        ),
        at=at,
    )


def changed(name: str, state: WorkstreamState, reason: str = "", source: Source = Source.HOOK) -> ev.StateChanged:
    return ev.StateChanged(name=name, state=state, reason=reason, source=source)


AGENT_SCREEN = (
    "\x1b[38;5;208m✻\x1b[0m \x1b[1mclaude\x1b[0m \x1b[2m/srv/shop-testing\x1b[0m",
    "",
    "\x1b[38;5;244m>\x1b[0m read STARTUP.md and begin",
    "",
    "\x1b[32m●\x1b[0m I'll read the prompt first.",
    "  \x1b[2m└  Read STARTUP.md (42 lines)\x1b[0m",
    "\x1b[32m●\x1b[0m \x1b[1mWrite\x1b[0m(tests/test_orders.py)",
    "  \x1b[2m└\x1b[0m  \x1b[32m+ def test_order_total():\x1b[0m",
    "     \x1b[32m+     assert total([2, 3]) == 5\x1b[0m",
    "\x1b[32m●\x1b[0m \x1b[1mBash\x1b[0m(pytest -q --cov=src)",
    "  \x1b[2m└\x1b[0m  \x1b[32m14 passed\x1b[0m in 0.42s, coverage \x1b[1;33m58%\x1b[0m",
    "",
    "\x1b[33m?\x1b[0m May I install \x1b[1mhypothesis\x1b[0m for property tests?",
    "  \x1b[36m❯ 1. Yes\x1b[0m",
    "    2. No, and tell me what to do instead",
    "",
)


def busy_desk() -> FakeDesk:
    """Return a desk in the middle of the work: one waits, two work, one waits for a checkpoint."""
    desk = fresh_desk()
    desk.happen(ev.ConductorStarted(pid=4711, role="tui"), at=NOW - 3700)
    start(desk, "database-pipeline", 1, NOW - 3600)
    start(desk, "token-tracking", 2, NOW - 3500)
    start(desk, "testing", 3, NOW - 3400)
    desk.happen(ev.WorkstreamWanted(name="retry-error-handling", wanted=True), at=NOW - 3300)
    desk.happen(
        changed("database-pipeline", WorkstreamState.WORKING),
        changed("token-tracking", WorkstreamState.WORKING),
        at=NOW - 3000,
    )
    desk.happen(
        ev.HeadMoved(name="database-pipeline", head="1" * 40),
        ev.WorktreeChanged(
            name="database-pipeline",
            changes=Changes(ahead=4, behind=1, files=12, insertions=640, deletions=38, uncommitted=3),
        ),
        ev.ProgressChanged(name="database-pipeline", progress=Progress(status="on track", percent=62, eta="1h30")),
        ev.WorktreeChanged(
            name="token-tracking", changes=Changes(ahead=2, files=5, insertions=120, deletions=12, uncommitted=0)
        ),
        ev.ProgressChanged(name="token-tracking", progress=Progress(percent=30, eta="tomorrow")),
        ev.HeadMoved(name="testing", head="3" * 40),
        ev.WorktreeChanged(name="testing", changes=Changes(ahead=3, files=7, insertions=210, deletions=4)),
        ev.ProgressChanged(name="testing", progress=Progress(percent=85, eta="20 min")),
        at=NOW - 600,
    )
    desk.happen(
        ev.ForecastChanged(
            overlaps={
                "database-pipeline": (Overlap(other="testing", files=("src/config.py", "pyproject.toml")),),
                "testing": (Overlap(other="database-pipeline", files=("src/config.py", "pyproject.toml")),),
            },
            checkpoints=(
                ev.CheckpointForecast(
                    checkpoint="foundation",
                    steps=(
                        ev.StepForecast(
                            workstream="database-pipeline",
                            files=("src/config.py", "pyproject.toml"),
                            others=("testing",),
                        ),
                    ),
                    best_order=("database-pipeline", "testing"),
                    best_conflicts=1,
                ),
            ),
        ),
        at=NOW - 500,
    )
    desk.happen(changed("testing", WorkstreamState.WAITING, "permission: install hypothesis"), at=NOW - 240)
    desk.show("testing", *AGENT_SCREEN, cursor=(2, 15))
    desk.show("database-pipeline", "\x1b[32m●\x1b[0m migrating \x1b[1morders\x1b[0m", "", "  3 of 7 tables done")
    desk.show("token-tracking", "\x1b[36m✦\x1b[0m counting tokens")
    return desk


def merge_plan(desk: FakeDesk, uncommitted: int = 3) -> MergePlan:
    spec = desk.plan.checkpoint("foundation")
    assert spec is not None
    return MergePlan(
        checkpoint="foundation",
        into=spec.into,
        into_oid="a" * 40,
        creates_into=True,
        steps=(
            MergeStep(workstream="testing", branch="workstream/testing", head="3" * 40),
            MergeStep(
                workstream="database-pipeline",
                branch="workstream/database-pipeline",
                head="1" * 40,
                uncommitted=uncommitted,
            ),
        ),
        gates=spec.gates,
        tag=spec.tag,
        conflicts=(("database-pipeline", ("src/config.py",)),),
        warnings=("testing is still waiting",),
    )


CONFLICT = Conflict(path="src/config.py", base="b" * 40, ours="c" * 40, theirs="d" * 40)
SECOND = Conflict(path="pyproject.toml", base="e" * 40, ours="f" * 40, theirs="0" * 40)


def conflicted_desk() -> FakeDesk:
    """Return a desk on which the first checkpoint waits for two conflicts."""
    desk = busy_desk()
    plan = merge_plan(desk)
    desk.happen(
        ev.MergeStarted(id="m1", plan=plan),
        ev.StepMerged(id="m1", checkpoint="foundation", workstream="testing", oid="9" * 40),
        ev.ConflictFound(
            id="m1", checkpoint="foundation", workstream="database-pipeline", conflicts=(CONFLICT, SECOND)
        ),
        at=NOW - 60,
    )
    desk.sides = [
        ConflictSides(
            path="src/config.py",
            kind="content",
            ours='TIMEOUT = 30\nDATABASE = ":memory:"\nRETRIES = 0\n',
            theirs='TIMEOUT = 30\nDATABASE = "orders.sqlite"\nPOOL = 4\n',
            base="TIMEOUT = 30\n",
            merged="",
        ),
        ConflictSides(path="pyproject.toml", kind="content", ours="a = 1\n", theirs="a = 2\n", base="", merged=""),
    ]
    return desk


def merged_events(desk: FakeDesk) -> tuple[ev.Event, ...]:
    """Return the events of a clean merge of the first checkpoint."""
    plan = merge_plan(desk, uncommitted=0)
    green = [
        GateResult(name="tests", state=GateState.GREEN, seconds=12.3),
        GateResult(name="coverage", state=GateState.GREEN, measured=72, threshold=">= 60", seconds=0.8),
    ]
    return (
        ev.MergeStarted(id="m2", plan=plan),
        ev.ResultMade(id="m2", checkpoint="foundation", result="5" * 40),
        *(ev.GateFinished(checkpoint="foundation", result=gate, tree="6" * 40) for gate in green),
        ev.CheckpointMerged(
            checkpoint="foundation",
            into=FOUNDATION_INTO,
            base_oid="a" * 40,
            before_oid="a" * 40,
            after_oid="5" * 40,
            workstreams=("testing", "database-pipeline"),
            heads=("3" * 40, "1" * 40),
            tag="week1-day3-foundation-integrated",
        ),
    )


def advanced_desk() -> FakeDesk:
    """Return a desk after the first checkpoint: merged, the next one red in its rehearsal."""
    desk = busy_desk()
    desk.happen(changed("testing", WorkstreamState.DONE), changed("database-pipeline", WorkstreamState.DONE))
    desk.happen(*merged_events(desk), at=NOW - 1800)
    start(desk, "retry-error-handling", 4, NOW - 1700)
    desk.happen(
        changed("retry-error-handling", WorkstreamState.WORKING),
        ev.ProgressChanged(name="retry-error-handling", progress=Progress(percent=90)),
        ev.GateFinished(
            checkpoint="retry", result=GateResult(name="tests", state=GateState.GREEN, seconds=14.1), tree="t"
        ),
        ev.GateFinished(
            checkpoint="retry",
            result=GateResult(
                name="coverage",
                state=GateState.RED,
                measured=66,
                threshold=">= 70",
                seconds=0.9,
                reason="66 is not >= 70",
            ),
        ),
        ev.CheckpointRehearsed(
            checkpoint="retry", heads=(), result="", green=False, reason="gate coverage: 66 is not >= 70"
        ),
        at=NOW - 300,
    )
    return desk
