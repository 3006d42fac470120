"""Programs found by name and directory, on real processes."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from autod_tui import programs
from autod_tui.adapters import Processes
from autod_tui.core.workstream import Guest

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


def test_residents_are_told_by_the_nearest_of_many_worktrees(work: Path, tmp_path: Path) -> None:
    program = str(tmp_path / "bin" / "claude")
    places = [str(work), str(work / "deep"), str(tmp_path / "lib")]
    with running(work / "deep", program) as deep, running(work, "sh", "../lib/claude") as script, running(work, "cat"):
        found = programs.residents(places, NAMES)
        assert found[str(work / "deep")] == {deep: "claude"}
        assert found[str(work)][script] == "claude"
        assert set(found) == {str(work), str(work / "deep")}
    assert programs.residents(places, NAMES) == {}
    assert programs.residents([], NAMES) == {}


def test_guests_are_those_without_our_marks_and_the_first_of_each_tree(work: Path, tmp_path: Path) -> None:
    program = str(tmp_path / "bin" / "claude")
    ours = ("env", f"AUTOD_PROMPT_FILE={work}/STARTUP.md", program)
    other = ("env", f"AUTOD_PROMPT_FILE={tmp_path}/other/STARTUP.md", program)
    (tmp_path / "lib" / "claude").write_text(f"{program}; true\n")
    with running(work, *ours), running(work, *other) as stray, running(work, "sh", "../lib/claude") as parent:
        (guests,) = Processes().guests([str(work)], NAMES).values()
        assert set(guests) == {Guest("claude", stray), Guest("claude", parent)}
    assert Processes().guests([str(work)], NAMES) == {}


async def test_an_end_is_told_once_and_not_to_who_called_it_off(work: Path) -> None:
    told: list[str] = []
    ended = asyncio.Event()

    def hear() -> None:
        told.append("heard")
        ended.set()

    with running(work, "cat") as pid:
        programs.when_ended(pid, hear)
        programs.when_ended(pid, lambda: told.append("called off"))()
        assert told == []
    await asyncio.wait_for(ended.wait(), 10)
    ended.clear()
    programs.when_ended(pid, hear)
    await asyncio.wait_for(ended.wait(), 10)
    assert told == ["heard", "heard"]
