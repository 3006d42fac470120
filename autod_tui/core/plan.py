"""The plan: everything the files of one repository declare, and what makes it contradictory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from graphlib import CycleError, TopologicalSorter

from msgspec import Struct

from autod_tui.core.checkpoint import CheckpointSpec, GateSpec
from autod_tui.core.errors import Problem
from autod_tui.core.names import nearest
from autod_tui.core.usage import PriceList
from autod_tui.core.workstream import WorkstreamSpec


class PromptMode(StrEnum):
    """How an agent gets its prompt."""

    ARGUMENT = "argument"
    KEYS = "keys"
    STDIN = "stdin"
    FILE = "file"


def takes_prompt(argv: Iterable[str]) -> bool:
    """Tell whether a command has a place for the prompt."""
    return any("{prompt}" in argument or "{prompt_file}" in argument for argument in argv)


class AgentProfile(Struct, frozen=True, kw_only=True):
    """How to start one kind of agent and what its screen says."""

    name: str
    command: tuple[str, ...]
    """argv with {prompt} {prompt_file} {model} {session_id} {worktree} {workstream}."""
    headless: tuple[str, ...] = ()
    model: str = ""
    """Default model; empty leaves it to the program."""
    model_args: tuple[str, ...] = ()
    """Inserted after the program when a model is chosen and `command` has no {model}."""
    models: Mapping[str, str] = {}
    """Aliases: short name to the program's own model name."""
    family: str = ""
    """Built-in profile at the root of `extends`: agents of one family share an account's rate limits."""
    resume: tuple[str, ...] = ()
    """argv that goes on with a conversation, its id in {session_id}; empty: the program can't."""
    permission: str = "ask"
    """`ask`, `edits` (edits files unasked) or `all` (never asks; no default of any built-in profile)."""
    permissions: Mapping[str, tuple[str, ...]] = {}
    """Permission mode to its arguments: after the program, or where an argument is {permission}.

    Those that begin as NAME=VALUE go to the environment.
    """
    headless_permissions: Mapping[str, tuple[str, ...]] = {}
    """The same for `headless`, where it takes other arguments; modes not named here are as in `permissions`."""
    hooks: str = ""
    """How the program takes hooks for one launch (a way that `agents.hooks` knows); empty: it has none."""
    hook_states: Mapping[str, str] = {}
    """Hook event, or `EVENT:VALUE` for one about a tool, an error or another kind, to the state it tells.

    States are named as in `core.agent_words.STATE_WORDS`; the more exact key counts.
    """
    titles: Mapping[str, str] = {}
    """`working`, `waiting`, `idle`, or `quiet` (not working, whatever else) to a pattern of the terminal's title."""
    status_file: str = ""
    """Path, with {pid} and ~, of a JSON file in which the program keeps its state."""
    status_states: Mapping[str, str] = {}
    """Value of `status` in that file to a state, as in `hook_states`."""
    records: str = ""
    """Format of the conversation records that tell usage (a reader that `agents.records` knows); empty: none."""
    prompt: PromptMode = PromptMode.ARGUMENT
    interactive: bool = False
    """True when exit status 0 only says that the program was left, not that the work is done."""
    env: Mapping[str, str] = {}
    waiting: str = ""
    """Screen patterns (regular expressions), the last resort for the agent's state."""
    working: str = ""
    done: str = ""
    failed: str = ""
    rate_limited: str = ""
    retrying: str = ""
    """Screen pattern of the row in which it tells that it waits to try again, where its own words can't stand: such a
    row is believed without seeing it count."""
    broke: str = ""
    """Screen pattern of the row, above one of a rate limit, by which it says that something only broke: it tries again
    without being told to wait."""
    answering: str = ""
    """Screen pattern of what counts an answer that comes in, where nothing else tells that a limit is over: what it
    matches changes with each part."""
    answered: str = ""
    """Screen pattern of a row that only a whole answer ends with: a failure above it was tried again."""
    footer: str = ""
    """Screen pattern of a row that it draws below its input line, and below no question: what stands above such a row
    and looks like a question was merely printed."""
    install: str = ""
    """How a person gets the program, in one line."""
    built_in: bool = False

    def is_typed_to(self, *, resumed: bool) -> bool:
        """Say whether its prompt is typed into its first screen: `resume` may have no place for it."""
        if resumed and takes_prompt(self.resume):
            return False
        return self.prompt is PromptMode.KEYS or (resumed and self.interactive and self.prompt is PromptMode.ARGUMENT)

    @property
    def strange(self) -> bool:
        """Whether nothing is known of how this program tells its state: neither autod nor its profile says it."""
        said = self.titles or self.working or self.done or self.hook_states or self.status_states or self.records
        return not said and not self.built_in and self.family in ("", self.name)


