"""Prompt files that the command line takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from autod_tui.cli.work import read_prompt
from autod_tui.core.errors import UsageError


def test_a_prompt_that_can_not_be_read_is_named_once(tmp_path: Path) -> None:
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe")
    told = {tmp_path / "none": "No such file or directory", tmp_path: "Is a directory", binary: "it is not UTF-8"}
    for path, why in told.items():
        with pytest.raises(UsageError) as error:
            read_prompt(str(path))
        assert error.value.message == f"the prompt {str(path)!r} can't be read: {why}"
