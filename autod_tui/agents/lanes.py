"""One followed agent: its spool, its status file, its process and its records, each read when it changed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from autod_tui import processes
from autod_tui.agents.logs import Log, log_path, open_log
from autod_tui.agents.places import STATUS_TIME, StatusFile, answers_place
from autod_tui.agents.spool import take_signs
from autod_tui.agents.told import status_reading
from autod_tui.core.agent_ports import Followed, Sign
from autod_tui.core.workstream import Reading, Source, WorkstreamState

if TYPE_CHECKING:
    from autod_tui.agents.records import Readable

FRESH = 3.0
"""Seconds for which what a log tells counts as told just now: others tell the same at the same time."""
OUTLIVED_AFTER = 0.5
"""Seconds after an agent's end within which the pane's own process may end as well."""


class Lane:
    """Reads what one agent tells."""

    def __init__(self, agent: Followed, spool: Path, tell: Callable[[Sign], None]) -> None:
        """Follow `agent`, whose hooks write into `spool`; `tell` gets what its process tells by ending."""
        self.agent = agent
        self._spool = spool
        self._tell = tell
        self._status = StatusFile(agent) if "{pid}" in agent.profile.status_file else None
        self._status_told: tuple[Reading, object] | None = None
        """What it said last, and the time that it gave for it."""
        self._record: Readable | None = None
        self._record_told: Reading | None = None
        self._counted = False
        """True once the records have told of usage."""
        self._log_path = log_path(agent, spool)
        self._log: Log | None = None
        self.reading_records = asyncio.Lock()
        """Held while records are read."""
        self._descriptor = -1
        self._followed_pid = 0

    def directories(self) -> Mapping[str, str]:
        """Return what has to be watched: a key of this lane's to a directory."""
        found = {"spool": str(self._spool)}
        if self._status is not None:
            found["status"] = str(self._status.directory)
        if self.agent.profile.records:
            from autod_tui.agents.records import watched_dirs

            found |= {f"records{number}": str(path) for number, path in enumerate(watched_dirs(self.agent))}
        if self.agent.profile.hooks == "opencode-plugin":
            found["records-answers"] = str(answers_place(self._spool))
        if self._log_path is not None:
            found["records-log"] = str(self._log_path.parent)
        return found

    def read_spool(self) -> Iterator[Sign]:
        """Yield what hooks have told since the last time."""
        return take_signs(self._spool, self.agent)

    def read_status(self) -> Iterator[Sign]:
        """Yield what the status file says, if that is news."""
        found = self._status.read() if self._status is not None else None
        if self._status is None or found is None:
            return
        held, at = found
        self._follow_process(self._status.pid)
        reading = status_reading(self.agent.profile, held)
        # one that left a state and came back while nobody looked says the same at another time
        told = (reading, held.get(STATUS_TIME)) if reading is not None else None
        if reading is not None and told != self._status_told:
            self._status_told = told
            yield Sign(session=self.agent.session, reading=reading, at=at)

    def read_records(self) -> Sign | None:
        """Return what the records tell since the last time; may take long, and may run in a thread."""
        if not self.agent.profile.records and self._log_path is None:
            return None
        from autod_tui.agents.records import News, open_record  # its readers are milliseconds that most needn't spend

        if self._record is None:
            self._record = open_record(self.agent, answers_place(self._spool))
        news = self._record.read_new() if self._record is not None else News()
        reading = news.reading if news.reading != self._record_told else None
        self._record_told = news.reading
        logged, at = self._read_log(news.conversation or self.agent.conversation)
        if logged is None and reading is not None and reading.vague:
            at = news.read_at  # what ends the wait for another attempt may have been told since
            reading = reading if reading.until > time.time() else None
        reading = logged or reading
        self._counted = self._counted or news.models is not None
        if news.models is None and reading is None and news.reported_usd is None:
            return None
        return Sign(
            session=self.agent.session,
            reading=reading,
            at=at,
            conversation=news.conversation,
            models=news.models,
            reported_usd=news.reported_usd,
        )

    def read_output(self) -> Sign | None:
        """Return what an agent that has ended says in its output of its usage, if its records have told none."""
        if self._counted or not self.agent.output:
            return None
        from autod_tui.agents.records.streams import read_stream

        news = read_stream(self.agent.profile.records, Path(self.agent.output))
        if news is None:
            return None
        return Sign(session=self.agent.session, models=news.models, reported_usd=news.reported_usd)

    def _read_log(self, conversation: str) -> tuple[Reading | None, float]:
        """Return what its log tells, which outweighs the end of a turn, and when it was told; 0: just now."""
        if self._log is None and self._log_path is not None:
            self._log = open_log(self.agent, self._log_path)
        told = self._log.read_new(conversation) if self._log is not None else None
        if told is None:
            return None, 0.0
        reading, at = told
        if reading.vague and reading.until:
            return (reading, at) if reading.until > time.time() else (None, 0.0)
        return reading, 0.0 if time.time() - at < FRESH else at

    def close(self) -> None:
        """Follow no more."""
        if self._descriptor >= 0:
            asyncio.get_running_loop().remove_reader(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = -1

    def _follow_process(self, pid: int) -> None:
        """Hear of the end of an agent that is a child of its pane's process; tmux tells that of the latter."""
        if pid == self._followed_pid:
            return
        self.close()
        self._followed_pid = pid
        if pid == self.agent.pid:
            return
        with contextlib.suppress(OSError, AttributeError):
            self._descriptor = os.pidfd_open(pid)
            asyncio.get_running_loop().add_reader(self._descriptor, self._ended, pid)

    def _ended(self, pid: int) -> None:
        self.close()
        asyncio.get_running_loop().call_later(OUTLIVED_AFTER, self._outlived, pid)

    def _outlived(self, pid: int) -> None:
        if pid != self._followed_pid or not processes.alive(self.agent.pid):
            return
        reason = f"its process {pid} has ended, the one that started it lives on"
        reading = Reading(WorkstreamState.EXITED, reason, Source.PROCESS)
        self._status_told = None
        self._tell(Sign(session=self.agent.session, reading=reading))
