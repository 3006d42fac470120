"""The directories workstreams/NAME/: their prompt and their workstream.toml."""

from __future__ import annotations

import os
from pathlib import Path

from autod_tui.core.agent_words import PERMISSIONS
from autod_tui.core.errors import Problem
from autod_tui.core.names import name_problem, suggest_name
from autod_tui.core.plan import Project
from autod_tui.core.workstream import WorkstreamSpec
from autod_tui.store.agent_values import check_word
from autod_tui.store.checkpoint_tables import check_ref
from autod_tui.store.fields import Table
from autod_tui.store.files import UnreadableError, read_text
from autod_tui.store.limits import read_cost_limit, read_token_limit
from autod_tui.store.toml import read_toml

DIRECTORY = "workstreams"
PROMPT_FILE = "STARTUP.md"
WORKSTREAM_FILE = "workstream.toml"
MAX_PROMPT_BYTES = 1_000_000


def read_workstreams(project: Project, problems: list[Problem]) -> tuple[WorkstreamSpec, ...]:
    """Return the workstreams that workstreams/*/ declare, by name; directories with neither file are none."""
    specs = []
    for name in _names(Path(project.root) / DIRECTORY, problems):
        if problem := name_problem(name):
            suggestion = suggest_name(name)
            problems.append(Problem(f"{DIRECTORY}/{name}", "", problem, f"rename it to {suggestion!r}"))
        else:
            specs.append(_read_one(project, name, problems))
    _check_branches(project, specs, problems)
    return tuple(specs)


def _names(directory: Path, problems: list[Problem]) -> list[str]:
    try:
        return sorted(entry.name for entry in directory.iterdir() if _is_workstream(entry))
    except FileNotFoundError:
        return []
    except OSError as error:
        problems.append(Problem(DIRECTORY, "", f"can't be read: {error.strerror}"))
        return []


def _is_workstream(entry: Path) -> bool:
    # os.path: unlike Path.is_dir and exists these take a symbolic link loop for "no"
    if entry.name.startswith(".") or not os.path.isdir(entry):  # noqa: PTH112
        return False
    return any(os.path.lexists(entry / name) for name in (PROMPT_FILE, WORKSTREAM_FILE))


def _read_one(project: Project, name: str, problems: list[Problem]) -> WorkstreamSpec:
    directory = Path(project.root) / DIRECTORY / name
    shown = f"{DIRECTORY}/{name}/{WORKSTREAM_FILE}"
    values = read_toml(directory / WORKSTREAM_FILE, shown, problems) or {}
    spec = _spec(project, name, Table(values, shown, problems), _prompt(directory, name, problems))
    worktree_problem = _worktree_problem(project, spec.worktree)
    if worktree_problem:
        problems.append(Problem(shown, "", worktree_problem, "change `worktrees` under [project] in autod.toml"))
    return spec


def _prompt(directory: Path, name: str, problems: list[Problem]) -> str:
    path = directory / PROMPT_FILE
    try:
        read_text(path, limit=MAX_PROMPT_BYTES)
    except FileNotFoundError:
        return ""
    except UnreadableError as error:
        problems.append(Problem(f"{DIRECTORY}/{name}/{PROMPT_FILE}", "", str(error)))
    return str(path)


def _spec(project: Project, name: str, table: Table, startup: str) -> WorkstreamSpec:
    branch = table.text("branch")
    spec = WorkstreamSpec(
        name=name,
        title=table.text("title") or name,
        branch=branch or project.branch.replace("{name}", name),
        worktree=worktree_path(project, name),
        agent=table.text("agent") or project.agent,
        model=table.text("model"),
        base=table.text("base"),
        after=table.texts("after"),
        after_soft=table.texts("after_soft"),
        checkpoint=table.text("checkpoint"),
        permission=check_word(table, "permission", table.text("permission"), PERMISSIONS),
        max_cost_usd=read_cost_limit(table),
        max_tokens=read_token_limit(table),
        startup=startup,
    )
    table.finish()
    check_ref(table, "branch", spec.branch)
    if spec.base.startswith("-"):
        table.problem("base", f"{spec.base!r} can't name a commit")
    return spec


def worktree_path(project: Project, name: str) -> str:
    """Return the absolute path, symbolic links followed, that the template gives workstream `name`."""
    root = Path(project.root)
    text = project.worktrees.replace("{repo}", root.name).replace("{name}", name)
    return os.path.realpath(root / Path(text).expanduser() if text.startswith("~/") else root / text)


def _worktree_problem(project: Project, worktree: str) -> str | None:
    root = os.path.realpath(project.root)
    if worktree == root or root.startswith(worktree.rstrip("/") + "/"):
        return f"its worktree {worktree!r} would hold the repository itself"
    if worktree.startswith(os.path.join(root, ".git") + "/"):  # noqa: PTH118
        return f"its worktree {worktree!r} would be inside the repository's .git"
    return None


def _check_branches(project: Project, specs: list[WorkstreamSpec], problems: list[Problem]) -> None:
    owners: dict[str, str] = {spec.branch: spec.name for spec in specs}
    for spec in specs:
        shown = f"{DIRECTORY}/{spec.name}/{WORKSTREAM_FILE}"
        if spec.branch == project.target:
            problems.append(Problem(shown, "branch", f"{spec.branch!r} is the target, where finished work goes"))
        parts = spec.branch.split("/")
        for prefix in ("/".join(parts[:count]) for count in range(1, len(parts))):
            if prefix in owners:
                message = f"{spec.branch!r} and {prefix!r} (of {owners[prefix]!r}) can't both be branches"
                problems.append(Problem(shown, "branch", message))
