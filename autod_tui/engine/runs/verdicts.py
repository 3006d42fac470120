"""Verdicts: read from what a session wrote and printed; what is unclear is said to be so, never guessed."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from msgspec import Struct

from autod_tui.core.run import Verdict
from autod_tui.core.run_plan import TaskSpec

WORD = "VERDICT"
_ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]PX^_].*?(?:\x07|\x1b\\)|\x1b[ -/]*[0-~]|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]",
    re.DOTALL,
)
_APPROVED = re.compile(r"APPROVED\.?\s*(?:$|(?::|\s[-\u2013\u2014]\s)\s*(?P<reason>.*)$)")
_NEEDS_WORK = re.compile(r"NEEDS_WORK\b[\s:,.;\u2013\u2014-]*(?P<reason>.*)$")


class Said(Struct, frozen=True):
    """What was said about one task."""

    verdict: Verdict
    reason: str = ""


def plain(text: str) -> str:
    """Return `text` without escape sequences and control characters but line ends and tabs."""
    return _ESCAPES.sub("", text)


def read_verdicts(text: str, ids: Collection[str], *, echoed: str = "") -> dict[str, Said]:
    """Return the last verdict on each of `ids` in a text; lines that stand in `echoed` too (the prompt) don't count."""
    quoted = {line.strip() for line in echoed.splitlines()}
    found: dict[str, Said] = {}
    for line in re.split(r"[\r\n]+", plain(text)):
        if line.startswith(f"{WORD} ") and line.strip() not in quoted:
            known = _task_of(line, ids)
            if known is not None:
                found[known[0]] = understand(line, known[1])
    return found


def understand(line: str, words: str) -> Said:
    """Read what follows the task's id in a verdict's line."""
    if found := _NEEDS_WORK.match(words):
        return Said(Verdict.NEEDS_WORK, found["reason"].strip() or "no reason was given")
    if (found := _APPROVED.match(words)) and "NEEDS_WORK" not in words:
        return Said(Verdict.APPROVED, (found["reason"] or "").strip())
    return Said(Verdict.NEEDS_WORK, f"unclear verdict: {line.strip()}")


def settle(
    tasks: Sequence[TaskSpec], said: Mapping[str, Said], counted: Mapping[str, int], failure: str
) -> dict[str, Said]:
    """Return the verdict on every task of a session.

    `counted`: path to bytes in the session's final tree; `failure`: why the session itself failed, empty when it did
    not. A failed session moves nothing on.
    """
    return {task.id: _settled(task, said.get(task.id), counted, failure) for task in tasks}


def _settled(task: TaskSpec, said: Said | None, counted: Mapping[str, int], failure: str) -> Said:
    if failure:
        return said if said and said.verdict is Verdict.NEEDS_WORK else Said(Verdict.NEEDS_WORK, failure)
    if said is not None and said.verdict is Verdict.NEEDS_WORK:
        return said
    if lacks := output_problem(task, counted):
        return Said(Verdict.NEEDS_WORK, lacks)
    if said is None and not task.outputs:
        return Said(Verdict.NEEDS_WORK, "no verdict")
    return said or Said(Verdict.APPROVED, "its outputs are there")


def output_problem(task: TaskSpec, counted: Mapping[str, int]) -> str:
    """Say which declared output is missing or too short; empty when none is."""
    for path in task.outputs:
        if path not in counted:
            return f"output {path} is missing"
        if counted[path] < task.min_bytes:
            return f"output {path} has {counted[path]} bytes, and at least {task.min_bytes} are wanted"
    return ""


def _task_of(line: str, ids: Collection[str]) -> tuple[str, str] | None:
    """Return the task that a verdict's line is about and the words after its id; None for a task not asked about."""
    rest = line[len(WORD) :].strip()
    for id in sorted(ids, key=len, reverse=True):
        after = rest.removeprefix(id)
        if rest.startswith(id) and (not after or after[0] in " \t:"):
            return id, after.lstrip(" \t:").strip()
    return None
