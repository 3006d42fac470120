"""A tracker: JSON with the status of every task, and what in it contradicts itself."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from autod_tui.core.run_plan import TaskSpec
from autod_tui.store.files import UnreadableError
from autod_tui.store.plan_place import path_problem
from autod_tui.store.task_rows import Found, is_done, priority

PROMPT_KEY = "kickoff_prompt"
"""Names a file beside the tracker with the task's prompt."""
_SHOWN = 4
"""Task ids that a warning names before it counts."""


def parse_json(text: str) -> Any:
    """Return the document in `text`; raises UnreadableError, also for a name that stands twice in one object."""
    try:
        return json.loads(text, object_pairs_hook=_object)
    except json.JSONDecodeError as error:
        raise UnreadableError(f"is not JSON: {error.msg} in line {error.lineno}") from None
    except RecursionError:
        raise UnreadableError("is nested too deeply") from None
    except ValueError as error:
        raise UnreadableError(f"has a value that can't be read: {str(error)[:120]}") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise UnreadableError(f"names {name[:60]!r} twice in one object")
        found[name] = value
    return found


def read_tracker(text: str, warnings: list[str]) -> list[Found]:
    """Return the tasks of a tracker, an object under `taskStatus` or a list, and add its contradictions.

    Raises UnreadableError when the text is no such document.
    """
    document = parse_json(text)
    entries = _entries(document)
    found = [_task(id, entry, warnings) for id, entry in entries.items()]
    if isinstance(document, dict):
        warnings.extend(_count_contradictions(document, entries))
    warnings.extend(_task_contradictions(entries))
    return found


def _entries(document: Any) -> dict[str, dict[str, Any]]:
    """Return id to entry in order."""
    listed = document
    if isinstance(document, dict):
        listed = next((document[key] for key in ("taskStatus", "tasks") if key in document), None)
    if isinstance(listed, dict):
        pairs = list(listed.items())
    elif isinstance(listed, list):
        pairs = [(str(entry.get("id", "")) if isinstance(entry, dict) else "", entry) for entry in listed]
    else:
        raise UnreadableError("has no tasks: neither `taskStatus` (or `tasks`) nor a list")
    wrong = next((number for number, (id, entry) in enumerate(pairs, 1) if not id or not isinstance(entry, dict)), 0)
    if wrong:
        raise UnreadableError(f"has a task without an id, or that is no object: number {wrong}")
    counts = Counter(id for id, _ in pairs)
    if twice := next((id for id, count in counts.items() if count > 1), ""):
        raise UnreadableError(f"lists task {twice[:60]!r} twice")
    return dict(pairs)


def _task(id: str, entry: Mapping[str, Any], warnings: list[str]) -> Found:
    execution, audit = _part(entry, "executionPhase"), _part(entry, "auditPhase")
    result = _text(execution.get("resultFile") or entry.get("resultFile"))
    if result and path_problem(result):
        warnings.append(f"{id}: {path_problem(result)}: left out")
        result = ""
    spec = TaskSpec(
        id=id,
        title=_text(entry.get("title") or entry.get("name")) or id,
        body=_body(entry),
        kind=_text(entry.get("type") or entry.get("kind")),
        model=_text(entry.get("model")),
        outputs=(result,) if result else (),
        priority=priority(_text(entry.get("priority"))),
        after=tuple(dict.fromkeys(_texts(entry.get("dependencies") or entry.get("after")))),
        declared=_declared(entry, execution, audit),
    )
    return Found(spec=spec, done=_approved(entry, audit))


def _approved(entry: Mapping[str, Any], audit: Mapping[str, Any]) -> bool:
    """Tell whether the tracker says approved: `completed` alone is so only where nothing is audited."""
    status = _text(entry.get("status"))
    if audit:
        return audit.get("approved") is True
    return is_done(status)


def _body(entry: Mapping[str, Any]) -> str:
    """Return what the entry says to do; lists such as files or tests become lines."""
    parts = [_text(entry.get("description") or entry.get("body") or entry.get("prompt"))]
    for key, heading in (("files", "Files"), ("outputs", "Deliverables"), ("tests", "Tests")):
        if listed := _texts(entry.get(key)):
            parts.append(f"{heading}:\n" + "\n".join(f"- {one}" for one in listed))
    parts.append(_text(entry.get("notes")))
    return "\n\n".join(part for part in parts if part)


