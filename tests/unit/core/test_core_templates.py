import pytest

from autod_tui.core.templates import fill, unknown_words, words_in


def test_words():
    assert words_in("{a} {task.id} {a} {n:03}") == ("a", "task.id", "n")
    assert unknown_words("{a} {b}", ["a"]) == ("b",)


@pytest.mark.parametrize("text", ["{{a}}", "${a}", '{"a": 1}', "{ a }", "{A}", "{}", "{a:3}", "{a b}"])
def test_what_is_no_word(text):
    assert words_in(text) == ()


def test_filling_is_one_pass_and_leaves_what_it_does_not_know():
    assert fill("{a} {b} {{a}} ${a} {n:03}", {"a": "{b}", "n": "7"}) == "{b} {b} {a} ${a} 007"
