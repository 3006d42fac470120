"""Help for tests of the demo: its repository, its agents and its gates, on real git and without autod's engine."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

from autod_tui.demo.sample import make_sample

ROOT = Path(__file__).parents[2]


def environment(**extra):
    """Return an environment without any git identity or settings of a person."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "AUTOD_"))}
    hermetic = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "PYTHONPATH": str(ROOT)}
    return {**inherited, **hermetic, "AUTOD_DEMO_PACE": "0", **extra}


def git(directory, *arguments, ok=True):
    """Run git; return what it printed."""
    done = subprocess.run(["git", *arguments], cwd=directory, env=environment(), capture_output=True, text=True)
    assert done.returncode == 0 or not ok, done.stderr + done.stdout
    return done.stdout.strip()


def make_repository(directory):
    """Make the sample in `directory`/paperflow and return its path."""
    repository = directory / "paperflow"
    make_sample(repository)
    return repository


def add_worktree(repository, name, base="main"):
    """Add the workstream's worktree, with its STARTUP.md out of git's sight as autod does it."""
    worktree = repository.with_name(f"paperflow-{name}")
    git(repository, "worktree", "add", "-q", "-b", f"workstream/{name}", str(worktree), base)
    exclude = repository / ".git" / "info" / "exclude"
    exclude.parent.mkdir(exist_ok=True)
    exclude.write_text("/STARTUP.md\n/progress.md\n")
    prompt = repository / "workstreams" / name / "STARTUP.md"
    (worktree / "STARTUP.md").write_bytes(prompt.read_bytes() if prompt.is_file() else b"Do something.\n")
    return worktree


def play(worktree, name, said=""):
    """Run the agent to its end with `said` on its standard input."""
    return subprocess.run(
        [sys.executable, "-m", "autod_tui.demo_agent", "STARTUP.md"],
        cwd=worktree,
        env=environment(AUTOD_WORKSTREAM=name),
        input=said,
        capture_output=True,
        text=True,
        timeout=60,
    )


def gate(directory, name):
    """Run one of the sample's gates; return (exit status, the measured number or None)."""
    spec = tomllib.loads((directory / "autod.toml").read_text())["gates"][name]
    done = subprocess.run(
        ["sh", "-c", spec["command"]], cwd=directory, env=environment(), capture_output=True, text=True, timeout=60
    )
    found = re.findall(spec["measure"], done.stdout) if "measure" in spec else []
    return done.returncode, float(found[-1]) if found else None
