"""A world per test, gone afterwards with all its processes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.e2e_world import World


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.close()
