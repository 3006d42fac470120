"""`[tasks] from = ...`: a tracker, a roadmap, a CSV or a directory of prompts as a plan's tasks."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from msgspec.structs import replace

from autod_tui.core.names import suggest_name
from autod_tui.core.run_plan import TaskSpec
from autod_tui.store.fields import Table, quoted
from autod_tui.store.files import UnreadableError, read_text
from autod_tui.store.plan_place import MAX_TASKS, Place, Placed, path_problem, unknown
from autod_tui.store.plan_tables import fill_all, read_common, read_outputs
from autod_tui.store.task_roadmap import read_roadmap
from autod_tui.store.task_rows import Found, column_names, row_task, split_id, with_ids
from autod_tui.store.task_tracker import PROMPT_KEY, read_tracker, some
from autod_tui.store.workstream_files import MAX_PROMPT_BYTES

MAX_BYTES = 8_000_000
_FORMATS = {".json": "tracker", ".md": "roadmap", ".markdown": "roadmap", ".csv": "csv", ".tsv": "csv"}
FORMATS = ("tracker", "roadmap", "csv", "prompts")
_PROMPTS = (".md", ".txt")


def read_source(table: Table, place: Place, warnings: list[str]) -> list[Placed]:
    """Return the tasks that `[tasks]` takes from a file or directory, and add what is odd there to `warnings`."""
    shown, found = _read(table, place, warnings)
    chosen = _chosen(table, found, shown, warnings)
    common, outputs = read_common(table), read_outputs(table, ("id", "kind"))
    return [
        Placed(spec=_completed(task.spec, common, outputs), key=table.key("from"), source=shown, batch=task.batch)
        for task in chosen
    ]


def _read(table: Table, place: Place, warnings: list[str]) -> tuple[str, list[Found]]:
    """Return the source as a person would type it, and all its tasks."""
    name, kind = table.text("from"), table.text("format")
    if kind and kind not in FORMATS:
        unknown(table, "format", "format", kind, FORMATS)
    if not table.has("from"):
        table.problem("from", "a source needs a file", 'such as from = "roadmap.md"')
    path = place.find(table, "from", name) if name else None
    if path is None or (kind and kind not in FORMATS):
        return name, []
    own: list[str] = []
    try:
        found = _parsed(path, kind, own)
    except UnreadableError as error:
        table.problem("from", f"{quoted(name)} {error}")
        found = []
    if len(found) > MAX_TASKS:
        table.problem("from", f"{quoted(name)} lists {len(found)} tasks", f"at most {MAX_TASKS}")
    shown = place.shown(path)
    warnings.extend(f"{shown}: {warning}" for warning in [*own, *_dependency_warnings(found)])
    return shown, found[:MAX_TASKS]


def _parsed(path: Path, kind: str, warnings: list[str]) -> list[Found]:
    if path.is_dir():
        return _directory(path, warnings)
    kind = kind or _FORMATS.get(path.suffix.casefold(), "")
    if kind not in FORMATS[:3]:
        raise UnreadableError(f"is no known kind of source: give format, one of {', '.join(FORMATS[:3])}")
    text = read_text(path, limit=MAX_BYTES)
    if kind == "tracker":
        return [_with_prompt(task, path.parent, warnings) for task in read_tracker(text, warnings)]
    found = read_roadmap(text) if kind == "roadmap" else read_csv(text)
    if not found:
        raise UnreadableError("has no task: neither a table with a column `Task` nor a checklist `- [ ]`")
    return found


def read_csv(text: str) -> list[Found]:
    """Return the tasks of a CSV whose first row names the columns; raises UnreadableError."""
    first = text.lstrip().partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    try:
        rows = [row for row in csv.reader(io.StringIO(text), delimiter=delimiter) if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise UnreadableError(f"is not CSV: {error}") from None
    columns = column_names(rows[0]) if rows else ()
    if not {"id", "title"} & set(columns):
        raise UnreadableError("has no column `id` or `title` in its first row")
    found = []
    for number, row in enumerate(rows[1:], 2):
        task = row_task(dict(zip(columns, row, strict=False)))
        if task is None or any(cell.strip() for cell in row[len(columns) :]):
            raise UnreadableError(f"row {number} does not fit the first row: {', '.join(row)[:60]}")
        found.append(task)
    return with_ids(found)


def _directory(path: Path, warnings: list[str]) -> list[Found]:
    """Return a task for each prompt file in `path`, then those of tasks.json there and one level below."""
    names = sorted(entry.name for entry in path.iterdir())
    prompts = [_prompt(path / name) for name in names if name.endswith(_PROMPTS) and (path / name).is_file()]
    trackers = [path / "tasks.json", *(path / name / "tasks.json" for name in names)]
    listed = [task for file in trackers if file.is_file() for task in _tracked(file, warnings)]
    # beside a tasks.json the texts explain, they are no tasks of their own
    found = listed if trackers[0].is_file() else [*prompts, *listed]
    if not found:
        raise UnreadableError("has no prompt files (.md, .txt) and no tasks.json")
    return with_ids(found)


def _tracked(file: Path, warnings: list[str]) -> list[Found]:
    try:
        found = read_tracker(read_text(file, limit=MAX_BYTES), warnings)
    except UnreadableError as error:
        raise UnreadableError(f"has {file.parent.name}/{file.name}, which {error}") from None
    return [_with_prompt(task, file.parent, warnings) for task in found]


def _with_prompt(task: Found, directory: Path, warnings: list[str]) -> Found:
    """Add the text of the prompt file that the tracker names for the task."""
    name = task.spec.declared.get(PROMPT_KEY, "")
    if not name:
        return task
    try:
        if path_problem(name):
            raise UnreadableError("is not a path beside the tracker")
        text = read_text(directory / name, limit=MAX_PROMPT_BYTES)
    except FileNotFoundError:
        warnings.append(f"{task.spec.id}: its prompt {quoted(name)} is missing")
    except UnreadableError as error:
        warnings.append(f"{task.spec.id}: its prompt {quoted(name)} {error}")
    else:
        return replace(task, spec=replace(task.spec, body=f"{task.spec.body}\n\n{text}".strip()))
    return task


def _prompt(file: Path) -> Found:
    """Return the task of a prompt file: its first heading is the title, its name (without a final .md) the id."""
    try:
        text = read_text(file, limit=MAX_PROMPT_BYTES)
    except UnreadableError as error:
        raise UnreadableError(f"has {file.name}, which {error}") from None
    heading = next((line.lstrip("#").strip() for line in text.splitlines() if line.startswith("#")), "")
    id = suggest_name(file.stem)
    title = split_id(heading)[1] or id
    return Found(spec=TaskSpec(id=id, title=title, body=text.strip()))


def _chosen(table: Table, found: list[Found], shown: str, warnings: list[str]) -> list[Found]:
    """Leave out what is done already and what is of another kind."""
    kind = table.text("kind")
    kinds = {task.spec.kind for task in found if task.spec.kind}
    if kind and found and kind not in kinds:
        unknown(table, "kind", "kind", kind, sorted(kinds))
    open_ones = [task for task in found if not task.done] if table.flag("pending_only", True) else found
    if found and not open_ones:
        table.problem("from", f"all {len(found)} tasks of {quoted(shown)} are done", "pending_only = false takes them")
    if len(open_ones) < len(found):
        warnings.append(f"{shown}: {len(found) - len(open_ones)} of {len(found)} tasks are done and left out")
    chosen = [task for task in open_ones if not kind or task.spec.kind == kind]
    if other := len(open_ones) - len(chosen):
        warnings.append(f"{shown}: {other} tasks are of another kind than {quoted(kind)} and left out")
    ids = {task.spec.id for task in chosen}
    return [_waiting_for(task, ids) for task in chosen]


def _waiting_for(task: Found, ids: set[str]) -> Found:
    """Drop the dependencies that are done, left out or not listed at all."""
    kept = tuple(id for id in task.spec.after if id in ids and id != task.spec.id)
    return replace(task, spec=replace(task.spec, after=kept))


def _dependency_warnings(found: list[Found]) -> list[str]:
    ids = {task.spec.id for task in found}
    lost = sorted({id for task in found for id in task.spec.after if id not in ids})
    own = [task.spec.id for task in found if task.spec.id in task.spec.after]
    warnings = [f"depends on tasks that are not listed: {some(lost)}"] if lost else []
    return [*warnings, *([f"depend on themselves: {some(own)}"] if own else [])]


def _completed(spec: TaskSpec, common: TaskSpec, outputs: tuple[str, ...]) -> TaskSpec:
    """Fill in what the plan says for all tasks of the source; `outputs` of the plan win over the source's."""
    return replace(
        spec,
        model=spec.model or common.model,
        role=spec.role or common.role,
        min_bytes=common.min_bytes,
        priority=spec.priority or common.priority,
        outputs=fill_all(outputs, {"id": spec.id, "kind": spec.kind}) or spec.outputs,
    )
