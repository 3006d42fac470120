"""Signs: what agents tell outside their terminals, as one stream; nothing is read but what has changed."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import time
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from autod_tui.agents.lanes import Lane
from autod_tui.agents.places import ANSWERS
from autod_tui.core.agent_ports import Followed, Sign
from autod_tui.core.ports import FilesPort

STRAY_AFTER = 600.0
"""Seconds after its last payload for which the directory of an unknown session is left alone."""
ANSWERS_KEPT = 90 * 86400.0
"""Seconds for which a conversation's answers are kept after the last one; what is in the journal stays there."""
FORMER_AFTER = 1.0
"""Seconds after which a conversation that was left is written to its end."""
RECORDS_EVERY = 0.2
"""Seconds between two readings of records, which grow with each word of an agent."""


class Signs:
    """Follows agents by the files that they and their hooks write (SignsPort)."""

    def __init__(self, spool: Path, watch: Callable[[], FilesPort]) -> None:
        """`spool` holds a directory for each session; `watch` makes what tells of changed directories."""
        self._spool = spool
        self._make_watch = watch
        self._watch: FilesPort | None = None
        self._lanes: dict[str, Lane] = {}
        self._places: dict[str, Mapping[str, str]] = {}
        """Session to the directories that are watched for it."""
        self._told: asyncio.Queue[Sign | BaseException] = asyncio.Queue()
        self._grown: set[str] = set()
        self._growing = asyncio.Event()
        self._former: list[asyncio.Task[None]] = []

    async def signs(self) -> AsyncIterator[Sign]:
        """Yield signs as they come, until closed."""
        works = [self._spawn(self._watch_files()), self._spawn(self._read_records())]
        try:
            while True:
                told = await self._told.get()
                if isinstance(told, BaseException):
                    raise told
                yield told
        finally:
            works += self._former
            for work in works:
                work.cancel()
            await asyncio.gather(*works, return_exceptions=True)
            for lane in self._lanes.values():
                lane.close()
            self._lanes, self._places, self._watch, self._former = {}, {}, None, []

    async def follow(self, agents: Sequence[Followed]) -> None:
        """Set who is followed; what a new one has told already is told first."""
        wanted = {agent.session: agent for agent in agents}
        for session in [name for name, lane in self._lanes.items() if wanted.get(name) != lane.agent]:
            lane = self._lanes.pop(session)
            lane.close()
            if session in wanted and lane.agent.conversation not in ("", wanted[session].conversation):
                self._former.append(self._spawn(self._read_former(lane)))
        if self._watch is None:
            await asyncio.to_thread(self._sweep, frozenset(wanted))
        fresh = [session for session in wanted if session not in self._lanes]
        for session in fresh:
            self._lanes[session] = Lane(wanted[session], self._spool / session, self._told.put_nowait)
        await self._rewatch(fresh)
        for session in fresh:
            self._read_at_once(self._lanes[session])
            self._grow(session)

    async def read(self, agents: Sequence[Followed]) -> list[Sign]:
        """Return what these have told by now, to somebody who follows none; what hooks told is told only once."""
        told: list[Sign] = []
        for agent in agents:
            await self._read_once(agent, told)
            if (moved := await asyncio.to_thread(_moved, agent)) is not None:
                told.append(moved)
                await self._read_once(msgspec.structs.replace(agent, conversation=moved.conversation), told)
        return told

    async def _read_once(self, agent: Followed, told: list[Sign]) -> None:
        spool = self._spool / agent.session
        lane = Lane(agent, spool, told.append)
        said = [*lane.read_spool(), *lane.read_status()]
        lane.close()
        told += said
        known = [agent.conversation, *(sign.conversation for sign in said)]
        present = next((one for one in reversed(known) if one), "")
        left = [one for one in dict.fromkeys(known) if one not in ("", present)]
        for conversation in (*left, present):
            if conversation != agent.conversation:
                lane = Lane(msgspec.structs.replace(agent, conversation=conversation), spool, told.append)
            if (used := await _read_records(lane)) is not None:
                told.append(_formerly(used) if conversation in left else used)

    async def settle(self, session: str, agent: Followed | None = None) -> Sign | None:
        """Read the records of a session that has ended once more; None when they tell nothing new."""
        lane = self._lanes.get(session)
        if lane is None and agent is not None:
            lane = Lane(agent, self._spool / session, self._told.put_nowait)
        if lane is None:
            return None
        return await _read_records(lane) or await asyncio.to_thread(lane.read_output)

    def forget(self, session: str) -> None:
        """Remove what the hooks of a session that is over have left."""
        if lane := self._lanes.pop(session, None):
            lane.close()
            self._places.pop(session, None)
        if session and Path(session).name == session:
            shutil.rmtree(self._spool / session, ignore_errors=True)

    def _sweep(self, known: Collection[str]) -> None:
        """Remove what was left of sessions that nobody knows any more; young ones may be about to start."""
        now = time.time()
        with contextlib.suppress(OSError):
            for directory in self._spool.iterdir():
                if directory.name not in (ANSWERS, *known) and now - directory.stat().st_mtime > STRAY_AFTER:
                    shutil.rmtree(directory, ignore_errors=True)
        with contextlib.suppress(OSError):
            for answers in (self._spool / ANSWERS).iterdir():
                if now - answers.stat().st_mtime > ANSWERS_KEPT:
                    answers.unlink()

    async def _watch_files(self) -> None:
        async for keys in self._watching().changes():
            for key in keys:
                session, _, what = key.rpartition("/")
                lane = self._lanes.get(session)
                if lane is not None:
                    self._changed(lane, what)

    def _changed(self, lane: Lane, what: str) -> None:
        if what == "spool":
            self._put(lane.read_spool())
        elif what == "status":
            self._put(lane.read_status())
        else:
            self._grow(lane.agent.session)

    def _read_at_once(self, lane: Lane) -> None:
        self._put(lane.read_spool())
        self._put(lane.read_status())

    def _put(self, signs: Iterable[Sign]) -> None:
        for sign in signs:
            self._told.put_nowait(sign)

    def _grow(self, session: str) -> None:
        self._grown.add(session)
        self._growing.set()

    async def _read_records(self) -> None:
        """Read what records have grown by, in a thread: a long conversation is megabytes."""
        while True:
            await self._growing.wait()
            self._growing.clear()
            grown, self._grown = self._grown, set()
            for session in sorted(grown):
                lane = self._lanes.get(session)
                if lane is None:
                    continue
                sign = await _read_records(lane) or await asyncio.to_thread(_moved, lane.agent)
                if sign is not None and self._lanes.get(session) is lane:
                    self._told.put_nowait(sign)
            await self._rewatch(grown)
            await asyncio.sleep(RECORDS_EVERY)

    async def _read_former(self, lane: Lane) -> None:
        """Read once more what a conversation that was left has used: its sum is written when it is left."""
        await asyncio.sleep(FORMER_AFTER)
        if (sign := await _read_records(lane)) is not None:
            self._told.put_nowait(_formerly(sign))

    async def _rewatch(self, sessions: Iterable[str]) -> None:
        """Watch what there is to watch now of `sessions`; directories of records are made as they are needed."""
        places = {session: places for session, places in self._places.items() if session in self._lanes}
        places |= {session: self._lanes[session].directories() for session in sessions if session in self._lanes}
        if places == self._places:
            return
        self._places = places
        paths = {f"{session}/{what}": path for session, known in places.items() for what, path in known.items()}
        await self._watching().watch(paths)

    def _watching(self) -> FilesPort:
        if self._watch is None:
            self._watch = self._make_watch()
        return self._watch

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        task.add_done_callback(self._failed)
        return task

    def _failed(self, task: asyncio.Task[None]) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            if error := task.exception():
                self._told.put_nowait(error)


def _formerly(sign: Sign) -> Sign:
    """Return what a conversation that was left has told: it counts, and says nothing of the present."""
    return msgspec.structs.replace(sign, reading=None, former=True)


async def _read_records(lane: Lane) -> Sign | None:
    async with lane.reading_records:
        return await asyncio.to_thread(lane.read_records)


def _moved(agent: Followed) -> Sign | None:
    """Tell whether an agent whose hooks name no conversation has gone over to another one."""
    if agent.profile.records != "codex":
        return None
    from autod_tui.agents.records.threads import present_thread

    thread = present_thread(agent)
    return Sign(session=agent.session, conversation=thread) if thread else None
