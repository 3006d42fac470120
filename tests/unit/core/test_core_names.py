"""Names are safe everywhere they go, and any text leads to one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autod_tui.core.names import MAX_LENGTH, name_problem, nearest, suggest_name


@pytest.mark.parametrize("name", ["ws", "ws-1", "A", "0", "a.b_c-d", "x" * MAX_LENGTH, "lock"])
def test_plain_names_are_fine(name: str) -> None:
    assert name_problem(name) is None


@pytest.mark.parametrize(
    "name",
    ["", "-x", ".x", "_x", "a b", "#(touch x)", "$(id)", "x;", "../../x", "a/b", "a..b", "x.", "x.lock", "x\n",
     "x\0", "ä", "x" * (MAX_LENGTH + 1)],
)  # fmt: skip
def test_names_that_mean_something_to_git_tmux_or_a_shell_are_refused(name: str) -> None:
    assert name_problem(name)


@pytest.mark.parametrize("name", ["-x", "a b", "#(touch x)", "$(id)", "x;"])
def test_problem_quotes_the_name(name: str) -> None:
    assert repr(name) in str(name_problem(name))


@pytest.mark.parametrize(
    ("text", "name"),
    [("Data quality!", "Data-quality"), ("../../x", "x"), ("#(touch x)", "touch-x"), ("x.lock", "x"), ("$()", "")],
)
def test_suggestion_keeps_what_is_usable(text: str, name: str) -> None:
    assert suggest_name(text) == name


@pytest.mark.parametrize("text", ["x.lock.lock", "a" * 43 + ".locked", "-.lock", "a-.lock.-", "lock.lock"])
def test_suggestion_never_ends_in_lock(text: str) -> None:
    name = suggest_name(text)
    assert not name or name_problem(name) is None, name


@given(st.text(alphabet=st.sampled_from("aZ0._-lock /;$\nä"), max_size=70) | st.text(max_size=70))
def test_suggestion_is_valid_or_empty(text: str) -> None:
    name = suggest_name(text)
    assert not name or name_problem(name) is None, name


def test_nearest_finds_a_slip_and_nothing_far() -> None:
    assert nearest("tesing", ["testing", "docs"]) == "testing"
    assert nearest("ws", {"ws", "ws-1"}) == "ws"
    assert nearest("zzz", ("testing",)) is None
