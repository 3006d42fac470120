"""A run's tracker, records, prompts and outputs as files."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from autod_tui.core.errors import UsageError
from autod_tui.core.run import RunRecord
from autod_tui.core.run_export import documents, file_name


def write_export(run: RunRecord, directory: Path) -> list[Path]:
    """Write everything of a run into `directory`, the tracker first; UsageError when it holds something already."""
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise UsageError(f"{str(directory)!r} is there already and not empty", hint="export into a new directory")
    made: list[Path] = []
    for name, document in documents(run):
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(document, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        made.append(path)
    for session in run.sessions.values():
        for source, suffix in ((session.log, ".output"), (session.prompt_file, ".prompt.md")):
            if source and Path(source).is_file():
                made.append(Path(shutil.copyfile(source, directory / "sessions" / f"{file_name(session.id)}{suffix}")))
    return made
