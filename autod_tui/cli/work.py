"""Workstreams at work: `new`, `up`, `down`, `send`."""

from __future__ import annotations

import sys
from pathlib import Path

from autod_tui.cli.action import ask, ask_approved, with_desk
from autod_tui.cli.console import Console
from autod_tui.cli.main import Request
from autod_tui.core.desk import Desk
from autod_tui.core.errors import UsageError
from autod_tui.core.requests import Down, New, Send, Up

_QUESTIONS = (
    ("name", "Name of the workstream"),
    ("title", "Title, in a few words"),
    ("agent", "Agent (empty: the project's)"),
    ("model", "Model (empty: the agent's)"),
    ("permission", "Permission mode: ask, edits, all (empty: the agent's)"),
    ("branch", "Branch, new or existing (empty: by the project's pattern)"),
    ("base", "Start a new branch at (empty: its checkpoints, or the target)"),
    ("prompt", "File with the prompt (empty: write STARTUP.md yourself)"),
    ("checkpoint", "Checkpoint that will merge it (empty: none)"),
)


def up(request: Request) -> int:
    """Make worktrees and start agents; returns when they are started."""
    wanted = Up(names=tuple(request.options.names), fresh=request.options.fresh)
    return with_desk(request, lambda desk: ask(desk, request.console, wanted))


def down(request: Request) -> int:
    """Stop agents, and with --remove take their worktrees away."""
    options = request.options
    if options.discard and not options.remove:
        raise UsageError("--discard says what --remove may lose; it does nothing alone", hint="add --remove")
    names = tuple(options.names)
    plan = Down(names=names, remove=options.remove, discard=options.discard)
    act = Down(names=names, remove=options.remove, discard=options.discard, approved=True)
    return with_desk(request, lambda desk: ask_approved(desk, request.console, plan, act, what=_deed(options.remove)))


def send(request: Request) -> int:
    """Paste a text into one agent's pane, or into all."""
    words: list[str] = request.options.words
    names = () if request.options.everyone else (words[0],)
    text = " ".join(words if request.options.everyone else words[1:])
    text = sys.stdin.read() if text == "-" else text
    if not text.strip():
        raise UsageError("there is no text to send", hint="autod send NAME TEXT, or autod send --all TEXT")
    return with_desk(request, lambda desk: ask(desk, request.console, Send(names=names, text=text)))


def new(request: Request) -> int:
    """Declare a workstream; asks for what is missing when NAME is not given."""
    options = request.options
    if not options.name and not request.console.interactive:
        raise UsageError("a name is needed where nobody can be asked", hint="autod new NAME")
    keys = [key for key, _ in _QUESTIONS]
    fields: dict[str, str] = {key: getattr(options, key) for key in keys}

    async def act(desk: Desk) -> int:
        if not fields["name"]:
            await _ask_fields(desk, request.console, fields)
        fields["prompt"] = read_prompt(fields["prompt"])
        return await ask(desk, request.console, New(**fields))

    return with_desk(request, act)


def read_prompt(source: str) -> str:
    """Return the prompt in file `source` (`-`: standard input, empty: none); UsageError when it can't be read."""
    if source in ("", "-"):
        return sys.stdin.read() if source else ""
    try:
        return Path(source).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UsageError(f"the prompt {source!r} can't be read: {why}", hint="--prompt takes a text file") from None


async def _ask_fields(desk: Desk, console: Console, fields: dict[str, str]) -> None:
    """Ask for the fields one by one until each is free of problems."""
    for key, question in _QUESTIONS:
        if fields[key]:
            continue
        while True:
            fields[key] = await console.read(question)
            problem = await _problem(desk, fields, key)
            if not problem:
                break
            console.say(f"  {problem}")


async def _problem(desk: Desk, fields: dict[str, str], key: str) -> str:
    if key == "prompt":
        return _prompt_problem(fields[key])
    return (await desk.new_problems({**fields, "prompt": ""})).get(key, "")


def _prompt_problem(source: str) -> str:
    return "" if not source or Path(source).is_file() else f"there is no file {source!r}"


def _deed(remove: bool) -> str:
    return "stopping agents and removing their worktrees" if remove else "stopping agents"
