"""Small adapters: rooms behind the engine's ports where their shapes differ."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from autod_tui import process, processes, programs
from autod_tui.agents import headless, questions, readiness, strangers
from autod_tui.agents.launch import agent_argv, prepare
from autod_tui.core.agent_ports import InstalledAgent, Prepared, Question
from autod_tui.core.checkpoint import GateSpec
from autod_tui.core.plan import AgentProfile
from autod_tui.core.ports import GateOutcome
from autod_tui.core.workstream import Guest, Reading

END_GRACE = 2.0


class Agents:
    """The agents room behind the engine's port."""

    def __init__(self, spool: Path | None = None) -> None:
        """Have agents tell their events in directories of `spool`; without one they get no hooks."""
        self._spool = spool

    def argv(self, profile: AgentProfile, values: Mapping[str, str]) -> tuple[str, ...]:
        """Fill a profile's command."""
        return agent_argv(
            profile,
            prompt=values["prompt"],
            prompt_file=values["prompt_file"],
            model=values["model"],
            session_id=values["session_id"],
            worktree=values["worktree"],
            workstream=values["workstream"],
        )

    def prepare(
        self, profile: AgentProfile, values: Mapping[str, str], *, permission: str = "", conversation: str = ""
    ) -> Prepared:
        """Fill a profile's command, with hooks and a permission mode."""
        return prepare(profile, values, permission=permission, conversation=conversation, spool=self._spool)

    async def installed(self, profiles: Sequence[AgentProfile]) -> list[InstalledAgent]:
        """Look for agents' programs."""
        from autod_tui.agents.installed import look_for

        return await look_for(profiles)

    def read_screen(self, profile: AgentProfile, lines: tuple[str, ...]) -> Reading | None:
        """Read a state from a screen."""
        return readiness.read_screen(profile, lines)

    def read_osc(self, text: str) -> Reading | None:
        """Read a state from an operating system command."""
        return readiness.read_osc(text)

    def read_title(self, profile: AgentProfile, title: str) -> Reading | None:
        """Read a state from a title."""
        return readiness.read_title(profile, title)

    def read_strange_title(self, before: str, title: str) -> Reading | None:
        """Read a title of an agent without a profile."""
        return strangers.read_strange_title(before, title)

    def read_notice(self, text: str) -> Reading | None:
        """Read a notification of such an agent."""
        return strangers.read_notice(text)

    def read_last_words(self, rows: Sequence[str], now: float) -> Reading | None:
        """Read a failure that such an agent told last."""
        return strangers.read_last_words(rows, now)

    def read_retry(self, rows: Sequence[str], now: float) -> Reading | None:
        """Read when such an agent tries again."""
        return strangers.read_retry(rows, now)

    def read_log(self, profile: AgentProfile, text: str, now: float, *, ended: bool) -> Reading | None:
        """Read a rate limit from the end of what was printed."""
        return headless.read_log(profile, text, now, ended=ended)

    def read_question(self, profile: AgentProfile, lines: tuple[str, ...]) -> Question | None:
        """Read what an agent asks."""
        return questions.read_question(profile, lines)

    def last_words(self, lines: tuple[str, ...], count: int) -> tuple[str, ...]:
        """Return a screen's last rows."""
        return questions.last_words(lines, count)


class GateRunner:
    """Runs gates through the process door."""

    async def run(self, gate: GateSpec, cwd: str, log: Path, env: Mapping[str, str]) -> GateOutcome:
        """Run one gate to its end or its time-out."""
        begun = time.monotonic()
        status = await process.run_logged(gate.command, cwd=cwd, env=env, log=log, timeout=gate.timeout)
        return GateOutcome(exit_status=status, seconds=time.monotonic() - begun, timed_out=status is None)


class Processes:
    """Finds agents by the marker in their environment."""

    def of_session(self, session: str, *, after: int = 0, apart: Sequence[int] | None = None) -> list[int]:
        """Return the living processes of an agent session, with `after` only those younger than that process."""
        return processes.marked(f"AUTOD_SESSION={session}", after=after, apart=apart)

    def of_worktree(self, worktree: str) -> list[int]:
        """Return the living processes that were told of the prompt in this worktree."""
        return processes.marked(_prompt_marker(worktree))

    def runs(self, pid: int, names: Collection[str]) -> bool:
        """Tell whether a process runs a program of one of these names."""
        return programs.runs(pid, names)

    def reads_keys(self, pid: int) -> bool:
        """Tell whether a process's terminal is set up for keys."""
        return processes.reads_keys(pid)

    def cpu_seconds(self, pid: int) -> float:
        """Return how long processors have worked for a process and its descendants."""
        return processes.cpu_seconds((pid, *processes.descendants(pid)))

    def working_in(self, worktree: str, names: Collection[str]) -> list[int]:
        """Return the living processes of such programs that work in a worktree."""
        return programs.working_in(worktree, names)

    def guests(self, worktrees: Collection[str], names: Collection[str]) -> Mapping[str, tuple[Guest, ...]]:
        """Return those that autod has not started."""
        found = programs.residents(worktrees, names)
        return {worktree: guests for worktree, pids in found.items() if (guests := _guests(worktree, pids))}

    def when_ended(self, pid: int, told: Callable[[], None]) -> Callable[[], None]:
        """Tell of an end."""
        return programs.when_ended(pid, told)

    async def end_worktree(self, worktree: str) -> None:
        """End them all."""
        if self.of_worktree(worktree):
            await processes.end_tree(0, _prompt_marker(worktree), grace=END_GRACE)

    async def end_session(self, session: str) -> None:
        """End them all."""
        if self.of_session(session):
            await processes.end_tree(0, f"AUTOD_SESSION={session}", grace=END_GRACE)

    async def end_gates(self, house: str) -> None:
        """End what is left of a killed conductor's gates."""
        await processes.end_tree(0, f"AUTOD_GATES={house}", grace=0.5)


def _guests(worktree: str, pids: Mapping[int, str]) -> tuple[Guest, ...]:
    first = [pid for pid in pids if processes.parent_of(pid) not in pids]
    return tuple(Guest(pids[pid], pid) for pid in first if not _is_ours(pid, worktree))


def _is_ours(pid: int, worktree: str) -> bool:
    """True as well where no environment is shown: a process in the middle of exec has none."""
    environment = processes.read_proc(pid, "environ").split(b"\0")
    return environment == [b""] or os.fsencode(_prompt_marker(worktree)) in environment


def _prompt_marker(worktree: str) -> str:
    return f"AUTOD_PROMPT_FILE={worktree}/STARTUP.md"
