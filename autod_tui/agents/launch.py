"""From a profile to the argv of an agent: placeholders replaced argument by argument, quoted in a shell's script."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from autod_tui.agents.hooks import Hooks, install_hooks
from autod_tui.core.agent_ports import Prepared
from autod_tui.core.agent_words import PERMISSIONS
from autod_tui.core.errors import UsageError
from autod_tui.core.names import nearest
from autod_tui.core.plan import AgentProfile

MAX_ARGUMENT_BYTES = 128_000
"""Linux refuses single arguments of 128 KiB and more."""
_PLACEHOLDER = re.compile(r"(?<!\$)\{(prompt|prompt_file|model|session_id|worktree|workstream)\}")
_QUOTED = re.compile(rf"""(["']?){_PLACEHOLDER.pattern}\1""")
_SETTING = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(.*)", re.DOTALL)
_MODEL = "{model}"
_PERMISSION = "{permission}"
_SHELLS = frozenset({"sh", "bash", "dash", "ksh", "zsh"})


def prepare(
    profile: AgentProfile,
    values: Mapping[str, str],
    *,
    permission: str = "",
    conversation: str = "",
    spool: Path | None = None,
) -> Prepared:
    """Return what starts an agent once, as `AgentsPort.prepare` promises; no hooks without a `spool` directory.

    What is written for this launch lies in `spool/SESSION`, SESSION being the `session_id` among `values`.
    """
    if conversation and not profile.resume:
        raise UsageError(f"{profile.name} can't go on with a conversation", hint="its profile has no `resume`")
    env, arguments = _mode(profile, permission)
    hooks = install_hooks(profile, spool / values["session_id"]) if spool else Hooks()
    filled = dict(values) | ({"session_id": conversation} if conversation else {})
    argv = _argv(profile, profile.resume if conversation else profile.command, filled, arguments, hooks.arguments)
    return Prepared(argv=argv, env={**env, **hooks.env})


def agent_argv(
    profile: AgentProfile,
    *,
    prompt: str,
    prompt_file: str,
    model: str,
    session_id: str,
    worktree: str,
    workstream: str,
) -> tuple[str, ...]:
    """Return the argv that starts an agent interactively, its permission mode and its hooks left out.

    `model` may be an alias of the profile; empty takes the profile's own model, and where that is empty too
    the arguments that would carry it are left out. Raises UsageError for a prompt too long for a command line.
    """
    values = {
        "prompt": prompt,
        "prompt_file": prompt_file,
        "model": model,
        "session_id": session_id,
        "worktree": worktree,
        "workstream": workstream,
    }
    return _argv(profile, profile.command, values)


def model_name(profile: AgentProfile, model: str) -> str:
    """Return the program's own name of `model` (an alias, a name, or empty for the profile's); may be empty."""
    chosen = model or profile.model
    return profile.models.get(chosen, chosen)


def _mode(profile: AgentProfile, permission: str) -> tuple[dict[str, str], list[str]]:
    """Return the environment and the arguments of a permission mode; a mode that the profile lacks is a mistake."""
    mode = permission or profile.permission
    if mode not in PERMISSIONS:
        near = nearest(mode, [*PERMISSIONS])
        hint = f"did you mean {near!r}?" if near else f"known: {', '.join(PERMISSIONS)}"
        raise UsageError(f"unknown permission mode {mode!r}", hint=hint)
    if mode not in profile.permissions:
        if not permission and mode == "ask":
            return {}, []  # a command of one's own that says nothing of modes
        known = ", ".join(profile.permissions) or "none"
        raise UsageError(
            f"{profile.name} has no permission mode {mode!r}", hint=f"known: {known}; `permissions` in its profile"
        )
    arguments = list(profile.permissions[mode])
    env = {}
    while arguments and (setting := _SETTING.fullmatch(arguments[0])):
        env[setting[1]] = setting[2]
        arguments.pop(0)
    return env, arguments


def _argv(
    profile: AgentProfile,
    command: Sequence[str],
    values: Mapping[str, str],
    permission: Sequence[str] = (),
    hooks: Sequence[str] = (),
) -> tuple[str, ...]:
    values = {**values, "model": model_name(profile, values["model"])}
    templates = _with_places(profile, command)
    templates = templates if values["model"] else _without_model(templates)
    script = _script_at(templates)
    argv = [templates[0], *hooks]
    for place, template in enumerate(templates[1:], 1):
        if template == _PERMISSION:
            argv.extend(permission)
        else:
            argv.append(_filled_script(template, values) if place == script else _filled(template, values))
    argv[0] = _filled(argv[0], values)
    if any(len(argument.encode("utf-8", "surrogateescape")) > MAX_ARGUMENT_BYTES for argument in argv):
        raise UsageError(
            f"the prompt of {values['workstream']!r} is too long for the command line of {profile.name}",
            hint='use {prompt_file}, or prompt = "file", in its profile',
        )
    return tuple(argv)


def _with_places(profile: AgentProfile, command: Sequence[str]) -> list[str]:
    """Put the model's arguments and the place of the mode's after the program where the command names none."""
    model = () if any(_MODEL in argument for argument in command) else profile.model_args
    mode = () if _PERMISSION in command else (_PERMISSION,)
    return [command[0], *mode, *model, *command[1:]]


def _without_model(command: Sequence[str]) -> list[str]:
    """Drop the arguments that carry the model, each with the option directly before it (`-m {model}`)."""
    kept: list[str] = []
    for argument in command:
        if _MODEL not in argument:
            kept.append(argument)
        elif not argument.startswith("-") and len(kept) > 1 and _is_option(kept[-1]):
            kept.pop()
    return kept


def _is_option(argument: str) -> bool:
    return argument.startswith("-") and argument.strip("-") != "" and "=" not in argument


def _script_at(arguments: Sequence[str]) -> int:
    """Return where the script of `sh -c SCRIPT` stands; -1 when the command is no shell."""
    if arguments[0].rpartition("/")[2] not in _SHELLS:
        return -1
    flags = (place for place, argument in enumerate(arguments) if re.fullmatch(r"-[a-z]*c", argument))
    return next(flags, -2) + 1


def _filled_script(script: str, values: Mapping[str, str]) -> str:
    # to the shell each value is one word: a space or a $(...) in it is neither split nor run
    return _QUOTED.sub(lambda found: shlex.quote(values[found[2]]), script)


def _filled(argument: str, values: Mapping[str, str]) -> str:
    # one pass: a prompt that speaks of {model} stays as it is
    filled = _PLACEHOLDER.sub(lambda found: values[found[1]], argument)
    # a prompt such as "- do this" must not be taken for an option
    return f" {filled}" if argument.startswith("{prompt}") and filled.startswith("-") else filled
