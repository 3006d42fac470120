"""What a run took and what batching saved, as `autod report RUN` tells it; all of it counted from the journal.

Keys of the metrics; seconds are seconds, what nobody measured or said is null:

    id, plan, state      as in `autod runs --json`
    progress             {done, total, percent}
    working_seconds      time in which at least one session ran: pauses and reboots don't count
    per_hour             tasks done in an hour of that time
    seconds_left         until the end, at the pace so far
    sessions             session state (running, done, failed, lost ...) to the number of sessions
    stages               one per stage: {name, by, sessions, tasks, seconds, seconds_per_task, per_hour, attempts,
                         approved, needs_work}; `seconds` are those of its ended sessions one after another, `tasks`
                         what they had, `per_hour` its approvals in an hour in which it worked
    workers              one per place and agent that worked: {slot, agent, model, sessions, tasks, seconds, approved,
                         per_hour, tokens, cost_usd}; slot is the number of the worktree, 0 for none
    saving               {sessions, sessions_alone, start_up_seconds, start_up_seconds_alone}: agents' sessions against
                         one for each task, and the measured times from start to first output all together against
                         the same paid by each task
    attempts             {total, most, repeated}: in all, the most of one task at one stage, tasks that needed several
    verdicts             {approved, needs_work}
    tokens               {input, output, cached}, or null
    cost_usd             US dollars
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from autod_tui.core.report import ReportRow
from autod_tui.core.run import RunRecord, SessionRecord, SessionState, TaskVerdict, Verdict
from autod_tui.core.run_plan import StageSpec
from autod_tui.core.run_view import progress_text, run_view, working_seconds
from autod_tui.core.timeline import span_text
from autod_tui.core.usage import total_usage
from autod_tui.core.usage_words import cost_words, token_words, usage_json

UNKNOWN = "unknown"


def run_metrics(run: RunRecord, now: float) -> dict[str, Any]:
    """Return the metrics of one run at `now` (Unix time), with the keys above."""
    view = run_view(run, now)
    verdicts = [one for task in run.tasks.values() for one in task.verdicts]
    attempts = [count for task in run.tasks.values() for count in task.attempts.values()]
    saving = view.saving
    return {
        "id": run.id,
        "plan": run.plan.name,
        "state": run.state.value,
        "progress": {"done": view.done, "total": view.total, "percent": _percent(view.done, view.total)},
        "working_seconds": view.working_seconds,
        "per_hour": view.per_hour,
        "seconds_left": view.seconds_left,
        "sessions": _count(run.sessions.values()),
        "stages": [_stage(run, stage, verdicts, now) for stage in run.plan.stages],
        "workers": run_workers(run, now),
        "saving": {
            "sessions": saving.sessions,
            "sessions_alone": saving.sessions_alone,
            "start_up_seconds": saving.start_up,
            "start_up_seconds_alone": saving.start_up_alone,
        },
        "attempts": {
            "total": sum(attempts),
            "most": max(attempts, default=0),
            "repeated": sum(1 for task in run.tasks.values() if any(n > 1 for n in task.attempts.values())),
        },
        "verdicts": _verdicts(verdicts),
        **usage_json(view.usage),
    }


def run_rows(metrics: dict[str, Any]) -> list[ReportRow]:
    """Return the metrics of one run, stages and workers left out, as people read them."""
    progress, saving = metrics["progress"], metrics["saving"]
    verdicts, sessions = metrics["verdicts"], metrics["sessions"]
    told = ", ".join(f"{count} {state}" for state, count in sessions.items()) or "none yet"
    fewer = saving["sessions_alone"] - saving["sessions"]
    return [
        ReportRow("state", metrics["state"]),
        ReportRow("done", progress_text(progress["done"], progress["total"])),
        ReportRow("time at work", span_text(metrics["working_seconds"])),
        ReportRow("tasks per hour", number(metrics["per_hour"])),
        ReportRow("time left", _span(metrics["seconds_left"])),
        ReportRow("sessions", told),
        ReportRow("agents' sessions", f"{saving['sessions']}, one by one {saving['sessions_alone']}: {fewer} saved"),
        ReportRow("start-up time", _start_up(saving)),
        ReportRow("attempts", _attempts(metrics["attempts"])),
        ReportRow("verdicts", f"{verdicts['approved']} approved, {verdicts['needs_work']} needs work"),
        ReportRow("tokens", _tokens(metrics["tokens"])),
        ReportRow("cost", _cost(metrics["cost_usd"])),
    ]


def stage_table(metrics: dict[str, Any]) -> list[list[str]]:
    """Return a head and one row per stage."""
    rows = [["STAGE", "SESSIONS", "TASKS", "TIME", "PER TASK", "PER HOUR", "ATTEMPTS", "APPROVED", "NEEDS WORK"]]
    for one in metrics["stages"]:
        counts = [str(one[key]) for key in ("attempts", "approved", "needs_work")]
        times = [span_text(one["seconds"]), _span(one["seconds_per_task"]), number(one["per_hour"])]
        rows.append([one["name"], str(one["sessions"]), str(one["tasks"]), *times, *counts])
    return rows


def worker_table(metrics: dict[str, Any]) -> list[list[str]]:
    """Return a head and one row per worker."""
    rows = [["WORKER", "SESSIONS", "TASKS", "TIME", "APPROVED", "PER HOUR", "TOKENS", "COST"]]
    for one in metrics["workers"]:
        work = [span_text(one["seconds"]), str(one["approved"]), number(one["per_hour"])]
        used = [_tokens(one["tokens"]), _cost(one["cost_usd"])]
        rows.append([worker_name(one), str(one["sessions"]), str(one["tasks"]), *work, *used])
    return rows


def worker_name(worker: dict[str, Any]) -> str:
    """Return such as `2: claude opus`: the number of the worktree, where it has one, the agent and the model."""
    slot = f"{worker['slot']}:" if worker["slot"] else ""
    return " ".join(word for word in (slot, worker["agent"], worker["model"]) if word)


def run_line(metrics: dict[str, Any]) -> ReportRow:
    """Return a run in one row, for the report of the whole plan."""
    progress, saving = metrics["progress"], metrics["saving"]
    saved = saving["sessions_alone"] - saving["sessions"]
    done = progress_text(progress["done"], progress["total"])
    return ReportRow(f"run {metrics['id']}", f"{metrics['state']}, {done}, {saved} sessions saved")


def _stage(run: RunRecord, stage: StageSpec, verdicts: Iterable[TaskVerdict], now: float) -> dict[str, Any]:
    all_of_it = [one for one in run.sessions.values() if one.stage == stage.name]
    ended = [one for one in all_of_it if one.state is not SessionState.RUNNING]
    judged = _verdicts(one for one in verdicts if one.stage == stage.name)
    seconds, tasks = sum(one.ended_at - one.started_at for one in ended), sum(len(one.tasks) for one in ended)
    return {
        "name": stage.name,
        "by": stage.by.value,
        "sessions": len(ended),
        "tasks": tasks,
        "seconds": seconds,
        "seconds_per_task": seconds / tasks if tasks else None,
        "per_hour": _per_hour(judged["approved"], working_seconds(all_of_it, now)),
        "attempts": sum(task.attempts.get(stage.name, 0) for task in run.tasks.values()),
        **judged,
    }


def run_workers(run: RunRecord, now: float) -> list[dict[str, Any]]:
    """Return `workers` of the metrics."""
    approved: dict[str, int] = {}
    for one in (one for task in run.tasks.values() for one in task.verdicts):
        if one.verdict is Verdict.APPROVED and one.session:
            approved[one.session] = approved.get(one.session, 0) + 1
    groups: dict[tuple[int, str, str], list[SessionRecord]] = {}
    for session in run.sessions.values():
        if session.agent:
            groups.setdefault((session.slot, session.agent, session.model), []).append(session)
    return [_worker(key, groups[key], approved, now) for key in sorted(groups)]


def _worker(
    key: tuple[int, str, str], sessions: list[SessionRecord], approved: dict[str, int], now: float
) -> dict[str, Any]:
    good, seconds = sum(approved.get(one.id, 0) for one in sessions), working_seconds(sessions, now)
    return {
        "slot": key[0],
        "agent": key[1],
        "model": key[2],
        "sessions": len(sessions),
        "tasks": sum(len(one.tasks) for one in sessions),
        "seconds": seconds,
        "approved": good,
        "per_hour": _per_hour(good, seconds),
        **usage_json(total_usage(one.usage for one in sessions)),
    }


def _verdicts(verdicts: Iterable[TaskVerdict]) -> dict[str, int]:
    given = [one.verdict for one in verdicts]
    return {"approved": given.count(Verdict.APPROVED), "needs_work": given.count(Verdict.NEEDS_WORK)}


def _count(sessions: Iterable[SessionRecord]) -> dict[str, int]:
    states = [one.state for one in sessions]
    return {state.value: states.count(state) for state in SessionState if state in states}


def _percent(done: int, total: int) -> float | None:
    return round(100 * done / total, 2) if total else None


def _per_hour(count: int, seconds: float) -> float | None:
    return 3600 * count / seconds if count and seconds else None


def number(value: float | None) -> str:
    """Return a number with one decimal, or `unknown`."""
    return UNKNOWN if value is None else f"{value:.1f}"


def _span(seconds: float | None) -> str:
    return UNKNOWN if seconds is None else span_text(seconds)


def _start_up(saving: dict[str, Any]) -> str:
    spent, alone = saving["start_up_seconds"], saving["start_up_seconds_alone"]
    if spent is None or alone is None:
        return UNKNOWN
    return f"{spent:.1f} s, one by one {alone:.1f} s: {alone - spent:.1f} s saved"


def _attempts(attempts: dict[str, int]) -> str:
    again = attempts["repeated"]
    return f"{attempts['total']}, at most {attempts['most']} at one stage; tried again: {again}"


def _tokens(tokens: dict[str, int | None] | None) -> str:
    known = {kind: count for kind, count in (tokens or {}).items() if count is not None}
    return ", ".join(f"{token_words(count)} {kind}" for kind, count in known.items()) or UNKNOWN


def _cost(dollars: float | None) -> str:
    return UNKNOWN if dollars is None else cost_words(dollars)
