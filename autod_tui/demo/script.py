"""The demo agent's scripts: what it does in each workstream, read from TOML files. Standard library only."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autod_tui.demo.material import CHANGES, FIXES, SCRIPTS

FALLBACK = "other"
"""The script of a workstream that the demo does not know, such as one made with the wizard."""


@dataclass(frozen=True)
class Step:
    """One thing the agent does; exactly one of the first seven fields says what."""

    say: str = ""
    read: str = ""
    think: str = ""
    edit: str = ""
    run: str = ""
    ask: str = ""
    commit: str = ""
    done: int = 0
    """Number of tasks that are done after this step; 0 changes nothing."""
    files: tuple[str, ...] = ()
    """Paths that a commit takes."""
    yes: str = ""
    no: str = ""
    """What the agent says to either answer."""
    note: str = ""
    """What progress.md keeps after the answer no."""


@dataclass(frozen=True)
class Script:
    """One workstream's part of the demo."""

    name: str
    title: str
    eta: str
    tasks: tuple[str, ...]
    steps: tuple[Step, ...]
    material: Path
    """Directory with the files that `edit` writes."""
    fix_gate: str = ""
    """Gate that this workstream can turn green again; empty for none."""
    fix_steps: tuple[Step, ...] = ()
    fix_material: Path = FIXES


def load_script(workstream: str) -> Script:
    """Return the script of `workstream`, or the one for workstreams that the demo does not know."""
    known = (SCRIPTS / f"{workstream}.toml").is_file() and workstream != FALLBACK
    name = workstream if known else FALLBACK
    data = tomllib.loads((SCRIPTS / f"{name}.toml").read_text(encoding="utf-8"))
    fix = data.get("fix", {})
    return Script(
        name=workstream,
        title=data["title"].format(name=workstream),
        eta=data["eta"],
        tasks=tuple(data["tasks"]),
        steps=_steps(data["step"], workstream),
        material=CHANGES / name,
        fix_gate=fix.get("gate", ""),
        fix_steps=_steps(fix.get("step", ()), workstream),
        fix_material=FIXES / name,
    )


def _steps(tables: Iterable[Mapping[str, Any]], workstream: str) -> tuple[Step, ...]:
    return tuple(_step(table, workstream) for table in tables)


def _step(table: Mapping[str, Any], workstream: str) -> Step:
    words = {key: value.format(name=workstream) for key, value in table.items() if isinstance(value, str)}
    files = tuple(file.format(name=workstream) for file in table.get("files", ()))
    return Step(**words, files=files, done=table.get("done", 0))
