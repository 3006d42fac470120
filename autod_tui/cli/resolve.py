"""`autod checkpoint resolve`: the conflicts of a merge under way."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from autod_tui.cli.action import ask, settle, with_desk
from autod_tui.cli.checkpoint import known_checkpoint
from autod_tui.cli.console import Console, table
from autod_tui.cli.main import Request
from autod_tui.core.checkpoint import Transaction
from autod_tui.core.desk import Desk
from autod_tui.core.errors import AutodError, RefusedError, UsageError
from autod_tui.core.requests import Abandon, AnyRequest, LeaveOut, PrepareEdit, Resolve

_CHOICES = ("ours", "theirs", "edit", "agent", "leave-out", "abandon", "stop")


def resolve(request: Request) -> int:
    """Settle conflicts as told; without an option, list them and ask."""
    options = request.options
    chosen = [name for name in ("how", "leave_out", "abandon") if getattr(options, name)]
    if len(chosen) > 1:
        raise UsageError("one way at a time: --ours, --theirs, --edit, --agent, --leave-out or --abandon")

    async def act(desk: Desk) -> int:
        if not chosen:
            return await _list_and_ask(desk, request.console, options.name)
        known_checkpoint(desk.board(), options.name)
        if options.how == "edit":
            return await _edit(desk, request.console, options.name, tuple(options.paths))
        return await ask(desk, request.console, _deed(options))

    return with_desk(request, act)


def _deed(options: object) -> AnyRequest:
    name: str = getattr(options, "name", "")
    if getattr(options, "abandon", False):
        return Abandon(checkpoint=name)
    if workstream := getattr(options, "leave_out", ""):
        return LeaveOut(checkpoint=name, workstream=workstream)
    return Resolve(checkpoint=name, how=getattr(options, "how", ""), paths=tuple(getattr(options, "paths", ())))


def _transaction(desk: Desk, name: str) -> Transaction:
    transaction = known_checkpoint(desk.board(), name).record.transaction
    if transaction is None or not transaction.conflicts:
        raise RefusedError(
            f"no merge of {name!r} waits for a resolution", hint=f"autod checkpoint merge {name} starts one"
        )
    return transaction


async def _list_and_ask(desk: Desk, console: Console, name: str) -> int:
    transaction = _transaction(desk, name)
    sides = await desk.conflict_sides(name)
    console.json(
        {
            "checkpoint": name,
            "workstream": transaction.at_step,
            "conflicts": [
                {"path": s.path, "kind": s.kind, "ours": s.ours, "theirs": s.theirs, "base": s.base} for s in sides
            ],
        }
    )
    if console.as_json:
        return 0
    if console.interactive:
        return await offer_resolution(desk, console, name)
    show_conflicts(console, transaction)
    return 0


def show_conflicts(console: Console, transaction: Transaction) -> None:
    """Print the paths that the waiting step can't merge by itself."""
    console.say(f"{transaction.at_step} conflicts in:")
    for line in table([[conflict.path, conflict.kind] for conflict in transaction.conflicts]):
        console.show("  " + line)


async def offer_resolution(desk: Desk, console: Console, name: str) -> int:
    """Ask a person, again and again, until the merge is through, given up or left waiting."""
    code = 1
    while (view := desk.board().checkpoint(name)) and (under_way := view.record.transaction) and under_way.conflicts:
        show_conflicts(console, under_way)
        how = await console.ask("How?", _CHOICES)
        if how == "stop":
            console.say(f"The merge waits. Go on with: autod checkpoint resolve {name}")
            return 1
        code = await _carry_out(desk, console, name, how, under_way.at_step)
        if how in ("agent", "abandon"):
            return code
    return code


async def _carry_out(desk: Desk, console: Console, name: str, how: str, workstream: str) -> int:
    if how == "edit":
        return await _edit(desk, console, name, ())
    if how == "abandon":
        return await ask(desk, console, Abandon(checkpoint=name))
    if how == "leave-out":
        return await ask(desk, console, LeaveOut(checkpoint=name, workstream=workstream))
    return await ask(desk, console, Resolve(checkpoint=name, how=how))


async def _edit(desk: Desk, console: Console, name: str, paths: tuple[str, ...]) -> int:
    if not console.interactive:
        raise UsageError("--edit opens an editor and needs a terminal", hint="or use --ours, --theirs or --agent")
    prepared = await desk.ask(PrepareEdit(checkpoint=name))
    if not prepared.ok:
        return settle(console, prepared)
    worktree = Path(str(prepared.data["worktree"]))
    files = list(paths) or [str(path) for path in prepared.data["files"]]
    if files:  # none is left where remembered resolutions settled all
        await run_editor([str(worktree / file) for file in files], worktree)
    return await ask(desk, console, Resolve(checkpoint=name, how="edit", paths=tuple(files)))


def editor_command() -> list[str]:
    """Return the person's editor as an argv: $VISUAL, $EDITOR, else vi."""
    return shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi")


async def run_editor(files: list[str], directory: Path) -> None:
    """Open files in the person's editor and wait for its end; raises when it ends badly."""
    from autod_tui import process

    argv = [*editor_command(), *files]
    if status := await process.foreground(argv, cwd=directory):
        raise AutodError(f"the editor {argv[0]!r} ended with status {status}; nothing was resolved")
