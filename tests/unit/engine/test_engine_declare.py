"""What is declared is checked as a whole before anything is written."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from autod_tui.core.errors import UsageError
from autod_tui.core.plan import AgentProfile
from autod_tui.core.requests import New
from autod_tui.engine.declare import declare, new_problems
from autod_tui.engine.house import House
from autod_tui.store.writing import write_workstream
from tests.support.engine import make_house, make_plan

AGENTS = {
    "careful": AgentProfile(name="careful", command=("x",), permissions={"ask": (), "all": ("-y",)}),
    "plain": AgentProfile(name="plain", command=("x",)),
}


@pytest.fixture
def house(tmp_path: Path) -> House:
    plan = make_plan(agents=AGENTS, root=str(tmp_path), agent="careful")

    def write(root: Path, spec: dict[str, str], prompt: str) -> Path:
        return write_workstream(root, prompt=prompt, **spec)[0].parent  # type: ignore[arg-type]

    return make_house(plan, tmp_path, write_workstream=write)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"permission": "all"}, None),
        ({"permission": ""}, None),
        ({"permission": "edits"}, "careful has no permission mode 'edits'; known: ask, all"),
        ({"permission": "al", "agent": "careful"}, "careful has no permission mode 'al'; known: ask, all"),
        ({"permission": "all", "agent": "plain"}, "plain has no permission mode 'all'; known: none"),
    ],
)
async def test_a_permission_mode_is_one_of_the_agents(
    house: House, fields: dict[str, str], problem: str | None
) -> None:
    assert (await new_problems(house, {"name": "docs", "prompt": "x", **fields})).get("permission") == problem


async def test_the_mode_is_written_into_the_workstreams_own_file(house: House, tmp_path: Path) -> None:
    answer = await declare(house, New(name="docs", prompt="write", permission="all"))
    assert answer.ok
    await declare(house, New(name="more", prompt="write"))
    read = [
        tomllib.loads((tmp_path / "workstreams" / name / "workstream.toml").read_text()) for name in ("docs", "more")
    ]
    assert [table.get("permission") for table in read] == ["all", None]


async def test_a_mode_that_the_agent_lacks_makes_nothing(house: House, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="permission: careful has no permission mode"):
        await declare(house, New(name="docs", prompt="write", permission="edits"))
    assert not (tmp_path / "workstreams").exists()
