"""From the cells of a table (a CSV, a table in a roadmap) to a task, by the names of the columns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from msgspec import Struct
from msgspec.structs import replace

from autod_tui.core.names import suggest_name
from autod_tui.core.run_plan import TaskSpec
from autod_tui.store.plan_place import id_problem

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "id": ("id", "task id", "key", "#", "nr", "no"),
    "title": ("title", "task", "name", "feature", "item", "summary"),
    "body": ("body", "description", "prompt", "details", "spec", "notes"),
    "status": ("status", "state", "done"),
    "priority": ("priority", "prio"),
    "model": ("model",),
    "role": ("role",),
    "kind": ("kind", "type"),
    "outputs": ("outputs", "output", "result", "resultfile", "file"),
    "after": ("after", "dependencies", "depends on", "depends", "requires"),
    "batch": ("batch",),
}
"""What a column is for, and the headings that say so."""
DONE_WORDS = frozenset(
    {"done", "complete", "completed", "approved", "closed", "finished", "merged", "x", "yes", "true"}
)
DONE_MARKS = ("✅", "✔", "☑", "🟢")
PRIORITIES = {
    **dict.fromkeys(("critical", "urgent", "blocker", "highest", "p0"), 2),
    **dict.fromkeys(("high", "p1"), 1),
    **dict.fromkeys(("", "-", "normal", "medium", "p2"), 0),
    **dict.fromkeys(("low", "lowest", "p3"), -1),
}
_ID_FIRST = re.compile(
    r"(?:task +)?((?:[A-Za-z]+-)?\d+(?:\.\d+)+|[A-Za-z]+-\d+|(?<=task )\d+)(?:[:.)]| [-–—])? +", re.I
)
# bounded: without an end in sight each bracket would be looked at anew
_LINK = re.compile(r"\[([^\[\]]{0,300})\]\([^()]{0,600}\)")


class Found(Struct, frozen=True, kw_only=True):
    """A task as its source lists it."""

    spec: TaskSpec
    done: bool = False
    """The source says that it is done and approved."""
    batch: str = ""


def column_names(headings: Iterable[str]) -> tuple[str, ...]:
    """Return what each column is for: a key of COLUMNS, or the heading itself."""
    folded = {word: name for name, words in COLUMNS.items() for word in words}
    return tuple(folded.get(plain(text).casefold(), plain(text)) for text in headings)


def row_task(row: Mapping[str, str]) -> Found | None:
    """Return the task of a row (column to cell); None when it has neither an id nor a title."""
    cells = {name: plain(text) for name, text in row.items()}
    id, title = cells.get("id", ""), cells.get("title", "")
    if not id and title:
        id, title = split_id(title)
    if not id and not title:
        return None
    spec = TaskSpec(
        id=id,
        title=title or id,
        body=row.get("body", "").strip().strip("-"),
        model=cells.get("model", ""),
        role=cells.get("role", ""),
        kind=cells.get("kind", ""),
        outputs=_listed(row.get("outputs", "")),
        priority=priority(cells.get("priority", "")),
        after=_listed(cells.get("after", "")),
        declared={name: text for name, text in cells.items() if text and (name not in COLUMNS or name == "status")},
    )
    return Found(spec=spec, done=is_done(cells.get("status", "")), batch=cells.get("batch", ""))


def split_id(title: str) -> tuple[str, str]:
    """Split `1.1 Skeleton` or `Task 3: Units` into id and title; the id is empty when the title has none."""
    found = _ID_FIRST.match(title)
    return (found[1], title[found.end() :]) if found else ("", title)


def with_ids(found: Iterable[Found]) -> list[Found]:
    """Give each task without an id one made from its title; doubles among these get a number."""
    given = list(found)
    taken = {task.spec.id for task in given}
    named = []
    for index, task in enumerate(given):
        if not task.spec.id:
            id = _free_id(task.spec.title, index, taken)
            taken.add(id)
            task = replace(task, spec=replace(task.spec, id=id))
        named.append(task)
    return named


def plain(text: str) -> str:
    """Return a cell's text without markdown's links, bold and code marks."""
    return _LINK.sub(r"\1", text).replace("**", "").replace("`", "").strip()


def is_done(status: str) -> bool:
    """Tell whether a status says that nothing is left to do."""
    words = re.sub(r"[^\w ]", " ", status.casefold()).split()
    return status.startswith(DONE_MARKS) or (bool(words) and words[0] in DONE_WORDS)


def priority(text: str) -> int:
    """Return a priority written as a number or a word; 0 for what is neither."""
    word = text.strip().casefold()
    if re.fullmatch(r"-?\d{1,3}", word, re.ASCII):
        return int(word)
    return PRIORITIES.get(word, 0)


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part for part in re.split(r"[;,\s]+", text.replace("`", "")) if part and part.strip("-–—"))


def _free_id(title: str, index: int, taken: set[str]) -> str:
    slug = suggest_name(title.casefold()).strip("._-")
    base = slug if slug and not id_problem(slug) else f"task-{index + 1}"
    return next(id for n in range(1, len(taken) + 2) if (id := base if n == 1 else f"{base}-{n}") not in taken)
