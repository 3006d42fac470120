"""Workstreams: from a declared name to a living agent in its own worktree, and back."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from autod_tui.core import events as ev
from autod_tui.core.agent_events import ConversationKnown
from autod_tui.core.dispatch import hold_reason
from autod_tui.core.errors import AutodError, ExitCode
from autod_tui.core.git_ports import WorktreeEntry
from autod_tui.core.pane_ports import Launch, PaneStatus
from autod_tui.core.plan import AgentProfile, PromptMode
from autod_tui.core.requests import Answer
from autod_tui.core.resume import conversation_to_resume
from autod_tui.core.workstream import Source, WorkstreamRecord, WorkstreamSpec, WorkstreamState
from autod_tui.engine.dwellers import make_room
from autod_tui.engine.first_words import FirstWords
from autod_tui.engine.house import House
from autod_tui.engine.notices import REACHABLE
from autod_tui.engine.sites import Sites

INSTRUCTION = "Read STARTUP.md and begin the workstream"
RESUMED = "You were interrupted. Look at the state of the worktree, then go on with the workstream of STARTUP.md"
RESTED = "Your session ended after you were done. If something of STARTUP.md is left to do, go on; else only say so"


class Workstreams:
    """Brings workstreams up, speaks to them and takes them down."""

    def __init__(self, house: House) -> None:
        """Work on `house`."""
        self._house = house
        self.sites = Sites(house)
        self._first_words = FirstWords(house)

    async def up(self, names: tuple[str, ...], *, fresh: bool = False) -> Answer:
        """Make worktrees and start agents; what has to wait is marked as wanted and starts by itself.

        An agent that was cut short goes on with its conversation, unless a `fresh` one is wanted.
        """
        house = self._house
        specs = house.specs(names)
        entries = {str(Path(entry.path)): entry for entry in await house.git.worktrees()}
        panes = {pane.workstream: pane for pane in await house.panes.panes() if pane.workstream}
        for spec in specs:
            if not house.state.workstream(spec.name).wanted:
                house.stream.emit(ev.WorkstreamWanted(name=spec.name, wanted=True))
        started = await self._start_all(specs, entries, panes, fresh=fresh)
        return _up_answer(started)

    async def start_ready(self, name: str) -> None:
        """Start one workstream that had to wait; a failure is noted, not raised."""
        answer = await self.up((name,), fresh=self._house.state.workstream(name).fresh)
        if not answer.ok:
            if self._house.state.workstream(name).due:  # it is asked for anew by whoever mends what has failed
                self._house.stream.emit(ev.WorkstreamWanted(name=name, wanted=True))
            self._house.stream.emit(ev.Noted(level="error", text=answer.message, name=name))

    async def _start_all(
        self,
        specs: Sequence[WorkstreamSpec],
        entries: dict[str, WorktreeEntry],
        panes: dict[str, PaneStatus],
        *,
        fresh: bool,
    ) -> list[dict[str, object]]:
        tasks: list[asyncio.Task[dict[str, object]]] = []
        slots = self._house.plan.project.max_sessions - self._alive()
        for spec in specs:
            living = self._living(spec, panes.get(spec.name))
            reason = hold_reason(self._house.plan, self._house.state, spec.name, self._house.stream.clock())
            if not living and not reason and slots <= 0:
                reason = f"waits for a free session ({self._house.plan.project.max_sessions} run)"
            if reason and not living:
                self._put_off(spec.name, fresh=fresh)
                tasks.append(asyncio.create_task(_settled({"name": spec.name, "state": "waiting", "reason": reason})))
                continue
            slots -= not living
            tasks.append(asyncio.create_task(self._start_one(spec, entries, panes.get(spec.name), fresh=fresh)))
        return [await task for task in tasks]

    def _put_off(self, name: str, *, fresh: bool) -> None:
        """Remember that an agent which is over shall be started again as soon as it may."""
        record = self._house.state.workstream(name)
        if record.state is not WorkstreamState.PLANNED and (record.due, record.fresh) != (True, fresh):
            self._house.stream.emit(ev.WorkstreamWanted(name=name, wanted=True, due=True, fresh=fresh))

    def _alive(self) -> int:
        return sum(1 for record in self._house.state.workstreams.values() if record.state in REACHABLE and record.pane)

    def _living(self, spec: WorkstreamSpec, pane: PaneStatus | None) -> bool:
        return pane is not None and not pane.dead

    async def _start_one(
        self, spec: WorkstreamSpec, entries: dict[str, WorktreeEntry], pane: PaneStatus | None, *, fresh: bool
    ) -> dict[str, object]:
        try:
            record = await self.sites.ensure(spec, entries)
            if pane is not None and not pane.dead:
                self._adopt(record, spec, pane)
                return {"name": spec.name, "state": "running", "pane": pane.pane, "worktree": record.worktree}
            ended = await make_room(self._house, spec, record)
            if pane is not None:
                await self._house.panes.kill(pane.pane)
            conversation = "" if fresh else conversation_to_resume(self._house.plan, record, spec.agent)
            started = await self._launch(spec, record, conversation)
            told = {"resumed": conversation, "ended": ended}
            told = {key: value for key, value in told.items() if value}
            return {"name": spec.name, "state": "started", "pane": started.pane, "worktree": record.worktree, **told}
        except AutodError as error:
            return {"name": spec.name, "state": "failed", "reason": error.message, "hint": error.hint}

    def _adopt(self, record: WorkstreamRecord, spec: WorkstreamSpec, pane: PaneStatus) -> None:
        if record.pane == pane.pane and record.session == pane.session:
            return
        self._house.stream.emit(
            ev.AgentStarted(
                name=spec.name,
                session=pane.session,
                agent=spec.agent,
                model=spec.model,
                window=pane.window,
                pane=pane.pane,
                pid=pane.pid,
                adopted=True,
            ),
            ev.StateChanged(name=spec.name, state=WorkstreamState.WORKING, source=Source.PROCESS),
        )

    async def _launch(self, spec: WorkstreamSpec, record: WorkstreamRecord, conversation: str) -> PaneStatus:
        house = self._house
        profile = house.plan.agents[spec.agent]
        session = house.new_id()
        prompt_file = str(Path(spec.worktree) / "STARTUP.md")
        values = {
            "prompt": (RESTED if record.done else RESUMED) if conversation else INSTRUCTION,
            "prompt_file": prompt_file,
            "model": spec.model or profile.model,
            "session_id": session,
            "worktree": spec.worktree,
            "workstream": spec.name,
        }
        setup, mark = self._setup(spec)
        prepared = house.agents.prepare(profile, values, permission=spec.permission, conversation=conversation)
        launch = Launch(
            workstream=spec.name,
            session=session,
            title=spec.title,
            argv=prepared.argv,
            cwd=spec.worktree,
            env={
                **house.base_env(),
                **profile.env,
                **prepared.env,
                **self._environment(spec, record, session, prompt_file),
            },
            stdin_file=prompt_file if profile.prompt is PromptMode.STDIN and spec.startup else "",
            setup=setup,
            setup_mark=mark,
        )
        pane = await house.panes.start(launch)
        house.stream.emit(
            ev.AgentStarted(
                name=spec.name,
                session=session,
                agent=spec.agent,
                model=spec.model or profile.model,
                window=pane.window,
                pane=pane.pane,
                pid=pane.pid,
                resumed=bool(conversation),
            ),
            *_known(spec.name, session, conversation or (session if _names_its_conversation(profile) else "")),
        )
        if profile.is_typed_to(resumed=bool(conversation)):
            await self._first_words.type(spec.name, profile, pane, values["prompt"])
        return pane

    def _environment(
        self, spec: WorkstreamSpec, record: WorkstreamRecord, session: str, prompt_file: str
    ) -> dict[str, str]:
        env = {"AUTOD_WORKSTREAM": spec.name, "AUTOD_SESSION": session, "AUTOD_PROMPT_FILE": prompt_file}
        if record.port:
            env |= {"AUTOD_PORT": str(record.port), "AUTOD_PORTS": str(self._house.plan.project.ports)}
        return env

    def _setup(self, spec: WorkstreamSpec) -> tuple[str, str]:
        """Return the set-up command and the mark of its success; both empty once it has succeeded in this worktree."""
        command = self._house.plan.project.setup
        mark = self._house.state_dir / "setup" / spec.name
        if not command or mark.exists():
            return "", ""
        mark.parent.mkdir(parents=True, exist_ok=True)
        return command, str(mark)

    async def down(self, name: str, *, reason: str = "") -> bool:
        """End a workstream's agent and all its processes; False when none ran."""
        house = self._house
        if house.state.workstream(name).wanted:
            house.stream.emit(ev.WorkstreamWanted(name=name, wanted=False))
        house.stopping.add(name)
        try:
            ended = await self._end(name)
        finally:
            house.stopping.discard(name)
        record = house.state.workstream(name)
        if record.pane or ended or record.state in REACHABLE:
            house.stream.emit(ev.AgentStopped(name=name))
        return ended

    async def _end(self, name: str) -> bool:
        """End a workstream's panes and processes; False when there were none."""
        house = self._house
        panes = [pane for pane in await house.panes.panes() if pane.workstream == name]
        for pane in panes:
            await house.panes.kill(pane.pane)
        record = house.state.workstream(name)
        outlived = bool(record.session and house.processes.of_session(record.session))
        outlived = outlived or bool(record.worktree and house.processes.of_worktree(record.worktree))
        if record.session:
            await house.processes.end_session(record.session)
        if record.worktree:
            await house.processes.end_worktree(record.worktree)
        return bool(panes) or outlived

    async def send(self, names: tuple[str, ...], text: str) -> Answer:
        """Paste `text` into panes and submit it; all living agents for no names."""
        house = self._house
        wanted = [spec.name for spec in house.specs(names)]
        told: list[str] = []
        deaf: list[str] = []
        for name in wanted:
            record = house.state.workstream(name)
            if not record.reachable:
                deaf.append(name)
                continue
            await house.panes.paste(record.pane, text, submit=True)
            house.stream.emit(ev.MessageSent(name=name, text=text))
            told.append(name)
        failed = bool(deaf if names else not told)
        message = f"sent to {', '.join(told)}" if told else "no living agent to send to"
        if deaf and names:
            message += f"; no living agent in {', '.join(deaf)}"
        code = ExitCode.FAILED if failed else ExitCode.DONE
        return Answer(exit_code=code, message=message, data={"sent": told, "not_sent": deaf})