class ResolveRule(Struct, frozen=True):
    """Who wins a conflict in the paths that match a pattern."""

    pattern: str
    """Path pattern as in .gitignore: `*` within a directory, `**` across."""
    winner: str
    """`newest`, `ours`, `theirs` or the name of the workstream that owns the paths."""


class Project(Struct, frozen=True, kw_only=True):
    """The `[project]` table, defaults filled in."""

    root: str
    """Absolute path of the main worktree."""
    target: str
    worktrees: str = "../{repo}-{name}"
    branch: str = "workstream/{name}"
    agent: str = "claude"
    copy: tuple[str, ...] = ()
    setup: str = ""
    ports: int = 10
    """Ports in each worktree's own block."""
    port_base: int = 42000
    max_sessions: int = 8
    max_cost_usd: float | None = None
    """US dollars after which nothing new starts before a person allows more; None for no limit."""
    max_tokens: int | None = None
    notify: str = ""
    """Command run by `sh -c` when somebody waits for a person; AUTOD_WORKSTREAM, AUTOD_STATE, AUTOD_REASON tell who."""


class Plan(Struct, frozen=True, kw_only=True):
    """All that a repository's files declare."""

    project: Project
    agents: Mapping[str, AgentProfile] = {}
    gates: Mapping[str, GateSpec] = {}
    checkpoints: tuple[CheckpointSpec, ...] = ()
    workstreams: tuple[WorkstreamSpec, ...] = ()
    resolve: tuple[ResolveRule, ...] = ()
    roles: Mapping[str, str] = {}
    """Role to agent profile, for plans of tasks that don't map the role themselves."""
    prices: PriceList = PriceList()

    def workstream(self, name: str) -> WorkstreamSpec | None:
        """Return the declared workstream called `name`, or None."""
        return next((spec for spec in self.workstreams if spec.name == name), None)

    def checkpoint(self, name: str) -> CheckpointSpec | None:
        """Return the declared checkpoint called `name`, or None."""
        return next((spec for spec in self.checkpoints if spec.name == name), None)

    def checkpoints_of(self, workstream: str) -> tuple[CheckpointSpec, ...]:
        """Return the checkpoints that merge `workstream`, in declared order."""
        return tuple(spec for spec in self.checkpoints if workstream in spec.merge)


SETTINGS_FILE = "autod.toml"


def plan_problems(plan: Plan, *, undeclared_ok: bool = False) -> list[Problem]:
    """Return every contradiction between the parts of `plan`; an empty list when it can be carried out.

    With `undeclared_ok` a checkpoint may name workstreams that are still to be declared, as `new` needs it.
    """
    return [
        *_double_problems(plan),
        *_reference_problems(plan, undeclared_ok),
        *_cycle_problems(plan),
        *_resolve_problems(plan),
    ]


def _workstream_file(name: str) -> str:
    return f"workstreams/{name}/workstream.toml"


def _unknown(file: str, key: str, kind: str, word: str, known: Iterable[str]) -> Problem:
    names = sorted({name for name in known if name})
    near = nearest(word, names)
    hint = f"did you mean {near!r}?" if near else f"known: {', '.join(names) or 'none'}"
    return Problem(file, key, f"unknown {kind} {word!r}", hint)


