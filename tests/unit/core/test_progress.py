import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autod_tui.core.progress import MAX_SIZE, parse_progress
from autod_tui.core.workstream import Progress

USUAL = """\
# Workstream 4: Test Infrastructure

**Status**: 🟢 On Track
**Progress**: 3/8 tasks complete (37.5%)
**ETA**: Day 3 (on schedule)

## Completed
- ✅ Task 1

## Blockers
- None
"""


def test_the_usual_form():
    assert parse_progress(USUAL) == Progress(status="on track", percent=37.5, eta="Day 3 (on schedule)")
    assert parse_progress(USUAL.replace("\n", "\r\n").encode()) == parse_progress(USUAL)


def test_the_unfilled_template_claims_nothing_it_does_not_say():
    text = USUAL.replace("3/8 tasks complete (37.5%)", "X/8 tasks complete (X%)")
    assert parse_progress(text).percent is None


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("**Status**: 🟢 Complete", "complete"),
        ("**Status:** ✅ Done", "complete"),
        ("Status: 🟡 At Risk", "at risk"),
        ("- **Status** - blocked on review", "blocked"),
        ("| Status | 🔄 In Progress |", "in progress"),
        ("## Status\n\n🚧 still working on it", "in progress"),
        ("## Status: not started", "not started"),
        ("Status: Not blocked, on track", "on track"),
        ("Status: unblocked, in progress", "in progress"),
        ("Status: 🔴", "blocked"),
        ("Status: 🟡", "at risk"),
        ("Status: ⏳", "in progress"),
        ("Status: ⚠️", "at risk"),
        ("Status: Ready to Launch (soon)", "ready to launch"),
        ("Status: incomplete", "incomplete"),
        ("Status:", None),
        ("Nothing here", None),
    ],
)
def test_status(text, status):
    assert parse_progress(text).status == status


@pytest.mark.parametrize(
    ("text", "percent"),
    [
        ("**Progress**: 10/10 tasks complete (100%)", 100),
        ("Progress: 3 of 10", 30),
        ("Progress: 45.5 %", 45.5),
        ("Overall progress: ~30%", 30),
        ("## Progress\n30%", 30),
        ("Status: in progress (40%)", 40),
        ("30% complete", 30),
        ("- [x] a\n- [ ] b\n  * [X] c\n1. [ ] d", 50),
        ("Progress: none\n- [x] a", 100),
        ("Progress: 120%", None),
        ("Progress: 7/0", None),
        ("Progress: 11/10", None),
        ("Coverage: 80%", None),
        ("Example:\n```\n- [x] example\nProgress: 30%\n```", None),
        ("Updated 2025/10/16", None),
    ],
)
def test_percent(text, percent):
    assert parse_progress(text).percent == percent


def test_a_text_that_is_one_code_block_is_read():
    assert parse_progress(f"```markdown\n{USUAL}```\n") == parse_progress(USUAL)


@pytest.mark.parametrize("text", ["ETA: TBD", "ETA: -", "**ETA**: n/a", "ETA:", ""])
def test_an_unknown_eta_is_none(text):
    assert parse_progress(text).eta is None


@pytest.mark.parametrize(
    "text",
    [
        "## Blockers\nNone",
        "## Blockers\n\n**None** - everything is merged",
        "## 🚧 Blockers\n- None.\n",
        "## Blockers: None ✅",
        "Blockers: -",
        "**Blockers**: n/a",
        "**Blockers:** No known blockers",
        "Blockers: None at the moment",
        "**Blockers**\n\nnothing\n\n## Next\n- a",
        "## Blockers\n\n## Next\n- a",
        "## Blockers\n- ~~API key~~\n- ✅ schema\n- [x] port",
        "## Resolved blockers\n- API key",
        "Example:\n```\n## Blockers\n- example\n```",
    ],
)
def test_no_blockers(text):
    assert parse_progress(text).blockers == ()


@pytest.mark.parametrize(
    ("text", "blockers"),
    [
        (
            "## Blockers\n- Need the **API key**\n  - since Monday\n* [ ] schema\n\n## Next\n- x",
            ("Need the API key", "schema"),
        ),
        ("**Blockers**: waiting for `db-schema`", ("waiting for db-schema",)),
        ("## ⚠️ Current blockers\n🔴 CI is down\n---\nother", ("CI is down",)),
        ("Blocked by: testing", ("testing",)),
        ("Blockers: No database credentials", ("No database credentials",)),
        ("## Blockers\n- None of the tests run", ("None of the tests run",)),
        ("## Blockers\n- a\n**ETA**: tomorrow\n- b", ("a",)),
    ],
)
def test_blockers(text, blockers):
    assert parse_progress(text).blockers == blockers


def test_long_texts_are_cut():
    progress = parse_progress(
        "ETA: " + "e" * 900 + "\n## Blockers\n" + "\n".join(f"- {n} {'b' * 900}" for n in range(99))
    )
    assert len(progress.eta) == 200
    assert len(progress.blockers) == 20
    assert max(map(len, progress.blockers)) == 200


@pytest.mark.parametrize(
    "piece", ["-", " ", "a", ":", "#", "- [x] ", "9", "9/9 ", "Blockers: a\n", "Status\n", "*", "\u2028", "|"]
)
def test_large_texts_are_quick(piece):
    start = time.perf_counter()
    parse_progress(piece * (2 * MAX_SIZE // len(piece)))
    assert time.perf_counter() - start < 5


@given(st.one_of(st.text(), st.binary()))
def test_nothing_makes_it_fail(text):
    assert isinstance(parse_progress(text), Progress)


LINES = st.sampled_from(
    [
        "Status",
        ":",
        "\n",
        "Progress",
        "9/9",
        "99%",
        "#",
        "## ",
        "Blockers",
        "- ",
        "None",
        "~~",
        "✅",
        "```\n",
        "| ",
        "**",
        "ETA",
    ]
)


@given(st.lists(LINES | st.text(max_size=3), max_size=30).map(" ".join))
def test_likely_text_keeps_its_bounds(text):
    progress = parse_progress(text)
    assert progress.percent is None or 0 <= progress.percent <= 100
    assert all(blocker == blocker.strip() and "\n" not in blocker for blocker in progress.blockers)
    assert progress.status is None or progress.status == progress.status.lower()