async def _settled(value: dict[str, object]) -> dict[str, object]:
    return value


def _up_answer(started: list[dict[str, object]]) -> Answer:
    failed = [entry for entry in started if entry["state"] == "failed"]
    lines = [f"{entry['name']}: {_came_of(entry)}" for entry in started]
    hint = "; ".join(str(entry["hint"]) for entry in failed if entry.get("hint"))
    if any("resumed" in entry for entry in started) and not failed:
        hint = "autod up NAME --fresh begins a new conversation instead"
    return Answer(
        exit_code=ExitCode.FAILED if failed else ExitCode.DONE,
        message="\n".join(lines) or "no workstreams are declared",
        hint=hint if started else "autod new makes one",
        data={"workstreams": started},
    )


def _came_of(entry: dict[str, object]) -> str:
    came = "resumed its conversation" if "resumed" in entry else str(entry.get("reason") or entry["state"])
    return "; ".join(filter(None, (came.removeprefix(f"{entry['name']}: "), str(entry.get("ended", "")))))


def _names_its_conversation(profile: AgentProfile) -> bool:
    """Say whether the program takes our name for the session as that of its conversation."""
    return bool(profile.resume) and any("{session_id}" in argument for argument in profile.command)


def _known(name: str, session: str, conversation: str) -> tuple[ConversationKnown, ...]:
    return (ConversationKnown(name=name, session=session, conversation=conversation),) if conversation else ()
