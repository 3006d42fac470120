"""The diff of one task's work: the same before and after it was merged, without what others did meanwhile."""

from __future__ import annotations

from tests.support.repos import Sandbox


async def test_work_is_shown_from_where_it_left_the_branch(box: Sandbox) -> None:
    base = box.commit({"base.txt": "one\n"})
    head = box.branch("work", base, {"new.txt": "mine\n"})
    box.commit({"other.txt": "somebody else's\n"})
    text = await box.open().diff_of(head, "main")
    assert "+mine" in text
    assert "other.txt" not in text


async def test_merged_work_looks_as_before(box: Sandbox) -> None:
    base = box.commit({"base.txt": "one\n"})
    head = box.branch("work", base, {"new.txt": "mine\n"}, {"base.txt": "two\n"})
    later = box.branch("later", base, {"later.txt": "theirs\n"})
    before = await box.open().diff_of(head, "main")
    for one in (head, later):
        box.git("merge", "-q", "--no-ff", "-m", "merge", one)
    assert await box.open().diff_of(head, "main") == before
    assert "+two" in before and "later.txt" not in before


async def test_work_that_was_fast_forwarded_shows_nothing_by_itself(box: Sandbox) -> None:
    base = box.commit({"base.txt": "one\n"})
    head = box.branch("work", base, {"new.txt": "mine\n"})
    box.git("merge", "-q", "--ff-only", head)
    assert await box.open().diff_of(head, "main") == ""
    assert "+mine" in await box.open().diff_of(head, "main", base)


async def test_a_base_of_ones_own_is_what_a_shared_lane_needs(box: Sandbox) -> None:
    base = box.commit({"base.txt": "one\n"})
    box.git("checkout", "-q", "-b", "lane", base)
    first = box.commit({"first.txt": "first task\n"})
    second = box.commit({"second.txt": "second task\n"})
    text = await box.open().diff_of(second, "main", first)
    assert "+second task" in text
    assert "first task" not in text


async def test_prompt_and_progress_stay_out_and_drivers_are_not_run(box: Sandbox) -> None:
    base = box.commit({"base.txt": "one\n", ".gitattributes": "*.txt diff=evil\n"})
    box.git("config", "diff.evil.command", f"touch {box.root / 'hit'}")
    box.git("config", "diff.evil.textconv", f"touch {box.root / 'hit'}; cat")
    box.git("config", "diff.external", f"touch {box.root / 'hit'}")
    head = box.branch(
        "work",
        base,
        {"base.txt": "two\n", "STARTUP.md": "a prompt\n", "progress.md": "50%\n", "deep/STARTUP.md": "x\n"},
    )
    text = await box.open().diff_of(head, "main")
    assert "+two" in text and "deep/STARTUP.md" in text
    assert "a prompt" not in text and "50%" not in text
    assert not (box.root / "hit").exists()


async def test_bytes_that_are_no_text_are_replaced(box: Sandbox) -> None:
    base = box.commit({"base.txt": "one\n"})
    head = box.branch("work", base, {"base.txt": b"caf\xe9\n"})
    assert "+caf\N{REPLACEMENT CHARACTER}" in await box.open().diff_of(head, "main")
