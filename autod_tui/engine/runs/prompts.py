"""Prompts: a stage's template with the tasks of one session, filled in once and for all."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from msgspec import Struct

from autod_tui.core.run_plan import TaskSpec
from autod_tui.core.templates import fill

BUILT_IN = """\
Stage {stage} of {run} ({progress} done). You work alone, without a person to ask, in the directory
{worktree}, a git worktree of your own: commit what you make there.

{tasks}

{findings}

{handoff}
"""
FORM = """\
When you are done, give your verdict on each task: append one line for each to the file named by the environment
variable AUTOD_VERDICTS (or print it as a line of its own), in one of these forms:
  VERDICT <task id> APPROVED
  VERDICT <task id> NEEDS_WORK: <reason>
The task ids are: {ids}. Whatever the next session should know, write to the file named by AUTOD_HANDOFF.
"""
"""How verdicts are given: added to templates that don't speak of them; no line of it is a verdict itself."""
INSTRUCTION = "Read {path} and do what it says"
_TASK_WORD = re.compile(r"(?<![{$])\{task\.[a-z]+\}")
_BLANK = re.compile(r"(\n[ \t]*\n)")


class Assignment(Struct, frozen=True, kw_only=True):
    """What a session is told."""

    run: str
    stage: str
    tasks: tuple[TaskSpec, ...]
    worktree: str
    findings: Mapping[str, str] = {}
    """Task to what was wrong with it; tasks without findings are left out."""
    handoff: str = ""
    progress: str = ""
    """Such as `3/162`."""


def render(template: str, told: Assignment) -> str:
    """Fill a template; paragraphs that speak of `{task.…}` are repeated for each task, values are never filled again.

    Findings, and the form of a verdict, are added where the template has no place for them.
    """
    text = "".join(_repeated(block, told) for block in _blocks(template or BUILT_IN))
    text = re.sub(r"\n{3,}", "\n\n", text).strip("\n") + "\n"
    findings = findings_text(told)
    if findings and "{findings}" not in (template or BUILT_IN):
        text += f"\n{findings}\n"
    if "VERDICT" not in template:
        text += "\n" + fill(FORM, {"ids": ", ".join(task.id for task in told.tasks)})
    return text


def findings_text(told: Assignment) -> str:
    """Return the findings of all tasks, quoted line by line so that none of them can pass for a verdict."""
    parts = [
        f"Findings on {task.id}:\n{_quoted(told.findings[task.id])}"
        for task in told.tasks
        if told.findings.get(task.id)
    ]
    return "\n\n".join(parts)


def tasks_text(tasks: Sequence[TaskSpec]) -> str:
    """Return all tasks as text: id and title, body, and the files that each has to leave."""
    return "\n\n".join(_task_text(task) for task in tasks)


def _task_text(task: TaskSpec) -> str:
    head = f"Task {task.id}: {task.title}" if task.title else f"Task {task.id}"
    outputs = f"Files it has to leave: {', '.join(task.outputs)}" if task.outputs else ""
    return "\n".join(part for part in (head, task.body.strip("\n"), outputs) if part)


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}" for line in text.strip("\n").splitlines())


def _blocks(template: str) -> list[str]:
    """Part a template into runs of paragraphs that speak of a task and those that don't, separators kept."""
    blocks: list[str] = []
    for piece in _BLANK.split(template):
        about = bool(_TASK_WORD.search(piece))
        separator = not piece.strip()
        if blocks and (separator or about == bool(_TASK_WORD.search(blocks[-1]))):
            blocks[-1] += piece
        else:
            blocks.append(piece)
    return blocks


def _repeated(block: str, told: Assignment) -> str:
    common = {
        "tasks": tasks_text(told.tasks),
        "findings": findings_text(told),
        "handoff": told.handoff.strip("\n"),
        "progress": told.progress,
        "worktree": told.worktree,
        "stage": told.stage,
        "run": told.run,
    }
    if not _TASK_WORD.search(block):
        return fill(block, common)
    joint = "" if block.endswith("\n") else "\n"
    return joint.join(fill(block, {**common, **_words(task)}) for task in told.tasks)


def _words(task: TaskSpec) -> dict[str, str]:
    return {"task.id": task.id, "task.title": task.title, "task.body": task.body.strip("\n")}
