"""What a person chooses of a plan for one run: some of its tasks, a model, sizes."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from msgspec.structs import replace

from autod_tui.core.errors import UsageError
from autod_tui.core.names import nearest
from autod_tui.core.plan import Plan
from autod_tui.core.run_plan import BatchSpec, By, Isolation, RunPlan, TaskSpec

_NUMBERED = re.compile(r"(.*?)(\d+)\Z", re.DOTALL)
_MOST = 1000


def take_items(plan: RunPlan, items: str) -> RunPlan:
    """Return `plan` with the tasks that `items` names: ids, batches, ranges (`1.1-1.5`, `b1:1-20`), with commas.

    What the others would have to be done first is not waited for. Empty `items` takes all. Raises UsageError for
    what the plan does not have, with the nearest id, and when there are more tasks than `max_tasks`.
    """
    if items.strip():
        batches = {batch.name: batch.tasks for batch in plan.batches}
        ids, unknown = chosen_ids([task.id for task in plan.tasks], batches, items)
        if unknown:
            raise UsageError(f"plan {plan.name!r} has no {'; no '.join(unknown)}", hint=_known(plan.tasks))
        plan = _only(plan, set(ids))
    if plan.max_tasks and len(plan.tasks) > plan.max_tasks:
        raise UsageError(
            f"that is {len(plan.tasks)} tasks; a run of plan {plan.name!r} takes at most {plan.max_tasks}",
            hint=f"choose with --items, such as --items {_first(plan)}",
        )
    return plan


def _first(plan: RunPlan) -> str:
    """Return a word for as many tasks as a run takes, from the first on; for the first alone where there is none."""
    ids = [task.id for task in plan.tasks]
    first, last = ids[0], ids[plan.max_tasks - 1]
    left, right = _NUMBERED.match(first), _NUMBERED.match(last)
    short = left and right and left[1] == right[1]
    word = f"{first}-{right[2] if short and right else last}"
    return word if 0 < len(_range(ids, word)) <= plan.max_tasks else first


def chosen_ids(
    known: Sequence[str], batches: Mapping[str, Iterable[str]], items: str | Iterable[str]
) -> tuple[list[str], list[str]]:
    """Return the ids that `items` means, in the plan's order, and what it names that isn't there (with a guess)."""
    words = items.split(",") if isinstance(items, str) else list(items)
    chosen: set[str] = set()
    unknown = []
    for word in filter(None, (word.strip() for word in words)):
        found = [word] if word in known else list(batches.get(word, ())) or _range(known, word)
        if not found:
            unknown.append(_guess(known, batches, word))
        chosen.update(found)
    return [id for id in known if id in chosen], unknown


def _range(known: Sequence[str], word: str) -> list[str]:
    """Return the ids from one to another, `1.1-1.5` or `1.1-5`; empty when `word` is no range of known ids."""
    place = {id: index for index, id in enumerate(known)}
    for dash in [match.start() for match in re.finditer("-", word)]:
        left, right = word[:dash].strip(), word[dash + 1 :].strip()
        numbered = _NUMBERED.match(left)
        if numbered and right not in place and right.isdigit():
            right = next(
                (id for id in (numbered[1] + right, numbered[1] + right.zfill(len(numbered[2]))) if id in place), ""
            )
        if left in place and right in place:
            return _between(known, left, right)
    return []


def _between(known: Sequence[str], left: str, right: str) -> list[str]:
    """Count by number where both ids differ in nothing else, else take the plan's order."""
    first, last = _NUMBERED.match(left), _NUMBERED.match(right)
    if first and last and first[1] == last[1]:
        low, high = int(first[2]), int(last[2])
        numbers = [(id, _NUMBERED.match(id)) for id in known]
        return [id for id, found in numbers if found and found[1] == first[1] and low <= int(found[2]) <= high]
    start, end = known.index(left), known.index(right)
    return list(known[start : end + 1])


def _guess(known: Sequence[str], batches: Collection[str], word: str) -> str:
    near = nearest(word, {*known, *batches})
    if near is None and "-" in word:
        near = next((one for part in word.split("-") if (one := nearest(part, {*known, *batches}))), None)
    return f"{_quoted(word)} (did you mean {near!r}?)" if near else _quoted(word)


def _known(tasks: Sequence[TaskSpec]) -> str:
    ids = [task.id for task in tasks]
    return f"it has {', '.join(ids[:6])}" + (f" ... {ids[-1]}" if len(ids) > 6 else "")


