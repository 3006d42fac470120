"""Looking at one workstream: `attach`, `log`, `diff`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from autod_tui.cli.action import with_desk
from autod_tui.cli.console import Console, clean
from autod_tui.cli.engine import load_engine
from autod_tui.cli.main import Request, checked_start
from autod_tui.core.desk import Desk
from autod_tui.core.errors import AutodError, RefusedError, UsageError
from autod_tui.core.names import helper_name, nearest


def attach(request: Request) -> int:
    """Show a pane in this terminal; with --json only say which command does."""
    _divide(request)
    argv = load_engine().attach_command(checked_start(request), request.options.name, request.options.part)
    if request.console.as_json:
        request.console.json({"workstream": request.options.name, "command": argv})
        return 0
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("attach needs a terminal", hint="autod log NAME prints what the pane shows")
    sys.stdout.flush()
    from autod_tui import process  # asyncio comes with it: not for every verb of this file

    return process.become(argv, os.environ)


def _divide(request: Request) -> None:
    """Take RUN/SESSION, as panes and questions are called, for RUN SESSION: no workstream's name has a slash."""
    options = request.options
    if not options.part:
        options.name, _, options.part = options.name.partition("/")


def diff(request: Request) -> int:
    """Print what a workstream changed, uncommitted work included; or what a task of a run did."""
    _divide(request)
    if request.options.part:
        from autod_tui.cli import run_look

        return run_look.diff(request)
    console, name = request.console, request.options.name

    async def act(desk: Desk) -> int:
        text = await desk.diff(_with_branch(desk, known(desk, name)))
        console.json({"workstream": name, "diff": text})
        for line in text.splitlines():
            console.show(diff_line(console, clean(line)))
        return 0

    return with_desk(request, act)


def _with_branch(desk: Desk, name: str) -> str:
    """Return `name`; RefusedError for the agent that solves a checkpoint's conflicts: it has no branch to compare."""
    for view in desk.board().checkpoints:
        if name == helper_name(view.name):
            hint = f"autod checkpoint resolve {view.name} lists them, autod log {name} shows the agent"
            raise RefusedError(f"{name!r} works on conflicts, not on a branch of its own", hint=hint)
    return name


def diff_line(console: Console, line: str) -> str:
    """Return a line of a unified diff in its colour."""
    colours = (("+++", "bold"), ("---", "bold"), ("diff ", "bold"), ("@@", "cyan"), ("+", "green"), ("-", "red"))
    return console.paint(line, next((colour for start, colour in colours if line.startswith(start)), ""))


def known(desk: Desk, name: str) -> str:
    """Return `name` when it is a workstream; UsageError with the nearest name otherwise."""
    board = desk.board()
    names = [view.name for view in board.workstreams]
    if name in names or name in [helper_name(view.name) for view in board.checkpoints]:
        return name
    near = nearest(name, names)
    raise UsageError(
        f"there is no workstream {name!r}",
        hint=f"did you mean {near!r}?" if near else f"known: {', '.join(names) or 'none; autod new NAME makes one'}",
    )


def log(request: Request) -> int:
    """Print a pane's scrollback, and with -f what comes after."""
    options = request.options
    if options.follow and options.as_json:
        raise UsageError("--json prints the scrollback once and can't follow", hint="leave out -f or --json")
    _divide(request)
    if options.part:
        from autod_tui.cli import run_look

        return run_look.log(request)

    async def act(desk: Desk) -> int:
        name = known(desk, options.name)
        lines = await _lines(desk, name, options.lines)
        request.console.json({"workstream": name, "lines": lines})
        if not options.follow:
            for line in lines:
                request.console.show(line)
            return 0
        return await _follow(desk, request.console, name, lines, options.lines)

    return with_desk(request, act)


async def _lines(desk: Desk, name: str, history: int) -> list[str]:
    screen = await desk.screen(name, history=history)
    if screen is None:
        raise AutodError(f"{name!r} has no pane", hint=f"autod up {name} starts its agent")
    lines = _trimmed([clean(line).rstrip() for line in screen.lines])
    if lines and lines[-1].startswith("Pane is dead ("):  # tmux writes it on the last row, below all blank ones
        return [*_trimmed(lines[:-1]), lines[-1]]
    return lines


def _trimmed(lines: list[str]) -> list[str]:
    """Return the lines without the blank ones at the end."""
    count = len(lines)
    while count and not lines[count - 1]:
        count -= 1
    return lines[:count]


async def _follow(desk: Desk, console: Console, name: str, lines: list[str], history: int) -> int:
    _print_now(console, lines[:-1])
    try:
        async for names in desk.outputs():
            if name not in names:
                continue
            now = await _lines(desk, name, history)
            # The last line may still grow; it is printed once another one follows it, or in the end.
            _print_now(console, fresh_lines(lines[:-1], now[:-1]))
            lines = now
    finally:
        _print_now(console, lines[-1:])
    return 0


def _print_now(console: Console, lines: Sequence[str]) -> None:
    for line in lines:
        console.show(line)
    console.flush()


def fresh_lines(before: Sequence[str], now: Sequence[str]) -> list[str]:
    """Return the lines of `now` that come after those of `before`, which may have scrolled up or partly away.

    A screen that was painted anew rather than scrolled is told from its first changed line on.
    """
    for gone in range(len(before)):
        kept = len(before) - gone
        if kept <= len(now) and list(before[gone:]) == list(now[:kept]):
            return list(now[kept:])
    same = next((i for i, (a, b) in enumerate(zip(before, now, strict=False)) if a != b), min(len(before), len(now)))
    return list(now[same:])
