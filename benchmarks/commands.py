"""The command line's start: `--version` and `status --json` against a bare Python, and what they import."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence

from benchmarks.report import Row
from benchmarks.world import World, autod

HEAVY = ("textual", "git", "libtmux")
_LOOK = (
    "import sys, io, contextlib\nfrom autod_tui.__main__ import main\n"
    "with contextlib.redirect_stdout(io.StringIO()):\n    main(sys.argv[1:])\n"
    f"print(*[name for name in {HEAVY!r} if name in sys.modules])"
)


def measure(world: World, rounds: int = 10) -> list[Row]:
    """Run each command by turns with `python -c pass`; `world` is conducted by somebody else."""
    times: dict[str, list[float]] = {"pass": [], "version": [], "status": []}
    for _ in range(rounds):
        times["pass"].append(_time([sys.executable, "-c", "pass"], world))
        times["version"].append(_time(autod("--version"), world))
        times["status"].append(_time(autod("status", "--json"), world))
    rows = []
    for name, words in (("version", ["--version"]), ("status", ["status", "--json"])):
        title = f"autod {' '.join(words)} / python -c pass"
        rows.append(Row(name=title, ours=times[name], base=times["pass"]))
        loaded = imported(words, world)
        note = f"imported: {', '.join(loaded)}" if loaded else ""
        title = f"of {', '.join(HEAVY)} imported by `{' '.join(words)}`"
        rows.append(Row(name=title, ours=[len(loaded)], limit=0, absolute=True, unit="count", note=note))
    return rows


def imported(words: Sequence[str], world: World) -> list[str]:
    """Return which heavy libraries a command has imported when it ends."""
    argv = [sys.executable, "-c", _LOOK, *words]
    return subprocess.run(argv, cwd=world.root, capture_output=True, text=True, check=True).stdout.split()


def _time(argv: Sequence[str], world: World) -> float:
    started = time.monotonic()
    subprocess.run(argv, cwd=world.root, capture_output=True, check=True)
    return time.monotonic() - started
