"""The real wiring is what the command line takes it for."""

from __future__ import annotations

import inspect

import pytest

from autod_tui import wiring
from autod_tui.cli.engine import Engine, load_dashboard, load_engine, load_profiles

PROMISED = [name for name, value in vars(Engine).items() if inspect.isfunction(value) and not name.startswith("_")]


@pytest.mark.parametrize("name", PROMISED)
def test_the_wiring_keeps_the_promised_signatures(name: str) -> None:
    promised = [p for p in inspect.signature(getattr(Engine, name)).parameters.values() if p.name != "self"]
    kept = list(inspect.signature(getattr(wiring, name)).parameters.values())
    assert [(p.name, p.kind) for p in kept[: len(promised)]] == [(p.name, p.kind) for p in promised]
    assert all(p.default is not inspect.Parameter.empty for p in kept[len(promised) :])


def test_the_engine_is_the_wiring() -> None:
    assert load_engine() is wiring


def test_the_profiles_have_a_program_each() -> None:
    assert all(profile.command for profile in load_profiles().values())


def test_the_dashboard_takes_the_directory_and_what_reads_it() -> None:
    assert list(inspect.signature(load_dashboard()).parameters) == ["start", "ahead"]
