"""Many short tasks through a run, against a bare pool of the same programs; and the memory of a long run.

The promise: a task costs at most 1.5 times what it costs in a bare asyncio pool of subprocesses, plus the worktree's
own cost. The pool runs the same script, 8 at once. The worktree's own cost is measured, not reckoned: a second pool
does by hand what the same isolation asks for (`_Pool.by_hand`), and the cost is what that pool takes longer than the
bare one. By hand, for each task, at the same concurrency and in the same run:

* eight worktrees are made (shared out among all tasks),
* the place's worktree is set to a new branch that starts from `into` as it is now (`git checkout -B`),
* `git status` tells whether anything was left uncommitted, and what was left is committed (`git add`, `git commit`),
* a task's commits are merged into `into`: `git merge-tree`, `git commit-tree`, `git update-ref`, one task at a time.

So git work of ours beyond that (looks at the checkout of the user, backups) counts as overhead, as do journal, panes,
logs, prompts and verdicts. Where the agent commits, it does so in all three.
The halves of the pools' tasks are carried out before and after ours: both see the same machine.
"""

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
LEAVING = f'echo "$AUTOD_TASKS" > "out-$AUTOD_TASKS.txt"\n{QUIET}'
COMMITTING = LEAVING.replace("sleep", 'git add --all && git commit --quiet --message "$AUTOD_TASKS"\nsleep', 1)
KINDS = {
    "quiet": ("leaves no commit", QUIET),
    "committing": ("commits a file", COMMITTING),
    "leaving": ("leaves a file to be committed", LEAVING),
}
SIZES = {False: 160, True: 1000}
"""`--full` to tasks."""
Work = Callable[[int, str], Awaitable[None]]


def measure(ground: Path, *, full: bool = False) -> Iterator[Row]:
    """Measure a run beside pools of the same script, and the memory of a run of many events."""
    for name, (what, script) in KINDS.items():
        yield from asyncio.run(_compared(ground / name, SIZES[full], script, what))
    yield _memory(ground / "memory")


async def _compared(root: Path, number: int, script: str, what: str) -> list[Row]:
    settings = f"[agents.script]\nprompt = \"file\"\ncommand = ['sh', '{root}/agent.sh']\n"
    world = World(root / "repo", [], agent="true", files=FILES, settings=settings)
    (root / "agent.sh").write_text(script)
    ids = [f"t{index}" for index in range(1, number + 1)]
    write_plan(world, ids)
    try:
        pool = _Pool(root, world)
        half = number // 2
        first = [await _timed(pool.bare, ids[:half]), await _timed(pool.by_hand, ids[:half])]
        ours = await _run(world, number)
        last = [await _timed(pool.bare, ids[half:]), await _timed(pool.by_hand, ids[half:])]
    finally:
        world.close()
    making = pool.making / number
    return _rows(what, number, ours, [first[0], last[0]], [first[1] + making, last[1] + making])


def _rows(what: str, number: int, ours: float, bare: list[float], by_hand: list[float]) -> list[Row]:
    cost = max(0.0, (sum(by_hand) - sum(bare)) / 2)
    note = (
        f"{number} tasks, {FILES} files, worktrees made within; "
        f"a worktree's own cost by hand: {cost * 1000:.1f} ms a task"
    )
    return [
        Row(
            name=f"task of 50 ms that {what}, {AT_ONCE} at once / pool with worktrees by hand",
            ours=[ours],
            base=by_hand,
        ),
        Row(
            name=f"task of 50 ms that {what}, less the worktree's own cost / pool",
            ours=[ours - cost],
            base=bare,
            limit=1.5,
            note=note,
        ),
    ]


def write_plan(world: World, ids: list[str]) -> None:
    """Write the plan `many`: each task in a session of its own, eight at once."""
    head = f'[plan]\ninto = "done"\nagent = "script"\nisolation = "worktree"\nmax_sessions = {AT_ONCE}\n'
    stage = f'[[stage]]\nname = "build"\nsessions = {AT_ONCE}\n'
    tasks = "".join(f'[[task]]\nid = "{id}"\n' for id in ids)
    (world.root / "workstreams").mkdir(exist_ok=True)
    (world.root / "workstreams" / "many.toml").write_text(head + stage + tasks)


class _Pool:
    """A pool of programs as one writes it by hand: no journal, no panes, no logs, nothing is taken up after a kill."""

    def __init__(self, root: Path, world: World) -> None:
        """Lay a worktree out for each place of the pool, and make the branch that work is merged into."""
        self._script = str(root / "agent.sh")
        self._places = [str(root / f"place{number}") for number in range(AT_ONCE)]
        started = time.monotonic()
        for place in self._places:
            world.git("worktree", "add", "-q", "--detach", place, "main")
        self.making = time.monotonic() - started
        """Seconds that the worktrees took, one after another."""
        world.git("branch", "by-hand", "main")
        self._into = world.git("rev-parse", "main").strip()
        self._merging = asyncio.Lock()

    async def bare(self, place: int, id: str) -> None:
        """Run the script alone; what it commits piles up in its place."""
        env = {**os.environ, "AUTOD_TASKS": id}
        child = await asyncio.create_subprocess_exec(
            "sh", self._script, cwd=self._places[place], env=env, stdout=asyncio.subprocess.PIPE
        )
        out, _ = await child.communicate()
        if out != f"VERDICT {id} APPROVED\n".encode():
            raise RuntimeError(f"the script said {out!r}")

    async def by_hand(self, place: int, id: str) -> None:
        """Do what a worktree for each task asks for: a branch from `into`, all work committed, and merged there."""
        start = self._into
        await self._git(place, "checkout", "--quiet", "--force", "--no-track", "-B", f"pool/{id}", start, "--")
        await self.bare(place, id)
        status = await self._git(place, "status", "--porcelain=v2", "--branch", "-z", "--untracked-files=all")
        rows = [row for row in status.split("\0") if row]
        if any(not row.startswith("#") for row in rows):
            await self._git(place, "add", "--all")
            await self._git(place, "commit", "--quiet", "--no-verify", "-m", id)
        elif f"# branch.oid {start}" in rows:
            return
        async with self._merging:
            await self._merge(place, id)

    async def _merge(self, place: int, id: str) -> None:
        before = self._into
        tree = (await self._git(place, "merge-tree", "--write-tree", before, f"pool/{id}")).strip()
        merge = ("commit-tree", tree, "-p", before, "-p", f"pool/{id}", "-m", f"Merge {id}")
        self._into = (await self._git(place, *merge)).strip()
        await self._git(place, "update-ref", "refs/heads/by-hand", self._into, before)

    async def _git(self, place: int, *words: str) -> str:
        child = await asyncio.create_subprocess_exec(
            "git", *words, cwd=self._places[place], stdout=asyncio.subprocess.PIPE
        )
        out, _ = await child.communicate()
        if child.returncode:
            raise RuntimeError(f"git {words[0]} failed")
        return out.decode()


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
