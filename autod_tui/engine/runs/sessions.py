"""Sessions: an agent started in a pane for some tasks, and what it left when it ended."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from autod_tui.core import run_events as ev
from autod_tui.core.errors import AutodError, RefusedError
from autod_tui.core.pane_ports import Launch, PaneStatus
from autod_tui.core.plan import AgentProfile, PromptMode
from autod_tui.core.run import RunRecord, SessionRecord
from autod_tui.core.run_sessions import session_permission
from autod_tui.engine.house import House
from autod_tui.engine.runs.places import SessionFiles, branch_of, free_slot, full_name, port_of, session_name, slot_path
from autod_tui.engine.runs.prompts import INSTRUCTION, Assignment, render
from autod_tui.engine.runs.starts import find_start

LOG_PATIENCE = 10.0
"""Seconds to wait at most until all that was printed is in the log: on a machine under load its writer comes late."""
LOG_TAIL = 4 * 2**20
TEXT_LIMIT = 256 * 1024
SHOWN_ARGUMENT = 100_000
"""Bytes of a prompt up to which it is given as an argument; a longer one is named by its file."""


class Left(Struct, frozen=True, kw_only=True):
    """What a session left."""

    head: str
    verdicts: str
    """Text of the verdicts file."""
    output: str
    """The end of what it printed."""
    prompt: str
    handoff: str


class Sessions:
    """Starts sessions and collects what they leave."""

    def __init__(self, house: House) -> None:
        """Work on `house`."""
        self._house = house
        self._clean: set[str] = set()
        """Slots that this process has seen committed since anybody worked there."""
        self._stuck: set[str] = set()
        """Slots with work that could not be committed: it stays there for a person, and nobody is sent there."""

    def announce(self, run: RunRecord, stage: str, tasks: tuple[str, ...], agent: str, model: str) -> SessionRecord:
        """Tell that a session takes `tasks`, before anything is made: nobody else takes them then."""
        house = self._house
        id, slot = session_name(run, stage), free_slot(house, run, self._stuck) if agent else 0
        files = SessionFiles(house, run.id, id)
        record = SessionRecord(
            id=id,
            stage=stage,
            tasks=tasks,
            agent=agent,
            model=model,
            started_at=house.stream.clock(),
            marker=house.new_id(),
            slot=slot,
            worktree=slot_path(house, run.id, slot) if slot else "",
            branch=branch_of(run, id) if slot else "",
            log=str(files.log) if agent else "",
            prompt_file=str(files.prompt) if agent else "",
            permission=session_permission(house.plan.agents.get(agent)),
        )
        house.stream.emit(ev.SessionStarted(run=run.id, session=record))
        return record

    async def start(self, run: RunRecord, session: SessionRecord) -> None:
        """Lay the slot out, write the prompt and start the agent; tasks that conflict with the others are left out."""
        house = self._house
        start = await find_start(house, run, session.tasks)
        if session.worktree not in self._clean and Path(session.worktree).is_dir():
            await self._close(session.worktree, "", f"Save what was left in a slot of run '{run.id}'")
        self._clean.discard(session.worktree)
        await house.git.take_slot(session.worktree, session.branch, start.commit)
        session = msgspec.structs.replace(session, base_oid=start.commit)
        if start.left_out:
            kept = tuple(id for id in session.tasks if id not in start.left_out)
            session = msgspec.structs.replace(session, tasks=kept)
            house.stream.emit(
                *(ev.TaskRequeued(run=run.id, task=id) for id in start.left_out),
                ev.SessionStarted(run=run.id, session=session),
            )
        prompt = self._write(run, session)
        pane = await house.panes.start(self._launch(run, session, prompt))
        session = msgspec.structs.replace(session, pane=pane.pane, window=pane.window, pid=pane.pid)
        house.stream.emit(ev.SessionStarted(run=run.id, session=session))
        if _typed(self._profile(session)):
            await house.panes.paste(pane.pane, INSTRUCTION.format(path=session.prompt_file), submit=True)

    def distrust(self, worktree: str) -> None:
        """Have a slot committed again before the next session takes it: somebody else wrote there."""
        self._clean.discard(worktree)

    def adopt(self, run: RunRecord, session: SessionRecord, pane: PaneStatus) -> None:
        """Record the pane of a session whose conductor was killed before it could."""
        placed = msgspec.structs.replace(session, pane=pane.pane, window=pane.window, pid=pane.pid)
        self._house.stream.emit(ev.SessionStarted(run=run.id, session=placed))

    async def collect(self, run: RunRecord, session: SessionRecord) -> Left:
        """Commit what is uncommitted and read what was written; the agent and all it started have ended."""
        files = SessionFiles(self._house, run.id, session.id)
        head = await self._head(run, session)
        if session.pane:
            await _log_written(files)
        return Left(
            head=head,
            verdicts=_tail(files.verdicts, TEXT_LIMIT),
            output=_tail(files.log, LOG_TAIL),
            prompt=_tail(files.prompt, LOG_TAIL),
            handoff=_tail(files.handoff, TEXT_LIMIT),
        )

    async def _head(self, run: RunRecord, session: SessionRecord) -> str:
        if not session.worktree or not (session.base_oid or session.pane):
            return ""  # it never got as far as its slot
        message = f"Save the work of session {session.id} of run '{run.id}'\n\nAutod-Run: {run.id}\n"
        try:
            head = await self._close(session.worktree, session.branch, message)
            self._clean.add(session.worktree)
            return head
        except RefusedError:
            if Path(session.worktree).is_dir():
                raise
            return await self._house.git.resolve(f"refs/heads/{session.branch}") or ""

    async def _close(self, worktree: str, branch: str, message: str) -> str:
        try:
            head = await self._house.git.close_slot(worktree, branch, message)
        except AutodError:
            if Path(worktree).is_dir():
                self._stuck.add(worktree)
            raise
        self._stuck.discard(worktree)
        return head

    def _write(self, run: RunRecord, session: SessionRecord) -> str:
        """Keep what the session is told, and return it."""
        files = SessionFiles(self._house, run.id, session.id)
        files.directory.mkdir(parents=True, exist_ok=True)
        stage = run.plan.stage(session.stage)
        template = Path(stage.prompt).read_text(encoding="utf-8", errors="replace") if stage.prompt else ""
        told = Assignment(
            run=run.id,
            stage=session.stage,
            tasks=tuple(run.plan.task(id) for id in session.tasks),
            worktree=session.worktree,
            findings={id: run.tasks[id].findings for id in session.tasks if run.tasks[id].findings},
            handoff=run.handoff,
            progress=f"{run.done}/{len(run.tasks)}",
        )
        prompt = render(template, told).encode("utf-8", "replace")
        files.prompt.write_bytes(prompt)
        files.meta.write_bytes(msgspec.json.format(msgspec.json.encode(session), indent=2))
        return prompt.decode()

    def _launch(self, run: RunRecord, session: SessionRecord, prompt: str) -> Launch:
        house, profile = self._house, self._profile(session)
        headless = _headless(profile)
        files = SessionFiles(house, run.id, session.id)
        name = full_name(run.id, session.id)
        values = {
            "prompt": prompt
            if len(prompt.encode()) <= SHOWN_ARGUMENT
            else INSTRUCTION.format(path=session.prompt_file),
            "prompt_file": session.prompt_file,
            "model": session.model or profile.model,
            "session_id": session.marker,
            "worktree": session.worktree,
            "workstream": name,
        }
        setup, mark = self._setup(run, session.slot)
        prepared = house.agents.prepare(headless, values)
        return Launch(
            workstream=name,
            session=session.marker,
            title=f"{session.stage}: {' '.join(session.tasks)}",
            argv=prepared.argv,
            cwd=session.worktree,
            env={**house.base_env(), **profile.env, **prepared.env, **self._environment(run, session, files)},
            stdin_file=_stdin(profile, session.prompt_file),
            setup=setup,
            setup_mark=mark,
            log=str(files.log),
        )

    def _environment(self, run: RunRecord, session: SessionRecord, files: SessionFiles) -> Mapping[str, str]:
        return {
            "AUTOD_RUN": run.id,
            "AUTOD_SESSION": session.marker,
            "AUTOD_WORKSTREAM": full_name(run.id, session.id),
            "AUTOD_TASKS": " ".join(session.tasks),
            "AUTOD_STAGE": session.stage,
            "AUTOD_PROMPT_FILE": session.prompt_file,
            "AUTOD_VERDICTS": str(files.verdicts),
            "AUTOD_HANDOFF": str(files.handoff),
            "AUTOD_PORT": str(port_of(self._house, run, session.slot)),
            "AUTOD_PORTS": str(self._house.plan.project.ports),
        }

    def _setup(self, run: RunRecord, slot: int) -> tuple[str, str]:
        """Return the set-up command of a slot and the mark of its success; both empty once it succeeded there."""
        command = self._house.plan.project.setup
        mark = self._house.state_dir / "setup" / f"{run.id}-slot{slot}"
        if not command or mark.exists():
            return "", ""
        mark.parent.mkdir(parents=True, exist_ok=True)
        return command, str(mark)

    def _profile(self, session: SessionRecord) -> AgentProfile:
        profile = self._house.plan.agents.get(session.agent)
        if profile is None:
            raise RefusedError(f"there is no agent {session.agent!r} any more", hint="[agents] in autod.toml")
        return profile


def _headless(profile: AgentProfile) -> AgentProfile:
    """Return a profile whose command is the headless one; nobody is there to be asked, so that files are edited."""
    if not profile.headless:
        return profile
    modes = {**profile.permissions, **profile.headless_permissions}
    mode = session_permission(profile)
    return msgspec.structs.replace(profile, command=profile.headless, permission=mode, permissions=modes)


def _typed(profile: AgentProfile) -> bool:
    """Tell whether the prompt is typed in: only where the program has no headless way."""
    return profile.prompt is PromptMode.KEYS and not profile.headless


def _stdin(profile: AgentProfile, prompt: str) -> str:
    """Return the file on a headless agent's standard input: nobody is there to answer it."""
    if profile.prompt is PromptMode.STDIN:
        return prompt
    return "" if _typed(profile) else "/dev/null"


async def _log_written(files: SessionFiles) -> None:
    """Wait until the log is whole: its writer is tmux's child, and no event tells its end."""
    deadline = asyncio.get_running_loop().time() + LOG_PATIENCE
    pause = 0.001
    while not files.log_end.exists() and asyncio.get_running_loop().time() < deadline:
        await asyncio.sleep(pause)
        pause = min(pause * 2, 0.02)


def _tail(path: Path, limit: int) -> str:
    """Return the end of a file as text; empty for a link or a file that is not there."""
    if path.is_symlink() or not path.is_file():
        return ""
    with path.open("rb") as file:
        file.seek(0, 2)
        file.seek(max(0, file.tell() - limit))
        return file.read().decode("utf-8", "replace")
