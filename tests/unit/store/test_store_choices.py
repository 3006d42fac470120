"""A chosen theme is kept with the user's state; whatever stands there instead is no theme."""

from __future__ import annotations

from pathlib import Path

import pytest

from autod_tui.core.errors import AutodError
from autod_tui.store.choices import chosen_theme, keep_theme, theme_file


def test_the_last_choice_is_kept_with_the_users_state(tmp_path: Path) -> None:
    environ = {"XDG_STATE_HOME": str(tmp_path / "state")}
    assert chosen_theme(environ) == ""
    for name in ("nord", "gruvbox"):
        keep_theme(environ, name)
    assert chosen_theme(environ) == "gruvbox"
    assert [path.name for path in (tmp_path / "state" / "autod").iterdir()] == ["theme"]


def test_without_the_variable_it_stands_in_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert theme_file({}) == tmp_path / ".local" / "state" / "autod" / "theme"


@pytest.mark.parametrize("content", [b"\xff\xfe", b"a\0b", b"x" * 300])
def test_what_is_no_name_counts_as_none(tmp_path: Path, content: bytes) -> None:
    environ = {"XDG_STATE_HOME": str(tmp_path)}
    keep_theme(environ, "nord")
    theme_file(environ).write_bytes(content)
    assert chosen_theme(environ) == ""


def test_a_state_that_is_no_directory_is_told(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    environ = {"XDG_STATE_HOME": str(tmp_path / "state")}
    assert chosen_theme(environ) == ""
    with pytest.raises(AutodError, match="state"):
        keep_theme(environ, "nord")
