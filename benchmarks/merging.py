"""Forecasts against one bare `git merge-tree --stdin`, and a checkpoint against four times `git merge`."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import msgspec

from autod_tui.core.checkpoint import ApprovedPlan, MergePlan
from autod_tui.core.forecast_ports import ForecastLane
from autod_tui.core.requests import Merge, PlanMerge, Up
from autod_tui.engine.desks import BaseDesk
from autod_tui.git.repository import open_repository
from autod_tui.wiring import open_desk
from benchmarks.report import Row
from benchmarks.world import World

FILES_OF_A_BRANCH = 14
LANES = 4
ROUNDS = 4


def forecasts(ground: Path) -> list[Row]:
    """Forecast all pairs of 12 and of 50 branches, then again when nothing moved."""
    world = World(ground / "forecast", (), agent="true")
    heads = [_branch(world, number) for number in range(50)]
    rows = []
    for number, rounds in ((12, 5), (50, 3)):
        rows += asyncio.run(_forecast(world, heads[:number], rounds))
    return rows


async def _forecast(world: World, heads: list[str], rounds: int) -> list[Row]:
    git = open_repository(world.root)
    target = ("main", world.git("rev-parse", "main"))
    lanes = [ForecastLane(name=f"b{number}", commit=head) for number, head in enumerate(heads)]
    ours: list[float] = []
    again: list[float] = []
    base: list[float] = []
    for _ in range(rounds):
        base.append(_bare(world, target[1], heads))
        forecaster = git.forecaster()
        for times in (ours, again):
            started = time.monotonic()
            await forecaster.forecast(target, lanes, {})
            times.append(time.monotonic() - started)
    number = len(heads)
    return [
        Row(name=f"forecast of {number} branches / merge-tree --stdin", ours=ours, base=base, limit=1.5),
        Row(name=f"forecast of {number} again, nothing moved", ours=again, base=base, limit=0.05),
    ]


def _bare(world: World, target: str, heads: list[str]) -> float:
    """Merge the same pairs by one bare git, its objects going to an empty directory, in memory like autod's."""
    pairs = [(one, other) for i, one in enumerate(heads) for other in heads[i + 1 :]]
    pairs += [(target, head) for head in heads]
    memory = Path("/dev/shm")
    objects = Path(tempfile.mkdtemp(prefix="autod-bench-", dir=memory if memory.is_dir() else world.root.parent))
    env = os.environ | {
        "GIT_OBJECT_DIRECTORY": str(objects),
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(world.root / ".git/objects"),
    }
    argv = ["git", "merge-tree", "--write-tree", "--stdin", "-z", "--name-only", "--messages"]
    text = "".join(f"{one} {other}\n" for one, other in pairs)
    started = time.monotonic()
    subprocess.run(argv, cwd=world.root, env=env, input=text.encode(), capture_output=True, check=True)
    seconds = time.monotonic() - started
    shutil.rmtree(objects)
    return seconds


def _branch(world: World, number: int) -> str:
    """Commit changes of 14 files on a branch of its own, some of them shared with other branches."""
    world.git("checkout", "-q", "-b", f"b{number}", "main")
    for step in range(FILES_OF_A_BRANCH):
        index = (number * 17 + step * 3) % 700
        path = world.root / f"src/part{index % 40:02}" / f"module{index:05}.py"
        lines = path.read_text().splitlines(keepends=True)
        lines[number % 20] = f"changed = {number}\n"
        path.write_text("".join(lines))
    world.git("commit", "-qam", f"work of {number}")
    head = world.git("rev-parse", "HEAD")
    world.git("checkout", "-q", "main")
    return head


def checkpoints(ground: Path) -> list[Row]:
    """Merge the same four branches as a checkpoint without gates, and by `git merge` in a worktree."""
    names = [f"lane-{number}" for number in range(LANES)]
    order = ", ".join(f'"{name}"' for name in names)
    settings = "".join(
        f'[[checkpoint]]\nname = "point-{n}"\nmerge = [{order}]\ninto = "into/{n}"\n' for n in range(ROUNDS)
    )
    world = World(ground / "merging", names, agent="exec sleep 100000", settings=settings)
    try:
        return asyncio.run(_checkpoints(world))
    finally:
        world.close()


async def _checkpoints(world: World) -> list[Row]:
    planning, merging, base = [], [], []
    async with open_desk(world.root, role="tui") as desk:
        await _ask(desk, Up())
        for number, name in enumerate(world.names):
            tree = world.worktree(name)
            for step in range(FILES_OF_A_BRANCH):
                (tree / f"{name}-{step}.txt").write_text(f"{number} {step}\n")
            world.git("add", "-A", cwd=tree)
            world.git("commit", "-qm", "work", cwd=tree)
        await asyncio.sleep(3)
        for number in range(ROUNDS):
            base.append(_by_git(world, number))
            await asyncio.sleep(0.5)
            started = time.monotonic()
            plan = msgspec.convert((await _ask(desk, PlanMerge(checkpoint=f"point-{number}")))["plan"], MergePlan)
            planned = time.monotonic()
            await _ask(desk, Merge(approved=ApprovedPlan(plan=plan)))
            planning.append(planned - started)
            merging.append(time.monotonic() - planned)
            await asyncio.sleep(1)
    whole = [one + other for one, other in zip(planning, merging, strict=True)]
    note = "the approved merge, refs and journal included; the plan before it is looked at by a person"
    return [
        Row(name="checkpoint of 4 branches / git merge 4 times", ours=merging, base=base, limit=1, note=note),
        Row(name="the same with its plan", ours=whole, base=base),
    ]


async def _ask(desk: BaseDesk, request: Any) -> dict[str, Any]:
    answer = await desk.ask(request)
    if not answer.ok:
        raise RuntimeError(f"{type(request).__name__}: {answer.message} {answer.hint}")
    return answer.data


def _by_git(world: World, number: int) -> float:
    tree = world.root.parent / f"by-git-{number}"
    world.git("worktree", "add", "-q", "-b", f"by-git/{number}", str(tree), "main")
    started = time.monotonic()
    for name in world.names:
        world.git("merge", "-q", "--no-ff", "--no-edit", f"workstream/{name}", cwd=tree)
    return time.monotonic() - started