def _double_problems(plan: Plan) -> Iterable[Problem]:
    seen: dict[str, str] = {}
    for index, checkpoint in enumerate(plan.checkpoints):
        if checkpoint.name in seen:
            yield Problem(SETTINGS_FILE, f"checkpoint[{index}].name", f"a second checkpoint {checkpoint.name!r}")
        seen[checkpoint.name] = checkpoint.name
        for name in sorted({name for name in checkpoint.merge if checkpoint.merge.count(name) > 1}):
            yield Problem(SETTINGS_FILE, f"checkpoint[{index}].merge", f"{name!r} is named twice")
    folded: dict[str, str] = {}
    for spec in plan.workstreams:
        twin = folded.setdefault(spec.name.casefold(), spec.name)
        if twin != spec.name:
            message = f"{spec.name!r} and {twin!r} differ only in case; some file systems take them for one"
            yield Problem(_workstream_file(spec.name), "", message, "rename one of them")
    for attribute in ("worktree", "branch"):
        owners: dict[str, str] = {}
        for spec in plan.workstreams:
            value = getattr(spec, attribute)
            owner = owners.setdefault(value, spec.name)
            if owner != spec.name:
                message = f"{value!r} is the {attribute} of {owner!r} already"
                yield Problem(_workstream_file(spec.name), attribute, message)


def _reference_problems(plan: Plan, undeclared_ok: bool) -> Iterable[Problem]:
    checkpoints = [spec.name for spec in plan.checkpoints]
    workstreams = [spec.name for spec in plan.workstreams]
    for index, checkpoint in enumerate(plan.checkpoints):
        for name in checkpoint.merge:
            if name not in workstreams and not undeclared_ok:
                yield _unknown(SETTINGS_FILE, f"checkpoint[{index}].merge", "workstream", name, workstreams)
        for key, names in (("after", checkpoint.after), ("after_soft", checkpoint.after_soft)):
            for name in names:
                if name not in checkpoints:
                    yield _unknown(SETTINGS_FILE, f"checkpoint[{index}].{key}", "checkpoint", name, checkpoints)
    for spec in plan.workstreams:
        file = _workstream_file(spec.name)
        if spec.agent == plan.project.agent and spec.agent not in plan.agents:
            pass  # told once, where the default is named
        elif spec.agent not in plan.agents:
            yield _unknown(file, "agent", "agent", spec.agent, plan.agents)
        elif spec.permission and spec.permission not in (modes := plan.agents[spec.agent].permissions):
            message = f"{spec.agent!r} has no permission mode {spec.permission!r}"
            yield Problem(file, "permission", message, f"known: {', '.join(modes) or 'none'}")
        own = (spec.checkpoint,) if spec.checkpoint else ()
        for key, names in (("after", spec.after), ("after_soft", spec.after_soft), ("checkpoint", own)):
            for name in names:
                if name not in checkpoints:
                    yield _unknown(file, key, "checkpoint", name, checkpoints)


def _cycle_problems(plan: Plan) -> Iterable[Problem]:
    """Follow workstream -> checkpoint (`after`) and checkpoint -> workstream (`merge`) in one graph.

    A workstream that merges at several checkpoints starts before the first of them, so only its first
    checkpoint depends on its start.
    """
    graph: dict[str, set[str]] = {}
    for checkpoint in plan.checkpoints:
        graph.setdefault(f"checkpoint {checkpoint.name}", set()).update(f"checkpoint {n}" for n in checkpoint.after)
        graph[f"checkpoint {checkpoint.name}"].update(f"workstream {n}" for n in checkpoint.merge)
    for spec in plan.workstreams:
        graph.setdefault(f"workstream {spec.name}", set()).update(f"checkpoint {n}" for n in spec.after)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        path = " -> ".join(reversed(error.args[1]))
        yield Problem(SETTINGS_FILE, "checkpoint", f"these wait for each other: {path}", "take one `after` away")


def _resolve_problems(plan: Plan) -> Iterable[Problem]:
    words = ["newest", "ours", "theirs", *(spec.name for spec in plan.workstreams)]
    for rule in plan.resolve:
        if rule.winner not in words:
            yield _unknown(SETTINGS_FILE, f'resolve."{rule.pattern}"', "winner", rule.winner, words)
