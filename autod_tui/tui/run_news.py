"""What of runs a person is told without asking: a batch is complete, a review is wanted, a run is over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from autod_tui.core import run_events as ev
from autod_tui.core.amounts import count
from autod_tui.core.events import Recorded
from autod_tui.core.run import SETTLED_STATES, RunRecord, RunState, TaskState
from autod_tui.core.run_plan import BatchSpec

_OVER = frozenset({RunState.DONE, RunState.FAILED})
_RESTING = SETTLED_STATES | {TaskState.APPROVED, TaskState.REVIEW}


class News(NamedTuple):
    """A sentence, and whether it is bad."""

    text: str
    failed: bool = False


class RunNews:
    """Finds the news in what happened; nothing is told twice."""

    def __init__(self) -> None:
        """Nothing is told yet."""
        self._told: set[tuple[str, str, str]] = set()

    def find(self, entries: Sequence[Recorded], runs: Mapping[str, RunRecord]) -> list[News]:
        """Return what `entries` mean for a person, given the runs as they are after them."""
        touched: dict[str, set[str]] = {}
        news: list[News] = []
        for entry in entries:
            event = entry.event
            if isinstance(event, ev.RunChanged) and event.state in _OVER and event.run in runs:
                news.append(_over(runs[event.run], event.state))
            for task in _tasks_of(event):
                touched.setdefault(event.run, set()).add(task)  # type: ignore[attr-defined]
        for id, tasks in touched.items():
            if id in runs:
                news = [*self._of_run(runs[id], tasks), *news]
        return news

    def _of_run(self, run: RunRecord, touched: set[str]) -> list[News]:
        news: list[News] = []
        waiting = 0
        for batch in run.plan.batches:
            states = [run.tasks[id].state for id in batch.tasks if id in run.tasks]
            resting = bool(states) and set(states) <= _RESTING
            word = "review" if TaskState.REVIEW in states else "complete"
            if not resting:
                self._told -= {(run.id, batch.name, "review"), (run.id, batch.name, "complete")}
            elif touched & set(batch.tasks) and (word == "review" or not _still(run, states)):
                waiting += word == "review"
                news += self._once(run, batch, states, word)
        if not run.plan.batches or not waiting:
            news += self._single(run)
        return news

    def _once(self, run: RunRecord, batch: BatchSpec, states: list[TaskState], word: str) -> list[News]:
        key = (run.id, batch.name, word)
        if key in self._told:
            return []
        self._told.add(key)
        if word == "review":
            self._told.add((run.id, "", "review"))
            text = f"{count(states.count(TaskState.REVIEW), 'task')} of batch {batch.name} for your review"
            return [News(f"{run.id}: {text} (b, then w)")]
        failed = sum(1 for state in states if state in (TaskState.FAILED, TaskState.STOPPED))
        ends = f", {failed} not done" if failed else ""
        return [News(f"{run.id}: batch {batch.name} is complete{ends}", failed=bool(failed))]

    def _single(self, run: RunRecord) -> list[News]:
        """Tell when the first task begins to wait, and again only after none did."""
        key = (run.id, "", "review")
        waits = sum(1 for task in run.tasks.values() if task.state is TaskState.REVIEW)
        if not waits:
            self._told.discard(key)
        elif key not in self._told:
            self._told.add(key)
            return [News(f"{run.id}: {count(waits, 'task')} for your review (b, then w)")]
        return []


def _still(run: RunRecord, states: list[TaskState]) -> bool:
    """Say whether approved work of a batch has still to be merged."""
    return run.plan.merge and TaskState.APPROVED in states


def _over(run: RunRecord, state: RunState) -> News:
    done = f"{run.done} of {count(len(run.tasks), 'task')} done"
    if state is RunState.DONE:
        return News(f"{run.id} is done: {done}")
    return News(f"{run.id} can't go on: {done}{f'; {run.reason}' if run.reason else ''}", failed=True)


def _tasks_of(event: object) -> tuple[str, ...]:
    if isinstance(event, ev.TaskJudged | ev.TaskSettled | ev.ReviewAsked | ev.TaskConflicted):
        return (event.task,)
    return event.tasks if isinstance(event, ev.TasksIntegrated) else ()
