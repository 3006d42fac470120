"""The `[agents.NAME]` tables: profiles of one's own, laid over the built-in ones."""

from __future__ import annotations

import re
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter

from msgspec.structs import replace

from autod_tui.core.names import name_problem, nearest
from autod_tui.core.plan import AgentProfile, PromptMode
from autod_tui.store.fields import Table

PLACEHOLDERS = ("prompt", "prompt_file", "model", "session_id", "worktree", "workstream")
_PLACEHOLDER = re.compile(r"(?<!\$)\{(\w+)\}")


def read_agents(root: Table, built_in: Mapping[str, AgentProfile]) -> dict[str, AgentProfile]:
    """Return the built-in profiles with those of `[agents]` added or laid over them; mistakes go to `root`."""
    tables = dict(root.named_tables("agents"))
    parents = {name: _parent_name(name, table, built_in) for name, table in tables.items()}
    profiles = dict(built_in)
    for name in _in_order(parents, tables):
        profiles[name] = _read_profile(name, tables[name], _parent(name, parents[name], tables[name], profiles))
    return profiles


def _parent_name(name: str, table: Table, built_in: Mapping[str, AgentProfile]) -> str:
    """Return what a table builds on: `extends`, or the built-in profile of the same name, or nothing."""
    if problem := name_problem(name):
        table.problem("", problem)
    return table.text("extends") or (name if name in built_in else "")


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
    base = parent or AgentProfile(name=name, command=("true",))
    profile = AgentProfile(
        name=name,
        command=_argv(table, "command", base.command),
        headless=_argv(table, "headless", () if table.has("command") else base.headless),
        model=table.text("model", base.model),
        model_args=_argv(table, "model_args", () if table.has("command") else base.model_args),
        models={**base.models, **table.mapping("models")},
        prompt=_prompt_mode(table, base.prompt),
        interactive=table.flag("interactive", base.interactive),
        env={**base.env, **table.mapping("env")},
        waiting=table.pattern("waiting", base.waiting),
        working=table.pattern("working", base.working),
        done=table.pattern("done", base.done),
        failed=table.pattern("failed", base.failed),
        rate_limited=table.pattern("rate_limited", base.rate_limited),
        install=table.text("install", base.install),
    )
    table.finish()
    return _fit_prompt(table, profile)


def _argv(table: Table, key: str, default: tuple[str, ...]) -> tuple[str, ...]:
    """Read a program and its arguments; a {word} close to a placeholder must be one."""
    if not table.has(key):
        table.texts(key)
        return default
    argv = table.texts(key)
    if not isinstance(table.values[key], list):
        return default
    if key == "command" and not (argv and argv[0]):
        table.problem(key, "names no program", 'write it as a list: ["mytool", "{prompt}"]')
        return default
    for word in (word for item in argv for word in _PLACEHOLDER.findall(item)):
        # only what looks like a slip of the pen: a script may have braces of its own
        if word not in PLACEHOLDERS and (near := nearest(word, PLACEHOLDERS)):
            table.problem(key, f"unknown placeholder '{{{word}}}'", f"did you mean {{{near}}}?")
    return argv


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
    """Let a command of one's own that has no place for the prompt find it in STARTUP.md, unless it asks otherwise."""
    takes_it = any("{prompt}" in item or "{prompt_file}" in item for item in profile.command)
    if takes_it or profile.prompt is not PromptMode.ARGUMENT or not table.has("command"):
        return profile
    if table.has("prompt"):
        hint = 'add "{prompt}" or "{prompt_file}", or set prompt = "keys", "stdin" or "file"'
        table.problem("command", "never gets the prompt", hint)
    return replace(profile, prompt=PromptMode.FILE)
