"""Answers: what an agent asks right now, and a person's answer typed into its pane."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable

import msgspec
from msgspec import Struct

from autod_tui.core.agent_ports import Choice, Question
from autod_tui.core.errors import AutodError, CommandFailedError, RefusedError, UsageError
from autod_tui.core.events import MessageSent
from autod_tui.core.plan import AgentProfile
from autod_tui.core.requests import Answer, AnswerAgent
from autod_tui.core.run import SessionState
from autod_tui.core.workstream import WorkstreamState
from autod_tui.engine.house import House, unknown_hint

PATIENCE = 5.0
"""Seconds that a screen may take to follow a key, on a machine that has much to do."""
LOOK_EVERY = 0.03
BETWEEN_KEYS = 0.04
"""Seconds between two keys: some programs take keys that arrive together for one."""
DRAWN_AFTER = 0.2
"""Seconds after which the question that follows a question is drawn, if one follows at once."""
DRAWN_WITHIN = 1.0
"""Seconds after which the question of one whose signals say that it waits is drawn: hooks tell it first."""
TAIL = 8
"""Rows of a screen that stand for a question which nobody can read."""
_ARROWS = frozenset({"Up", "Down", "Left", "Right"})


class _Asker(Struct, frozen=True, kw_only=True):
    """Whose screen is read: a workstream's agent, or a session of a run."""

    name: str
    pane: str
    profile: AgentProfile
    waits: bool
    """True when its signals say that it waits for a person."""
    since: float
    """Unix time since which they say so."""
    told: object
    """What its signals have said last."""


