"""Declaring a workstream: checked as a whole before any file is written."""

from __future__ import annotations

from pathlib import Path

from autod_tui.core.errors import UsageError
from autod_tui.core.names import name_problem, nearest, suggest_name
from autod_tui.core.requests import Answer, New
from autod_tui.engine.house import House

HEADS = "refs/heads/"


TEMPLATE = """# {title}

What to build, in a few sentences.

## Success criteria
- What must be true when it is done, and how to check it.

## While you work
- Commit early, in small steps.
- Keep progress.md up to date: Status, Progress, ETA, Blockers.
"""


async def new_problems(house: House, fields: dict[str, str]) -> dict[str, str]:
    """Check the fields of a new workstream; return field to problem."""
    refs = await house.git.refs("refs/heads/")
    checks = {
        "name": _name(house, fields.get("name", "")),
        "branch": await _branch(house, fields, refs),
        "base": await _base(house, fields, refs),
        "agent": _agent(house, fields.get("agent", "")),
        "permission": _permission(house, fields),
        "checkpoint": _one_of("checkpoint", fields.get("checkpoint", ""), [c.name for c in house.plan.checkpoints]),
        "prompt": "" if fields.get("prompt", "").strip() else "the prompt is empty: what should the agent do?",
    }
    return {field: problem for field, problem in checks.items() if problem}


async def declare(house: House, request: New) -> Answer:
    """Write workstreams/NAME/ and take it into the plan."""
    fields = {
        "name": request.name,
        "branch": request.branch,
        "base": request.base,
        "agent": request.agent,
        "permission": request.permission,
        "checkpoint": request.checkpoint,
        "prompt": request.prompt,
    }
    problems = await new_problems(house, fields)
    problems.pop("prompt", None)  # a template takes the place of a missing prompt
    if problems:
        lines = "; ".join(f"{field}: {problem}" for field, problem in problems.items())
        raise UsageError(f"no workstream was made: {lines}")
    spec = {
        key: value
        for key, value in (
            ("name", request.name),
            ("title", request.title),
            ("branch", request.branch),
            ("base", request.base),
            ("agent", request.agent),
            ("model", request.model),
            ("permission", request.permission),
            ("checkpoint", request.checkpoint),
        )
        if value
    }
    prompt = request.prompt.strip() and request.prompt
    made = house.write_workstream(
        Path(house.plan.project.root), spec, prompt or TEMPLATE.format(**request_words(request))
    )
    house.stream.replan(house.load_plan())
    hint = f"autod up {request.name} starts it" if prompt else f"write the prompt into {made / 'STARTUP.md'}"
    data = {"name": request.name, "directory": str(made)}
    return Answer(message=f"{request.name}: declared in {made}", hint=hint, data=data)


def request_words(request: New) -> dict[str, str]:
    """Return what the template of a missing prompt needs."""
    return {"title": request.title or request.name}


def _name(house: House, name: str) -> str:
    problem = name_problem(name)
    if problem:
        suggestion = suggest_name(name)
        return f"{problem}; try {suggestion!r}" if suggestion and suggestion != name else problem
    twin = next((spec.name for spec in house.plan.workstreams if spec.name.casefold() == name.casefold()), None)
    return f"there is a workstream {twin!r} already" if twin else ""


async def _branch(house: House, fields: dict[str, str], refs: dict[str, str]) -> str:
    name = fields.get("name", "")
    branch = fields.get("branch", "") or house.plan.project.branch.replace("{name}", name)
    owner = next((spec.name for spec in house.plan.workstreams if spec.branch == branch), None)
    if owner:
        return f"branch {branch!r} belongs to workstream {owner!r}"
    for entry in await house.git.worktrees():
        if entry.branch == branch:
            return f"branch {branch!r} is checked out at {entry.path}"
    clash = next((ref for ref in refs if ref.startswith(f"{HEADS}{branch}/")), None)
    if clash:
        return f"branch {clash.removeprefix(HEADS)!r} is in the way of {branch!r}"
    parts = branch.split("/")
    parents = ["/".join(parts[:at]) for at in range(1, len(parts))]
    parent = next((parent for parent in parents if HEADS + parent in refs), None)
    return f"branch {parent!r} is in the way of {branch!r}" if parent else ""


async def _base(house: House, fields: dict[str, str], refs: dict[str, str]) -> str:
    base = fields.get("base", "")
    if not base:
        return ""
    if base.startswith("-") or await house.git.resolve(base) is None:
        known = [ref.removeprefix(HEADS) for ref in refs]
        near = nearest(base, known)
        return f"there is no {base!r}" + (f"; did you mean {near!r}?" if near else "")
    return ""


def _permission(house: House, fields: dict[str, str]) -> str:
    mode, name = fields.get("permission", ""), fields.get("agent", "") or house.plan.project.agent
    profile = house.plan.agents.get(name)
    if not mode or profile is None or mode in profile.permissions:
        return ""
    known = ", ".join(profile.permissions) or "none"
    return f"{name} has no permission mode {mode!r}; known: {known}"


def _agent(house: House, name: str) -> str:
    problem = _one_of("agent", name, list(house.plan.agents))
    own = (
        ""
        if not problem or "did you mean" in problem
        else f"; a program of that name needs `[agents.{name}]` in autod.toml"
    )
    return problem + own


def _one_of(kind: str, word: str, known: list[str]) -> str:
    if not word or word in known:
        return ""
    near = nearest(word, known)
    return f"unknown {kind} {word!r}" + (f"; did you mean {near!r}?" if near else "")
