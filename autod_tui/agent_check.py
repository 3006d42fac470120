"""A check of one agent: started in a scratch worktree of a scratch repository as autod starts it, watched, ended."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from autod_tui import process
from autod_tui.adapters import Agents
from autod_tui.agents.logs import LOG_WAYS
from autod_tui.core.agent_ports import Sign
from autod_tui.core.errors import AutodError
from autod_tui.core.pane_ports import PaneEvent
from autod_tui.core.plan import AgentProfile
from autod_tui.core.requests import AnswerAgent, Down, ReadQuestion, Up
from autod_tui.core.usage import Tokens
from autod_tui.core.workstream import Source, WorkstreamRecord, WorkstreamState
from autod_tui.engine.conductor import Conductor
from autod_tui.parts import Parts, own_worktrees
from autod_tui.store.lock import Holder
from autod_tui.tmux.pane import Panes
from autod_tui.tmux.server import TmuxServer
from autod_tui.unwinding import unwind_when_ended

NAME = "check"
PROMPT = "This only checks that you can be started: reply with the word OK, then stop. Read and change no files.\n"
PATIENCE = 90.0
"""Seconds to wait at most for the agent to come to rest."""
LOOK_EVERY = 0.1
RESTS_FOR = 4.0
"""Seconds for which an idle agent has to stay so: it is idle before it has read its prompt, too."""
LATE = 2.0
"""Seconds after which an agent at rest has told all."""
_SIGNALS = {
    "output": "first words on its screen",
    "hooks": "its hooks tell events",
    "osc": "its terminal words (OSC 7501) tell its state",
    "title": "its title tells its state",
    "status file": "its status file is read",
    "records": "its records of the conversation are read",
}
_RESTS = frozenset({WorkstreamState.DONE, WorkstreamState.IDLE})
_ENDS = frozenset({WorkstreamState.FAILED, WorkstreamState.EXITED, WorkstreamState.LOST, WorkstreamState.RATE_LIMITED})


class Finding(Struct, frozen=True, kw_only=True):
    """One line of the check."""

    name: str
    works: bool | None
    """None: nothing that is needed, or nothing that this agent is known to do."""
    text: str
    seconds: float | None = None
    """When it was seen, after the start."""

    def as_json(self) -> dict[str, Any]:
        """Return the documented object."""
        return {"name": self.name, "works": self.works, "text": self.text, "seconds": self.seconds}


Tell = Callable[[Finding], None]
AskPerson = Callable[[str, tuple[str, ...]], Awaitable[str]]
"""Shows a question of the agent and its choices; returns the chosen one, empty when nobody answers."""


async def check_agent(profile: AgentProfile, *, tell: Tell, ask: AskPerson, patience: float = PATIENCE) -> bool | None:
    """Start the agent in a scratch worktree, tell what works line by line and end it; True when all that counts works.

    None: it waits for a person, so that the rest was not seen. What it may cost is the price of one short answer.
    Nothing is left behind but what the agent keeps itself, also when the terminal closes.
    """
    unwind_when_ended()
    with _scratch(profile.name) as root:
        async with _conducting(root, profile) as (conductor, ears):
            return await _Check(profile, conductor, ears, tell, ask, patience).run()


class _Ears:
    """What was heard of the agent, each with the time at which it was heard first."""

    def __init__(self, profile: AgentProfile) -> None:
        self._profile = profile
        self._agents = Agents()
        self.first: dict[str, float] = {}
        self.models: Mapping[str, Tokens] = {}

    def hear(self, what: str) -> None:
        self.first.setdefault(what, time.monotonic())

    def pane(self, event: PaneEvent) -> None:
        if event.kind == "output":
            self.hear("output")
        elif event.kind == "osc" and event.data.startswith("7501;"):
            self.hear("osc")
        elif event.kind == "title" and self._agents.read_title(self._profile, event.data) is not None:
            self.hear("title")

    def sign(self, sign: Sign) -> None:
        source = sign.reading.source if sign.reading is not None else None
        if source is Source.HOOK or (source is None and sign.conversation and not sign.models):
            self.hear("hooks")
        elif source is Source.STATUS_FILE:
            self.hear("status file")
        if sign.models or source is Source.RECORDS:
            self.hear("records")
            self.models = sign.models or self.models


class _HeardPanes(Panes):
    """Panes whose events are heard by somebody else as well."""

    def __init__(self, server: TmuxServer, hear: Callable[[PaneEvent], None]) -> None:
        super().__init__(server)
        self._hear = hear

    async def events(self) -> AsyncIterator[PaneEvent]:
        async for event in super().events():
            self._hear(event)
            yield event


class _Check:
    def __init__(
        self, profile: AgentProfile, conductor: Conductor, ears: _Ears, tell: Tell, ask: AskPerson, patience: float
    ) -> None:
        self._profile = profile
        self._conductor = conductor
        self._ears = ears
        self._tell = tell
        self._ask = ask
        self._patience = patience
        self._begun = time.monotonic()
        self._asked: set[str] = set()
        """Questions that a person has seen."""

    @property
    def _record(self) -> WorkstreamRecord:
        return self._conductor.house.state.workstream(NAME)

    @property
    def _waits(self) -> bool:
        return self._record.state is WorkstreamState.WAITING

    async def run(self) -> bool | None:
        self._begun = time.monotonic()
        answer = await self._conductor.handle(Up(names=(NAME,)))
        if not answer.ok:
            self._say("starts", False, answer.message)
            return False
        self._say("starts", True, f"process {self._record.pid} in a pane of its own tmux server", self._since())
        state = await self._until_rest()
        await self._until_late_ones()
        self._signals()
        self._usage()
        rested = None if self._waits else state in _RESTS
        self._say("state", rested, f"{state.value}{_because(self._record)}, told by: {self._record.source.value}")
        return rested if await self._leave() else False

    async def _until_rest(self) -> WorkstreamState:
        clock = self._conductor.house.stream.clock
        waits_since = clock()
        while self._since() < self._patience:
            await self._look()
            record = self._record
            if record.state in _ENDS or record.state is WorkstreamState.DONE:
                break
            if record.state is WorkstreamState.IDLE and clock() - record.since > RESTS_FOR:
                break
            if not self._waits or await self._answered():
                waits_since = clock()
            if clock() - waits_since > RESTS_FOR:
                break
            await asyncio.sleep(LOOK_EVERY)
        return self._record.state

    async def _look(self) -> None:
        if "output" in self._ears.first or not self._record.pane:
            return
        with contextlib.suppress(AutodError):
            screen = await self._conductor.house.panes.capture(self._record.pane)
            if any(line.strip() for line in screen.lines):
                self._ears.hear("output")

    async def _answered(self) -> bool:
        """Let a person answer what the agent asks; False when nobody did, or it can't be read from its screen."""
        answer = await self._conductor.handle(ReadQuestion(name=NAME))
        question, seen = answer.data.get("question") or {}, str(answer.data.get("seen", ""))
        choices = tuple(str(choice["label"]) for choice in question.get("choices", ()))
        if not choices or seen in self._asked:
            return False
        self._asked.add(seen)
        self._say("asks", None, _one_line(str(question["text"])), self._since())
        choice = await self._ask(str(question["text"]), choices)
        if not choice:
            return False
        answered = await self._conductor.handle(AnswerAgent(name=NAME, choice=choice, seen=seen))
        self._say("answered", answered.ok, choice if answered.ok else answered.message, self._since())
        return answered.ok

    async def _until_late_ones(self) -> None:
        """Wait for what agents tell a moment after they have come to rest."""
        deadline = time.monotonic() + LATE
        # three ports tell them, and none of them that all have spoken
        while not self._expected() <= self._ears.first.keys() and time.monotonic() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(LOOK_EVERY)

    def _expected(self) -> set[str]:
        profile = self._profile
        told = {
            "hooks": profile.hooks not in LOG_WAYS,
            "title": profile.titles,
            "status file": profile.status_file,
            "records": profile.records,
        }
        return {"output", *(name for name, known in told.items() if known)}

    def _signals(self) -> None:
        expected = self._expected()
        for what, text in _SIGNALS.items():
            self._heard(what, text, what in expected)

    def _heard(self, what: str, text: str, expected: bool) -> None:
        if (at := self._ears.first.get(what)) is not None:
            self._say(what, True, text, at - self._begun)
        elif not expected:
            self._say(what, None, "nothing heard, nothing expected")
        elif self._waits:
            self._say(what, None, "nothing heard, but it waits")
        else:
            self._say(what, False, "nothing heard")

    def _usage(self) -> None:
        if self._ears.models:
            used = ", ".join(f"{model}: {tokens.total}" for model, tokens in self._ears.models.items())
            self._say("usage", True, f"tokens of {used}")

    async def _leave(self) -> bool:
        record, asked = self._record, time.monotonic()
        await self._conductor.handle(Down(names=(NAME,), approved=True))
        left = self._conductor.house.processes.of_session(record.session)
        seconds = time.monotonic() - asked
        text = f"processes {left} live on" if left else f"all its processes are gone {seconds:.1f} s after the request"
        self._say("ends", not left, text)
        return not left

    def _since(self) -> float:
        return time.monotonic() - self._begun

    def _say(self, name: str, works: bool | None, text: str, seconds: float | None = None) -> None:
        self._tell(Finding(name=name, works=works, text=text, seconds=None if seconds is None else round(seconds, 2)))


