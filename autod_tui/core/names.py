"""Names that are safe as a branch part, a directory, a tmux window and a word on a command line."""

from __future__ import annotations

import re
from difflib import get_close_matches

MAX_LENGTH = 48
_NAME = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._-]{{0,{MAX_LENGTH - 1}}}\Z", re.ASCII)


def name_problem(name: str) -> str | None:
    """Say why `name` can't name a workstream or checkpoint, or return None when it can."""
    if not name:
        return "a name is needed"
    if len(name) > MAX_LENGTH:
        return f"{name[:20]!r}... is longer than {MAX_LENGTH} characters"
    if not _NAME.match(name):
        return f"{name!r} may only have letters, digits, '.', '_' and '-', and starts with a letter or digit"
    if ".." in name or name.endswith((".", ".lock")):
        return f"{name!r} can't be part of a git branch ('..', a final '.' and '.lock' are taken)"
    return None


def suggest_name(text: str) -> str:
    """Turn any text into the nearest valid name; empty when nothing of it is usable."""
    slug = re.sub(r"[^A-Za-z0-9._-]+", "-", text)
    slug = re.sub(r"\.{2,}|-{2,}", "-", slug).strip("-._")[:MAX_LENGTH]
    return re.sub(r"(?:\.lock|[-.])+\Z", "", slug)


def nearest(word: str, known: tuple[str, ...] | list[str] | set[str]) -> str | None:
    """Return the known word that `word` most likely meant, or None."""
    found = get_close_matches(word, sorted(known), n=1, cutoff=0.6)
    return found[0] if found else None


def helper_name(checkpoint: str) -> str:
    """Return the name under which the agent that solves a checkpoint's conflicts runs."""
    return f"resolve-{checkpoint}"
