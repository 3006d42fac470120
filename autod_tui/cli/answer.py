"""`autod answer`: what an agent asks right now, and the answer to it."""

from __future__ import annotations

import sys

import msgspec

from autod_tui.cli.action import ask, settle, with_desk
from autod_tui.cli.console import Console
from autod_tui.cli.main import Request
from autod_tui.core.agent_ports import Question
from autod_tui.core.desk import Desk
from autod_tui.core.errors import UsageError
from autod_tui.core.requests import AnswerAgent, ReadQuestion


def answer(request: Request) -> int:
    """Send an answer; without one show the question, and on a terminal ask for the answer."""
    options, console = request.options, request.console
    text = sys.stdin.read() if options.text == "-" else options.text
    if options.choice and text:
        raise UsageError("an answer is one of the choices, or --text", hint="leave one of them out")
    if options.text and not text.strip():
        raise UsageError("there is no text to answer with", hint="autod answer NAME --text TEXT")
    given = AnswerAgent(name=options.name, choice=options.choice, text=text, seen=options.seen)

    async def act(desk: Desk) -> int:
        if options.choice or text:
            return await ask(desk, console, given)
        return await _show(desk, console, options.name)

    return with_desk(request, act)


async def _show(desk: Desk, console: Console, name: str) -> int:
    asked = await desk.ask(ReadQuestion(name=name))
    code = settle(console, asked)
    if not asked.data.get("question") or not console.interactive:
        return code
    line = await console.read("Your answer (empty leaves it)")
    if not line:
        return code
    question = msgspec.convert(asked.data["question"], Question)
    chosen = question.choice(line) is not None or not question.free_text
    words = {"choice": line} if chosen else {"text": line}
    return await ask(desk, console, AnswerAgent(name=name, seen=asked.data["seen"], **words))
