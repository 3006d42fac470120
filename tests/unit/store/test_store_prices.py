"""Prices: the built-in list, a user's own and a repository's over it."""

from __future__ import annotations

from pathlib import Path

import pytest

from autod_tui.agents.prices import load_prices
from autod_tui.core.errors import SettingsError
from autod_tui.core.plan import AgentProfile, Plan
from autod_tui.core.usage import Price
from autod_tui.store.settings import load_plan, user_prices_file

AGENTS = {"claude": AgentProfile(name="claude", command=("claude",))}


def loaded(root: Path, repository: str = "", user: str | None = None) -> Plan:
    (root / "autod.toml").write_text(repository)
    if user is not None:
        (root / "prices.toml").write_text(user)
    return load_plan(root, profiles=AGENTS, prices=load_prices(), user_prices=root / "prices.toml")


def test_the_built_in_list_has_a_date_and_sensible_prices() -> None:
    prices = load_prices()
    assert len(prices.date) == 10 and len(prices.models) > 40
    for name, price in prices.models.items():
        assert 0 < price.cached <= price.input <= price.written < price.output, name


def test_the_repository_goes_before_the_user_and_the_user_before_the_list(tmp_path: Path) -> None:
    user = '[prices.mine]\ninput = 1\noutput = 2\n[prices."claude-opus-5-5"]\ninput = 7\noutput = 8\ncached = 0\n'
    prices = loaded(tmp_path, "[prices.mine]\ninput = 3\noutput = 4.5\nwritten = 5\n", user).prices
    assert prices.of("mine") == Price(input=3.0, output=4.5, cached=3.0, written=5.0)
    assert prices.of("claude-opus-5-5") == Price(input=7.0, output=8.0, cached=0.0, written=7.0)
    assert prices.of("gpt-5.1") == load_prices().of("gpt-5.1")
    assert loaded(tmp_path).prices.of("mine") == Price(input=1.0, output=2.0, cached=1.0, written=1.0)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[prices.mine]\ninput = 1\n", "has no `output`"),
        ("[prices.mine]\n", "has no `input` and no `output`"),
        ("[prices.mine]\ninput = -1\noutput = 2\n", "-1 is less than nothing"),
        ("[prices.mine]\ninput = 'x'\noutput = 2\n", "must be a number"),
        ("[prices.mine]\ninput = inf\noutput = 2\n", "is not a finite number"),
        ("[prices.mine]\ninput = 1\noutput = 2\nchached = 3\n", "unknown key 'chached'"),
        ("prices = 3\n", "must be a table"),
    ],
)
def test_mistakes_are_told_with_their_file(tmp_path: Path, text: str, words: str) -> None:
    for repository, user, file in ((text, None, "autod.toml"), ("", text, "prices.toml")):
        with pytest.raises(SettingsError) as caught:
            loaded(tmp_path, repository, user)
        assert words in str(caught.value) and file in str(caught.value)
        (tmp_path / "prices.toml").unlink(missing_ok=True)


def test_the_users_file_lies_in_their_config_directory() -> None:
    assert user_prices_file({"XDG_CONFIG_HOME": "/c"}) == Path("/c/autod/prices.toml")
    assert user_prices_file({"XDG_CONFIG_HOME": "not absolute"}).parts[-3:] == (".config", "autod", "prices.toml")