def _declared(entry: Mapping[str, Any], execution: Mapping[str, Any], audit: Mapping[str, Any]) -> dict[str, str]:
    found = {
        "status": entry.get("status"),
        "estimated": entry.get("estimatedTime"),
        "agent": execution.get("assignedAgent"),
        "attempts": execution.get("attempts"),
        "size": execution.get("resultSize", entry.get("size")),
        "tokens": execution.get("tokenCount"),
        "score": audit.get("qualityScore"),
        "audit": audit.get("status"),
        PROMPT_KEY: entry.get(PROMPT_KEY),
    }
    return {key: _text(value) for key, value in found.items() if _text(value)}


def _count_contradictions(document: Mapping[str, Any], entries: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Compare what the tracker counts with what it lists."""
    phase, batches = _part(document, "executionPhase"), _part(document, "batchExecution")
    there = len(entries)
    if (total := _number(phase.get("totalTasks"))) not in (None, there):
        yield f"totalTasks is {total}, but {there} tasks are listed"
    completed = sum(1 for entry in entries.values() if is_done(_text(entry.get("status"))))
    if (told := _number(phase.get("completedTasks"))) not in (None, completed):
        yield f"completedTasks is {told}, but {completed} tasks have a status that says so"
    size, told = _number(batches.get("tasksPerBatch")), _number(batches.get("totalBatches"))
    if size and told is not None and told != -(-there // size):
        yield f"totalBatches is {told}, but {there} tasks in batches of {size} make {-(-there // size)}"
    levels = _part(_part(document, "completionTracking"), "byLevel").values()
    counts = [_number(level.get("total")) or 0 for level in levels if isinstance(level, dict)]
    if counts and sum(counts) != there:
        yield f"the totals by level add up to {sum(counts)}, but {there} tasks are listed"
    missing = [id for id in _texts(batches.get("currentBatchTasks")) if id not in entries]
    if missing:
        yield f"currentBatchTasks names tasks that are not listed: {some(missing)}"
    approved = sum(1 for entry in entries.values() if _part(entry, "auditPhase").get("approved") is True)
    if (told := _number(_part(document, "auditTracking").get("approvedTasks"))) not in (None, approved):
        yield f"approvedTasks is {told}, but {approved} tasks are approved"
    words = _part(document, "statusDefinitions")
    strange = sorted({_text(entry.get("status")) for entry in entries.values()} - set(words)) if words else []
    if strange:
        yield f"statusDefinitions does not know {some(strange)}"


def _task_contradictions(entries: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Find tasks whose parts do not agree."""
    audited = {id: (entry, _part(entry, "auditPhase")) for id, entry in entries.items() if entry.get("auditPhase")}
    completed = [id for id, (entry, audit) in audited.items() if _is(entry, "completed") and not _yes(audit)]
    if completed:
        yield f"completed, but their audit has not approved them: {some(completed)}"
    approved = [id for id, (entry, audit) in audited.items() if _is(entry, "approved") and not _yes(audit)]
    if approved:
        yield f"approved by status, but not by their audit: {some(approved)}"
    behind = [id for id, (entry, audit) in audited.items() if _yes(audit) and not is_done(_text(entry.get("status")))]
    if behind:
        yield f"approved by their audit, but not by status: {some(behind)}"
    without = [id for id, e in entries.items() if _is(e, "completed") and "executionPhase" in e and not _result(e)]
    if without:
        yield f"completed, but no result file is named: {some(without)}"


def some(ids: list[str]) -> str:
    """Return the first ids, and how many more there are."""
    more = len(ids) - _SHOWN
    return ", ".join(ids[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _is(entry: Mapping[str, Any], status: str) -> bool:
    return _text(entry.get("status")).casefold() == status


def _yes(audit: Mapping[str, Any]) -> bool:
    return audit.get("approved") is True


def _result(entry: Mapping[str, Any]) -> str:
    return _text(_part(entry, "executionPhase").get("resultFile"))


def _part(entry: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = entry.get(key)
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return re.sub(r"[\0\r]", "", str(value)) if isinstance(value, str | int | float) and value is not False else ""


def _texts(value: Any) -> list[str]:
    return [_text(one) for one in value if _text(one)] if isinstance(value, list) else []


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
