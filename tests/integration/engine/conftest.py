"""What tests of whole runs share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.runs import RunRig


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[RunRig]:
    """Give a repository with a tmux server of its own, whose agents are scripts; all of it is ended afterwards."""
    rig = RunRig(tmp_path)
    yield rig
    await rig.close()
