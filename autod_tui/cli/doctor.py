"""`autod doctor`: what autod needs, what is missing, and how to get it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from autod_tui.cli.checks import Finding, Level
from autod_tui.cli.console import Console, table
from autod_tui.cli.main import Request, checked_start
from autod_tui.core.errors import ExitCode

_COLOURS = {Level.OK: "green", Level.NOTE: "yellow", Level.MISSING: "red"}


def doctor(request: Request) -> int:
    """Print all findings; exit code 3 when something that autod can't do without is missing."""
    console = request.console
    findings = list(examine(checked_start(request)))
    fit = all(finding.level is not Level.MISSING for finding in findings)
    console.json({"fit": fit, "checks": [finding.as_json() for finding in findings]})
    _show(console, findings)
    console.say("All that is needed is here." if fit else "Something that autod needs is missing.")
    return int(ExitCode.DONE if fit else ExitCode.UNFIT)


def examine(start: Path) -> Iterable[Finding]:
    """Yield all findings: programs, terminal, agents, system limits, then the repository."""
    from autod_tui.cli import checks

    yield checks.python_check()
    yield checks.tmux_check()
    yield checks.git_check()
    yield checks.colour_check()
    yield checks.locale_check()
    yield from checks.agent_checks()
    yield from checks.inotify_checks()
    yield from checks.repository_checks(start)


def _show(console: Console, findings: list[Finding]) -> None:
    rows = [["CHECK", "", "FOUND"], *([item.name, item.level.value, item.found] for item in findings)]

    def paint(row: int, column: int, text: str) -> str:
        return console.paint(text, _COLOURS[findings[row - 1].level] if row and column == 1 else "")

    for row, line in enumerate(table(rows, paint=paint)):
        console.show(line)
        if row and findings[row - 1].hint:
            for text in findings[row - 1].hint.splitlines():
                console.say(f"    -> {text}")
