"""Signs on real files and processes: spools, status files and the processes that write them."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import msgspec
import pytest

from autod_tui.agents.profiles import load_profiles
from autod_tui.agents.signs import ANSWERS_KEPT, STRAY_AFTER, Signs
from autod_tui.agents.spool import PAYLOAD_LIMIT
from autod_tui.core.agent_ports import Followed, Sign
from autod_tui.core.plan import AgentProfile
from autod_tui.core.ports import FilesPort
from autod_tui.core.workstream import WorkstreamState
from autod_tui.inotify import Unavailable
from autod_tui.watch.files import FileWatch
from autod_tui.watch.spots import Spots

S = WorkstreamState
SESSION = "5e55"
CLAUDE = msgspec.structs.replace(load_profiles()["claude"], records="")


def watch() -> FilesPort:
    """Watch as the wiring does."""
    try:
        return Spots()
    except Unavailable:
        return FileWatch(debounce=0.02)


class Agent:
    """What an agent leaves in a home and a spool."""

    def __init__(self, directory: Path, pid: int = 0) -> None:
        self.home = directory / "home"
        self.spool = directory / "spool"
        self.signs = Signs(self.spool, watch)
        self.followed = self.make(pid or os.getpid())
        self._taking = self.signs.signs()
        self._number = 0

    def make(self, pid: int, profile: AgentProfile = CLAUDE, session: str = SESSION) -> Followed:
        """Describe an agent."""
        env = {"HOME": str(self.home)}
        return Followed(
            session=session, profile=profile, worktree=str(self.home), pid=pid, started_at=time.time() - 5, env=env
        )

    def hook(self, event: str, at: float = 0.0, session: str = SESSION, **payload: object) -> Path:
        """Write a payload as hooks do."""
        self._number += 1
        directory = self.spool / session
        directory.mkdir(parents=True, exist_ok=True)
        stamp = int((at or time.time()) * 1e9)
        path = directory / f"{stamp}-{self._number}.json"
        hidden = directory / f".{path.name}"
        told = {"event": event, "agent": "claude", "at": stamp / 1e9, "payload": {"session_id": "c0", **payload}}
        hidden.write_text(json.dumps(told))
        hidden.rename(path)
        return path

    def status(self, pid: int, word: str, at: int | None = None) -> None:
        """Write a status file; `at` is its own date of the status, in milliseconds."""
        directory = self.home / ".claude" / "sessions"
        directory.mkdir(parents=True, exist_ok=True)
        (directory / f"{pid}.json").write_text(
            json.dumps({"pid": pid, "status": word} | ({"statusUpdatedAt": at} if at else {}))
        )

    async def next(self) -> Sign:
        """Return the next sign."""
        return await asyncio.wait_for(anext(self._taking), 10)

    async def next_state(self) -> S | None:
        """Return the state that the next sign tells."""
        reading = (await self.next()).reading
        return reading.state if reading is not None else None

    async def close(self) -> None:
        """Follow no more."""
        await self._taking.aclose()  # type: ignore[attr-defined]


@pytest.fixture
async def agent(tmp_path: Path) -> AsyncIterator[Agent]:
    agent = Agent(tmp_path)
    yield agent
    await agent.close()


@pytest.fixture
def wrapper() -> Iterator[tuple[int, int]]:
    """Start a process that starts another one and outlives it; return both ids."""
    program = "import subprocess, sys; p = subprocess.Popen(['sleep', '1000']); print(p.pid, flush=True); p.wait(); "
    argv = [sys.executable, "-c", program + "sys.stdin.read()"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as started:
        assert started.stdout is not None
        child = int(started.stdout.readline())
        yield started.pid, child
        for pid in (child, started.pid):
            with_suppressed_kill(pid)


def with_suppressed_kill(pid: int) -> None:
    """End a process that may be gone."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


async def test_what_was_told_before_is_told_first_in_order_of_its_time(agent: Agent) -> None:
    now = time.time()
    agent.hook("Stop", at=now - 1)
    agent.hook("UserPromptSubmit", at=now - 3)
    agent.hook("PermissionRequest", at=now - 2, tool_name="Bash", tool_input={"command": "ls"})
    await agent.signs.follow([agent.followed])
    assert [await agent.next_state() for _ in range(3)] == [S.WORKING, S.WAITING, S.DONE]
    assert not list((agent.spool / SESSION).iterdir())


async def test_hooks_are_heard_as_they_come(agent: Agent) -> None:
    await agent.signs.follow([agent.followed])
    agent.hook("UserPromptSubmit")
    first = await agent.next()
    assert (first.session, first.conversation) == (SESSION, "c0")
    agent.hook("StopFailure", error="rate_limit", last_assistant_message="try again in 5s")
    failed = await agent.next()
    assert failed.reading is not None
    assert failed.reading.state is S.RATE_LIMITED
    assert failed.reading.until == pytest.approx(failed.at + 5)


