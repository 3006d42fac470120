import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autod_tui.agents.profiles import load_profiles
from autod_tui.agents.readiness import Reading, read_osc, read_screen
from autod_tui.core.plan import AgentProfile
from autod_tui.core.workstream import Source, WorkstreamState

PROFILES = load_profiles()
RULE = "─" * 60

SCREENS = [
    ("claude", ["● Bash(ls)", "", " Do you want to proceed?", " ❯ 1. Yes", "   2. No"], "waiting"),
    ("claude", ["✽ Cogitating… (12s · ↓ 30 tokens)", RULE, "❯ ", RULE], "working"),
    ("claude", ["\x1b[38;5;174m✽\x1b[39m Cogitating… (1m 12s)", "❯ "], "working"),
    ("claude", ["✻ API error · Retrying in 5s · attempt 2/10", RULE, "❯ "], "rate-limited"),
    ("claude", ["● API Error: 500 Internal server error.", "✻ Cogitated for 2s", "❯ "], "failed"),
    ("claude", ["● API Error: 500 Internal server error.", "❯ go on", "✽ Cogitating… (3s)"], "working"),
    ("claude", ["● Done.", RULE, "❯ ", RULE], None),
    ("codex", ["• Working (3s • esc to interrupt)", "› "], "working"),
    ("codex", ["• Reconnecting... 2/2 (2s • esc to interrupt)"], "rate-limited"),
    ("codex", ["■ exceeded retry limit, last status: 429 Too Many Requests", "› "], "failed"),
    ("codex", ["  Would you like to run the following command?"], "waiting"),
    ("codex", ["• Working (2m 05s • esc to interrupt)", "", "› "], "working"),
    ("gemini", ["⠏ Thinking (esc to cancel, 4s)"], "working"),
    ("gemini", ["│ Allow execution of [Shell]?    │"], "waiting"),
    ("opencode", ["┃  △ Permission required"], "waiting"),
    ("opencode", ["  ■■■⬝  esc interrupt"], "working"),
    ("aider", ["Run shell command? (Y)es/(N)o/(D)on't ask again [Yes]:"], "waiting"),
    ("aider", ["Create new file? (Y)es/(N)o [Yes]: y", "Applied edit to a.py", "diff> "], "done"),
    ("aider", ["> do it", "litellm.AuthenticationError: no", "The API provider ...", RULE, "> "], "failed"),
    ("aider", ["> do it", "litellm.AuthenticationError: no", RULE, "> again", "Done.", RULE, "> "], "done"),
    (
        "aider",
        ["> do it", "░litellm.InternalServerError: it broke", "Made.", "Tokens: 1.2k sent, 5 received.", RULE, "> "],
        "done",
    ),
    ("aider", ["Tokens: 837 sent, 2 received.", "> do it", "litellm.InternalServerError: no", RULE, "> "], "failed"),
    ("aider", ["> go on", "Waiting for user confirmation", "was printed", RULE, "> being written"], None),
    ("aider", ["> ", "^C again to exit", RULE, "> go on", "An answer that"], None),
    (
        "aider",
        ["> go on", "  ░litellm.RateLimitError: no", "Retrying in 2.0 seconds...", "█░ Waiting for x"],
        "rate-limited",
    ),
    ("aider", ["> go on", "litellm.ServiceUnavailableError: no", "Retrying in 2.0 seconds..."], "rate-limited"),
    ("aider", ["> go on", "litellm.APIError: overloaded", "Retrying in 2.0 seconds..."], "rate-limited"),
    ("aider", ["> go on", "litellm.InternalServerError: it broke", "Retrying in 2.0 seconds..."], "working"),
    (
        "aider",
        ["litellm.InternalServerError: x", "litellm.RateLimitError: y", "Retrying in 2.0 seconds..."],
        "rate-limited",
    ),
    ("aider", ["litellm.RateLimitError: no", "Retrying in 2.0 seconds...", "ok", RULE, "> go on", "█░ Waiting"], None),
    ("aider", [" ⠙ litellm.InternalServerError: it broke", "Retrying in 2.0 seconds..."], "working"),
    ("copilot", ["◉ Working"], "working"),
    ("qwen", ["⠋ Waiting for user confirmation..."], "waiting"),
    ("vibe", ["  Esc/Ctrl+C to interrupt"], "working"),
    ("pi", ["⠙ Working..."], "working"),
    ("pi", ["── ⠼ Working ─────────────"], "working"),
    ("pi", [], None),
]


@pytest.mark.parametrize(("agent", "lines", "state"), SCREENS)
def test_screens(agent, lines, state):
    reading = read_screen(PROFILES[agent], lines)
    assert (reading.state.value if reading else None) == state
    assert reading is None or reading.source is Source.SCREEN


def test_the_reason_is_the_line_without_colours():
    reading = read_screen(PROFILES["claude"], ["\x1b[31m● API Error: 401\x1b[0m\x1b]8;;x\x1b\\ key\x07 "])
    assert reading == Reading(WorkstreamState.FAILED, "● API Error: 401 key", Source.SCREEN)


def test_only_the_last_lines_count():
    mine = AgentProfile(name="mine", command=("x",), waiting="sure\\?")
    assert read_screen(mine, ["sure?", *[f"line {n}" for n in range(15)]]) is None
    assert read_screen(mine, ["sure?", *[f"line {n}" for n in range(14)], "", "  "]) is not None


def test_a_profile_without_patterns_says_nothing():
    assert read_screen(AgentProfile(name="mine", command=("x",)), ["Do you want to proceed?"]) is None


def b64(text):
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("text", "state", "reason"),
    [
        ("7501;state=idle", WorkstreamState.IDLE, ""),
        ("7501;state=working:app=codex:progress=40", WorkstreamState.WORKING, ""),
        (f"7501;state=blocked:kind=permission:msg={b64('run ls?')}", WorkstreamState.WAITING, "permission: run ls?"),
        ("7501;state=blocked:kind=question", WorkstreamState.WAITING, "question"),
        ("7501;state=blocked", WorkstreamState.WAITING, ""),
        ("7501;state=done", WorkstreamState.DONE, ""),
        (f"7501;state=error:msg={b64('500 é')}", WorkstreamState.FAILED, "500 é"),
        ("7501;state=error:msg=%%%", WorkstreamState.FAILED, ""),
        ("9;Claude needs you", None, "Claude needs you"),
        ("777;notify;Claude;needs you", None, "Claude: needs you"),
        ("99;i=1;needs you", None, "needs you"),
    ],
)
def test_terminal_words(text, state, reason):
    assert read_osc(text) == Reading(state, reason, Source.TERMINAL)


@pytest.mark.parametrize(
    "text", ["", "7501", "7501;?", "7501;state=clear", "7501;state=", "9;4;1;50", "777;x", "0;title"]
)
def test_other_words_say_nothing(text):
    assert read_osc(text) is None


def test_words_of_an_agent_are_made_harmless():
    reading = read_osc(f"7501;state=error:msg={b64(chr(27) + '[2Jx' + chr(0x202E) + 'y' * 500)}")
    assert reading is not None
    assert "\x1b" not in reading.reason
    assert chr(0x202E) not in reading.reason
    assert len(reading.reason) <= 200


@given(st.text())
def test_nothing_makes_it_fail(text):
    for prefix in ("", "7501;", "9;", "7501;state=blocked:msg="):
        read_osc(prefix + text)
    read_screen(PROFILES["claude"], text.split("\n"))
