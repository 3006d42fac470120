"""A world with a real agent in it: it hears a lane of a stand-in, works under `autod`, and is watched all the while."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.support.e2e_world import World
from tests.support.more_agents import MORE
from tests.support.real_agents import SET_UP, require_agent
from tests.support.standin import Exchange, Lane, StandIn
from tests.support.terminals import wait_until

PATIENCE = 40.0
"""Seconds for what an agent does: these are big programs, and CI is slow."""
NAME = "one"
"""The workstream that the agent works in."""
ONE_TASK = """
[plan]
into = "done"
[[stage]]
name = "build"
sessions = 1
[[task]]
id = "t1"
outputs = ["t1.txt"]
"""
"""A plan of one task that leaves a file."""


class AgentWorld:
    """One repository, one agent program, one lane, one workstream, and a conductor whose events are all read."""

    def __init__(self, stand: World, model: StandIn, agent: str, **env: str) -> None:
        self.stand = stand
        self.agent = agent
        self.lane: Lane = model.lane(agent)
        real = {**SET_UP, **MORE}[agent](require_agent(agent), Path(stand.env["HOME"]), stand.root, self.lane.url)
        stand.env |= {**real.env, **env, "PATH": f"{real.program.parent}{os.pathsep}{stand.env['PATH']}"}
        stand.write("autod.toml", f'[project]\ntarget = "main"\nagent = "{agent}"\n')
        stand.write(f"workstreams/{NAME}/STARTUP.md", "# one\nDo what the model says.\n")
        stand.commit("declare")
        self.changes: list[dict[str, Any]] = []
        """All changes of state so far: `at` (Unix time), `state`, `reason`, `source`."""
        self._news = threading.Condition()

    @contextlib.contextmanager
    def conducted(self) -> Iterator[None]:
        """Keep a conductor and read what it tells."""
        watch = self.stand.start("watch")
        assert watch.stdout is not None
        reader = threading.Thread(target=self._read, args=(watch.stdout,), daemon=True)
        reader.start()
        try:
            wait_until(lambda: self.stand.ask("status")["project"]["conductor"], "a conductor", PATIENCE)
            yield
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(watch.pid, signal.SIGTERM)
            watch.wait()
            reader.join()
            watch.stdout.close()

    def _read(self, lines: Any) -> None:
        for line in lines:
            event = json.loads(line)
            if event["kind"] == "StateChanged" and event["name"] == NAME:
                with self._news:
                    self.changes.append(event)
                    self._news.notify_all()

    def up(self, *options: str) -> Exchange:
        """Start the agent and return its first request."""
        asked = len(self.lane.main)
        self.stand.ask("up", NAME, *options)
        try:
            return self.lane.wait_asked(asked + 1, PATIENCE)
        except AssertionError as error:
            raise AssertionError(f"{error}; its screen:\n{self.screen()}") from error

    def wait_state(self, *wanted: str) -> dict[str, Any]:
        """Wait until the last change of state is to one of `wanted` and return that change."""

        def reached() -> bool:
            return bool(self.changes) and self.changes[-1]["state"] in wanted

        with self._news:
            met = self._news.wait_for(reached, PATIENCE)
            last = self.changes[-1:]
        assert met, f"never {wanted}: {self.changes}; screen:\n{self.screen()}"
        return dict(last[0])

    def states(self, since: int = 0) -> list[str]:
        """The states that it went through, from the given number of changes on."""
        return [change["state"] for change in self.changes[since:]]

    def press(self, *keys: str) -> None:
        """Press keys in the agent's pane, as a person who is attached."""
        self.stand.tmux("send-keys", "-t", self.pane, *keys)

    def kill(self) -> float:
        """Kill the program in its pane and return when that was."""
        pid, at = self.pid, time.time()
        os.kill(pid, signal.SIGKILL)
        return at

    @property
    def pane(self) -> str:
        """tmux's id of the agent's pane."""
        return str(self.stand.workstream(NAME)["pane"])

    @property
    def pid(self) -> int:
        """The program in its pane."""
        return int(self.stand.tmux("display-message", "-p", "-t", self.pane, "#{pane_pid}"))

    @property
    def worktree(self) -> Path:
        """Where it works."""
        return self.stand.worktree(NAME)

    def screen(self) -> str:
        """What the agent's pane shows."""
        pane = self.stand.workstream(NAME)["pane"]
        return self.stand.tmux("capture-pane", "-p", "-t", str(pane), check=False) if pane else ""

    def recorded(self) -> bool:
        """Tell whether Claude's own record holds usage by now; it is written some moments after the screen."""
        records = Path(self.stand.env["HOME"], ".claude", "projects").glob("*/*.jsonl")
        return any('"usage"' in record.read_text() for record in records)

    def counted(self) -> tuple[int, int, int]:
        """The tokens that autod has counted: input (with what went into a cache), output, from a cache."""
        tokens = self.stand.workstream(NAME)["tokens"] or {}
        return tokens.get("input", 0), tokens.get("output", 0), tokens.get("cached", 0)

    def told(self) -> tuple[int, int, int]:
        """Return what the model has told this agent, as `counted`; titles and the like only if the agent tells them."""
        told = self.lane.usage(asides=self.agent == "opencode")
        return told.input + told.cache_write, told.output, told.cache_read

    def wait_counted(self) -> None:
        """Wait until autod has counted exactly that."""
        exact = self.told()
        wait_until(lambda: self.counted() == exact, f"{exact}, only {self.counted()}", PATIENCE)
