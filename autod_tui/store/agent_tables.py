"""The `[agents.NAME]` tables, of a repository or of a user: profiles of one's own, laid over those known already."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from msgspec.structs import replace

from autod_tui.core.agent_words import HOOK_WAYS, PERMISSIONS, RECORD_FORMATS
from autod_tui.core.errors import Problem
from autod_tui.core.names import name_problem, nearest
from autod_tui.core.plan import AgentProfile, PromptMode, takes_prompt
from autod_tui.store.agent_values import (
    check_word,
    read_argv,
    read_event_states,
    read_modes,
    read_states,
    read_titles,
)
from autod_tui.store.fields import Table
from autod_tui.store.toml import read_toml


def read_user_agents(
    path: Path, known: Mapping[str, AgentProfile], problems: list[Problem]
) -> Mapping[str, AgentProfile]:
    """Return the profiles of a user's own file laid over `known`; mistakes, which name the file, go to `problems`."""
    values = read_toml(path, str(path), problems)
    if values is None:
        return known
    table = Table(values, str(path), problems)
    profiles = read_agents(table, known)
    table.finish()
    return profiles


def read_agents(root: Table, known: Mapping[str, AgentProfile]) -> Mapping[str, AgentProfile]:
    """Return `known` with the profiles of `[agents]` added or laid over them; mistakes go to `root`."""
    tables = dict(root.named_tables("agents"))
    if not tables:
        return known
    parents = {name: _parent_name(name, table, known) for name, table in tables.items()}
    own: dict[str, AgentProfile] = {}
    profiles = _Laid(own, known)
    for name in _in_order(parents, tables):
        own[name] = _read_profile(name, tables[name], _parent(name, parents[name], tables[name], profiles))
    return profiles


class _Laid(Mapping[str, AgentProfile]):
    """Profiles laid over others; a file behind one of those is read only when its agent is asked for."""

    def __init__(self, over: Mapping[str, AgentProfile], under: Mapping[str, AgentProfile]) -> None:
        self._over = over
        self._under = under

    def __getitem__(self, name: str) -> AgentProfile:
        return self._over[name] if name in self._over else self._under[name]

    def __iter__(self) -> Iterator[str]:
        yield from self._under
        yield from (name for name in self._over if name not in self._under)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __contains__(self, name: object) -> bool:
        return name in self._over or name in self._under


def _parent_name(name: str, table: Table, known: Mapping[str, AgentProfile]) -> str:
    """Return what a table builds on: `extends`, or the known profile of the same name, or nothing."""
    if problem := name_problem(name):
        table.problem("", problem)
    return table.text("extends") or (name if name in known else "")


def _in_order(parents: Mapping[str, str], tables: Mapping[str, Table]) -> list[str]:
    """Sort names so that each comes after the one it extends; a circle is a mistake and falls out."""
    graph = {name: {parent} if parent in tables and parent != name else set() for name, parent in parents.items()}
    while True:
        try:
            return list(TopologicalSorter(graph).static_order())
        except CycleError as error:
            circle = error.args[1]
            tables[circle[0]].problem("extends", f"these extend each other: {' -> '.join(reversed(circle))}")
            for name in set(circle):
                graph[name] = set()


def _parent(name: str, parent: str, table: Table, profiles: Mapping[str, AgentProfile]) -> AgentProfile | None:
    if not parent:
        if not table.has("command"):
            table.problem("", "needs `command`, or `extends` with the name of another agent")
        return None
    if parent not in profiles:
        near = nearest(parent, set(profiles) - {name})
        hint = f"did you mean {near!r}?" if near else f"known: {', '.join(sorted(profiles))}"
        table.problem("extends", f"unknown agent {parent!r}", hint)
        return None
    return profiles[parent]


