"""The values in `[agents.NAME]` that have words, patterns or arguments of their own."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping

from autod_tui.core.agent_words import PERMISSIONS, STATE_WORDS, TITLE_WORDS
from autod_tui.core.names import nearest
from autod_tui.store.fields import Table

PLACEHOLDERS = ("prompt", "prompt_file", "model", "session_id", "worktree", "workstream", "permission")
_PLACEHOLDER = re.compile(r"(?<!\$)\{(\w+)\}")
# the event becomes a word of a shell's command
_EVENT = re.compile(r"[A-Za-z0-9_.-]+(:.+)?")


def read_argv(table: Table, key: str, default: tuple[str, ...], *, needs: str = "") -> tuple[str, ...]:
    """Read a program and its arguments, a list or one line.

    A {word} close to a placeholder must be one; `needs` names one not to miss.
    """
    if not table.has(key):
        table.texts(key)
        return default
    one = isinstance(table.values[key], str)  # a line as one would type it
    argv = _words(table, key) if one else table.texts(key)
    if not (one or isinstance(table.values[key], list)):
        return default
    if key == "command" and not (argv and argv[0]):
        table.problem(key, "names no program", 'write it as a list: ["mytool", "{prompt}"]')
        return default
    for word in (word for item in argv for word in _PLACEHOLDER.findall(item)):
        # only what looks like a slip of the pen: a script may have braces of its own
        if word not in PLACEHOLDERS and (near := nearest(word, PLACEHOLDERS)):
            table.problem(key, f"unknown placeholder '{{{word}}}'", f"did you mean {{{near}}}?")
    if argv and needs and not any(f"{{{needs}}}" in item for item in argv):
        table.problem(key, f"has no {{{needs}}}", f'such as ["mytool", "--resume", "{{{needs}}}"]')
    return argv


def _words(table: Table, key: str) -> tuple[str, ...]:
    """Read a command as one would type it; quotes that never end are words of it."""
    line = table.text(key)
    try:
        return tuple(shlex.split(line))
    except ValueError:
        return tuple(line.split())


def check_word(table: Table, key: str, word: str, known: Mapping[str, str]) -> str:
    """Return `word` when it is known or empty; else it is a mistake, and empty."""
    if not word or word in known:
        return word
    near = nearest(word, [*known])
    table.problem(key, f"unknown word {word!r}", f"did you mean {near!r}?" if near else f"known: {', '.join(known)}")
    return ""


def read_modes(table: Table, key: str) -> dict[str, tuple[str, ...]]:
    """Read permission modes and their arguments."""
    modes = table.table(key)
    _check_keys(modes, PERMISSIONS, "permission mode")
    return {mode: modes.texts(mode) for mode in modes.values if mode in PERMISSIONS}


def read_titles(table: Table, key: str) -> dict[str, str]:
    """Read patterns of the terminal's title by what they tell."""
    titles = table.table(key)
    _check_keys(titles, TITLE_WORDS, "state")
    return {word: titles.pattern(word) for word in titles.values if word in TITLE_WORDS}


def read_event_states(table: Table, key: str) -> dict[str, str]:
    """Read hook events and what they tell."""
    for event in table.table(key).values:
        if not _EVENT.fullmatch(event):
            table.table(key).problem(event, f"{event!r} can't be an event", "EVENT or EVENT:VALUE")
    return {event: state for event, state in read_states(table, key).items() if _EVENT.fullmatch(event)}


def read_states(table: Table, key: str) -> dict[str, str]:
    """Read values and the states that they tell."""
    states = table.table(key)
    found = {name: check_word(states, name, states.text(name), STATE_WORDS) for name in states.values}
    return {name: state for name, state in found.items() if state}


def _check_keys(table: Table, known: Mapping[str, str], kind: str) -> None:
    for name in table.values:
        if name not in known:
            near = nearest(name, [*known])
            hint = f"did you mean {near!r}?" if near else f"known: {', '.join(known)}"
            table.problem(name, f"unknown {kind} {name!r}", hint)
