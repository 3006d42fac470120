"""What a plan's stages, tasks and batches say about each other, and where that is contradictory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from msgspec.structs import replace

from autod_tui.core.errors import Problem
from autod_tui.core.names import nearest
from autod_tui.core.plan import AgentProfile
from autod_tui.core.run_plan import BatchSpec, By, StageSpec, TaskSpec
from autod_tui.store.fields import Table, quoted
from autod_tui.store.plan_place import Placed, id_problem, path_problem, unknown
from autod_tui.store.plan_tables import BatchTable, StageTable
from autod_tui.store.settings import check_agent

MAX_BODY_BYTES = 16_000_000
"""Most text of all tasks together: a run's journal keeps it."""
_MOST_CIRCLES = 5


def settle_stages(found: Sequence[StageTable], agents: Mapping[str, AgentProfile]) -> tuple[StageSpec, ...]:
    """Return the stages with `needs_work` filled in; adds every mistake between them."""
    names = [stage.spec.name for stage in found]
    for index, (table, spec) in enumerate((stage.table, stage.spec) for stage in found):
        if spec.name in names[:index]:
            table.problem("name", f"a second stage {spec.name!r}")
        check_agent(table, "agent", spec.agent, agents)
        if spec.by is By.GATES and not spec.gates and not table.values.get("gates"):
            table.problem(
                "gates", f"nobody serves stage {spec.name!r}: it is by gates, and names none", 'gates = ["tests"]'
            )
        if index == 0 and spec.by is not By.AGENT:
            table.problem("by", "the first stage must be by an agent: there is no work to judge yet")
    return tuple(_settled(stage, index, [one.spec for one in found]) for index, stage in enumerate(found))


def _settled(stage: StageTable, index: int, stages: Sequence[StageSpec]) -> StageSpec:
    """Fill in where NEEDS_WORK leads: by default to the last stage before in which an agent works."""
    earlier = [one.name for one in stages[:index] if one.by is By.AGENT]
    named = stage.spec.needs_work
    if not named:
        return replace(stage.spec, needs_work=earlier[-1] if earlier else stage.spec.name)
    place = next((number for number, one in enumerate(stages) if one.name == named), None)
    if place is None:
        unknown(stage.table, "needs_work", "stage", named, [one.name for one in stages])
    elif place > index:
        stage.table.problem("needs_work", f"{named!r} comes later; work goes back, not on")
    elif stages[place].by is not By.AGENT:
        stage.table.problem("needs_work", f"no agent works in stage {named!r}", f"one of: {', '.join(earlier)}")
    return stage.spec


def check_tasks(root: Table, tasks: Sequence[Placed], roles: Mapping[str, str]) -> None:
    """Add the mistakes of single tasks: ids, doubles, paths, roles, dependencies."""
    if not tasks and not (root.problems and any(root.has(key) for key in ("task", "tasks", "items"))):
        root.problem("", "a plan needs tasks", "add [[task]], [tasks] from = ... or [items]")
    owners: dict[str, Placed] = {}
    told: set[tuple[str, str]] = set()
    ids = {task.spec.id for task in tasks}
    for task in tasks:
        for key, message, hint in _task_mistakes(task, owners.get(task.spec.id), ids, roles):
            where = f"{task.key}.{key}" if not task.source and key else task.key
            if (where, key) not in told:  # one mistake in a template makes a thousand tasks wrong
                root.problems.append(Problem(root.file, where, message, hint))
            if task.source or task.key == "items":
                told.add((where, key))
        owners.setdefault(task.spec.id, task)
    if sum(len(task.spec.body.encode("utf-8", "surrogatepass")) for task in tasks) > MAX_BODY_BYTES:
        root.problem("", f"its tasks hold more than {MAX_BODY_BYTES // 1_000_000} MB of text")


def _task_mistakes(
    task: Placed, twin: Placed | None, ids: set[str], roles: Mapping[str, str]
) -> Iterable[tuple[str, str, str]]:
    """Yield (key, message, hint)."""
    spec = task.spec
    if problem := id_problem(spec.id):
        yield "id", problem, ""
    if twin is not None:
        yield "id", f"a second task {spec.id!r}; the first one is in {twin.source or twin.key}", ""
    for path in spec.outputs:
        if problem := path_problem(path):
            yield "outputs", problem, ""
    if spec.role and spec.role not in roles:
        near = nearest(spec.role, set(roles))
        hint = f"did you mean {near!r}?" if near else f"known: {', '.join(roles) or 'none, add a [roles] table'}"
        yield "role", f"unknown role {quoted(spec.role)}", hint
    for id in spec.after:
        if id not in ids:
            near = nearest(id, ids)
            yield "after", f"unknown task {quoted(id)}", f"did you mean {near!r}?" if near else ""


def check_batches(root: Table, found: Sequence[BatchTable], tasks: Sequence[TaskSpec]) -> None:
    """Add the mistakes between batches: doubles, a task in two of them, unknown names, circles."""
    names, owners = [batch.spec.name for batch in found], dict[str, str]()
    ids = {task.id for task in tasks}
    for index, (table, spec) in enumerate((batch.table, batch.spec) for batch in found):
        if spec.name in names[:index]:
            table.problem("name", f"a second batch {spec.name!r}")
        if spec.name in ids:
            table.problem("name", f"{spec.name!r} is a task's id already: nobody could tell which is meant")
        for id in spec.tasks:
            owner = owners.setdefault(id, spec.name)
            if owner != spec.name:
                table.problem("tasks", f"task {id!r} is in batch {owner!r} already")
        for id in sorted(id for id, count in Counter(spec.tasks).items() if count > 1):
            table.problem("tasks", f"{id!r} is named twice")
        for name in spec.after:
            if name not in names:
                unknown(table, "after", "batch", name, names)
    _check_circles(root, [batch.spec for batch in found], tasks)


def _check_circles(root: Table, batches: Sequence[BatchSpec], tasks: Sequence[TaskSpec]) -> None:
    """Follow tasks and batches in one graph: a task waits for the batches that its own one comes after."""
    graph: dict[str, set[str]] = {f"task {task.id}": {f"task {id}" for id in task.after} for task in tasks}
    for batch in batches:
        graph[f"batch {batch.name}"] = {f"task {id}" for id in batch.tasks}
        for id in batch.tasks:
            graph.setdefault(f"task {id}", set()).update(f"batch {name}" for name in batch.after if name != batch.name)
        if batch.name in batch.after:
            graph[f"batch {batch.name}"].add(f"batch {batch.name}")
    for path in _circles(graph):
        key = "batch" if any(name.startswith("batch ") for name in path) else "task"
        root.problem(key, f"these wait for each other: {' -> '.join(path)[:300]}", "take one `after` away")


def _circles(graph: dict[str, set[str]]) -> Iterable[list[str]]:
    """Yield circles, each in the order of waiting, until none is left; `graph` loses an edge of each."""
    for _ in range(_MOST_CIRCLES):
        try:
            TopologicalSorter(graph).prepare()
            return
        except CycleError as error:
            first, second, *_ = error.args[1]
            yield error.args[1][::-1]
            graph[second].discard(first)
