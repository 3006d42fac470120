"""Carrying a plan of tasks out: `run`, `resume` and `retry`, which stay until the run is over."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable

from autod_tui.cli.action import settle, with_desk
from autod_tui.cli.console import Console
from autod_tui.cli.engine import load_engine
from autod_tui.cli.main import Request, checked_start
from autod_tui.cli.run_words import progress_line
from autod_tui.cli.runs import find_run
from autod_tui.core.agent_events import AgentsFreed, AgentsHeld
from autod_tui.core.desk import Desk
from autod_tui.core.errors import ExitCode, UsageError
from autod_tui.core.events import Noted, Recorded
from autod_tui.core.limits import held_words
from autod_tui.core.requests import Answer, AnyRequest, ResumeRun, RetryTasks, StartRun
from autod_tui.core.run import RunRecord, RunState, TaskState
from autod_tui.core.run_events import SessionHalted
from autod_tui.core.run_json import run_json
from autod_tui.core.run_sessions import told_words
from autod_tui.core.schedule import next_steps
from autod_tui.core.workstream import WorkstreamState

Asked = Callable[[Desk], AnyRequest]
_HOLDS = (AgentsHeld, AgentsFreed)
"""Events that concern every run."""


def run(request: Request) -> int:
    """Start a plan's run and stay with it."""
    options = request.options
    start = StartRun(
        plan=options.plan,
        items=options.items,
        model=options.model,
        batch_sizes=numbers(options.batch_size, "--batch-size"),
        sessions=numbers(options.sessions, "--sessions"),
        dry_run=options.dry_run,
    )
    return _carry(request, lambda desk: start, detach=options.detach, stay=not options.dry_run)


def resume(request: Request) -> int:
    """Go on with a run that was paused, stopped or interrupted."""
    options = request.options
    return _carry(request, lambda desk: ResumeRun(run=find_run(desk, options.run).id), detach=options.detach)


def retry(request: Request) -> int:
    """Queue failed or stopped tasks again and stay with the run."""
    options = request.options

    def asked(desk: Desk) -> AnyRequest:
        return RetryTasks(run=find_run(desk, options.run).id, tasks=tuple(options.tasks), stage=options.stage)

    return _carry(request, asked, detach=options.detach)


def numbers(pairs: list[str], option: str) -> dict[str, int]:
    """Read STAGE=N words; UsageError for anything else."""
    found: dict[str, int] = {}
    for pair in pairs:
        name, _, number = pair.partition("=")
        if not name or not number.isascii() or not number.isdigit():
            raise UsageError(f"{option} {pair!r} is not STAGE=NUMBER", hint=f"such as {option} build=3")
        found[name] = int(number)
    return found


def _carry(request: Request, asked: Asked, *, detach: bool, stay: bool = True) -> int:
    """Ask, then stay until the run ends, or leave that to a process in autod's own tmux server."""
    console = request.console

    async def act(desk: Desk) -> int:
        seen = desk.board().seq
        answer = await desk.ask(asked(desk))
        if not answer.ok or not stay or detach:
            return settle(console, answer)
        console.say(answer.message)
        board = desk.board()
        for reason in filter(None, (board.limit, *board.held)):
            console.warn(f"autod: {reason}")
        id = str(answer.data["id"])
        try:
            return await _follow(desk, console, id, seen)
        except asyncio.CancelledError:
            console.warn(_left_behind(desk.runs[id]))
            raise

    request.options.verb = "ask" if detach or not stay else "run"  # who only asks conducts for that one request
    code = with_desk(request, act)
    if detach and code == 0:
        load_engine().carry_on(checked_start(request))
    return code


async def _follow(desk: Desk, console: Console, id: str, seen: int) -> int:
    """Tell how the run goes on until it rests; a script gets a line of JSON per event."""
    from autod_tui.cli.watch import event_json

    async for update in desk.updates():
        for entry in update.entries:
            told = entry.event.name if isinstance(entry.event, Noted) else ""
            concerned = isinstance(entry.event, _HOLDS) or id in (getattr(entry.event, "run", ""), told)
            if entry.seq <= seen or not concerned:
                continue
            if console.as_json:
                console.json_line(event_json(entry))
            elif text := _told(entry):
                console.warn(f"autod: {text}")
        record = desk.runs[id]
        if not console.as_json:
            console.status(progress_line(console, record))
        if rests(record) or _waits_for_person(record):
            break
    return _outcome(desk, console, id)


def _told(entry: Recorded) -> str:
    """Say what concerns the run in a sentence; empty for what its progress tells by itself."""
    match entry.event:
        case Noted(text=text):
            return text
        case AgentsHeld() as held:
            return held_words(held, entry.at)
        case AgentsFreed(family=family):
            return f"{family} may start again"
        case SessionHalted(state=state) as halted if state is not WorkstreamState.RATE_LIMITED:
            answer = f" (autod answer {halted.run}/{halted.session})" if state is WorkstreamState.WAITING else ""
            return told_words(halted.session, state, halted.reason) + answer
        case _:
            return ""


def rests(run: RunRecord) -> bool:
    """Tell whether a run has ended or pauses, and its last session too: who conducts stays that long."""
    return run.state is not RunState.RUNNING and not run.living


def _left_behind(run: RunRecord) -> str:
    """Say what becomes of a run whose conductor is interrupted."""
    living = len(run.living)
    going = {0: "nothing of it runs", 1: "1 session goes on in its pane"}.get(living, f"{living} sessions go on")
    hint = f"autod resume {run.id} goes on, also with what they leave; autod stop {run.id} ends everything"
    return f"autod: {run.id}: left at {run.done} of {len(run.tasks)} tasks done; {going}\n  hint: {hint}"


def _waits_for_person(run: RunRecord) -> bool:
    """Tell whether nothing goes on before a person has reviewed something."""
    asked = any(task.state is TaskState.REVIEW for task in run.tasks.values())
    return asked and not run.living and not next_steps(run, free=1, now=math.inf)


def _outcome(desk: Desk, console: Console, id: str) -> int:
    record = desk.runs[id]
    console.status("")
    waiting = [task.id for task in record.tasks.values() if task.state is TaskState.REVIEW]
    words, hint = record.reason or record.state.value, ""
    if waiting:
        words = f"{len(waiting)} task{'s wait' if len(waiting) != 1 else ' waits'} for your review"
        hint = f"autod review {id} shows them"
    elif record.state is not RunState.DONE:
        hint = f"autod show {id} tells why; autod retry {id} tries again"
    code = ExitCode.DONE if record.state is RunState.DONE or waiting else ExitCode.FAILED
    message = f"{id}: {record.done} of {len(record.tasks)} tasks done"
    if record.state is not RunState.DONE:
        message += f"; {words}"
    if console.as_json:
        console.json_line(run_json(record, desk.plan.agents))
        return int(code)
    return settle(console, Answer(exit_code=int(code), message=message, hint=hint))


def carry_on(request: Request) -> int:
    """Conduct until no run goes on (the process behind --detach)."""

    async def act(desk: Desk) -> int:
        async for _ in desk.updates():
            if all(rests(record) for record in desk.runs.values()):
                break
        return 0

    request.options.verb = "run"
    return with_desk(request, act)
