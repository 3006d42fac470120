"""From the files of a repository to a Plan, or to all their mistakes at once."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from msgspec.structs import replace

from autod_tui.core.checkpoint import CheckpointSpec
from autod_tui.core.errors import Problem, SettingsError
from autod_tui.core.names import nearest
from autod_tui.core.plan import SETTINGS_FILE, AgentProfile, Plan, Project, plan_problems
from autod_tui.core.usage import PriceList
from autod_tui.core.workstream import WorkstreamSpec
from autod_tui.store.agent_tables import read_agents, read_user_agents
from autod_tui.store.checkpoint_tables import check_ref, read_checkpoints, read_gates, read_rules
from autod_tui.store.fields import Table
from autod_tui.store.limits import read_cost_limit, read_token_limit
from autod_tui.store.prices import USER_PRICES_FILE, read_prices, read_user_prices
from autod_tui.store.toml import read_toml
from autod_tui.store.workstream_files import read_workstreams

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


USER_AGENTS_FILE = "agents.toml"


def user_agents_file(environ: Mapping[str, str]) -> Path:
    """Return where a user's own agents are declared: `autod/agents.toml` in the user's config directory."""
    return _config_directory(environ) / USER_AGENTS_FILE


def user_prices_file(environ: Mapping[str, str]) -> Path:
    """Return where a user's own prices stand: `autod/prices.toml` in the user's config directory."""
    return _config_directory(environ) / USER_PRICES_FILE


def _config_directory(environ: Mapping[str, str]) -> Path:
    config = environ.get("XDG_CONFIG_HOME", "")
    base = Path(config) if config.startswith("/") else Path("~/.config").expanduser()
    return base / "autod"


def load_plan(
    root: Path,
    *,
    profiles: Mapping[str, AgentProfile],
    target: str = "",
    undeclared_ok: bool = False,
    user_agents: Path | None = None,
    prices: PriceList | None = None,
    user_prices: Path | None = None,
) -> Plan:
    """Read autod.toml (defaults when missing) and workstreams/*/ of the repository at `root`.

    `profiles` are the built-in agents; those in the file `user_agents` are laid over them, and over these the
    repository's own. So are the prices in the file `user_prices`, and the repository's, over `prices`. `target` (else
    `main`) is the branch that finished work goes to when autod.toml names none; `undeclared_ok` as in
    `plan_problems`. Raises SettingsError with every mistake of all files.
    """
    problems: list[Problem] = []
    if user_agents is not None:
        profiles = read_user_agents(user_agents, profiles, problems)
    known_prices = prices or PriceList()
    if user_prices is not None:
        known_prices = read_user_prices(user_prices, known_prices, problems)
    own = len(problems)
    values = read_toml(root / SETTINGS_FILE, SETTINGS_FILE, problems)
    unusable = len(problems) > own
    table = Table(values or {}, SETTINGS_FILE, problems)
    plan = _read_plan(table, Path(os.path.realpath(root)), profiles, known_prices, target or "main")
    if not unusable:  # else every name that autod.toml declares would be called unknown
        known = set(problems)
        problems.extend(problem for problem in plan_problems(plan, undeclared_ok=undeclared_ok) if problem not in known)
    if problems:
        raise SettingsError(tuple(dict.fromkeys(problems)))
    return plan


def load_agents(
    profiles: Mapping[str, AgentProfile], user_agents: Path, root: Path | None = None
) -> Mapping[str, AgentProfile]:
    """Return `profiles` with the user's own laid over them, and over these those of the repository at `root`.

    Nothing else of autod.toml is looked at. Raises SettingsError.
    """
    problems: list[Problem] = []
    found = read_user_agents(user_agents, profiles, problems)
    if root is not None:
        values = read_toml(root / SETTINGS_FILE, SETTINGS_FILE, problems)
        found = read_agents(Table(values or {}, SETTINGS_FILE, problems), found)
    if problems:
        raise SettingsError(tuple(dict.fromkeys(problems)))
    return found


def _read_plan(table: Table, root: Path, profiles: Mapping[str, AgentProfile], prices: PriceList, target: str) -> Plan:
    agents = read_agents(table, profiles)
    project, rehearse = _project(table.table("project"), root, target, agents)
    gates = read_gates(table)
    workstreams = read_workstreams(project, table.problems)
    checkpoints = read_checkpoints(table, gates, target=project.target, rehearse=rehearse)
    plan = Plan(
        project=project,
        agents=agents,
        gates=gates,
        checkpoints=tuple(_joined(checkpoint, workstreams) for checkpoint in checkpoints),
        workstreams=workstreams,
        resolve=read_rules(table),
        roles=read_roles(table, agents),
        prices=read_prices(table, prices),
    )
    table.finish()
    return plan


def _joined(checkpoint: CheckpointSpec, workstreams: Iterable[WorkstreamSpec]) -> CheckpointSpec:
    """Add the workstreams that name the checkpoint in their own files to the end of its merge order."""
    names = [spec.name for spec in workstreams if spec.checkpoint == checkpoint.name]
    return replace(checkpoint, merge=(*checkpoint.merge, *(name for name in names if name not in checkpoint.merge)))


def _project(table: Table, root: Path, target: str, agents: Mapping[str, AgentProfile]) -> tuple[Project, bool]:
    """Return the project and its default for `rehearse`."""
    default = Project(root=str(root), target=target)
    project = Project(
        root=str(root),
        target=table.text("target") or target,
        worktrees=_template(table, "worktrees", default.worktrees, ("repo", "name")),
        branch=_template(table, "branch", default.branch, ("name",)),
        agent=table.text("agent") or default.agent,
        copy=_copied(table),
        setup=table.text("setup"),
        ports=table.whole("ports", default.ports, least=1, most=1000),
        port_base=table.whole("port_base", default.port_base, least=1024, most=65000),
        max_sessions=table.whole("max_sessions", default.max_sessions, least=1, most=1000),
        max_cost_usd=read_cost_limit(table),
        max_tokens=read_token_limit(table),
        notify=table.text("notify"),
    )
    rehearse = table.flag("rehearse", False)
    table.finish()
    check_ref(table, "target", project.target)
    check_ref(table, "branch", project.branch.replace("{name}", "name"))
    check_agent(table, "agent", project.agent, agents)
    return project, rehearse


def _template(table: Table, key: str, default: str, words: tuple[str, ...]) -> str:
    """Read a text with {name} in it and no other placeholder than `words`."""
    text = table.text(key, default)
    known = " and ".join(f"{{{word}}}" for word in words)
    for word in _PLACEHOLDER.findall(text):
        if word not in words:
            table.problem(key, f"unknown placeholder '{{{word}}}'", f"known: {known}")
    if "{name}" not in text:
        table.problem(key, f"{text!r} has no {{name}}: all workstreams would share it", f"such as {default!r}")
        return default
    return text


def _copied(table: Table) -> tuple[str, ...]:
    paths = table.texts("copy")
    for path in paths:
        if not path or path.startswith("/") or ".." in path.split("/"):
            table.problem("copy", f"{path!r} is not a path inside the repository")
    return paths


def read_roles(table: Table, agents: Mapping[str, AgentProfile]) -> dict[str, str]:
    """Return `[roles]` of a file: role to the name of a known agent profile."""
    roles = table.table("roles")
    found = {role: roles.text(role) for role in roles.values}
    for role, agent in found.items():
        check_agent(roles, role, agent, agents)
    return {role: agent for role, agent in found.items() if agent in agents}


def check_agent(table: Table, key: str, name: str, agents: Mapping[str, AgentProfile]) -> None:
    """Add a mistake when `name` is given and no known agent profile."""
    if name and name not in agents:
        near = nearest(name, set(agents))
        own = f'a program of that name becomes an agent by `[agents.{name}]` with `command = "{name}"`'
        hint = f"did you mean {near!r}?" if near else f"known: {', '.join(sorted(agents))}; {own}"
        table.problem(key, f"unknown agent {name!r}", hint)
