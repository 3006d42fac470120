"""What a person has chosen for all repositories, kept in the user's state directory."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from autod_tui.core.errors import AutodError
from autod_tui.store.files import UnreadableError, read_text, write_atomic
from autod_tui.store.user_state import state_directory

_LONGEST = 200
"""Bytes of a theme's name; more is no name."""


def theme_file(environ: Mapping[str, str]) -> Path:
    """Return where the name of the chosen theme stands."""
    return state_directory(environ) / "theme"


def chosen_theme(environ: Mapping[str, str]) -> str:
    """Return the name of the theme that was chosen last; empty when none was, or the file can't be used."""
    try:
        return read_text(theme_file(environ), limit=_LONGEST).strip()
    except (FileNotFoundError, UnreadableError):
        return ""


def keep_theme(environ: Mapping[str, str], name: str) -> None:
    """Keep the name of a theme for the next start; raises AutodError when it can't be written."""
    file = theme_file(environ)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise AutodError(f"the theme is not kept: can't make {str(file.parent)!r}: {error.strerror}") from None
    write_atomic(file, f"{name}\n".encode(), replace=True)
