"""What a command imports: the small ones must start about as fast as Python itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("textual", "git", "libtmux", "watchfiles", "rich", "asyncio")
PROGRAM = """
import sys
from autod_tui.__main__ import main
code = main({words!r})
sys.stderr.write(" ".join(name for name in {names!r} if name in sys.modules))
sys.exit(code)
"""


def loaded(words: list[str], names: tuple[str, ...]) -> str:
    program = PROGRAM.format(words=words, names=names)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    return done.stderr


def test_version_imports_next_to_nothing() -> None:
    assert loaded(["--version"], (*HEAVY, "argparse", "msgspec")) == ""


@pytest.mark.parametrize("words", [["--help"], ["checkpoint", "merge", "--help"]])
def test_help_imports_no_heavy_library(words: list[str]) -> None:
    assert loaded(words, HEAVY) == ""


@pytest.mark.parametrize(
    "module", ["status", "work", "merge", "look", "watch", "checkpoint", "report", "setup", "enter"]
)
def test_handlers_import_no_heavy_library(module: str) -> None:
    program = f"import sys, autod_tui.cli.{module}; print(*(n for n in {HEAVY!r} if n in sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert set(done.stdout.split()) == set()


def test_a_look_at_a_repository_imports_no_screen_and_no_file_watch(tmp_path: Path) -> None:
    identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
    subprocess.run(["git", "init", "-q", "-b", "main", tmp_path], check=True)
    subprocess.run(["git", *identity, "commit", "-q", "--allow-empty", "-m", "base"], cwd=tmp_path, check=True)
    names = ("textual", "rich", "git", "libtmux", "watchfiles", "anyio")
    program = f"import os; os.chdir({str(tmp_path)!r})\n" + PROGRAM.format(words=["status", "--json"], names=names)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stderr == ""
