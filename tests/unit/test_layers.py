"""Core and engine stand on their own: no screen, no git, no tmux, no file watch below them."""

from __future__ import annotations

import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import autod_tui.core
import autod_tui.engine

ROOT = Path(__file__).parents[2]
OUTSIDE = ("textual", "git", "libtmux", "watchfiles", "sqlite3")
MODULES = [
    f"{package.__name__}.{module.name}"
    for package in (autod_tui.core, autod_tui.engine)
    for module in pkgutil.iter_modules(package.__path__)
]


def loaded(modules: list[str], words: tuple[str, ...]) -> str:
    """Import `modules` in a fresh interpreter and return which of `words` came along."""
    script = "import sys, importlib\nfor name in sys.argv[1].split(): importlib.import_module(name)\n"
    script += "print(*(word for word in sys.argv[2].split() if word in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script, " ".join(modules), " ".join(words)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_modules_are_found() -> None:
    assert {"autod_tui.core.state", "autod_tui.engine.conductor"} <= set(MODULES)


@pytest.mark.parametrize("name", MODULES)
def test_module_brings_nothing_from_outside(name: str) -> None:
    assert loaded([name], OUTSIDE) == ""


def test_the_check_sees_what_is_imported() -> None:
    assert loaded(["sqlite3"], OUTSIDE) == "sqlite3"


def test_floors_hold() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
