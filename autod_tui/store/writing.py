"""Writing the files that `new` and `init` make; what a person has written is never touched."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import tomli_w

from autod_tui.core.errors import AutodError, RefusedError, UsageError
from autod_tui.core.names import name_problem, suggest_name
from autod_tui.core.plan import SETTINGS_FILE
from autod_tui.store.files import write_atomic
from autod_tui.store.refnames import ref_problem
from autod_tui.store.workstream_files import DIRECTORY, MAX_PROMPT_BYTES, PROMPT_FILE, WORKSTREAM_FILE

_SETTINGS = """\
# What autod does in this repository. All keys are optional; those commented out show their defaults.

[project]
{target}                        # where finished work goes
{agent}                       # the agent of workstreams that name none
# worktrees = "../{{repo}}-{{name}}"     # where worktrees are made, relative to the repository
# branch = "workstream/{{name}}"
# copy = [".env"]                      # ignored files that each new worktree gets
# setup = "uv sync"                    # run once in a new worktree, before the agent starts
# max_sessions = 8                     # agents alive at once
# max_cost_usd = 20                    # asks before anything new starts once this is used up; also max_tokens
# notify = "notify-send autod"         # run when somebody waits for you; AUTOD_WORKSTREAM, AUTOD_REASON say who and why

# An agent of your own, or a known one otherwise set up; `autod agents` lists them.
# [agents.flash]
# extends = "gemini"
# model = "flash"
# permission = "edits"                 # ask, edits (edits files unasked), all (never asks)

# A gate judges the merged result: by its exit status, or by a number in its output.
# [gates.tests]
# command = "pytest -q"
# timeout = "10m"
#
# [gates.coverage]
# command = "coverage report --format=total"
# measure = '(\\d+(?:\\.\\d+)?)'
# at_least = 60

# A checkpoint merges workstreams in this order, judges the result and moves `into` only when it is green.
# [[checkpoint]]
# name = "foundation"
# merge = ["first", "second"]
# into = "integration/foundation"      # default: the target
# gates = ["tests", "coverage>=70"]    # a bound may be overridden
# tag = "foundation-done"
# then = "main"                        # also moved on to the result
"""
_README = """\
# Workstreams

One directory for each: `NAME/STARTUP.md` is what its agent is told, `NAME/workstream.toml` names agent, model
and the checkpoints it waits for. `autod new NAME` makes both.
"""


def write_workstream(
    root: Path,
    *,
    name: str,
    title: str = "",
    agent: str = "",
    model: str = "",
    permission: str = "",
    base: str = "",
    branch: str = "",
    after: tuple[str, ...] = (),
    after_soft: tuple[str, ...] = (),
    checkpoint: str = "",
    prompt: str = "",
) -> tuple[Path, ...]:
    """Make workstreams/NAME/ with workstream.toml and STARTUP.md, all or nothing; return both paths.

    Raises UsageError for values that could not be read back and RefusedError when the name is taken.
    """
    _check(name, branch, prompt)
    table = {"title": title or name, "agent": agent, "model": model, "permission": permission}
    table |= {"base": base, "branch": branch, "checkpoint": checkpoint}
    table = {key: value for key, value in table.items() if value}
    text = tomli_w.dumps({**table, "after": list(after), **({"after_soft": list(after_soft)} if after_soft else {})})
    directory = root / DIRECTORY / name
    _check_free(directory)
    temporary = directory.with_name(f".{name}.{os.getpid()}-{os.urandom(4).hex()}.tmp")
    try:
        temporary.mkdir(parents=True)
        write_atomic(temporary / WORKSTREAM_FILE, text.encode(), replace=False)
        write_atomic(temporary / PROMPT_FILE, prompt.encode(), replace=False)
        temporary.rename(directory)  # fails when a directory with files in it came in between
    except OSError as error:
        message = f"can't make {str(directory)!r}: {error.strerror}"
        raise AutodError(message, hint="nothing was changed") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return directory / WORKSTREAM_FILE, directory / PROMPT_FILE


def _check(name: str, branch: str, prompt: str) -> None:
    if problem := name_problem(name):
        suggestion = suggest_name(name)
        raise UsageError(problem, hint=f"{suggestion!r} would do" if suggestion else "")
    if branch and (problem := ref_problem(branch)):
        raise UsageError(problem)
    if "\0" in prompt:
        raise UsageError(f"the prompt of {name!r} holds a NUL character: not a text")
    try:
        size = len(prompt.encode())
    except UnicodeEncodeError:
        raise UsageError(f"the prompt of {name!r} is not UTF-8") from None
    if size > MAX_PROMPT_BYTES:
        raise UsageError(f"the prompt of {name!r} is larger than {MAX_PROMPT_BYTES // 1000} kB")


def _check_free(directory: Path) -> None:
    """Refuse a name that is taken, in any spelling that some file systems take for the same."""
    taken = (entry.name for entry in directory.parent.iterdir()) if directory.parent.is_dir() else iter(())
    if twin := next((other for other in taken if other.casefold() == directory.name.casefold()), None):
        raise RefusedError(f"workstream {twin!r} exists: {directory.parent / twin}", hint="take another name")


def init_files(root: Path, *, target: str, agent: str = "claude") -> tuple[str, ...]:
    """Write autod.toml (its keys explained) and workstreams/ where missing; return what was made, as relative paths."""
    values = {"target": tomli_w.dumps({"target": target}).strip(), "agent": tomli_w.dumps({"agent": agent}).strip()}
    contents = {SETTINGS_FILE: _SETTINGS.format(**values), f"{DIRECTORY}/README.md": _README}
    return tuple(path for path, text in contents.items() if _write_missing(root / path, text))


def _write_missing(path: Path, text: str) -> bool:
    if os.path.lexists(path):
        return False
    try:
        path.parent.mkdir(exist_ok=True)
        write_atomic(path, text.encode(), replace=False)
    except FileExistsError:
        return False
    except OSError as error:
        raise AutodError(f"can't write {str(path)!r}: {error.strerror}") from error
    return True