def _only(plan: RunPlan, ids: set[str]) -> RunPlan:
    tasks = tuple(
        replace(task, after=tuple(id for id in task.after if id in ids)) for task in plan.tasks if task.id in ids
    )
    batches = [replace(batch, tasks=tuple(id for id in batch.tasks if id in ids)) for batch in plan.batches]
    kept = {batch.name for batch in batches if batch.tasks}
    return replace(plan, tasks=tasks, batches=tuple(_waiting(batch, plan, kept) for batch in batches if batch.tasks))


def _waiting(batch: BatchSpec, plan: RunPlan, kept: set[str]) -> BatchSpec:
    """Wait for the kept ones among the batches before, also through those that are gone."""
    after = {one.name: one.after for one in plan.batches}
    found: dict[str, None] = {}
    seen: set[str] = set()
    waiting = list(batch.after)
    while waiting:
        name = waiting.pop(0)
        if name in kept:
            found[name] = None
        elif name not in seen:
            seen.add(name)
            waiting.extend(after.get(name, ()))
    return replace(batch, after=tuple(found))


def tune(
    plan: RunPlan,
    *,
    model: str = "",
    batch_sizes: Mapping[str, int] | None = None,
    sessions: Mapping[str, int] | None = None,
) -> RunPlan:
    """Return `plan` with another model for all tasks, other batch sizes and session counts (stage to number).

    A stage with a model of its own keeps it where its agent is not the plan's either. Raises UsageError for stages
    that the plan does not have and numbers outside 1 to 1000.
    """
    batch_sizes, sessions = batch_sizes or {}, sessions or {}
    names = {stage.name for stage in plan.stages}
    for stage, number in [*batch_sizes.items(), *sessions.items()]:
        if stage not in names:
            near = nearest(stage, names)
            hint = f"did you mean {near!r}?" if near else f"known: {', '.join(one.name for one in plan.stages)}"
            raise UsageError(f"plan {plan.name!r} has no stage {_quoted(stage)}", hint=hint)
        if not 1 <= number <= _MOST:
            raise UsageError(f"stage {stage!r}: {number} is not between 1 and {_MOST}")
    stages = tuple(
        replace(
            stage,
            batch_size=batch_sizes.get(stage.name, stage.batch_size),
            sessions=sessions.get(stage.name, stage.sessions),
            model=model if model and stage.model and not stage.agent else stage.model,
        )
        for stage in plan.stages
    )
    tasks = tuple(replace(task, model=model) for task in plan.tasks) if model else plan.tasks
    return replace(plan, stages=stages, tasks=tasks)


def plan_warnings(plan: RunPlan, settings: Plan) -> tuple[str, ...]:
    """Return what is odd about a plan though it can be carried out, for a person to read before it starts."""
    return (*plan.warnings, *_task_warnings(plan), *_stage_warnings(plan, settings))


def _task_warnings(plan: RunPlan) -> Iterable[str]:
    owned = {id for batch in plan.batches for id in batch.tasks}
    free = [task.id for task in plan.tasks if task.id not in owned]
    if plan.batches and free:
        more = f" and {len(free) - 4} more" if len(free) > 4 else ""
        yield f"in no batch, so they wait for none: {', '.join(free[:4])}{more}"
    if plan.max_tasks and len(plan.tasks) > plan.max_tasks:
        yield f"{len(plan.tasks)} tasks, a run takes at most {plan.max_tasks}: choose with --items"


def _stage_warnings(plan: RunPlan, settings: Plan) -> Iterable[str]:
    for stage in plan.stages:
        if plan.isolation is Isolation.SHARED and stage.sessions > 1:
            yield f"stage {stage.name!r}: {stage.sessions} sessions, but the one lane holds one at a time"
        names = (
            {stage.agent} if stage.agent else {plan.agent, *(plan.roles[task.role] for task in plan.tasks if task.role)}
        )
        for name in sorted(names) if stage.by is By.AGENT else ():
            profile = settings.agents.get(name)
            if profile and profile.interactive and not profile.headless:
                yield f"stage {stage.name!r}: agent {name!r} has no `headless` command and may never end by itself"


def _quoted(word: str) -> str:
    return repr(word) if len(word) <= 60 else f"{word[:57]!r}..."
