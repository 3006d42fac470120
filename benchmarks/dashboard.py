"""The dashboard from outside: real keys into a pty, `autod` in it with its own tmux server, painted text dated."""

from __future__ import annotations

import os
import random
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.report import Row
from benchmarks.terminal import Terminal
from benchmarks.world import PATIENCE, BareTmux, Bell, World, autod, settle

DOWN, UP, ENTER, F12 = b"\x1b[B", b"\x1b[A", b"\r", b"\x1b[24~"
PRINTING = 8
LINES_A_SECOND = 20

MINIMAL = """
from textual.app import App
from textual.widgets import Static
class Minimal(App):
    def compose(self):
        yield Static("READYMARK")
Minimal().run()
"""

MINIMAL_LIST = """
import sys
from textual.app import App
from textual.widgets import Footer, Header, OptionList
class MinimalList(App):
    BINDINGS = [("q", "quit", "Quit")]
    def compose(self):
        yield Header()
        yield OptionList(*(f"working  {name}  bench  workstream/{name}" for name in sys.argv[1:]))
        yield Footer()
MinimalList().run()
"""

RUNNER = """printf x > {bell}; while read -r line; do
a=$(date +%s%N); seq 2000000; b=$(date +%s%N); echo $((b - a)) > {bell}; done"""


@contextmanager
def dashboard(world: World, *words: str) -> Iterator[Terminal]:
    """Run `autod` with `words` in a terminal; its list stands and is quiet."""
    terminal = Terminal(autod(*words), world.root)
    try:
        terminal.seen(world.names[0])
        settle(1.5)
        yield terminal
    finally:
        terminal.close()


def minimal_app(ground: Path) -> Terminal:
    """Start the smallest Textual app."""
    return Terminal([sys.executable, "-c", MINIMAL], ground)


def minimal_list(ground: Path, world: World) -> Terminal:
    """Start the smallest Textual app that lists the workstreams between a header and a footer."""
    return Terminal([sys.executable, "-c", MINIMAL_LIST, *world.names], ground)


def first_frame(ground: Path, world: World, rounds: int = 15) -> list[Row]:
    """Time the dashboard's first full frame, those of two minimal apps, and the whole `autod`."""
    full = (world.names[0], world.names[-1], world.worktree(world.names[0]).name, "Attach")
    ours, base, listed, acting, whole = [], [], [], [], []
    with dashboard(world, "dashboard"):  # the news of the agents' starts would push the conductor's out of sight
        settle(1)
    for _ in range(rounds):
        base.append(_time_to(("READYMARK",), minimal_app(ground)))
        listed.append(_time_to((world.names[0], "palette"), minimal_list(ground, world)))
        ours.append(_time_to(full, Terminal(autod("dashboard"), world.root)))
        terminal = Terminal(autod("dashboard"), world.root)
        acting.append(_time_to((f"(process {terminal.process.pid})",), terminal))
    for _ in range(2):
        whole.append(_time_to(full, Terminal(autod(), world.root)))
        _end_dashboard(world)
    title = f"first frame, {len(world.names)} workstreams"
    note = "list, details and footer, as the journal has it and marked so; bound: one Static"
    return [
        Row(name=f"{title} / minimal app", ours=ours, base=base, limit=1.3, note=note),
        Row(name=f"{title} / minimal app with list, header, footer", ours=ours, base=listed),
        Row(name="dashboard looked again and conducts / minimal app", ours=acting, base=base),
        Row(name="first frame of `autod`, tmux server included", ours=whole, base=base),
    ]


def _time_to(texts: Sequence[str], terminal: Terminal) -> float:
    try:
        return max(terminal.seen(text) for text in texts) - terminal.started
    finally:
        terminal.close()
        settle(0.2)


def _end_dashboard(world: World) -> None:
    world.tmux("respawn-window", "-k", "-t", "=autod-hub:0", "true")
    settle(0.3)


