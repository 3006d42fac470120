"""Finished work on its way into the branch of its run: git is asked what is new there once, and after strangers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from autod_tui.core import run_events as ev
from autod_tui.core.run import RunRecord, TaskRecord
from autod_tui.core.run_plan import RunPlan, TaskSpec
from autod_tui.engine.runs.integrate import Integration
from tests.support.repos import Sandbox


class Stand:
    """A run `r` that merges into `done`, and what git is asked."""

    def __init__(self, box: Sandbox) -> None:
        self.box = box
        self.base = box.commit({"f": "1\n"})
        box.git("branch", "done")
        self.git = box.open()
        self.asked: list[Sequence[str]] = []
        missing = self.git.missing

        async def noted(commits: Sequence[str], descendant: str) -> frozenset[str]:
            self.asked.append(commits)
            return await missing(commits, descendant)

        self.git.missing = noted  # type: ignore[method-assign]
        self.told: list[Any] = []
        house: Any = SimpleNamespace(
            git=self.git, stream=SimpleNamespace(emit=lambda *events: self.told.extend(events))
        )
        self.integration = Integration(house, asyncio.Lock())
        self.heads: dict[str, str] = {}

    def work(self, name: str, start: str) -> None:
        """Do a task on a branch that starts at `start`; one whose name begins with `no` leaves no commit."""
        steps = () if name.startswith("no") else ({f"{name}.txt": f"{name}\n"},)
        self.heads[name] = self.box.branch(f"run/r/{name}", start, *steps)

    async def integrate(self, *names: str) -> None:
        tasks = {name: TaskRecord(id=name, stage="build", head=head, done_at=1.0) for name, head in self.heads.items()}
        plan = RunPlan(
            name="p", into="done", target="main", stages=(), tasks=tuple(map(task, tasks)), agent="a", max_sessions=1
        )
        await self.integration.integrate(RunRecord(id="r", plan=plan, base_oid=self.base, tasks=tasks), names)

    @property
    def done(self) -> str:
        return self.box.git("rev-parse", "done")

    @property
    def files(self) -> list[str]:
        return self.box.git("ls-tree", "--name-only", "done").split()


def task(id: str) -> TaskSpec:
    return TaskSpec(id=id, title=id)


@pytest.fixture
async def stand(tmp_path: Path) -> AsyncIterator[Stand]:
    stand = Stand(Sandbox(tmp_path / "repo"))
    yield stand
    await stand.integration.close()


async def test_git_is_asked_once_what_is_new(stand: Stand) -> None:
    for name in ("a", "b", "nothing", "c"):
        stand.work(name, stand.done)
        await stand.integrate(name)
    assert stand.files == ["a.txt", "b.txt", "c.txt", "f"]
    assert len(stand.asked) == 1
    assert [event.tasks for event in stand.told if isinstance(event, ev.TasksIntegrated)] == [
        ("a",), ("b",), ("nothing",), ("c",),
    ]  # fmt: skip
    await stand.integrate("b", "nothing")
    assert len(stand.asked) == 1
    assert len(stand.box.git("rev-list", "--merges", "done").split()) == 3, "what is there is merged no second time"


async def test_after_a_stranger_moved_the_branch_git_is_asked_again(stand: Stand) -> None:
    stand.work("a", stand.done)
    await stand.integrate("a")
    stand.work("nothing", stand.done)
    stand.box.git("update-ref", "refs/heads/done", stand.base)
    await stand.integrate("nothing")
    assert stand.files == ["a.txt", "f"], "its start is not in the branch any more, and came along"
    assert len(stand.asked) == 2


async def test_what_a_person_merged_by_hand_is_only_recorded(stand: Stand) -> None:
    stand.work("a", stand.done)
    await stand.integrate("a")
    stand.work("b", stand.base)
    stand.box.git("update-ref", "refs/heads/done", stand.heads["b"])
    await stand.integrate("b")
    assert stand.done == stand.heads["b"]
