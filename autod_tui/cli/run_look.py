"""Looking at a part of a run: a task's diff, a session's log."""

from __future__ import annotations

import codecs

from autod_tui.cli.action import with_desk
from autod_tui.cli.console import clean
from autod_tui.cli.main import Request
from autod_tui.cli.runs import find_run
from autod_tui.core.desk import Desk
from autod_tui.core.errors import RefusedError, UsageError
from autod_tui.core.names import nearest
from autod_tui.core.run import RunRecord, SessionRecord


def diff(request: Request) -> int:
    """Print what the sessions of a task changed."""
    from autod_tui.cli.look import diff_line

    console, options = request.console, request.options

    async def act(desk: Desk) -> int:
        run = find_run(desk, options.name)
        text = await desk.task_diff(run.id, options.part)
        console.json({"run": run.id, "task": options.part, "diff": text})
        for line in text.splitlines():
            console.show(diff_line(console, clean(line)))
        return 0

    return with_desk(request, act)


def log(request: Request) -> int:
    """Print the log of a session, or of the last session of a task; with -f until the session has ended."""
    console, options = request.console, request.options

    async def act(desk: Desk) -> int:
        run = find_run(desk, options.name)
        session = find_session(run, options.part)
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        kept: list[str] = []
        line = ""
        async for piece in desk.session_output(run.id, session.id, follow=options.follow):
            *whole, line = (line + decoder.decode(piece)).split("\n")
            for text in whole:
                kept.append(clean(text).rstrip())
                if options.follow:
                    console.show(kept.pop())
                    console.flush()
        kept += [clean(line)] if line else []
        kept = kept[-options.lines :]
        console.json({"run": run.id, "session": session.id, "lines": kept})
        for text in kept:
            console.show(text)
        return 0

    return with_desk(request, act)


def find_session(run: RunRecord, part: str) -> SessionRecord:
    """Return the session called `part`, or the last session of the task called so."""
    if part in run.sessions:
        return run.sessions[part]
    if part in run.tasks:
        id = run.tasks[part].session
        if id not in run.sessions:
            raise RefusedError(f"{part!r} has had no session yet", hint=f"autod show {run.id} tells what it waits for")
        return run.sessions[id]
    near = nearest(part, [*run.sessions, *run.tasks])
    hint = f"did you mean {near!r}?" if near else f"autod show {run.id} lists them"
    raise UsageError(f"{run.id} has no session and no task {part!r}", hint=hint)
