"""Texts with `{word}` in them: which words a plan's templates may use, and how they are filled in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

PROMPT_WORDS = (
    "tasks",
    "task.id",
    "task.title",
    "task.body",
    "findings",
    "handoff",
    "progress",
    "worktree",
    "stage",
    "run",
)
"""What a prompt template may use; `{{word}}` stands for the text `{word}` itself."""
OUTPUT_WORDS = ("id", "n", "track", "kind")
"""What the paths of outputs may use; a number may be padded: `{n:03}`."""
_WORD = re.compile(r"\{\{([a-z][a-z_.]*)\}\}|(?<!\$)\{([a-z][a-z_]*(?:\.[a-z_]+)?)(?::0([1-9]))?\}")


def words_in(text: str) -> tuple[str, ...]:
    """Return the words that `text` wants filled in, each once, in order; code such as `${x}` or `{"a": 1}` is none."""
    return tuple(dict.fromkeys(found[2] for found in _WORD.finditer(text) if found[2]))


def unknown_words(text: str, known: Iterable[str]) -> tuple[str, ...]:
    """Return the words of `text` that are not in `known`."""
    return tuple(word for word in words_in(text) if word not in set(known))


def fill(text: str, values: Mapping[str, str]) -> str:
    """Put `values` in the places of their words, in one pass; words without a value stay."""
    return _WORD.sub(lambda found: _filled(found, values), text)


def _filled(found: re.Match[str], values: Mapping[str, str]) -> str:
    if found[1]:
        return f"{{{found[1]}}}"
    if found[2] not in values:
        return found[0]
    return values[found[2]].zfill(int(found[3] or 0))
