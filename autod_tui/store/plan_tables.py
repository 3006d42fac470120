"""The `[[stage]]`, `[[batch]]`, `[[task]]` and `[items]` tables of a plan of tasks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from autod_tui.core.checkpoint import GateSpec
from autod_tui.core.run_plan import BatchSpec, By, StageSpec, TaskSpec
from autod_tui.core.templates import OUTPUT_WORDS, PROMPT_WORDS, fill
from autod_tui.store.checkpoint_tables import check_name, read_gate_list
from autod_tui.store.fields import Table, quoted
from autod_tui.store.plan_place import MAX_TASKS, Place, Placed, check_words, read_word

_RANGE = re.compile(r"(\d{1,6})(?:-(\d{1,6}))?\Z", re.ASCII)
_LEAST, _MOST = 1, 1000


class StageTable(Struct, frozen=True):
    """A stage and the table that declares it."""

    table: Table
    spec: StageSpec


class BatchTable(Struct, frozen=True):
    """A batch and the table that declares it."""

    table: Table
    spec: BatchSpec


def read_stages(root: Table, gates: Mapping[str, GateSpec], place: Place) -> list[StageTable]:
    """Return the declared stages in order, `needs_work` still as written; one called `build` when there is none."""
    if not root.has("stage"):
        return [StageTable(root, StageSpec(name="build"))]
    found = [_stage(table, gates, place) for table in root.tables("stage")]
    if not found:
        root.problem("stage", "a plan needs a stage", "leave `stage` out for one that is called 'build'")
    return found


def _stage(table: Table, gates: Mapping[str, GateSpec], place: Place) -> StageTable:
    default = StageSpec(name=table.text("name"))
    check_name(table, "name", default.name)
    spec = StageSpec(
        name=default.name,
        by=read_word(table, "by", By, By.AGENT),
        prompt=_prompt(table, place),
        batch_size=table.whole("batch_size", default.batch_size, least=_LEAST, most=_MOST),
        adaptive=table.flag("adaptive", default.adaptive),
        sessions=table.whole("sessions", default.sessions, least=_LEAST, most=_MOST),
        agent=table.text("agent"),
        model=table.text("model"),
        attempts=table.whole("attempts", default.attempts, least=_LEAST, most=_MOST),
        timeout=table.duration("timeout", default.timeout, zero=True),
        silence=table.duration("silence", default.silence, zero=True),
        gates=read_gate_list(table, gates),
        auto=read_gate_list(table, gates, "auto"),
        needs_work=table.text("needs_work"),
        checklist=table.texts("checklist"),
    )
    if spec.auto and spec.by is not By.PERSON:
        table.problem("auto", "only a stage by a person can approve by itself", 'by = "person"')
    table.finish()
    return StageTable(table, spec)


def _prompt(table: Table, place: Place) -> str:
    if not table.has("prompt") or not isinstance(table.values["prompt"], str):
        return table.text("prompt")
    found = place.read(table, "prompt", table.text("prompt"))
    if found is None:
        return ""
    path, text = found
    check_words(table, "prompt", text, PROMPT_WORDS)
    return str(path)


def read_batches(root: Table) -> list[BatchTable]:
    """Return the declared batches in order, `tasks` still as written (ids and ranges)."""
    found = []
    for table in root.tables("batch"):
        spec = BatchSpec(
            name=table.text("name"), title=table.text("title"), tasks=table.texts("tasks"), after=table.texts("after")
        )
        table.finish()
        check_name(table, "name", spec.name)
        if not table.has("tasks") or table.values["tasks"] == []:
            table.problem("tasks", "a batch has at least one task")
        found.append(BatchTable(table, spec))
    return found


def read_tasks(root: Table, place: Place) -> list[Placed]:
    """Return the tasks that the plan file itself declares."""
    return [_task(table, place) for table in root.tables("task")]


def _task(table: Table, place: Place) -> Placed:
    id = table.text("id")
    kind = table.text("kind")
    spec = replace(
        read_common(table),
        id=id,
        title=table.text("title") or id,
        body=_body(table, place),
        kind=kind,
        outputs=fill_all(read_outputs(table, ("id", "kind")), {"id": id, "kind": kind}),
        after=table.texts("after"),
    )
    table.finish()
    return Placed(spec=spec, key=table.prefix)


def _body(table: Table, place: Place) -> str:
    body = table.text("body")
    if not table.has("prompt"):
        return body
    if body:
        table.problem("prompt", "a task has either a body or a prompt file")
    found = place.read(table, "prompt", table.text("prompt"))
    return found[1] if found else ""


def read_common(table: Table) -> TaskSpec:
    """Return what tasks, items and sources may all say (model, role, min_bytes, priority) as a task without an id."""
    return TaskSpec(
        id="",
        model=table.text("model"),
        role=table.text("role"),
        min_bytes=table.whole("min_bytes", 0, least=0, most=10**9),
        priority=table.whole("priority", 0, least=-1000, most=1000),
    )


def read_outputs(table: Table, known: tuple[str, ...]) -> tuple[str, ...]:
    """Return the templates under `outputs`; the paths that they make are checked with the whole plan."""
    templates = table.texts("outputs")
    for text in templates:
        check_words(table, "outputs", text, known)
    return templates


def fill_all(templates: tuple[str, ...], values: Mapping[str, str]) -> tuple[str, ...]:
    """Fill `values` into all templates."""
    return tuple(fill(text, values) for text in templates)


def read_items(root: Table) -> list[Placed]:
    """Return the tasks that `[items]` counts out: one for each number of each track."""
    if not root.has("items"):
        return []
    table = root.table("items")
    tracks = _tracks(table)
    numbers = [(track, n) for track, wanted in tracks.items() for n in wanted]
    if len(numbers) > MAX_TASKS:
        table.problem("range", f"{len(numbers)} items are too many", f"at most {MAX_TASKS}")
        numbers = numbers[:1]
    template = table.text("id") or ("{track}:{n}" if any(tracks) else "{n}")
    check_words(table, "id", template, ("n", "track"))
    found = list(_items(table, template, numbers))
    table.finish()
    _check_ids(table, found)
    return list({task.spec.id: task for task in found}.values())


def _items(table: Table, template: str, numbers: list[tuple[str, int]]) -> Iterator[Placed]:
    common, kind = read_common(table), table.text("kind")
    title, body = table.text("title") or "{id}", table.text("body")
    for key, text in (("title", title), ("body", body)):
        check_words(table, key, text, OUTPUT_WORDS)
    outputs = read_outputs(table, OUTPUT_WORDS)
    for track, n in numbers:
        values = {"n": str(n), "track": track, "kind": kind}
        values["id"] = fill(template, values)
        yield Placed(
            spec=replace(
                common,
                id=values["id"],
                title=fill(title, values),
                body=fill(body, values),
                kind=kind,
                outputs=fill_all(outputs, values),
            ),
            key=table.prefix,
        )


def _check_ids(table: Table, found: list[Placed]) -> None:
    ids = [task.spec.id for task in found]
    if len(set(ids)) < len(ids):
        table.problem("id", "gives several items the same id", 'such as id = "{track}:{n}"')


def _tracks(table: Table) -> dict[str, list[int]]:
    """Return track to numbers, from `track` and `range` or from the counts under `tracks`."""
    if not table.has("tracks"):
        return {table.text("track"): _numbers(table)}
    for key in ("track", "range"):
        if table.has(key):
            table.problem(key, f"`{key}` does not go with `tracks`", "give each track its count under `tracks`")
    table.text("track"), table.text("range")
    counts = table.table("tracks")
    return {track: list(range(1, counts.whole(track, 1, least=1, most=MAX_TASKS) + 1)) for track in counts.values}


def _numbers(table: Table) -> list[int]:
    if not table.has("range"):
        table.problem("range", "items need a range", 'such as range = "1-20"')
        return []
    numbers: list[int] = []
    for part in table.text("range").split(","):
        found = _RANGE.match(part.strip())
        first, last = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
        if not first <= last < first + MAX_TASKS:
            table.problem("range", f"{quoted(part)} is not a range", 'write it as "1-20" or "1-5,8"')
        else:
            numbers.extend(range(first, last + 1))
    return list(dict.fromkeys(numbers))
