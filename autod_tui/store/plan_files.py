"""From `workstreams/NAME.toml` to a plan of tasks, or to all its mistakes at once."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec.structs import replace

from autod_tui.core.errors import Problem, SettingsError, UsageError
from autod_tui.core.names import name_problem, nearest, suggest_name
from autod_tui.core.plan import Plan
from autod_tui.core.run_choice import chosen_ids, plan_warnings, take_items, tune
from autod_tui.core.run_plan import BatchSpec, Isolation, RunPlan, StageSpec, TaskSpec
from autod_tui.store.checkpoint_tables import check_ref
from autod_tui.store.fields import Table
from autod_tui.store.plan_checks import check_batches, check_tasks, settle_stages
from autod_tui.store.plan_place import MAX_TASKS, Place, Placed, read_word
from autod_tui.store.plan_tables import BatchTable, read_batches, read_items, read_stages, read_tasks
from autod_tui.store.settings import check_agent, read_roles
from autod_tui.store.task_sources import read_source
from autod_tui.store.toml import read_toml
from autod_tui.store.workstream_files import DIRECTORY

__all__ = ["load_run_plan", "plan_warnings", "run_plan_names", "take_items", "tune"]


def run_plan_names(root: Path) -> tuple[str, ...]:
    """Return the names of the plans of tasks in `root`/workstreams, sorted; none of the files is read."""
    try:
        entries = sorted((entry for entry in os.scandir(root / DIRECTORY) if entry.name.endswith(".toml")), key=_name)
    except OSError:
        return ()
    names = (_name(entry) for entry in entries if entry.is_file())
    return tuple(name for name in names if not name_problem(name))


def _name(entry: os.DirEntry[str]) -> str:
    return entry.name.removesuffix(".toml")


def load_run_plan(root: Path, name: str, plan: Plan) -> RunPlan:
    """Read the plan of tasks `name` of the repository at `root`; agents, gates and roles come from `plan`.

    Raises UsageError when there is no such plan, SettingsError with every mistake of its files.
    """
    file = f"{DIRECTORY}/{name}.toml"
    problems: list[Problem] = []
    values = None if name_problem(name) else read_toml(root / file, file, problems)
    if values is None and not problems:
        known = run_plan_names(root)
        near = nearest(name, set(known))
        hint = f"did you mean {near!r}?" if near else f"known: {', '.join(known) or f'none, write {file}'}"
        raise UsageError(f"no plan of tasks {name!r}: there is no {file}", hint=hint)
    found = _Reader(Table(values, file, problems), Place(root), name, plan).read() if values is not None else None
    if problems or found is None:
        raise SettingsError(tuple(dict.fromkeys(problems)))
    return found


class _Reader:
    """Reads one plan file; every mistake goes to the table's problems."""

    def __init__(self, table: Table, place: Place, name: str, plan: Plan) -> None:
        self._table = table
        self._place = place
        self._name = name
        self._plan = plan
        self._warnings: list[str] = []
        self._source = table.table("tasks") if table.has("tasks") else None
        self._blind = False
        """The source can't be read: names of its tasks are not to be called unknown."""

    def read(self) -> RunPlan:
        table, plan = self._table, self._plan
        roles = {**plan.roles, **read_roles(table, plan.agents)}
        stages = settle_stages(read_stages(table, plan.gates, self._place), plan.agents)
        placed = self._tasks()
        check_tasks(table, placed, roles)
        tasks = tuple({one.spec.id: one.spec for one in reversed(placed)}.values())[::-1]
        batches = self._batches(placed)
        check_batches(table, batches, tasks)
        found = self._head(stages, tasks, tuple(batch.spec for batch in batches), roles)
        table.finish()
        return found

    def _head(
        self,
        stages: tuple[StageSpec, ...],
        tasks: tuple[TaskSpec, ...],
        batches: tuple[BatchSpec, ...],
        roles: Mapping[str, str],
    ) -> RunPlan:
        head, project = self._table.table("plan"), self._plan.project
        found = RunPlan(
            name=self._name,
            title=head.text("title") or self._name,
            isolation=read_word(head, "isolation", Isolation, Isolation.WORKTREE),
            into=head.text("into") or f"integration/{self._name}",
            target=project.target,
            stages=stages,
            tasks=tasks,
            batches=batches,
            roles=roles,
            agent=head.text("agent") or project.agent,
            max_sessions=head.whole("max_sessions", project.max_sessions, least=1, most=1000),
            max_tasks=head.whole("max_tasks", 0, least=0, most=MAX_TASKS),
            merge=head.flag("merge", True),
            warnings=tuple(self._warnings),
        )
        head.finish()
        check_agent(head, "agent", found.agent, self._plan.agents)
        self._check_into(head, found.into)
        return found

    def _check_into(self, head: Table, into: str) -> None:
        check_ref(head, "into", into)
        target = self._plan.project.target
        owners = {spec.branch: f"the branch of workstream {spec.name!r}" for spec in self._plan.workstreams}
        if into in owners:
            head.problem("into", f"{into!r} is {owners[into]}", "take a branch that nobody else writes to")
        if into == "run":
            head.problem("into", "'run' can't be a branch: those of sessions are called run/...")
        if into.startswith(f"{target}/") or target.startswith(f"{into}/"):
            head.problem("into", f"{into!r} and the target {target!r} can't both be branches")

    def _tasks(self) -> list[Placed]:
        """Return all tasks, those from a source first, with the roles that `[tasks]` gives to their kinds."""
        table = self._table
        found = [*self._sourced(), *read_tasks(table, self._place), *read_items(table)]
        if len(found) > MAX_TASKS:
            table.problem("", f"{len(found)} tasks are too many", f"at most {MAX_TASKS}")
        return self._with_roles(found)

    def _sourced(self) -> list[Placed]:
        if self._source is None:
            return []
        found = read_source(self._source, self._place, self._warnings)
        self._blind = not found
        return found

    def _with_roles(self, found: list[Placed]) -> list[Placed]:
        by_kind = self._source.mapping("roles") if self._source else {}

        def role(task: TaskSpec) -> str:
            return task.role or by_kind.get(task.kind, "")

        return [replace(one, spec=replace(one.spec, role=role(one.spec))) for one in found]

    def _batches(self, placed: Sequence[Placed]) -> list[BatchTable]:
        """Return the declared batches with their ranges resolved, then those that the source makes."""
        ids = [one.spec.id for one in placed]
        declared = [self._resolved(batch, ids) for batch in read_batches(self._table)]
        if self._source is None:
            return declared
        owned = {id for batch in declared for id in batch.spec.tasks}
        free = [one for one in placed if one.source and one.spec.id not in owned]
        named: dict[str, list[str]] = {}
        for one in free:
            if one.batch:
                named.setdefault(suggest_name(one.batch) or "batch", []).append(one.spec.id)
        size = self._source.whole("batches", 0, least=0, most=1000)
        self._source.finish()
        groups = {**named, **_grouped([one.spec.id for one in free if not one.batch], size)}
        return [*declared, *(self._made(name, group) for name, group in groups.items())]

    def _made(self, name: str, ids: Sequence[str]) -> BatchTable:
        return BatchTable(self._source or self._table, BatchSpec(name=name, tasks=tuple(ids)))

    def _resolved(self, batch: BatchTable, ids: Sequence[str]) -> BatchTable:
        tasks: list[str] = []
        for word in batch.spec.tasks:
            found, unknown = chosen_ids(ids, {}, [word])
            if unknown and not self._blind:
                batch.table.problem("tasks", f"unknown task {unknown[0]}")
            tasks.extend(found)
        return replace(batch, spec=replace(batch.spec, tasks=tuple(tasks)))


def _grouped(ids: Sequence[str], size: int) -> dict[str, Sequence[str]]:
    """Return batches of `size` tasks each, none when it is 0."""
    groups = [ids[start : start + size] for start in range(0, len(ids), size)] if size else []
    digits = len(str(len(groups)))
    return {f"batch-{number:0{digits}}": group for number, group in enumerate(groups, 1)}
