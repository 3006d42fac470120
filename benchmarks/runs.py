"""Many short tasks through a run, against a bare pool of the same programs; and the memory of a long run.

The promise: a task costs at most 1.5 times what it costs in a bare asyncio pool of subprocesses, plus the worktree's
own cost. The pool runs the same script, 8 at once. The worktree's own cost is measured, not reckoned: a second pool
does by hand what the same isolation asks for (`Pool.by_hand`), and the cost is what that pool takes longer than the
bare one. By hand, for each task, at the same concurrency and in the same run:

* eight worktrees are made (shared out among all tasks),
* the place's worktree is set to a new branch that starts from `into` as it is now (`git checkout -B`),
* `git status` tells whether anything was left uncommitted, and what was left is committed (`git add`, `git commit`),
* a task's commits are merged into `into`: `git merge-tree`, `git commit-tree`, `git update-ref`, one task at a time.

So git work of ours beyond that (looks at the checkout of the user, backups) counts as overhead, as do journal, panes,
logs, prompts and verdicts. Where the agent commits, it does so in all three.
Blocks of the two pools' tasks and of ours take turns (the run is paused between its blocks), and the own cost of a
round's worktrees is taken off that round's block of ours: all three see the same machine. Medians over the rounds stand
for each; where other programs write to the disk, TMPDIR=/dev/shm keeps their noise out of it. The seconds of a
processor (of this process, of tmux, and of all that ended) are told beside them: they depend little on what else the
machine does.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from autod_tui.core.requests import AnyRequest, PauseRun, ResumeRun, StartRun
from autod_tui.core.run import RunRecord, RunState, TaskState
from autod_tui.engine.desks import BaseDesk
from autod_tui.wiring import open_desk
from benchmarks.pool import Cost, Pool, cost_of
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
SIZES = {False: (240, 40), True: (1000, 125)}
"""`--full` to tasks, and to tasks in a block."""


class _Round(NamedTuple):
    """A block of each kind, one after the other; in seconds a task."""

    bare: float
    by_hand: float
    """With its share of making the worktrees."""
    ours: float

    @property
    def less(self) -> float:
        """Ours without what the worktrees cost by hand in the same round."""
        return self.ours - max(0.0, self.by_hand - self.bare)


def measure(ground: Path, *, full: bool = False) -> Iterator[Row]:
    """Measure a run beside pools of the same script, and the memory of a run of many events."""
    for name, (what, script) in KINDS.items():
        yield from asyncio.run(_compared(ground / name, *SIZES[full], script, what))
    yield _memory(ground / "memory")


async def _compared(root: Path, number: int, block: int, script: str, what: str) -> list[Row]:
    settings = f"[agents.script]\nprompt = \"file\"\ncommand = ['sh', '{root}/agent.sh']\n"
    world = World(root / "repo", [], agent="true", files=FILES, settings=settings)
    (root / "agent.sh").write_text(script)
    ids = [f"t{index}" for index in range(1, number + 1)]
    write_plan(world, ids)
    try:
        pool = Pool(root, world, AT_ONCE)
        async with open_desk(world.root, role="run") as desk:
            run = _Run(desk)
            costs = [await _turns(world, pool, run, ids[at : at + block], at) for at in range(0, number, block)]
            if (state := await run.end()) is not RunState.DONE:
                raise RuntimeError(f"the run is {state.value}")
    finally:
        world.close()
    making = pool.making
    wall = [_Round(bare.wall, hand.wall + making.wall / number, ours.wall) for bare, hand, ours in costs]
    cpu = [_Round(bare.cpu, hand.cpu + making.cpu / number, ours.cpu) for bare, hand, ours in costs]
    return _rows(what, number, wall, cpu)


async def _turns(world: World, pool: Pool, run: _Run, ids: list[str], at: int) -> list[Cost]:
    """Measure a block of each kind; another is the first each time, for a machine may become slower or quicker."""

    async def bare() -> int:
        await pool.carry_out(pool.bare, ids)
        return len(ids)

    async def by_hand() -> int:
        await pool.carry_out(pool.by_hand, ids)
        return len(ids)

    async def ours() -> int:
        return await run.go_on(at + len(ids))

    ways = [bare, by_hand, ours]
    turn = at // len(ids) % len(ways)
    costs = {way: await cost_of(world, way) for way in (*ways[turn:], *ways[:turn])}
    return [costs[way] for way in ways]


def _rows(what: str, number: int, wall: list[_Round], cpu: list[_Round]) -> list[Row]:
    name = f"task of 50 ms that {what}"
    own = statistics.median(one.by_hand - one.bare for one in wall)
    note = (
        f"{number} tasks in {len(wall)} blocks, {FILES} files, worktrees made within; "
        f"a worktree's own cost by hand: {own * 1000:.1f} ms a task"
    )
    return [
        Row(
            name=f"{name}, {AT_ONCE} at once / pool with worktrees by hand",
            ours=[one.ours for one in wall],
            base=[one.by_hand for one in wall],
        ),
        Row(
            name=f"{name}, less the worktree's own cost / pool",
            ours=[one.less for one in wall],
            base=[one.bare for one in wall],
            limit=1.5,
            note=note,
        ),
        Row(
            name=f"{name}, seconds of a processor / pool with worktrees by hand",
            ours=[one.ours for one in cpu],
            base=[one.by_hand for one in cpu],
            note=f"the bare pool: {statistics.median(one.bare for one in cpu) * 1000:.1f} ms",
        ),
    ]


def write_plan(world: World, ids: list[str]) -> None:
    """Write the plan `many`: each task in a session of its own, eight at once."""
    head = f'[plan]\ninto = "done"\nagent = "script"\nisolation = "worktree"\nmax_sessions = {AT_ONCE}\n'
    stage = f'[[stage]]\nname = "build"\nsessions = {AT_ONCE}\n'
    tasks = "".join(f'[[task]]\nid = "{id}"\n' for id in ids)
    (world.root / "workstreams").mkdir(exist_ok=True)
    (world.root / "workstreams" / "many.toml").write_text(head + stage + tasks)


class _Run:
    """One run, carried out in pieces: it is paused between them."""

    def __init__(self, desk: BaseDesk) -> None:
        """Have `desk` carry it out."""
        self._desk = desk
        self._id = ""

    async def go_on(self, goal: int) -> int:
        """Carry tasks out until `goal` of them all (or some more, those that had begun) are through; return how many.

        None is at work afterwards: what had begun is at its end, and merged.
        """
        before = self._record.done if self._id else 0
        await self._asked(ResumeRun(run=self._id) if self._id else StartRun(plan="many"))
        await self._until(lambda run: _begun(run) >= goal)
        if _begun(self._record) < len(self._record.tasks):
            await self._asked(PauseRun(run=self._id))
        await self._until(lambda run: not run.living and _begun(run) == run.done)
        return self._record.done - before

    async def end(self) -> RunState:
        """Wait for the end of the run, whose tasks are through, and return what became of it."""
        await self._until(lambda run: run.state not in (RunState.RUNNING, RunState.PAUSED))
        return self._record.state

    @property
    def _record(self) -> RunRecord:
        return self._desk.runs[self._id]

    async def _asked(self, request: AnyRequest) -> None:
        answer = await self._desk.ask(request)
        if not answer.ok:
            raise RuntimeError(answer.message)
        self._id = self._id or str(answer.data["id"])

    async def _until(self, so: Callable[[RunRecord], bool]) -> None:
        async with asyncio.timeout(900):
            async for _ in self._desk.updates():
                if so(self._record):
                    return


def _begun(run: RunRecord) -> int:
    return sum(task.state is not TaskState.QUEUED for task in run.tasks.values())


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