@contextlib.contextmanager
def _scratch(agent: str) -> Iterator[Path]:
    """Make a repository with one workstream; it goes with all that autod made for it."""
    with tempfile.TemporaryDirectory(prefix="autod-check-") as directory:
        root = Path(directory).resolve() / "scratch"
        root.mkdir()
        _lay_out(root, agent)
        try:
            yield root
        finally:
            git = Parts(root).git
            TmuxServer(git.common_dir).stop()
            shutil.rmtree(own_worktrees(git), ignore_errors=True)


def _lay_out(root: Path, agent: str) -> None:
    workstream = root / "workstreams" / NAME
    workstream.mkdir(parents=True)
    (workstream / "STARTUP.md").write_text(PROMPT, encoding="utf-8")
    (root / "autod.toml").write_text('[project]\ntarget = "main"\n', encoding="utf-8")
    who = ("-c", "user.name=autod", "-c", "user.email=autod@localhost")
    for words in (("init", "-q", "-b", "main"), ("add", "-A"), (*who, "commit", "-q", "-m", f"Check {agent}")):
        process.run_sync(["git", "-C", str(root), *words]).checked("git")


@contextlib.asynccontextmanager
async def _conducting(root: Path, profile: AgentProfile) -> AsyncIterator[tuple[Conductor, _Ears]]:
    parts = Parts(root, agent=profile)
    parts.lock.try_acquire(Holder(pid=os.getpid(), role=NAME))
    ears = _Ears(profile)
    house = parts.house()
    house.panes = panes = _HeardPanes(parts.server, ears.pane)
    conductor = Conductor(house, NAME)
    conductor.vigil.following.listen(ears.sign)
    try:
        await conductor.begin()
        conductor.watch()
        yield conductor, ears
    finally:
        await conductor.close()
        await panes.close()
        parts.lock.release()
        parts.journal.close()


def _because(record: WorkstreamRecord) -> str:
    return f" ({_one_line(record.reason)})" if record.reason else ""


def _one_line(text: str) -> str:
    return " ".join(text.split())
