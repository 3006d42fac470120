"""A desk and an engine that record what the command line asks of them."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from autod_tui.__main__ import main
from autod_tui.core.board import Board, make_board
from autod_tui.core.board_json import to_json
from autod_tui.core.checkpoint import CheckpointRecord, CheckpointSpec, GateSpec, MergePlan, MergeStep, RollbackPlan
from autod_tui.core.desk import ConflictSides, Update
from autod_tui.core.events import Recorded
from autod_tui.core.pane_ports import Screen
from autod_tui.core.plan import Plan, Project
from autod_tui.core.requests import Answer, AnyRequest, Down, PlanMerge, PlanRollback, PrepareEdit, Sync
from autod_tui.core.run import RunRecord
from autod_tui.core.state import State
from autod_tui.core.workstream import WorkstreamRecord, WorkstreamSpec
from autod_tui.store.run_export import write_export

PLAN = Plan(
    project=Project(root="/repo", target="main"),
    workstreams=tuple(
        WorkstreamSpec(name=name, title=name.title(), branch=f"workstream/{name}", worktree=f"/{name}", agent="claude")
        for name in ("testing", "pipeline")
    ),
    checkpoints=(
        CheckpointSpec(
            name="foundation",
            title="Day 3",
            merge=("testing", "pipeline"),
            into="integration",
            gates=(GateSpec(name="tests", command="true"),),
        ),
    ),
)


@dataclass
class FakeDesk:
    """Answers as told in `answers` (by request type) and keeps the requests."""

    plan: Plan = PLAN
    conducting: bool = True
    state: State = field(default_factory=State)
    asked: list[AnyRequest] = field(default_factory=list)
    answers: dict[type, Answer | Callable[[Any], Answer]] = field(default_factory=dict)
    batches: list[tuple[Recorded, ...]] = field(default_factory=list)
    kept: list[Recorded] = field(default_factory=list)
    screens: list[list[str]] = field(default_factory=list)
    text: str = ""
    problems: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)

    def board(self) -> Board:
        return make_board(self.plan, self.state, 1000.0)

    @property
    def runs(self) -> Mapping[str, RunRecord]:
        return self.state.runs

    async def updates(self) -> AsyncIterator[Update]:
        yield Update(self.board())
        for entries in self.batches:
            yield Update(self.board(), entries)

    def history(self, limit: int = 200) -> list[Recorded]:
        return self.kept[-limit:]

    async def ask(self, request: AnyRequest) -> Answer:
        self.asked.append(request)
        found = self.answers.get(type(request), Answer(message="done"))
        return found if isinstance(found, Answer) else found(request)

    async def diff(self, workstream: str) -> str:
        return self.text

    async def conflict_sides(self, checkpoint: str) -> Sequence[ConflictSides]:
        return [ConflictSides(path="a.py", kind="content", ours="1", theirs="2", base="0", merged="<<<")]

    async def screen(self, workstream: str, *, history: int = 0) -> Screen | None:
        if not self.screens:
            return None
        return Screen(lines=tuple(self.screens.pop(0) if len(self.screens) > 1 else self.screens[0]))

    async def outputs(self) -> AsyncIterator[frozenset[str]]:
        for _ in range(len(self.screens)):
            yield frozenset({"testing"})

    async def new_problems(self, fields: dict[str, str]) -> dict[str, str]:
        problem = self.problems.get(fields["name"])
        return {"name": problem} if problem else {}

    async def report(self) -> dict[str, Any]:
        return self.metrics


@dataclass
class FakeEngine:
    """Stands where autod_tui.wiring stands."""

    desk: FakeDesk
    roles: list[str] = field(default_factory=list)
    entered: list[str] = field(default_factory=list)
    made: list[Path] = field(default_factory=list)
    steps: list[dict[str, Any]] = field(default_factory=list)
    error: BaseException | None = None

    @contextlib.asynccontextmanager
    async def open_desk(self, start: Path, *, role: str) -> AsyncIterator[FakeDesk]:
        self.roles.append(role)
        if self.error:
            raise self.error
        yield self.desk

    def status_board(self, start: Path) -> Board:
        if self.error:
            raise self.error
        return self.desk.board()

    def run_dashboard(self, start: Path, ahead: object) -> int:
        assert ahead == ("read ahead", start)
        self.entered.append("dashboard")
        return 0

    def enter(self, start: Path) -> int:
        self.entered.append("enter")
        return 0

    def carry_on(self, start: Path) -> None:
        self.entered.append("carry on")

    def export_run(self, run: RunRecord, directory: Path) -> list[Path]:
        return write_export(run, directory)

    def attach_command(self, start: Path, name: str, part: str = "") -> list[str]:
        return ["tmux", "attach", "-t", name]

    def init(self, start: Path) -> list[Path]:
        self.entered.append("init")
        return self.made

    def play_demo(self, directory: Path | None, *, headless: bool, emit: Callable[[dict[str, Any]], None]) -> int:
        self.entered.append(f"demo {directory} {headless}")
        for step in self.steps:
            emit(step)
        return 0


def merge_plan(**changes: Any) -> MergePlan:
    steps = (MergeStep(workstream="testing", branch="workstream/testing", head="a" * 40, uncommitted=0),)
    values = {"checkpoint": "foundation", "into": "integration", "into_oid": "b" * 40, "creates_into": True}
    return MergePlan(**{**values, "steps": steps, **changes})


@pytest.fixture
def desk() -> FakeDesk:
    """Return a desk with one merge plan and one rollback plan ready."""
    rollback = RollbackPlan(
        checkpoint="foundation", into="integration", before_oid="", after_oid="c" * 40, into_oid="c" * 40, exact=True
    )
    made = FakeDesk()
    made.answers = {
        PlanMerge: Answer(data={"plan": to_json(merge_plan())}),
        PlanRollback: Answer(data={"plan": to_json(rollback)}),
        Down: lambda r: Answer(message="stopped" if r.approved else "stops testing", data={"plan": ["testing"]}),
        Sync: lambda r: Answer(message="synced" if r.approved else "pipeline gets it", data={"plan": ["pipeline"]}),
        PrepareEdit: Answer(data={"worktree": "/nowhere", "files": ["a.py"]}),
    }
    return made


@pytest.fixture
def engine(desk: FakeDesk, monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    """Put a fake engine where the command line looks for the real one."""
    made = FakeEngine(desk)
    monkeypatch.setitem(sys.modules, "autod_tui.wiring", made)
    dashboard = SimpleNamespace(run_dashboard=made.run_dashboard)
    monkeypatch.setitem(sys.modules, "autod_tui.tui.dashboard", dashboard)
    monkeypatch.setattr("autod_tui.cli.enter.Ahead", lambda start: ("read ahead", start))
    return made


@dataclass
class Result:
    """What one command line did."""

    code: int
    out: str
    err: str


Run = Callable[..., Result]


class _Typed(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def run(
    engine: FakeEngine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Run]:
    """Run a command line: `run("down", typed="y\\n")`; a terminal is there when `typed` is given."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")

    def go(*words: str, typed: str | None = None, piped: str = "") -> Result:
        monkeypatch.setattr(sys, "stdin", io.StringIO(piped) if typed is None else _Typed(typed))
        monkeypatch.setattr(sys.stdout, "isatty", lambda: typed is not None, raising=False)
        code = main(list(words))
        out, err = capsys.readouterr()
        return Result(code, out, err)

    return go


def with_record(desk: FakeDesk, name: str, **changes: Any) -> None:
    """Give a workstream a record."""
    record = WorkstreamRecord(name=name, worktree=f"/{name}", **changes)
    desk.state = State(workstreams={**desk.state.workstreams, name: record}, checkpoints=desk.state.checkpoints)


def with_checkpoint(desk: FakeDesk, **changes: Any) -> None:
    """Give the checkpoint a record."""
    record = CheckpointRecord(name="foundation", **changes)
    desk.state = State(workstreams=desk.state.workstreams, checkpoints={"foundation": record})
