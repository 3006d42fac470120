"""Many short tasks through a run, against a bare pool of the same programs; and the memory of a long run."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

from autod_tui.core.requests import StartRun
from autod_tui.core.run import RunState
from autod_tui.engine.desks import BaseDesk
from autod_tui.wiring import open_desk
from benchmarks.report import Row
from benchmarks.world import World

AT_ONCE = 8
FILES = 500
QUIET = 'sleep 0.05\nfor task in $AUTOD_TASKS; do echo "VERDICT $task APPROVED"; done\n'
COMMITTING = f'echo "$AUTOD_TASKS" > "out-$AUTOD_TASKS.txt"\n{QUIET}'
SIZES = {False: (160, 80), True: (1000, 300)}
"""`--full` to the tasks that leave no commit and to those that do."""
Work = Callable[[int, str], Awaitable[None]]


def measure(ground: Path, *, full: bool = False) -> Iterator[Row]:
    """Measure a run beside pools of the same script, and the memory of a run of many events."""
    quiet, committing = SIZES[full]
    yield from asyncio.run(_compared(ground / "quiet", quiet, QUIET, "leaves no commit"))
    yield from asyncio.run(_compared(ground / "committing", committing, COMMITTING, "leaves a commit"))
    yield _memory(ground / "memory")


async def _compared(root: Path, number: int, script: str, what: str) -> list[Row]:
    settings = f"[agents.script]\nprompt = \"file\"\ncommand = ['sh', '{root}/agent.sh']\n"
    world = World(root / "repo", [], agent="true", files=FILES, settings=settings)
    (root / "agent.sh").write_text(script)
    ids = [f"t{index}" for index in range(1, number + 1)]
    _write_plan(world, ids)
    try:
        pool = _Pool(root, world)
        half = number // 2
        first = [await _timed(pool.bare, ids[:half]), await _timed(pool.with_git, ids[:half])]
        ours = await _run(world, number)
        last = [await _timed(pool.bare, ids[half:]), await _timed(pool.with_git, ids[half:])]
    finally:
        world.close()
    bare, with_git = [first[0], last[0]], [first[1], last[1]]
    git = max(0.0, (sum(with_git) - sum(bare)) / 2)
    note = (
        f"{number} tasks, {FILES} files, worktrees made within ours; the git by hand costs {git * 1000:.1f} ms a task"
    )
    return [
        Row(name=f"task of 50 ms that {what}, 8 at once / pool with the same git", ours=[ours], base=with_git),
        Row(
            name=f"task of 50 ms that {what}, without its git / pool",
            ours=[ours - git],
            base=bare,
            limit=1.5,
            note=note,
        ),
    ]


def _write_plan(world: World, ids: list[str]) -> None:
    head = f'[plan]\ninto = "done"\nagent = "script"\nisolation = "worktree"\nmax_sessions = {AT_ONCE}\n'
    stage = f'[[stage]]\nname = "build"\nsessions = {AT_ONCE}\n'
    tasks = "".join(f'[[task]]\nid = "{id}"\n' for id in ids)
    (world.root / "workstreams").mkdir(exist_ok=True)
    (world.root / "workstreams" / "many.toml").write_text(head + stage + tasks)


class _Pool:
    """A pool of programs as one writes it by hand: no journal, no panes, no logs."""

    def __init__(self, root: Path, world: World) -> None:
        """Lay a worktree out for each place of the pool."""
        self._script = str(root / "agent.sh")
        self._world = world
        self._places = [str(root / f"place{number}") for number in range(AT_ONCE)]
        for place in self._places:
            world.git("worktree", "add", "-q", "--detach", place, "main")

    async def bare(self, place: int, id: str) -> None:
        """Run the script alone."""
        env = {**os.environ, "AUTOD_TASKS": id}
        child = await asyncio.create_subprocess_exec(
            "sh", self._script, cwd=self._places[place], env=env, stdout=asyncio.subprocess.PIPE
        )
        out, _ = await child.communicate()
        if out != f"VERDICT {id} APPROVED\n".encode():
            raise RuntimeError(f"the script said {out!r}")

    async def with_git(self, place: int, id: str) -> None:
        """Run the script on a branch of its own in a worktree, and commit what it leaves."""
        await self._git(place, "checkout", "--quiet", "--force", "--no-track", "-B", f"pool/{id}", "main", "--")
        await self.bare(place, id)
        if await self._git(place, "status", "--porcelain=v2", "--branch", "-z", "--untracked-files=all") > 1:
            await self._git(place, "add", "--all")
            await self._git(place, "commit", "--quiet", "--no-verify", "-m", id)

    async def _git(self, place: int, *words: str) -> int:
        """Run git and return how many rows it printed that are no headers, plus one."""
        child = await asyncio.create_subprocess_exec(
            "git", *words, cwd=self._places[place], stdout=asyncio.subprocess.PIPE
        )
        out, _ = await child.communicate()
        if child.returncode:
            raise RuntimeError(f"git {words[0]} failed")
        return 1 + sum(1 for row in out.split(b"\0") if row and not row.startswith(b"#"))


async def _timed(work: Work, ids: list[str]) -> float:
    """Return the seconds per task of a pool that does `work`."""
    left = iter(ids)

    async def serve(place: int) -> None:
        for id in left:
            await work(place, id)

    started = time.monotonic()
    await asyncio.gather(*(serve(place) for place in range(AT_ONCE)))
    return (time.monotonic() - started) / len(ids)


async def _run(world: World, number: int) -> float:
    """Carry the plan out and return the seconds per task, from the request to the end of the run."""
    async with open_desk(world.root, role="run") as desk:
        started = time.monotonic()
        answer = await desk.ask(StartRun(plan="many"))
        if not answer.ok:
            raise RuntimeError(answer.message)
        run = await _ended(desk, str(answer.data["id"]))
        seconds = time.monotonic() - started
    if run is not RunState.DONE:
        raise RuntimeError(f"the run is {run.value}")
    return seconds / number


async def _ended(desk: BaseDesk, id: str) -> RunState:
    async with asyncio.timeout(900):
        async for _ in desk.updates():
            if desk.runs[id].state is not RunState.RUNNING:
                break
    return desk.runs[id].state


def _memory(root: Path) -> Row:
    """Compare the memory of one conductor after few and after many events of a run."""
    World(root, [], agent="true", files=10).close()
    words = [sys.executable, "-m", "benchmarks.run_memory", str(root)]
    done = subprocess.run(words, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=True)
    facts = json.loads(done.stdout)
    return Row(
        name=f"memory of a conductor after {facts['many']:,} events of a run / after {facts['few']:,}",
        ours=[facts["after_many"]],
        base=[facts["after_few"]],
        limit=1.2,
        unit="MiB",
        note=f"{facts['tasks']} tasks, {facts['sessions']:,} sessions",
    )