async def test_payloads_that_make_no_sense_are_only_removed(agent: Agent) -> None:
    directory = agent.spool / SESSION
    directory.mkdir(parents=True)
    (directory / ".launch").mkdir()
    (directory / "1-1.json").write_text("{")
    (directory / "2-1.json").write_text("[]")
    (directory / "3-1.json").write_bytes(b" " * PAYLOAD_LIMIT + b"{}")
    (directory / "4-1.json").symlink_to("/etc/passwd")
    (directory / "note.txt").write_text("not ours")
    agent.hook("Stop")
    await agent.signs.follow([agent.followed])
    assert await agent.next_state() is S.DONE
    assert {path.name for path in directory.iterdir()} == {".launch", "note.txt"}


async def test_who_only_passes_by_reads_all_that_was_told_and_the_hooks_words_once(agent: Agent) -> None:
    agent.status(os.getpid(), "busy")
    agent.hook("UserPromptSubmit")
    states = [[sign.reading and sign.reading.state for sign in await agent.signs.read([agent.followed])] for _ in "12"]
    assert states == [[S.WORKING, S.WORKING], [S.WORKING]]


async def test_only_followed_agents_are_read(agent: Agent) -> None:
    await agent.signs.follow([agent.followed])
    strange = agent.hook("Stop", session="other")
    agent.hook("UserPromptSubmit")
    assert await agent.next_state() is S.WORKING
    assert strange.exists()
    await agent.signs.follow([agent.make(os.getpid(), session="other")])
    assert (await agent.next()).session == "other"
    agent.signs.forget("other")
    assert not strange.parent.exists()


async def test_the_status_file_is_awaited_and_its_changes_are_told_once(agent: Agent) -> None:
    await agent.signs.follow([agent.followed])
    agent.status(os.getpid(), "busy")
    assert await agent.next_state() is S.WORKING
    agent.status(os.getpid(), "busy")
    agent.status(os.getpid(), "shell")
    agent.status(os.getpid(), "idle")
    assert await agent.next_state() is S.IDLE


async def test_a_status_that_was_left_and_came_back_unread_is_told_again(agent: Agent) -> None:
    await agent.signs.follow([agent.followed])
    now = int(time.time() * 1000)
    agent.status(os.getpid(), "busy", now)
    assert await agent.next_state() is S.WORKING
    agent.status(os.getpid(), "busy", now)
    agent.status(os.getpid(), "busy", now + 300)
    sign = await agent.next()
    assert (sign.reading.state if sign.reading else None, sign.at) == (S.WORKING, (now + 300) / 1000)


async def test_the_status_file_of_a_child_is_the_agents_and_no_other(agent: Agent, wrapper: tuple[int, int]) -> None:
    pane, child = wrapper
    await agent.signs.follow([agent.make(pane)])
    agent.status(os.getpid(), "idle")
    agent.status(1, "idle")
    agent.status(child, "busy")
    assert await agent.next_state() is S.WORKING


async def test_an_agent_that_dies_below_its_wrapper_is_told(agent: Agent, wrapper: tuple[int, int]) -> None:
    pane, child = wrapper
    agent.status(child, "busy")
    await agent.signs.follow([agent.make(pane)])
    assert await agent.next_state() is S.WORKING
    os.kill(child, signal.SIGKILL)
    sign = await agent.next()
    assert sign.reading is not None
    assert sign.reading.state is S.EXITED
    assert str(child) in sign.reading.reason


async def test_the_file_of_an_agent_that_was_killed_says_nothing(agent: Agent) -> None:
    with subprocess.Popen(["sleep", "1000"]) as gone:
        gone.kill()
    agent.status(gone.pid, "busy")
    await agent.signs.follow([agent.make(gone.pid)])
    agent.hook("Stop")
    assert await agent.next_state() is S.DONE


async def test_only_what_nobody_knows_any_more_is_swept_away(agent: Agent) -> None:
    old = time.time() - STRAY_AFTER - 60
    for session in (SESSION, "stray"):
        launch = agent.spool / session / ".launch"
        launch.mkdir(parents=True)
        os.utime(launch.parent, (old, old))
    (agent.spool / "young").mkdir()
    answers = agent.spool / ".answers"
    answers.mkdir()
    for name, at in (("ses_1", old), ("ses_0", old - ANSWERS_KEPT)):
        (answers / name).touch()
        os.utime(answers / name, (at, at))
    os.utime(answers, (old, old))
    await agent.signs.follow([agent.followed])
    assert {path.name for path in agent.spool.iterdir()} == {SESSION, "young", ".answers"}
    assert [path.name for path in answers.iterdir()] == ["ses_1"]


async def test_fifty_quiet_agents_are_no_work(agent: Agent) -> None:
    await agent.signs.follow([agent.make(os.getpid(), session=f"s{number}") for number in range(50)])
    for number in range(50):
        agent.hook("UserPromptSubmit", session=f"s{number}")
    for _ in range(50):
        await agent.next()
    before = time.process_time()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(anext(agent._taking), 1.0)
    assert time.process_time() - before < 0.05
