"""Programs found by name and directory, on real processes."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from autod_tui import programs

NAMES = frozenset({"claude"})


@contextmanager
def running(directory: Path, *argv: str) -> Iterator[int]:
    """Run a program that says when it is there, and ends with its input."""
    with subprocess.Popen(argv, cwd=directory, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(b"there\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"there\n"
        yield process.pid
        process.stdin.close()


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """Return a worktree; beside it lie a program and a script that bear an agent's name."""
    (tmp_path / "bin").mkdir()
    shutil.copy(shutil.which("cat") or "", tmp_path / "bin" / "claude")
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "claude").write_text("cat\n")
    (tmp_path / "work" / "deep").mkdir(parents=True)
    return tmp_path / "work"


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("../bin/claude",), True),
        (("../bin/claude", "-u"), True),
        (("sh", "../lib/claude"), True),
        (("sh", "../lib/claude", "mcp"), False),
        (("cat", "-", "claude"), False),
        (("sh", "-c", "cat", "claude"), False),
    ],
)
def test_a_program_is_known_by_its_name_or_its_scripts(work: Path, words: tuple[str, ...], found: bool) -> None:
    with running(work, *words) as pid:
        assert programs.runs(pid, NAMES) is found
        assert (pid in programs.working_in(str(work), NAMES)) is found


def test_it_lives_in_the_worktree_or_below_it(work: Path, tmp_path: Path) -> None:
    program = str(tmp_path / "bin" / "claude")
    with running(work / "deep", program) as inside, running(tmp_path, program) as outside:
        found = programs.working_in(str(work), NAMES)
        assert inside in found and outside not in found
    assert programs.working_in(str(work), NAMES) == []
