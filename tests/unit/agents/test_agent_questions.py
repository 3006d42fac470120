"""What agents ask, over screens of real ones (tests/data/screens), and what only looks like a question."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autod_tui.agents.questions import read_question
from autod_tui.core.agent_ports import Question
from autod_tui.core.plan import AgentProfile

SCREENS = Path(__file__).parents[2] / "data" / "screens"
RULE = "─" * 60
LOCAL = "Yes, and don't ask again for git add and git commit commands in /home/dev/myprojects/wt/claude3"
STARTS = "Yes, and don't ask again for commands that start with"

# screen, what the question holds, (key, label's start, keys typed) of each choice, keys into the field for words
ASKED = [
    ("claude-permission-bash", "Do you want to proceed?", ["1 Yes|1", f"2 {LOCAL}|2", "3 No|3"], "Down Down Tab"),
    ("claude-permission-write", "create notes.txt?", ["1 Yes|1", "2 Yes, allow all|2", "3 No|3"], "Down Down Tab"),
    ("claude-permission-amend", "create notes.txt?", ["1 Yes|Up Up Enter", "2 Yes,|Up Enter", "3 No, and|Enter"], ""),
    (
        "claude-permission-type-here",
        "Do you want to proceed?",
        ["1 Yes|1", "2 Yes, and don't ask|2", "3 Type here to tell|3"],
        "3",
    ),
    (
        "claude-permission-auto",
        "Do you want to proceed?",
        ["1 Yes|1", "2 Yes, and don't ask|2", "3 Yes, and switch to auto|3", "4 No|4"],
        "Down Down Down Tab",
    ),
    (
        "claude-permission-auto-amend",
        "Do you want to proceed?",
        ["1 Yes|Up Up Up E", "2 Yes, and don't|Up Up E", "3 Yes, and switch|Up E", "4 No, and|Enter"],
        "",
    ),
    (
        "claude-question-next",
        "Which?",
        ["1 [✔] sync|1", "2 [ ] undo|2", "3 [ ] Type|3", "next Next|Tab", "4 Chat|4"],
        None,
    ),
    ("claude-question", "Which colour", ["1 red|1", "2 blue|2", "3 Type something.|3", "4 Chat|4"], "3"),
    ("claude-question-tabs", "Which colour", ["1 red - like|1", "2 blue - like|2", "3 Type|3", "4 Chat|4"], "3"),
    (
        "claude-question-multi",
        "Which features",
        ["1 [✔] sync - keeps|1", "2 [ ] undo|2", "3 [ ] Type|3", "submit Submit|Tab", "4 Chat|4"],
        None,
    ),
    ("claude-question-submit", "Which features", ["1 Submit answers|1", "2 Cancel|2"], None),
    (
        "claude-question-typing",
        "Shape?",
        ["1 round - o|Up Up Enter", "2 square|Up Enter", "3 Type|Enter", "4 Chat|Down Enter"],
        "",
    ),
    (
        "claude-question-typed",
        "Shape?",
        ["1 round|Up Up Enter", "2 square|Up Enter", "3 a blob, 2|Enter", "4 Chat|Down Enter"],
        "",
    ),
    ("claude-trust-arrows.ansi", "one you trust?", ["1 No, exit|Enter", "2 Yes, I trust|Down Enter"], None),
    ("claude-bypass-arrows.ansi", "all responsibility", ["1 No, exit|Enter", "2 Yes, I accept|Down Enter"], None),
    ("claude-trust-dialog", "one you trust?", ["1 Yes, I trust|1", "2 No, exit|2"], None),
    ("claude-apikey-dialog", "use this API key?", ["1 Yes|1", "2 No (rec|2"], None),
    ("claude-bypass-dialog", "accept all responsibility", ["1 No, exit|1", "2 Yes, I accept|2"], None),
    ("codex-permission", "$ sleep 3; echo", ["1 Yes, proceed|y", f"2 {STARTS}|p", "3 No, and|Escape"], "Escape"),
    ("codex-permission-letters", "rm -f b.txt", ["1 Yes|y", f"2 {STARTS}|p", "3 No, and|Escape"], "Escape"),
    ("codex-trust-dialog", "Trust this folder?", ["1 Trust and|Enter", "2 Back to|Down Enter"], None),
    ("gemini-permission-bash", "Allow execution", ["1 Allow once|1", "2 Allow for|2", "3 No, suggest|3"], "3"),
    ("gemini-permission-notice", "Allow execution", ["1 Allow once|1", "2 Allow for|2", "3 No, suggest|3"], "3"),
    ("gemini-permission-write", "Apply", ["1 Allow once|1", "2 Allow for|2", "3 Modify|3", "4 No, suggest|4"], "4"),
    ("opencode-permission-bash", "$ sleep 3", ["1 Allow once|Enter", "2 Allow always|Right Enter", "3 Reject|"], None),
    ("opencode-permission-write", "Edit notes.txt", ["1 Allow once|Enter", "2 Allow always|Right E", "3 R|"], None),
    (
        "aider-permission-bash",
        "ls -la\nRun shell",
        ["y Yes|y Enter", "n No|n Enter", "d Don't ask|d Enter"],
        None,
    ),
    (
        "qwen-permission-bash",
        "Allow execution of: 'touch, sleep'?",
        ["1 Yes, allow once|1", "2 Always allow run|2", "3 Always allow run|3", "4 No, suggest changes (esc)|4"],
        "4",
    ),
    (
        "copilot-permission-bash",
        "Do you want to run this command?",
        ["1 Yes|1", "2 Yes, and don't ask again|2", "3 No, and tell Copilot|Escape"],
        "3",
    ),
    ("copilot-permission-amend", "run this", ["1 Yes|Up Up Enter", "2 Yes, and|Up Enter", "3 No, and tell|Escape"], ""),
    ("copilot-permission-amended", "run this", ["1 Yes|Up Up Enter", "2 Yes, and|Up Enter", "3 x y (Esc|Escape"], ""),
    (
        "copilot-trust-dialog",
        "Do you trust the files",
        ["1 Yes|1", "2 Yes, and remember|2", "3 No (Esc)|3"],
        None,
    ),
    ("copilot-question.ansi", "Which colour?\n\ncolour:", ["1 Red|Enter", "2 Green|Down Enter"], "Down Down"),
    ("copilot-question-words", "colour:", ["1 Red|Up Up Up Enter", "2 Green|Up Up Enter", "3 Blue|Up Enter"], ""),
    (
        "copilot-question-form",
        "[colour]  name",
        ["1 Red|Enter", "2 Green|Down E", "3 Blue|Down Down E"],
        "Down Down Down",
    ),
    (
        "copilot-question-multi",
        "colours:",
        ["1 [✔] Red|Space", "2 [ ] Green|Down Space", "3 [ ] Blue|Down Down Space", "submit Submit|Enter"],
        "Down Down Down",
    ),
    ("copilot-question-field", "The name to use", [], ""),
    ("aider-permission-write", "notes.txt\nCreate new", ["y Yes|y Enter", "n No|n Enter"], None),
]


def ask(screen: str, agent: str = "") -> Question | None:
    text = (SCREENS / f"{screen}.txt").read_text(encoding="utf-8")
    return look(text.split("\n"), agent or screen.partition("-")[0])


def look(lines: list[str], agent: str = "shell") -> Question | None:
    return read_question(AgentProfile(name=agent, command=(agent,), family=agent), lines)


@pytest.mark.parametrize(("screen", "text", "choices", "into"), ASKED, ids=[row[0] for row in ASKED])
def test_what_real_agents_ask(screen: str, text: str, choices: list[str], into: str | None) -> None:
    coloured = [screen + ".ansi"] if (SCREENS / f"{screen}.ansi.txt").exists() else []
    for name in (screen, *coloured):
        question = ask(name)
        assert question is not None
        assert text in question.text
        assert len(question.choices) == len(choices)
        for choice, wanted in zip(question.choices, choices, strict=True):
            said, _, keys = wanted.rpartition("|")
            assert f"{choice.key} {choice.label}".startswith(said)
            assert " ".join(choice.typed).startswith(keys)
        assert sum(choice.selected for choice in question.choices) <= 1
        assert question.free_text or any(choice.selected for choice in question.choices)
        assert (question.free_text, " ".join(question.into_text)) == (into is not None, into or "")


NOT_ASKED = sorted(
    path.name.removesuffix(".txt")
    for path in SCREENS.glob("*.txt")
    if any(word in path.name for word in ("idle", "busy", "resumed", "after-write", "thinking", "-err-", "killed"))
)


@pytest.mark.parametrize("screen", NOT_ASKED)
def test_nothing_is_asked(screen: str) -> None:
    assert ask(screen) is None


LOOKALIKES = {
    "a list": ["● I will", " 1. read", " 2. write", RULE, "❯ ", RULE],
    "a menu that was printed": ["● It asked:", " ❯ 1. Yes", "   2. No", " Esc to cancel", RULE, "❯ ", RULE],
    "a numbered prompt being written": [RULE, "❯ 1. read", "  2. write", RULE, "  ? for shortcuts"],
    "one line": ["❯ 1. fix this"],
    "words in a field without edges": ["❯ Yes, it works", "  and the rest, too", "", "Enter to submit · Esc to cancel"],
    "an arrow list that was printed": [
        " ❯ Red",
        "   Green",
        "",
        " ↑/↓ select · enter accept · esc cancel",
        RULE,
        "❯ ",
        RULE,
    ],
    "a menu above a field in a box": [
        "╭────╮",
        "│ ❯ 1. Yes  │",
        "│   2. No   │",
        "╰────╯",
        "╭────╮",
        "│ > go on │",
        "╰────╯",
    ],
    "hints alone": [" Which?", "", " ↑/↓ select · enter accept · esc cancel"],
    "a field without a question": [RULE, " ❯ ", RULE, " enter accept · esc cancel"],
    "a question answered": ["Go on? [y/n] y", "$ "],
    "an answer at a prompt": ["Go on? [y/n]", "> y", "> "],
    "words in brackets": ["it can be read (read/write)"],
    "one word": ["Go on? [y/?]"],
    "nothing": [],
    "blanks": ["", "   "],
}


@pytest.mark.parametrize("name", LOOKALIKES)
def test_what_only_looks_like_a_question(name: str) -> None:
    assert look(LOOKALIKES[name], "claude") is None


ALL_KEYS = [("n", "o", "Enter"), ("a", "l", "l", "Enter")]

# after the agents' own documentation: no screen of a real one was at hand
TOLD = [
    (
        "copilot",
        [
            "╭────╮",
            "│ Do you want to run this command?  │",
            "│ ❯ 1. Yes   │",
            "│   2. Yes, and approve `ls` │",
            "│   3. No, and tell Copilot what to do differently (Esc) │",
            "╰────╯",
            "Confirm with number keys or ↑↓ keys and Enter, Cancel with Esc",
        ],
        "Do you want to run this command?",
        [("1",), ("2",), ("3",)],
        ("3",),
    ),
    (
        "vibe",
        [
            "Permission for the bash tool",
            "",
            "› 1. Yes",
            "  2. Yes and always allow bash for this session",
            "  3. No and tell the agent what to do instead",
            "",
            "↑↓ navigate  Enter select  ESC reject",
        ],
        "Permission for the bash tool",
        [("Enter",), ("Down", "Enter"), ("Down", "Down", "Enter")],
        ("Down", "Down", "Enter"),
    ),
    ("shell", ["", "rm -r build", "Go on? [y/N]: "], "rm -r build\nGo on?", [("y", "Enter"), ("n", "Enter")], ()),
    (
        "demo",
        ["  ☐ Pipeline", "\x1b[33m●\x1b[0m Use generic JSON instead of JSONB? [y/n]", "> "],
        "Use generic JSON instead of JSONB?",
        [("y", "Enter"), ("n", "Enter")],
        (),
    ),
    (
        "demo",
        ["● Use JSON? [y/n]", "> well", "  ⎿  please answer y or n first", "> "],
        "Use JSON?",
        [("y", "Enter"), ("n", "Enter")],
        (),
    ),
    (
        "shell",
        ["Stage this hunk [y,n,q,a,d,?]?"],
        "Stage this hunk",
        [(key, "Enter") for key in "ynqad"],
        (),
    ),
    ("shell", ["Overwrite? (yes/no/all) [no]: "], "Overwrite?", [("y", "e", "s", "Enter"), *ALL_KEYS], ()),
    ("shell", ["Continue y/N? "], "Continue", [("y", "Enter"), ("n", "Enter")], ()),
    ("shell", ["Size [s/m/l]:"], "Size", [("s", "Enter"), ("m", "Enter"), ("l", "Enter")], ()),
    ("demo", ["May I? (yes/no)"], "May I?", [("y", "e", "s", "Enter"), ("n", "o", "Enter")], ()),
]


@pytest.mark.parametrize(
    ("agent", "lines", "text", "typed", "into"), TOLD, ids=[f"{row[0]}-{row[1][-1]}" for row in TOLD]
)
def test_questions_as_agents_describe_them(
    agent: str, lines: list[str], text: str, typed: list[tuple[str, ...]], into: tuple[str, ...]
) -> None:
    question = look(lines, agent)
    assert question is not None
    assert question.text == text
    assert [choice.typed for choice in question.choices] == typed
    assert question.free_text
    assert question.into_text == into


@pytest.mark.parametrize("screen", ["claude-permission-auto", "claude-question-next", "claude-idle-finished"])
def test_a_panel_of_other_words_at_the_right_is_left_out(screen: str) -> None:
    rows = (SCREENS / f"{screen}.txt").read_text(encoding="utf-8").rstrip().split("\n")
    panel = ["2 files changed", "b.txt", " 1. Yes", "❯ 2. No", *["+ more"] * len(rows)]
    beside = [f"{row[:140]:<140} │{words}" for row, words in zip(rows, panel, strict=False)]
    assert look(beside, "claude") == ask(screen)


def test_the_coloured_button_is_the_chosen_one() -> None:
    lines = (SCREENS / "opencode-permission-bash.ansi.txt").read_text(encoding="utf-8").split("\n")
    moved = [line.replace("48;5;215m \x1b[38;5;232mAllow once", "48;5;234m \x1b[38;5;8mAllow once") for line in lines]
    moved = [line.replace("\x1b[38;5;8mReject", "\x1b[48;5;215m\x1b[38;5;232mReject\x1b[48;5;234m") for line in moved]
    question = look(moved, "opencode")
    assert question is not None
    assert [choice.typed for choice in question.choices] == [("Left", "Left", "Enter"), ("Left", "Enter"), ("Enter",)]


def test_a_cursor_that_is_a_colour_alone_is_seen() -> None:
    lines = (SCREENS / "vibe-permission-bash.ansi.txt").read_text(encoding="utf-8").split("\n")
    question = look(lines, "vibe")
    assert question is not None
    assert question.text.startswith("Permission for the file_system.bash tool")
    assert [choice.typed for choice in question.choices] == [
        ("Enter",), ("Down", "Enter"), ("Down", "Down", "Enter"), ("Down", "Down", "Down", "Enter"),
    ]  # fmt: skip
    first, second = (index for index, line in enumerate(lines) if "Allow once" in line or "remainder" in line)
    lines[first] = lines[first].replace("\x1b[48;5;7m", "")
    lines[second] = lines[second].replace("  2. Allow", "\x1b[48;5;7m  2. Allow").replace("session", "session\x1b[49m")
    moved = look(lines, "vibe")
    assert moved is not None
    assert [choice.typed[0] for choice in moved.choices] == ["Up", "Enter", "Down", "Down"]
    assert ask("vibe-permission-bash") is None  # without colours nobody knows where the cursor stands


@pytest.mark.parametrize(
    ("row", "chosen"),
    [("Go? [y/N]", "No"), ("Go? [Y/n]: ", "Yes"), ("Go? (yes/no) [no]: ", "No"), ("Go? [y/n]", ""), ("Go? [Y/N]", "")],
)
def test_what_an_empty_answer_stands_for_is_marked(row: str, chosen: str) -> None:
    question = look([row])
    assert question is not None
    assert [choice.label for choice in question.choices if choice.selected] == ([chosen] if chosen else [])
    assert [choice.label for choice in question.choices] == ["Yes", "No"]


def test_a_choice_is_found_by_key_or_by_words() -> None:
    question = ask("claude-permission-bash")
    assert question is not None
    found = {word: question.choice(word) for word in ("1", "yes", "NO", "Yes, and don't", "4", "y", "")}
    assert {word: choice.key if choice else None for word, choice in found.items()} == {
        "1": "1", "yes": "1", "NO": "3", "Yes, and don't": "2", "4": None, "y": None, "": None,
    }  # fmt: skip


def test_the_digest_follows_the_question_and_not_the_cursor() -> None:
    first = look(["Go?", "❯ 1. Yes", "  2. No"])
    moved = look(["Go?", "  1. Yes", "❯ 2. No"])
    other = look(["Stop?", "❯ 1. Yes", "  2. No"])
    assert first and moved and other
    assert first.digest == moved.digest != other.digest


def test_the_digest_does_not_follow_the_width_of_the_pane() -> None:
    wide = look(["May it be run now?", "❯ 1. Yes, and always in /home/ann/repo", "  2. No"])
    narrow = look(["May it be run", "now?", "❯ 1. Yes, and always in", "     /home/ann/repo", "  2. No"])
    assert wide and narrow
    assert wide.digest == narrow.digest


@given(st.lists(st.text(alphabet="❯›1.2) │╭╮─[y/n]YN: \x1b[7mabc", max_size=30), max_size=12))
def test_any_screen_can_be_read(lines: list[str]) -> None:
    question = look(lines)
    assert question is None or len(question.choices) != 1
