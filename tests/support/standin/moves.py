"""From a step of the script to what this agent can do: its own tools, by their own names and arguments."""

from __future__ import annotations

import shlex
from typing import Any

from tests.support.standin.asked import Asked, Json, fitting
from tests.support.standin.steps import Ask, Call, Cut, Say, Shell, Step, Write

Move = tuple[str, str, Json | str]
"""Words, the name of a tool (may be empty), its arguments."""


def move_of(step: Step, asked: Asked) -> Move:
    """Return what to answer for a step; raises LookupError where the agent has no tool for it."""
    match step:
        case Say(text=text) | Cut(text=text):
            return text, "", ""
        case Call(tool=tool, arguments=arguments, saying=saying):
            return saying, tool, dict(arguments)
        case Write():
            return step.saying, *_write(step, asked)
        case Shell():
            return step.saying, *_shell(step.command, asked, beyond=step.beyond)
        case Ask():
            return step.saying, *_ask(step, asked)
    raise LookupError(f"{step} is no answer")


def _write(step: Write, asked: Asked) -> tuple[str, Json]:
    if "Write" in asked.tools:
        return "Write", {"file_path": step.path, "content": step.text}
    return _shell(f"printf %s {shlex.quote(step.text)} > {shlex.quote(step.path)}", asked, beyond=False)


def _shell(command: str, asked: Asked, *, beyond: bool) -> tuple[str, Json]:
    if "Bash" in asked.tools:
        return "Bash", {"command": command, "description": "What the script says"}
    leave: Json = {"sandbox_permissions": "require_escalated", "justification": "May I?"} if beyond else {}
    for name, key in (("exec_command", "cmd"), ("shell_command", "command")):
        if name in asked.tools:
            return name, {key: command, **leave}
    for name in ("bash", "run_shell_command"):
        if name in asked.tools:
            about = {"description": "What the script says"}
            known = asked.tools[name].get("properties") or {}
            told = {key: value for key, value in about.items() if key in known}
            return name, {"command": command, **told, **_demanded(asked.tools[name])}
    if "shell" in asked.tools:
        return "shell", {"command": ["sh", "-c", command], **leave}
    raise LookupError(f"no tool for a shell command among {sorted(asked.tools)}")


def _demanded(schema: Json) -> Json:
    """Return plain values for whatever else a tool insists on."""
    names = set(schema.get("required") or ()) - {"command", "description"}
    return {name: fitting(schema["properties"][name]) for name in sorted(names)}


def _ask(step: Ask, asked: Asked) -> tuple[str, Json]:
    choices: list[dict[str, Any]] = [{"label": one, "description": f"Take {one}"} for one in step.choices]
    if "AskUserQuestion" in asked.tools:
        question = {"question": step.question, "header": "Choice", "multiSelect": False, "options": choices}
        return "AskUserQuestion", {"questions": [question]}
    if "request_user_input" in asked.tools:
        question = {"id": "choice", "header": "Choice", "question": step.question, "options": choices}
        return "request_user_input", {"questions": [question]}
    raise LookupError(f"no tool for a question among {sorted(asked.tools)}")
