"""The ways a command goes through the desk: ask, show the plan, have it approved, carry it out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from autod_tui.cli.console import Console
from autod_tui.cli.engine import load_engine
from autod_tui.cli.main import Request, checked_start
from autod_tui.cli.progress import ask_watched
from autod_tui.core.desk import Desk
from autod_tui.core.requests import Answer, AnyRequest


def with_desk(request: Request, act: Callable[[Desk], Awaitable[int]]) -> int:
    """Open the desk, do one thing there and close it; returns what `act` returns."""
    start = checked_start(request)
    import asyncio

    async def session() -> int:
        async with load_engine().open_desk(start, role=request.options.verb) as desk:
            return await act(desk)

    return asyncio.run(session())


def settle(console: Console, answer: Answer) -> int:
    """Tell an answer and return its exit code."""
    document: dict[str, Any] = {**console.facts, **answer.data, "message": answer.message}
    if answer.ok:
        console.say(answer.message)
        if answer.hint:
            console.say(f"  hint: {answer.hint}")
    else:
        console.warn(f"autod: {answer.message}" + (f"\n  hint: {answer.hint}" if answer.hint else ""))
        error = {"message": answer.message, "hint": answer.hint, "exit_code": answer.exit_code}
        document = {**console.facts, **answer.data, "error": error}
    console.json(document)
    return answer.exit_code


async def ask(desk: Desk, console: Console, request: AnyRequest) -> int:
    """Have a request carried out, tell its steps to a person, then the answer."""
    return settle(console, await ask_watched(desk, console, request))


async def ask_approved(desk: Desk, console: Console, plan: AnyRequest, act: AnyRequest, *, what: str) -> int:
    """Ask for the plan, show it, have it approved and carry `act` out; `what` names the deed."""
    planned = await desk.ask(plan)
    if not planned.ok:
        return settle(console, planned)
    if planned.data.get("plan") == []:  # nothing to do, so nothing to approve
        return settle(console, planned)
    console.facts |= planned.data
    console.say(planned.message)
    if not await console.approve("Go on?", what=what):
        return 0
    return await ask(desk, console, act)
