"""Where the demo's files are, in a source checkout and in an installed package."""

from __future__ import annotations

from pathlib import Path

HERE = Path(__file__).resolve().parent
PROJECT = HERE / "sample-project"
BASE = PROJECT / "base"
CHANGES = PROJECT / "changes"
FIXES = PROJECT / "fixes"
RESOLUTIONS = PROJECT / "resolutions"
SCRIPTS = PROJECT / "scripts"

SUFFIX = "-tpl"

WORKSTREAMS = ("database-pipeline", "retry-error-handling", "testing", "token-tracking")
"""Names of the demo's workstreams, sorted."""


def workstreams_directory() -> Path:
    """Return the directory with NAME/STARTUP.md and NAME/workstream.toml.

    An installed package has it beside this file, a source checkout at the repository's root.
    """
    packaged = HERE / "workstreams"
    return packaged if packaged.is_dir() else HERE.parents[1] / "workstreams"


def plan_files() -> dict[Path, Path]:
    """Return the sample plans of tasks with prompts and lists: where each belongs below workstreams/, to its file."""
    directory = workstreams_directory()
    found = [*directory.glob("*.toml"), *directory.glob("prompts/*.md"), *directory.glob("lists/*")]
    return {path.relative_to(directory): path for path in sorted(found)}


def files_below(directory: Path) -> dict[Path, Path]:
    """Return all files of the material in `directory`: where each belongs (relative, sorted) to where it is kept.

    Python files and .gitignore are kept with `-tpl` after their names, so that no linter, test runner, packager or
    git takes them for this project's own.
    """
    kept = (path for path in directory.rglob("*") if path.is_file())
    return dict(sorted((path.relative_to(directory).with_name(path.name.removesuffix(SUFFIX)), path) for path in kept))


def kept_at(directory: Path, path: str) -> Path:
    """Return where the material in `directory` keeps the file that belongs at `path`, whether it exists or not."""
    plain = directory / path
    return plain if plain.is_file() else plain.with_name(plain.name + SUFFIX)
