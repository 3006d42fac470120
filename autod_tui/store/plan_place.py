"""Where a plan of tasks finds its files, and the readings that its tables share."""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from msgspec import Struct

from autod_tui.core.names import nearest
from autod_tui.core.run_plan import TaskSpec
from autod_tui.core.templates import unknown_words
from autod_tui.store.fields import Table, quoted
from autod_tui.store.files import UnreadableError, read_text
from autod_tui.store.workstream_files import DIRECTORY, MAX_PROMPT_BYTES

E = TypeVar("E", bound=StrEnum)
MAX_TASKS = 10_000
"""Most tasks of one plan."""
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}\Z", re.ASCII)


class Placed(Struct, frozen=True, kw_only=True):
    """A task and where it is declared."""

    spec: TaskSpec
    key: str
    """Key in the plan file."""
    source: str = ""
    """File that lists it, when that isn't the plan file."""
    batch: str = ""
    """Batch that its source names."""


def id_problem(id: str) -> str | None:
    """Say why `id` can't name a task, or None: it stands in verdict lines, file names and on command lines."""
    if _ID.match(id):
        return None
    return f"{quoted(id)} can't name a task: up to 64 letters, digits, '.', '_', ':' and '-', a letter or digit first"


def path_problem(path: str) -> str | None:
    """Say why `path` is no path inside a worktree, or None."""
    parts = path.split("/")
    if not path or path.startswith(("/", "~")) or "\\" in path or ".." in parts or parts[0] == ".git":
        return f"{quoted(path)} is not a path inside the worktree"
    if any(part in ("", ".") for part in parts) or not path.isprintable() or len(path) > 400:
        return f"{quoted(path)} is not the path of a file"
    return None


def unknown(table: Table, key: str, kind: str, word: str, known: Collection[str]) -> None:
    """Add the mistake that `word` is no known `kind`, with the nearest one."""
    near = nearest(word, set(known))
    listed = ", ".join(list(known)[:12]) + (", ..." if len(known) > 12 else "")
    table.problem(key, f"unknown {kind} {quoted(word)}", f"did you mean {near!r}?" if near else f"known: {listed}")


def read_word(table: Table, key: str, kind: type[E], default: E) -> E:
    """Read one word of an enumeration."""
    word = table.text(key, default.value)
    words = [one.value for one in kind]
    if word not in words:
        unknown(table, key, key, word, words)
        return default
    return kind(word)


def check_words(table: Table, key: str, text: str, known: Collection[str]) -> None:
    """Add a mistake for each placeholder of `text` that nobody fills in."""
    for word in unknown_words(text, known):
        near = nearest(word, set(known))
        hint = f"did you mean '{{{near}}}'?" if near else f"known: {', '.join(f'{{{one}}}' for one in known)}"
        table.problem(key, f"unknown placeholder '{{{word}}}'", f"{hint}; '{{{{{word}}}}}' stands for itself")


class Place:
    """The repository as seen from workstreams/: paths in a plan count from there, else from the root."""

    def __init__(self, root: Path) -> None:
        """See the repository at `root`."""
        self.root = Path(os.path.realpath(root))

    def find(self, table: Table, key: str, text: str) -> Path | None:
        """Return the file or directory that `text` names, None (a mistake in `table`) when there is none inside."""
        if not text or text.startswith(("/", "~")):
            table.problem(key, f"{quoted(text)} is not a path inside the repository", "write it relative to the plan")
            return None
        for base in (self.root / DIRECTORY, self.root):
            path = base / text
            real = Path(os.path.realpath(path))
            if not real.is_relative_to(self.root):
                table.problem(key, f"{quoted(text)} leads out of the repository")
                return None
            if os.path.lexists(path):
                return real
        table.problem(key, f"no such file: {quoted(text)}", self._near(text))
        return None

    def read(self, table: Table, key: str, text: str) -> tuple[Path, str] | None:
        """Return the prompt file that `text` names with its content; None (a mistake in `table`) when unusable."""
        path = self.find(table, key, text)
        if path is None:
            return None
        try:
            return path, read_text(path, limit=MAX_PROMPT_BYTES)
        except (UnreadableError, FileNotFoundError) as error:
            table.problem(key, f"{quoted(text)} {error}")
            return None

    def shown(self, path: Path) -> str:
        """Return `path` as a person would type it from the root."""
        return str(path.relative_to(self.root))

    def _near(self, text: str) -> str:
        folder, _, name = text.rpartition("/")
        for base in (self.root / DIRECTORY, self.root):
            try:
                names = {entry.name for entry in (base / folder).iterdir()}
            except OSError:
                continue
            if near := nearest(name, names):
                return f"did you mean {f'{folder}/{near}' if folder else near!r}?"
        return f"looked for it in {DIRECTORY}/ and at the root of the repository"
