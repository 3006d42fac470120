"""What the commands about runs do."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from autod_tui.core.amounts import count
from autod_tui.core.errors import AutodError
from autod_tui.core.requests import (
    AnyRequest,
    PauseRun,
    ResumeRun,
    RetryTasks,
    Review,
    StopRun,
    TidyRun,
    TuneRun,
)
from autod_tui.core.run import SessionState, TaskState, Verdict
from autod_tui.tui.commands import Selection
from autod_tui.tui.foreground import SuspendNotSupported, run_shell
from autod_tui.tui.run_scopes import to_answer
from autod_tui.tui.screens.add_task import AddTaskDialog
from autod_tui.tui.screens.answer import answer_agent
from autod_tui.tui.screens.board import RunBoard
from autod_tui.tui.screens.comment import CommentDialog
from autod_tui.tui.screens.dialogs import Confirm, LineDialog, text_source
from autod_tui.tui.screens.pager import DiffPage
from autod_tui.tui.screens.review import ReviewScreen
from autod_tui.tui.screens.review_rows import green
from autod_tui.tui.screens.runs import RunsScreen
from autod_tui.tui.screens.session_log import SessionLog
from autod_tui.tui.screens.start_run import StartRunScreen

if TYPE_CHECKING:
    from autod_tui.tui.app import AutodApp

Action = Callable[["AutodApp", Selection], Awaitable[None]]


async def runs(app: AutodApp, selection: Selection) -> None:
    """Show the list of runs."""
    if not isinstance(app.screen, RunsScreen):
        app.push_screen(RunsScreen())


async def run_start(app: AutodApp, selection: Selection) -> None:
    """Ask for a plan, start it and show its board."""
    request = await app.push_screen_wait(StartRunScreen(app.desk, app.desk.run_plans()))
    if request is None:
        return
    answer = await app.ask(request)
    if answer.ok:
        app.push_screen(RunBoard(str(answer.data["id"])))


async def run_open(app: AutodApp, selection: Selection) -> None:
    """Show the board of the selected run."""
    if selection.run is not None:
        app.push_screen(RunBoard(selection.run.id))


async def run_review(app: AutodApp, selection: Selection) -> None:
    """Show what waits for a person."""
    run = selection.run
    if run is None:
        return
    if not any(task.state is TaskState.REVIEW for task in run.tasks.values()):
        app.say(f"nothing of {run.id} waits for a review")
        return
    app.push_screen(ReviewScreen(run.id, selection.task.id if selection.task else ""))


async def run_pause(app: AutodApp, selection: Selection) -> None:
    """Start no further sessions."""
    if selection.run is not None:
        await app.ask(PauseRun(run=selection.run.id))


async def run_resume(app: AutodApp, selection: Selection) -> None:
    """Go on."""
    if selection.run is not None:
        await app.ask(ResumeRun(run=selection.run.id))


async def run_stop(app: AutodApp, selection: Selection) -> None:
    """Stop the run after a question."""
    if run := selection.run:
        ends = f"{count(len(run.living), 'session')} with all their processes; what is done so far is kept"
        if await app.push_screen_wait(Confirm(f"stop {run.id}", text_source(f"This ends {ends}."), verb="Stop")):
            await app.ask(StopRun(run=run.id))


async def run_tidy(app: AutodApp, selection: Selection) -> None:
    """Remove the run's worktrees after a question; losing what no backup can hold takes the run's id typed in full."""
    run = selection.run
    if run is None:
        return
    planned = await app.desk.ask(TidyRun(run=run.id))
    if not planned.ok or not planned.data.get("plan"):
        app.tell_answer(planned)
        return
    discard = any(look["ignored"] for look in planned.data["plan"]["remove"].values())
    source = text_source(planned.message)
    word = run.id if discard else ""
    title = f"remove the worktrees of {run.id}"
    if await app.push_screen_wait(Confirm(title, source, verb="Discard" if discard else "Remove", word=word)):
        await app.ask(TidyRun(run=run.id, discard=discard, approved=True))


async def run_retry(app: AutodApp, selection: Selection) -> None:
    """Queue all failed and stopped tasks again."""
    if selection.run is not None:
        await app.ask(RetryTasks(run=selection.run.id))


async def run_add(app: AutodApp, selection: Selection) -> None:
    """Give the run one more task."""
    run = selection.run
    if run is not None and (answer := await app.push_screen_wait(AddTaskDialog(run.id))):
        app.tell_answer(answer)


async def run_export(app: AutodApp, selection: Selection) -> None:
    """Ask for a directory and write the run into it; a relative one lies in the repository."""
    run = selection.run
    if run is None:
        return
    directory = await app.push_screen_wait(LineDialog(f"write {run.id} into", f"{run.id}-export"))
    if not directory:
        return
    wiring = await asyncio.to_thread(importlib.import_module, "autod_tui.wiring")
    place = Path(app.desk.plan.project.root) / Path(directory).expanduser()
    try:
        made: list[Path] = await asyncio.to_thread(wiring.export_run, run, place)
    except OSError as error:
        raise AutodError(f"{run.id} can't be written into {str(place)!r}: {error.strerror}") from error
    app.say(f"{count(len(made), 'file')} in {place}")


async def task_stop(app: AutodApp, selection: Selection) -> None:
    """Stop one task after a question that names those of the same session."""
    run, task = selection.run, selection.task
    if run is None or task is None:
        return
    session = run.sessions.get(task.session)
    living = session is not None and session.state is SessionState.RUNNING
    mates = [id for id in session.tasks if id != task.id] if session and living else []
    text = f"This ends the session {session.id} with all its processes." if session and living else "It is not running."
    text += f"\nIts other tasks are queued again: {', '.join(mates)}." if mates else ""
    if await app.push_screen_wait(Confirm(f"stop {task.id}", text_source(text), verb="Stop")):
        await app.ask(StopRun(run=run.id, tasks=(task.id,)))


async def task_retry(app: AutodApp, selection: Selection) -> None:
    """Queue one failed or stopped task again."""
    if selection.run is not None and selection.task is not None:
        await app.ask(RetryTasks(run=selection.run.id, tasks=(selection.task.id,)))


async def task_diff(app: AutodApp, selection: Selection) -> None:
    """Show what a task changed."""
    run, task = selection.run, selection.task
    if run is None or task is None:
        return
    if not task.head:
        app.say(f"no session has committed anything for {task.id} yet")
        return
    app.push_screen(DiffPage(task.id, await app.desk.task_diff(run.id, task.id)))


async def priority(app: AutodApp, selection: Selection, by: int) -> None:
    """Change the priority of a task by `by`."""
    run, task = selection.run, selection.task
    if run is not None and task is not None:
        now = task.priority if task.priority is not None else run.plan.task(task.id).priority
        await app.ask(TuneRun(run=run.id, priorities={task.id: now + by}))


async def tune(app: AutodApp, selection: Selection, field: str, by: int) -> None:
    """Change the batch size or the session count of the selected stage by `by`."""
    run, stage = selection.run, selection.stage
    if run is None or not stage:
        app.say("select a stage or a task first")
        return
    spec = run.plan.stage(stage)
    now = spec.sessions if field == "sessions" else spec.batch_size
    if now + by < 1:
        app.say(f"{stage} has {now} already; pausing the run stops all stages")
        return
    change: dict[str, dict[str, int]] = {field: {stage: now + by}}
    request: AnyRequest = TuneRun(run=run.id, **change)
    await app.ask(request)


async def session_answer(app: AutodApp, selection: Selection) -> None:
    """Answer what the agent of a session asks."""
    session = to_answer(selection)
    if selection.run is None or session is None:
        app.say("no session has worked on this task yet")
        return
    await answer_agent(app, f"{selection.run.id}/{session.id}")


async def session_log(app: AutodApp, selection: Selection) -> None:
    """Follow what a session prints."""
    if selection.run is None or selection.session is None:
        app.say("no session has worked on this task yet")
        return
    app.push_screen(SessionLog(selection.run.id, selection.session.id))


async def session_attach(app: AutodApp, selection: Selection) -> None:
    """Show a living session's pane full-screen, an ended one's log."""
    run, session = selection.run, selection.session
    if run is None or session is None or session.state is not SessionState.RUNNING or not session.pane:
        await session_log(app, selection)
        return
    command = await app.desk.attach_session(run.id, session.id)
    if not command:
        return
    try:
        await run_shell(app, command)
    except SuspendNotSupported:
        app.say(f"this terminal can't be handed over; run: {command}", failed=True)


async def approve(app: AutodApp, selection: Selection) -> None:
    """Approve the selected task."""
    if selection.run is not None and selection.task is not None:
        await app.ask(Review(run=selection.run.id, tasks=(selection.task.id,), verdict=Verdict.APPROVED))


async def approve_all(app: AutodApp, selection: Selection) -> None:
    """Approve every waiting task that nothing speaks against."""
    run = selection.run
    if run is None:
        return
    waiting = [task for task in run.tasks.values() if task.state is TaskState.REVIEW]
    ids = tuple(task.id for task in waiting if green(run, task))
    if not ids:
        app.say("no task that waits is green")
        return
    await app.ask(Review(run=run.id, tasks=ids, verdict=Verdict.APPROVED))


async def changes(app: AutodApp, selection: Selection) -> None:
    """Ask for a comment, on the line under the cursor when the diff is in focus, and send the task back."""
    run, task = selection.run, selection.task
    if run is None or task is None:
        return
    place = app.screen.place() if isinstance(app.screen, ReviewScreen) else ""
    comment = await app.push_screen_wait(CommentDialog(task.id, f"{place}: " if place else ""))
    if comment:
        await app.ask(Review(run=run.id, tasks=(task.id,), verdict=Verdict.NEEDS_WORK, comment=comment))


RUN_ACTIONS: dict[str, Action] = {
    "runs": runs, "run_start": run_start, "run_open": run_open, "run_review": run_review, "run_pause": run_pause,
    "run_resume": run_resume, "run_stop": run_stop, "run_retry": run_retry, "run_tidy": run_tidy,
    "run_add": run_add, "run_export": run_export,
    "task_stop": task_stop,
    "task_retry": task_retry, "task_diff": task_diff, "task_first": partial(priority, by=1),
    "task_last": partial(priority, by=-1), "session_answer": session_answer,
    "session_attach": session_attach, "session_log": session_log,
    "more_sessions": partial(tune, field="sessions", by=1), "fewer_sessions": partial(tune, field="sessions", by=-1),
    "bigger_batch": partial(tune, field="batch_sizes", by=1),
    "smaller_batch": partial(tune, field="batch_sizes", by=-1),
    "approve": approve, "changes": changes, "approve_all": approve_all,
}  # fmt: skip