def _read_profile(name: str, table: Table, parent: AgentProfile | None) -> AgentProfile:
    """Read one table over its parent."""
    base = _inherited(table, parent or AgentProfile(name=name, command=("true",)))
    profile = AgentProfile(
        name=name,
        family=parent.family or parent.name if parent else name,
        command=read_argv(table, "command", base.command),
        headless=read_argv(table, "headless", base.headless),
        resume=read_argv(table, "resume", base.resume, needs="session_id"),
        model=table.text("model", base.model),
        model_args=read_argv(table, "model_args", base.model_args),
        models={**base.models, **table.mapping("models")},
        permission=check_word(table, "permission", table.text("permission", base.permission), PERMISSIONS),
        permissions={**base.permissions, **read_modes(table, "permissions")},
        headless_permissions={**base.headless_permissions, **read_modes(table, "headless_permissions")},
        hooks=check_word(table, "hooks", table.text("hooks", base.hooks), HOOK_WAYS),
        hook_states={**base.hook_states, **read_event_states(table, "hook_states")},
        titles={**base.titles, **read_titles(table, "titles")},
        status_file=_status_file(table, base.status_file),
        status_states={**base.status_states, **read_states(table, "status_states")},
        records=check_word(table, "records", table.text("records", base.records), RECORD_FORMATS),
        prompt=_prompt_mode(table, base.prompt),
        interactive=table.flag("interactive", base.interactive),
        env={**base.env, **table.mapping("env")},
        waiting=table.pattern("waiting", base.waiting),
        working=table.pattern("working", base.working),
        done=table.pattern("done", base.done),
        failed=table.pattern("failed", base.failed),
        rate_limited=table.pattern("rate_limited", base.rate_limited),
        retrying=table.pattern("retrying", base.retrying),
        broke=table.pattern("broke", base.broke),
        answering=table.pattern("answering", base.answering),
        answered=table.pattern("answered", base.answered),
        footer=table.pattern("footer", base.footer),
        install=table.text("install", base.install),
    )
    table.finish()
    _check_permission(table, profile)
    return _fit_prompt(table, profile)


def _inherited(table: Table, base: AgentProfile) -> AgentProfile:
    """Return what a table takes over: arguments of a program don't fit a command of one's own."""
    if not table.has("command"):
        return base
    command = table.values["command"]
    written = str(command[0]) if isinstance(command, list) and command else ""
    same = _program(written) == _program(base.command[0])
    return replace(
        base,
        headless=(),
        model_args=(),
        permission=AgentProfile(name="", command=()).permission,
        permissions={},
        headless_permissions={},
        resume=base.resume if same else (),
        hooks=base.hooks if same else "",
    )


def _program(command: str) -> str:
    return command.rpartition("/")[2]


def _check_permission(table: Table, profile: AgentProfile) -> None:
    if profile.permission == "ask" or profile.permission in profile.permissions or not profile.permission:
        return
    known = ", ".join(profile.permissions) or "none"
    hint = f"known: {known}; say under `permissions` which arguments it takes"
    table.problem("permission", f"this agent has no permission mode {profile.permission!r}", hint)


def _status_file(table: Table, default: str) -> str:
    path = table.text("status_file", default)
    if path and "{pid}" not in path:
        table.problem(
            "status_file", f"{path!r} has no {{pid}}: it would be that of all", "such as '~/.mine/{pid}.json'"
        )
        return default
    return path


def _prompt_mode(table: Table, default: PromptMode) -> PromptMode:
    text = table.text("prompt", default.value)
    if text in PromptMode.__members__.values():
        return PromptMode(text)
    modes = [mode.value for mode in PromptMode]
    near = nearest(text, modes)
    table.problem(
        "prompt", f"unknown way {text!r}", f"did you mean {near!r}?" if near else f"known: {', '.join(modes)}"
    )
    return default


def _fit_prompt(table: Table, profile: AgentProfile) -> AgentProfile:
    """Let a command of one's own that has no place for the prompt get it otherwise, unless it says how.

    A bare program is one that people type to: the prompt is typed. A script finds it in STARTUP.md.
    """
    if takes_prompt(profile.command) or profile.prompt is not PromptMode.ARGUMENT or not table.has("command"):
        return profile
    if table.has("prompt"):
        hint = 'add "{prompt}" or "{prompt_file}", or set prompt = "keys", "stdin" or "file"'
        table.problem("command", "never gets the prompt", hint)
    if len(profile.command) == 1 and "/" not in profile.command[0]:
        interactive = profile.interactive if table.has("interactive") else True
        return replace(profile, prompt=PromptMode.KEYS, interactive=interactive)
    return replace(profile, prompt=PromptMode.FILE)