class Answers:
    """Reads questions and types answers; each pane takes one answer at a time. States are left to the signals."""

    def __init__(self, house: House) -> None:
        """Work on the panes of `house`."""
        self._house = house
        self._typing: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def read(self, name: str) -> Answer:
        """Answer what `name` asks at this moment under `data["question"]`, None when it asks nothing."""
        asker = self._asker(name)
        question = await self._question(asker)
        if question is None:
            return Answer(message=f"{name} asks nothing right now", data={"name": name, "question": None, "seen": ""})
        return Answer(message=_told(name, question), data={"name": name, **_data(question)})

    async def answer(self, request: AnswerAgent) -> Answer:
        """Type a choice, or words of one's own, provided that the very question still stands there."""
        if bool(request.choice) == bool(request.text.strip()):
            raise UsageError("an answer is one of the choices, or a text", hint=f"autod answer {request.name}")
        asker = self._asker(request.name)
        async with self._typing[asker.pane]:
            question = await self._heeded(asker, await self._standing(asker, request.seen))
            if request.choice:
                said = await self._choose(asker, question, request.choice)
            else:
                said = await self._write(asker, question, request.text)
            asked = question.text.splitlines()[-1] if question.text else "its question"
            self._house.stream.emit(MessageSent(name=asker.name, text=f"{asked} {said}", by="person"))
            following = await self._followed(asker, question, said, written=bool(request.text))
        data = {"name": asker.name, "answer": said, **_data(following)}
        return Answer(message=f"{asker.name}: answered {said!r}", data=data)

    def _asker(self, name: str) -> _Asker:
        run, _, part = name.partition("/")
        if part:
            return self._session(name, run, part)
        record = self._house.state.workstream(name)
        known = [*(spec.name for spec in self._house.plan.workstreams), *self._house.state.workstreams]
        if name not in known:
            raise UsageError(f"no workstream {name!r}", hint=unknown_hint(name, known, "autod new"))
        if not record.reachable:
            raise RefusedError(f"{name}: no living agent to answer", hint=f"autod up {name} starts it")
        return _Asker(
            name=name,
            pane=record.pane,
            profile=self._profile(record.agent),
            waits=record.state is WorkstreamState.WAITING,
            since=record.since,
            told=(record.state, record.since),
        )

    def _session(self, name: str, run: str, part: str) -> _Asker:
        runs = self._house.state.runs
        found = [id for id in runs if id == run] or [id for id in runs if id.startswith(run)]
        if not found:
            raise UsageError(f"no run {run!r}", hint=unknown_hint(run, list(runs), "autod run PLAN"))
        run = found[-1]
        session = runs[run].sessions.get(part)
        if session is None:
            known = list(runs[run].sessions)
            raise UsageError(f"{run} has no session {part!r}", hint=unknown_hint(part, known, f"autod show {run}"))
        if not session.pane or session.state is not SessionState.RUNNING:
            raise RefusedError(
                f"{name}: no living agent to answer", hint=f"autod log {run} {part} shows what it printed"
            )
        name = f"{run}/{part}"
        profile = self._profile(session.agent)
        halt, since = session.halt, session.halt.since if session.halt else 0.0
        return _Asker(name=name, pane=session.pane, profile=profile, waits=session.waits, since=since, told=halt)

    def _profile(self, agent: str) -> AgentProfile:
        return self._house.plan.agents.get(agent) or AgentProfile(name=agent, command=(agent,))

    async def _question(self, asker: _Asker, *, guess: bool = True) -> Question | None:
        """Read the screen; with `guess`, the last rows of one that waits are taken for a question in no known form."""
        question, lines = await self._look(asker)
        if question is not None or not (asker.waits and guess):
            return question
        left = DRAWN_WITHIN - (self._house.stream.clock() - asker.since)

        async def drawn() -> bool:
            nonlocal question, lines
            question, lines = await self._look(asker)
            return question is not None

        await self._until(drawn, min(left, DRAWN_WITHIN))
        return question or Question(text="\n".join(self._house.agents.last_words(lines, TAIL)), free_text=True)

    async def _look(self, asker: _Asker) -> tuple[Question | None, tuple[str, ...]]:
        lines = (await self._house.panes.capture(asker.pane)).lines
        return self._house.agents.read_question(asker.profile, lines), lines

    async def _standing(self, asker: _Asker, seen: str) -> Question:
        question = await self._question(asker)
        if question is None:
            raise RefusedError(f"{asker.name} asks nothing any more; nothing was typed")
        if seen and question.digest != seen:
            raise RefusedError(
                f"{asker.name} asks something else by now; nothing was typed",
                hint=_told(asker.name, question),
            )
        return question

    async def _heeded(self, asker: _Asker, question: Question) -> Question:
        """Wait until the agent takes keys for a question that it has just asked, and look again."""
        asked = self._house.stream.clock() - asker.since if asker.waits else 0.0
        if asked >= question.deaf:
            return question
        await asyncio.sleep(question.deaf - asked)
        return await self._standing(asker, question.digest)

    async def _choose(self, asker: _Asker, question: Question, word: str) -> str:
        choice = question.choice(word)
        if choice is None:
            offered = ", ".join(f"{one.key} ({one.label})" for one in question.choices) or "words only (--text)"
            raise RefusedError(f"{asker.name} doesn't offer {word!r}; nothing was typed", hint=f"it offers: {offered}")
        *before, last = choice.typed
        await self._press(asker, before)
        if _ARROWS.intersection(before) and not await self._moved(asker, question, choice):
            raise RefusedError(f"{asker.name}: the cursor did not come to {choice.label!r}; nothing was confirmed")
        await self._press(asker, [last])
        return choice.label

    async def _write(self, asker: _Asker, question: Question, text: str) -> str:
        if not question.free_text:
            offered = ", ".join(f"{one.key} ({one.label})" for one in question.choices)
            raise RefusedError(f"{asker.name} takes no words here; nothing was typed", hint=f"it offers: {offered}")
        if question.into_text:
            await self._press(asker, question.into_text)
            if not await self._until(lambda: self._takes_words(asker, question)):
                raise RefusedError(f"{asker.name}: no field for words opened; none were typed")
        await self._house.panes.paste(asker.pane, text.strip(), submit=True)
        return text.strip()

    async def _press(self, asker: _Asker, keys: tuple[str, ...] | list[str]) -> None:
        for key in keys:
            await self._house.panes.named_key(asker.pane, key)
            if len(keys) > 1:
                await asyncio.sleep(BETWEEN_KEYS)

    async def _moved(self, asker: _Asker, question: Question, wanted: Choice) -> bool:
        """Wait until the cursor stands on the wanted choice of the same question."""

        async def there() -> bool:
            now = await self._question(asker)
            chosen = now.choice(wanted.key) if now and now.digest == question.digest else None
            return chosen is not None and chosen.selected

        return await self._until(there)

    async def _takes_words(self, asker: _Asker, question: Question) -> bool:
        """Say whether the cursor stands in the question's field by now, or the question has made room for a prompt."""
        now = await self._question(asker, guess=False)
        return now is None or (now.text == question.text and now.free_text and not now.into_text)

    async def _followed(self, asker: _Asker, question: Question, said: str, *, written: bool) -> Question | None:
        """Wait until the question has gone from the screen, so that no second answer is typed for it.

        A choice may leave it there with another mark (where several can be taken); words that were `written` don't.
        The same question once more is another one when its signals have told something in between.
        """
        now: Question | None = question

        async def gone() -> bool:
            nonlocal now
            now = await self._shown(asker)
            return now is None or (now.text != question.text if written else now.digest != question.digest)

        if not await self._until(gone) and not self._has_told(asker):
            raise CommandFailedError(
                f"{asker.name} was given {said!r}, but its question still stands after {PATIENCE:g} s",
                hint=f"autod attach {asker.name} shows why; autod answer {asker.name} looks again",
            )
        if now is None:  # the screen may be half drawn
            await asyncio.sleep(DRAWN_AFTER)
            now = await self._shown(asker)
        return now

    def _has_told(self, asker: _Asker) -> bool:
        """Say whether its signals have told anything since `asker` was looked up."""
        try:
            return self._asker(asker.name).told != asker.told
        except AutodError:  # it has ended
            return True

    async def _shown(self, asker: _Asker) -> Question | None:
        """Read the screen of one that has been answered; an agent that ended by it asks nothing more."""
        try:
            return await self._question(asker, guess=False)
        except AutodError:
            return None

    async def _until(self, holds: Callable[[], Awaitable[bool]], patience: float | None = None) -> bool:
        """Look again and again, for PATIENCE unless told: tmux tells no event for a screen that is drawn."""
        deadline = asyncio.get_running_loop().time() + (PATIENCE if patience is None else patience)
        while not await holds():
            if asyncio.get_running_loop().time() > deadline:
                return False
            await asyncio.sleep(LOOK_EVERY)
        return True


def _data(question: Question | None) -> dict[str, object]:
    if question is None:
        return {"question": None, "seen": ""}
    return {"question": msgspec.to_builtins(question), "seen": question.digest}


def _told(name: str, question: Question) -> str:
    """Return a question with its choices as people read it."""
    choices = [f"  {'>' if one.selected else ' '} {one.key}  {one.label}" for one in question.choices]
    words = ["  or words of your own"] if question.free_text else []
    return "\n".join([f"{name} asks:", *(f"  {line}" for line in question.text.splitlines()), "", *choices, *words])
