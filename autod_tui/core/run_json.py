"""Runs as scripts see them: the documented objects of `--json`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from autod_tui.core.plan import AgentProfile
from autod_tui.core.run import RunRecord, SessionRecord, TaskRecord
from autod_tui.core.run_plan import TaskSpec
from autod_tui.core.run_sessions import halt_json, unasked_stages
from autod_tui.core.run_view import RunView, batch_state, run_view
from autod_tui.core.usage import total_usage
from autod_tui.core.usage_words import usage_json


def run_json(run: RunRecord, agents: Mapping[str, AgentProfile] | None = None) -> dict[str, Any]:
    """Return the documented object of `autod show ID --json`; what is not known is null."""
    unasked = unasked_stages(run.plan, agents or {})
    specs = {spec.id: spec for spec in run.plan.tasks}
    batch_of = {id: batch.name for batch in run.plan.batches for id in batch.tasks}
    return {
        "id": run.id,
        "plan": run.plan.name,
        "state": run.state.value,
        "reason": run.reason or None,
        "started_at": run.started_at or None,
        "ended_at": run.ended_at or None,
        "into": run.plan.into,
        "unasked": [stage.name for stage in run.plan.stages if stage.name in unasked],
        "progress": {"done": run.done, "total": len(run.tasks)},
        **usage_json(total_usage(session.usage for session in run.sessions.values())),
        "batches": [
            {"name": batch.name, "state": batch_state(run, batch), "tasks": list(batch.tasks)}
            for batch in run.plan.batches
        ],
        "tasks": [_task_json(task, specs[task.id], batch_of.get(task.id)) for task in run.tasks.values()],
        "sessions": [_session_json(session) for session in run.sessions.values()],
    }


def run_summary(view: RunView) -> dict[str, Any]:
    """Return one entry of `runs` in `autod status --json` and `autod runs --json`."""
    return {
        "id": view.id,
        "plan": view.plan,
        "title": view.title,
        "state": view.state.value,
        "reason": view.reason or None,
        "started_at": view.started_at or None,
        "ended_at": view.ended_at or None,
        "into": view.into,
        "progress": {"done": view.done, "total": view.total},
        "tasks": dict(view.states),
        "sessions": {"running": view.living, "ended": sum(stage.sessions for stage in view.stages)},
        "halted": [{"session": session.id, **(halt_json(session.halt) or {})} for session in view.halted],
        "unasked": view.unasked,
        "seconds_left": view.seconds_left,
        **usage_json(view.usage),
    }


def runs_json(
    runs: Mapping[str, RunRecord], now: float = 0.0, agents: Mapping[str, AgentProfile] | None = None
) -> list[dict[str, Any]]:
    """Return the summaries of all runs, oldest first; `now` (Unix time) makes `seconds_left` exact."""
    return [run_summary(run_view(run, now, agents)) for run in runs.values()]


def _task_json(task: TaskRecord, spec: TaskSpec, batch: str | None) -> dict[str, Any]:
    return {
        "id": task.id,
        "title": spec.title,
        "batch": batch,
        "stage": task.stage,
        "state": task.state.value,
        "reason": task.reason or None,
        "attempts": dict(task.attempts),
        "verdicts": [
            {"stage": one.stage, "verdict": one.verdict.value, "reason": one.reason, "session": one.session or None}
            for one in task.verdicts
        ],
        "outputs": list(spec.outputs),
    }


def _session_json(session: SessionRecord) -> dict[str, Any]:
    return {
        "id": session.id,
        "stage": session.stage,
        "tasks": list(session.tasks),
        "agent": session.agent or None,
        "model": session.model or None,
        "state": session.state.value,
        "reason": session.reason or None,
        "halt": halt_json(session.halt),
        "permission": session.permission or None,
        "exit_status": session.exit_status,
        "started_at": session.started_at or None,
        "ended_at": session.ended_at or None,
        "pane": session.pane or None,
        "log": session.log or None,
        "prompt_file": session.prompt_file or None,
        **usage_json(session.usage),
    }
