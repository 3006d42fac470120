"""Runs seen and steered: `runs`, `show`, `stop`, `tidy`, `pause`, `tune`, `add`, `review`, `export`."""

from __future__ import annotations

import time
from pathlib import Path

from autod_tui.cli.action import ask, ask_approved, with_desk
from autod_tui.cli.engine import load_engine
from autod_tui.cli.main import Request
from autod_tui.cli.run_words import show_reviews, show_run, show_runs
from autod_tui.core.desk import Desk
from autod_tui.core.errors import UsageError
from autod_tui.core.names import nearest
from autod_tui.core.requests import AddTasks, PauseRun, Review, StopRun, TidyRun, TuneRun
from autod_tui.core.run import RunRecord, TaskState, Verdict
from autod_tui.core.run_json import run_json, runs_json
from autod_tui.core.run_plan import TaskSpec


def find_run(desk: Desk, word: str) -> RunRecord:
    """Return the run with this id, or the newest whose id or plan starts so; UsageError when there is none."""
    known = desk.runs
    if word in known:
        return known[word]
    if found := [run for run in known.values() if run.id.startswith(word) or run.plan.name == word]:
        return found[-1]
    near = nearest(word, list(known))
    hint = f"did you mean {near!r}?" if near else "autod runs lists them" if known else "autod run PLAN starts one"
    raise UsageError(f"no run {word!r}", hint=hint)


def runs(request: Request) -> int:
    """List all runs, past and present."""
    console = request.console

    async def act(desk: Desk) -> int:
        console.json({"runs": runs_json(desk.runs, time.time(), desk.plan.agents)})
        if desk.runs:
            show_runs(console, desk.runs.values(), desk.plan.agents)
        else:
            console.say("No runs yet: autod run PLAN")
        return 0

    return with_desk(request, act)


def show(request: Request) -> int:
    """Show one run in full."""

    async def act(desk: Desk) -> int:
        record = find_run(desk, request.options.run)
        request.console.json(run_json(record, desk.plan.agents))
        show_run(request.console, record, desk.plan.agents)
        return 0

    return with_desk(request, act)


def stop(request: Request) -> int:
    """End a run's sessions, or those of some tasks, with all their processes."""
    options = request.options

    async def act(desk: Desk) -> int:
        record = find_run(desk, options.run)
        chosen = [one for one in record.living if not options.tasks or set(options.tasks) & set(one.tasks)]
        ends = "1 session ends with all its" if len(chosen) == 1 else f"{len(chosen)} sessions end with all their"
        request.console.say(f"{record.id}: {ends} processes; what is done so far is kept.")
        if not await request.console.approve("Go on?", what=f"stopping {record.id!r}"):
            return 0
        return await ask(desk, request.console, StopRun(run=record.id, tasks=tuple(options.tasks)))

    return with_desk(request, act)


def tidy(request: Request) -> int:
    """Remove the worktrees of a run that has ended."""
    discard = bool(request.options.discard)

    async def act(desk: Desk) -> int:
        id = find_run(desk, request.options.run).id
        done = TidyRun(run=id, discard=discard, approved=True)
        return await ask_approved(desk, request.console, TidyRun(run=id), done, what=f"removing worktrees of {id!r}")

    return with_desk(request, act)


def pause(request: Request) -> int:
    """Start no further sessions of a run."""
    return with_desk(
        request, lambda desk: ask(desk, request.console, PauseRun(run=find_run(desk, request.options.run).id))
    )


def tune(request: Request) -> int:
    """Change batch sizes, session counts and priorities while a run goes on."""
    from autod_tui.cli.run import numbers

    options = request.options
    sizes, counts = numbers(options.batch_size, "--batch-size"), numbers(options.sessions, "--sessions")
    priorities = numbers(options.priority, "--priority")
    if not sizes and not counts and not priorities:
        raise UsageError("nothing to change", hint="--batch-size STAGE=N, --sessions STAGE=N, --priority TASK=N")

    async def act(desk: Desk) -> int:
        run = find_run(desk, options.run).id
        tuned = TuneRun(run=run, batch_sizes=sizes, sessions=counts, priorities=priorities)
        return await ask(desk, request.console, tuned)

    return with_desk(request, act)


def add(request: Request) -> int:
    """Give a run one more task while it goes on."""
    from autod_tui.cli.work import read_prompt

    options = request.options
    body = read_prompt(options.prompt)
    task = TaskSpec(
        id=options.task,
        title=options.title or options.task,
        body=body,
        model=options.model,
        outputs=tuple(options.output),
        priority=options.priority,
    )

    async def act(desk: Desk) -> int:
        return await ask(desk, request.console, AddTasks(run=find_run(desk, options.run).id, tasks=(task,)))

    return with_desk(request, act)


def review(request: Request) -> int:
    """List what waits for a person, or give verdicts."""
    options = request.options

    async def act(desk: Desk) -> int:
        record = find_run(desk, options.run)
        if options.verdict is None:
            waiting = [one.id for one in record.tasks.values() if one.state is TaskState.REVIEW]
            request.console.json({"id": record.id, "review": waiting})
            show_reviews(request.console, record)
            return 0
        if options.verdict == Verdict.NEEDS_WORK and not (options.tasks and options.comment):
            raise UsageError("changes are requested of named tasks, with a comment", hint="--comment TEXT")
        verdict = Review(
            run=record.id, tasks=tuple(options.tasks), verdict=Verdict(options.verdict), comment=options.comment
        )
        return await ask(desk, request.console, verdict)

    return with_desk(request, act)


def export(request: Request) -> int:
    """Write a run's tracker and records as files that anyone can read."""
    options = request.options

    async def act(desk: Desk) -> int:
        record = find_run(desk, options.run)
        made = load_engine().export_run(record, Path(options.directory_out or f"{record.id}-export"))
        request.console.json({"id": record.id, "files": [str(path) for path in made]})
        for path in made[:1]:
            request.console.say(f"{len(made)} files, beginning with {path}")
        return 0

    return with_desk(request, act)