def keys(ground: Path, world: World, terminal: Terminal, presses: int = 60) -> list[Row]:
    """Press down and up in the list while eight panes print; date the repainted name of the newly selected."""
    names = world.names
    ttys = world.panes("#{pane_tty}")[:PRINTING]
    words = ["-m", "benchmarks.printer", str(ground / "printed.json"), str(LINES_A_SECOND), str(presses * 0.16 + 4)]
    with subprocess.Popen([sys.executable, *words, *ttys]) as printer:
        settle(1)
        delays = [press_and_see(terminal, names, number) for number in range(presses)]
        printer.terminate()
    note = f"from outside, tmux included; median {statistics.median(delays) * 1000:.1f} ms; 8 panes x 20 lines/s"
    name = f"key -> painted frame, {len(names)} workstreams"
    return [Row(name=name, ours=delays, limit=0.05, absolute=True, how="p95", note=note)]


def press_and_see(terminal: Terminal, names: tuple[str, ...], number: int) -> float:
    """Move the selection by one key, down through the first eight names and up again, and return the delay."""
    turn = 2 * (PRINTING - 1)
    step = number % turn
    at = step + 1 if step < turn // 2 else turn - step - 1
    settle(0.08 + random.random() * 0.08)
    mark = terminal.mark()
    pressed = terminal.press(DOWN if step < turn // 2 else UP)
    return terminal.seen(names[at], mark) - pressed


def attach(world: World, terminal: Terminal, rounds: int = 8) -> list[Row]:
    """Attach to the selected pane and come back, against a window switch by a bare tmux client and by a bare key."""
    bare = BareTmux("bench-switch")
    bare.run("new-window", "-t", "hand:1", "echo OTHER WINDOW; exec sleep 100000")
    bare.run("respawn-window", "-k", "-t", "hand:0", "echo FIRST WINDOW; exec sleep 100000")
    bare.run("select-window", "-t", "hand:0")
    plain = Terminal([*bare.argv, "attach-session", "-t", "hand"], world.root)
    there, back, base = [], [], []
    try:
        plain.seen("FIRST WINDOW")
        settle(0.5)
        for _ in range(rounds):
            base += [_switch(bare, plain, 1, "OTHER WINDOW"), _switch(bare, plain, 0, "FIRST WINDOW")]
            there.append(_press_until(terminal, ENTER, "F12 dashboard"))
            back.append(_press_until(terminal, F12, world.names[-1]))
    finally:
        plain.close()
        bare.close()
    note = "bound: `tmux select-window` by a program, until its window is painted"
    return [
        Row(name="attach: key -> agent's pane / bare switch", ours=there, base=base, limit=2, note=note),
        Row(name="back: F12 -> dashboard / bare switch", ours=back, base=base, limit=2),
    ]


def _switch(bare: BareTmux, plain: Terminal, window: int, text: str) -> float:
    settle(0.2)
    mark, started = plain.mark(), time.monotonic()
    bare.run("select-window", "-t", f"hand:{window}")
    return plain.seen(text, mark) - started


def _press_until(terminal: Terminal, key: bytes, text: str) -> float:
    settle(0.4)
    mark = terminal.mark()
    pressed = terminal.press(key)
    return terminal.seen(text, mark) - pressed


def changed_file(world: World, terminal: Terminal, rounds: int = 5) -> list[Row]:
    """Write a file in a worktree and wait for the count of uncommitted files in the list."""
    tree, delays, statuses = world.worktree(world.names[1]), [], []
    for number in range(1, rounds + 1):
        started = time.monotonic()
        world.git("--no-optional-locks", "status", "--porcelain=v2", cwd=tree)
        statuses.append(time.monotonic() - started)
        mark, started = terminal.mark(), time.monotonic()
        (tree / f"changed-{number}.txt").write_text("new\n")
        delays.append(terminal.seen(f"*{number}", mark) - started)
        settle(1)
    note = "bound: one `git status`; the rest is the debounce, numstat, the journal and UPDATE_GAP"
    return [Row(name="file change -> changed count on screen / git status", ours=delays, base=statuses, note=note)]


def runner(bell: Bell) -> str:
    """Return the shell command of an agent that counts to two million for each line and tells its nanoseconds."""
    return RUNNER.replace("{bell}", str(bell.path))


def agent_speed(world: World, bell: Bell, rounds: int = 12, floods: int = 3) -> list[Row]:
    """Time an agent's own flood with nobody listening, with the dashboard on it, and with the dashboard stopped.

    All three in the same pane of the same tmux: two servers that do the same may differ by a tenth as long as they
    live. The dashboard is left for the bound, so that the server has no client at all.
    """
    pane = world.panes("#{pane_id}")[0]
    free, watched, stopped = [], [], []

    def flood() -> float:
        return _run(bell, lambda: world.tmux("send-keys", "-t", pane, "go", "Enter"))

    for _ in range(rounds):
        with dashboard(world) as terminal:
            for _ in range(floods):
                watched.append(flood())
                terminal.quiet()
                with _halted(_dashboard_process(world)):
                    stopped.append(flood())
                terminal.quiet()
            _leave(world, terminal)
        free += [flood() for _ in range(floods)]
    note = f"`seq 2000000` in the selected pane, {rounds * floods} times; bound: the same while tmux has no client"
    return [
        Row(name="agent's own speed, dashboard running", ours=watched, base=free, limit=1.1, note=note),
        Row(name="agent's own speed, dashboard stopped (SIGSTOP)", ours=stopped, base=free, limit=1.1),
    ]


@contextmanager
def _halted(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def _leave(world: World, terminal: Terminal) -> None:
    """Quit the dashboard by its key; its tmux goes on without a client."""
    terminal.press(b"q")
    terminal.process.wait(PATIENCE)
    if clients := world.tmux("list-clients"):
        raise RuntimeError(f"somebody still listens: {clients}")


def _run(bell: Bell, start: object) -> float:
    settle(0.3)
    start()  # type: ignore[operator]
    return int(bell.read()) / 1e9


def _dashboard_process(world: World) -> int:
    """Return the Python process in the dashboard's window."""
    pid = int(world.tmux("list-panes", "-t", "=autod-hub:0", "-F", "#{pane_pid}"))
    return find_python(pid)


def find_python(pid: int) -> int:
    """Return the first process from `pid` downwards that runs Python."""
    if "python" in Path(f"/proc/{pid}/exe").resolve().name:
        return pid
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        return find_python(int(child))
    raise RuntimeError(f"no Python below process {pid}")


def quiet(ground: Path, world: World, terminal: Terminal, seconds: float = 12.0) -> list[Row]:
    """Measure CPU and memory of the dashboard with quiet workstreams, and of an idle minimal app, at the same time."""
    minimal = minimal_app(ground)
    try:
        minimal.seen("READYMARK")
        terminal.quiet(1.5)
        settle(3)
        ours, base = _dashboard_process(world), minimal.process.pid
        spent: dict[int, list[float]] = {ours: [], base: []}
        for _ in range(3):
            before = {pid: cpu_seconds(pid) for pid in spent}
            settle(seconds / 3)
            for pid, values in spent.items():
                values.append((cpu_seconds(pid) - before[pid]) / (seconds / 3) * 100)
        memory = [[proportional_mib(pid)] for pid in (ours, base)]
    finally:
        minimal.close()
    number = len(world.names)
    return [
        Row(name=f"CPU, {number} quiet workstreams / idle app", ours=spent[ours], base=spent[base], limit=3, unit="%"),
        Row(name=f"PSS, {number} quiet workstreams / idle app", ours=memory[0], base=memory[1], limit=2, unit="MiB"),
    ]


def cpu_seconds(pid: int) -> float:
    """Return the processor time of all threads of a process (nanosecond counters)."""
    return sum(int(path.read_text().split()[0]) for path in Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1e9


def proportional_mib(pid: int) -> float:
    """Return the proportional set size of a process in MiB."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"no PSS of process {pid}")
