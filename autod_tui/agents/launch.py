"""From a profile to the argv of an agent: placeholders replaced argument by argument, quoted in a shell's script."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping

from autod_tui.core.errors import UsageError
from autod_tui.core.plan import AgentProfile

MAX_ARGUMENT_BYTES = 128_000
"""Linux refuses single arguments of 128 KiB and more."""
_PLACEHOLDER = re.compile(r"(?<!\$)\{(prompt|prompt_file|model|session_id|worktree|workstream)\}")
_QUOTED = re.compile(rf"""(["']?){_PLACEHOLDER.pattern}\1""")
_MODEL = "{model}"
_SHELLS = frozenset({"sh", "bash", "dash", "ksh", "zsh"})


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
    """Return the argv that starts an agent interactively.

    `model` may be an alias of the profile; empty takes the profile's own model, and where that is empty too
    the arguments that would carry it are left out. Raises UsageError for a prompt too long for a command line.
    """
    chosen = model_name(profile, model)
    values = {
        "prompt": prompt,
        "prompt_file": prompt_file,
        "model": chosen,
        "session_id": session_id,
        "worktree": worktree,
        "workstream": workstream,
    }
    arguments = _arguments(profile, chosen)
    script = _script_at(arguments)
    argv = tuple(
        _filled_script(argument, values) if place == script else _filled(argument, values)
        for place, argument in enumerate(arguments)
    )
    if any(len(argument.encode("utf-8", "surrogateescape")) > MAX_ARGUMENT_BYTES for argument in argv):
        raise UsageError(
            f"the prompt of {workstream!r} is too long for the command line of {profile.name}",
            hint='use {prompt_file}, or prompt = "file", in its profile',
        )
    return argv


def model_name(profile: AgentProfile, model: str) -> str:
    """Return the program's own name of `model` (an alias, a name, or empty for the profile's); may be empty."""
    chosen = model or profile.model
    return profile.models.get(chosen, chosen)


def _arguments(profile: AgentProfile, model: str) -> list[str]:
    command = list(profile.command)
    if not any(_MODEL in argument for argument in command):
        command[1:1] = profile.model_args
    return command if model else _without_model(command)


def _without_model(command: list[str]) -> list[str]:
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


def _script_at(arguments: list[str]) -> int:
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
