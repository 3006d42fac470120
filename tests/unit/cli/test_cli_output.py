"""What commands print: tables, JSON shapes, cleaned texts."""

from __future__ import annotations

import json
import os
import sys

import pytest
from msgspec.structs import replace

from autod_tui.cli.console import Console, cell_width, clean, cut, table
from autod_tui.cli.look import fresh_lines
from autod_tui.core.checkpoint import CheckpointState, Conflict, GateResult, GateState, Transaction
from autod_tui.core.events import GateFinished, GateStarted, Noted, Recorded, StateChanged, StepMerged
from autod_tui.core.requests import Abandon, Answer, Check, LeaveOut, New, Resolve, Send, Sync, Undo
from autod_tui.core.state import State
from autod_tui.core.workstream import Changes, Ending, Overlap, Progress, Source, WorkstreamState
from tests.unit.cli.conftest import merge_plan, with_checkpoint, with_record

METRICS = {
    "conflicts": 5, "conflicted_files": 7, "rollbacks": 1, "direct_commits": 0,
    "red_gates": 2, "rehearsals": 4,
    "checkpoints": {"total": 3, "merged": 2, "on_time": 2, "late": 1},
    "parallel": {"wall_seconds": 3600.0, "sum_seconds": 7300.0, "speedup": 2.03},
}  # fmt: skip


def test_status_is_the_documented_object(run, desk) -> None:
    with_record(desk, "testing", state=WorkstreamState.WAITING, reason="permission")
    told = json.loads(run("status", "--json").out)
    assert list(told) == ["project", "workstreams", "checkpoints", "runs"]
    assert told["workstreams"][0]["state"] == "waiting"
    assert told["workstreams"][0]["reason"] == "permission"


def test_the_status_table_fits_80_columns(run, desk, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    with_record(
        desk,
        "testing",
        state=WorkstreamState.RATE_LIMITED,
        reason="a reason that goes on and on and on and on and on",
        changes=Changes(ahead=12, behind=3, files=120, uncommitted=14),
        progress=Progress(percent=40.0),
        overlaps=(Overlap(other="pipeline", files=("a",)),),
    )
    out = run("status", typed="").out
    assert max(map(cell_width, out.splitlines())) <= 80
    assert "+12/-3" in out
    assert "120 (14*)" in out
    assert "40%" in out


def test_the_whole_reason_is_printed_when_piped(run, desk) -> None:
    with_record(desk, "testing", state=WorkstreamState.FAILED, reason="long " * 40 + "end")
    assert "long end" in run("status").out


def test_control_characters_of_agents_never_reach_the_terminal(run, desk) -> None:
    with_record(desk, "testing", state=WorkstreamState.FAILED, reason="a\x1b]0;owned\x07b\x1b[31m\x9bc\u202ed")
    out = run("status").out
    assert "abcd" in out
    assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(out)


def test_colours_only_on_a_terminal_that_wants_them(desk, engine, monkeypatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    assert Console().paint("x", "red") == "\x1b[31mx\x1b[0m"
    monkeypatch.setenv("NO_COLOR", "1")
    assert Console().paint("x", "red") == "x"


def test_watch_prints_a_line_of_json_per_event(run, desk, engine) -> None:
    old = Recorded(0, 1.0, Noted(level="info", text="before"))
    changed = StateChanged(name="testing", state=WorkstreamState.WORKING, source=Source.HOOK)
    desk.kept = [old]
    desk.batches = [(Recorded(1, 5.5, changed),), (Recorded(2, 6.0, Noted(level="info", text="x")),)]
    lines = [json.loads(line) for line in run("watch").out.splitlines()]
    assert [line["seq"] for line in lines] == [1, 2]
    assert lines[0] == {
        "seq": 1, "at": 5.5, "kind": "StateChanged",
        "name": "testing", "state": "working", "reason": "", "source": "hook", "until": 0.0,
    }  # fmt: skip
    assert engine.roles == ["watch"]
    assert json.loads(run("watch", "--last", "5").out.splitlines()[0])["text"] == "before"


def test_log_prints_the_scrollback_cleaned(run, desk) -> None:
    desk.screens = [["\x1b[32mone\x1b[0m", "two  ", "", ""]]
    assert run("log", "testing").out == "one\ntwo\n"
    assert json.loads(run("log", "testing", "--json").out) == {"workstream": "testing", "lines": ["one", "two"]}


def test_log_follows_what_is_printed(run, desk) -> None:
    desk.screens = [["a", "b"], ["a", "b", "c"], ["b", "c", "d"]]
    assert run("log", "testing", "-f").out == "a\nb\nc\nd\n"


def test_log_without_a_pane_says_how_to_get_one(run) -> None:
    result = run("log", "testing")
    assert result.code == 1
    assert "autod up testing" in result.err


@pytest.mark.parametrize("verb", ["log", "diff"])
def test_an_unknown_workstream_is_a_usage_error(verb, run) -> None:
    result = run(verb, "testin")
    assert result.code == 2
    assert "did you mean 'testing'?" in result.err


@pytest.mark.parametrize(
    ("before", "now", "fresh"),
    [
        ([], ["a"], ["a"]),
        (["a"], ["a"], []),
        (["a", "b"], ["a", "b", "c"], ["c"]),
        (["a", "b"], ["b", "c"], ["c"]),
        (["a", "b", "c"], ["a", "x", "c"], ["x", "c"]),
        (["a"], [], []),
    ],
)
def test_fresh_lines(before, now, fresh) -> None:
    assert fresh_lines(before, now) == fresh


def test_diff(run, desk) -> None:
    desk.text = "--- a\n+++ b\n+x\x1b[31m\n"
    assert run("diff", "testing").out == "--- a\n+++ b\n+x\n"
    assert json.loads(run("diff", "testing", "--json").out)["workstream"] == "testing"


def test_attach_tells_its_command_as_json(run) -> None:
    told = json.loads(run("attach", "testing", "--json").out)
    assert told == {"workstream": "testing", "command": ["tmux", "attach", "-t", "testing"]}


def test_checkpoints(run, desk) -> None:
    with_checkpoint(desk, state=CheckpointState.MERGED, before_oid="a" * 40, after_oid="b" * 40)
    assert "merged" in run("checkpoint", "list").out
    assert json.loads(run("checkpoint", "list", "--json").out)["checkpoints"][0]["name"] == "foundation"
    out = run("checkpoint", "show", "foundation").out
    assert "testing -> pipeline" in out
    assert "tests" in out
    assert json.loads(run("checkpoint", "show", "foundation", "--json").out)["after_oid"] == "b" * 40
    assert run("checkpoint", "show", "foundatio").code == 2


def conflicted(desk) -> None:
    plan = merge_plan()
    with_checkpoint(
        desk,
        state=CheckpointState.MERGING,
        transaction=Transaction(id="1", plan=plan, at_step="testing", conflicts=(Conflict(path="a.py"),)),
    )


@pytest.mark.parametrize(
    ("words", "request_"),
    [
        (["--ours"], Resolve(checkpoint="foundation", how="ours")),
        (["a.py", "--theirs"], Resolve(checkpoint="foundation", how="theirs", paths=("a.py",))),
        (["--agent"], Resolve(checkpoint="foundation", how="agent")),
        (["--leave-out", "testing"], LeaveOut(checkpoint="foundation", workstream="testing")),
        (["--abandon"], Abandon(checkpoint="foundation")),
    ],
)
def test_resolve(words, request_, run, desk) -> None:
    conflicted(desk)
    assert run("checkpoint", "resolve", "foundation", *words).code == 0
    assert desk.asked == [request_]


def test_resolve_lists_the_conflicts(run, desk) -> None:
    conflicted(desk)
    assert "a.py" in run("checkpoint", "resolve", "foundation").out
    told = json.loads(run("checkpoint", "resolve", "foundation", "--json").out)
    assert told["conflicts"][0] == {"path": "a.py", "kind": "content", "ours": "1", "theirs": "2", "base": "0"}
    assert desk.asked == []


def test_resolve_asks_on_a_terminal(run, desk) -> None:
    conflicted(desk)

    def settled(request) -> Answer:
        with_checkpoint(desk, state=CheckpointState.MERGED)
        return Answer(message="merged")

    desk.answers[Resolve] = settled
    assert run("checkpoint", "resolve", "foundation", typed="o\n").code == 0
    assert desk.asked == [Resolve(checkpoint="foundation", how="ours")]


def test_resolve_takes_one_way_at_a_time(run, desk) -> None:
    conflicted(desk)
    assert run("checkpoint", "resolve", "foundation", "--ours", "--abandon").code == 2
    assert run("checkpoint", "resolve", "nothing", "--ours").code == 2
    assert desk.asked == []


def test_resolve_edits_in_the_editor(run, desk, monkeypatch, tmp_path) -> None:
    conflicted(desk)
    (tmp_path / "a.py").write_text("<<<<<<<\n")
    from autod_tui.core.requests import PrepareEdit

    desk.answers[PrepareEdit] = Answer(data={"worktree": str(tmp_path), "files": ["a.py"]})
    monkeypatch.setenv("VISUAL", "sh -c 'echo solved > \"$1\"' sh")
    assert run("checkpoint", "resolve", "foundation", "--edit", typed="").code == 0
    assert (tmp_path / "a.py").read_text() == "solved\n"
    assert desk.asked[-1] == Resolve(checkpoint="foundation", how="edit", paths=("a.py",))


def test_a_failed_editor_resolves_nothing(run, desk, monkeypatch, tmp_path) -> None:
    conflicted(desk)
    from autod_tui.core.requests import PrepareEdit

    desk.answers[PrepareEdit] = Answer(data={"worktree": str(tmp_path), "files": ["a.py"]})
    monkeypatch.setenv("VISUAL", "false")
    assert run("checkpoint", "resolve", "foundation", "--edit", typed="").code == 1
    assert not any(isinstance(request, Resolve) for request in desk.asked)


def test_report(run, desk) -> None:
    desk.metrics = METRICS
    assert json.loads(run("report", "--json").out) == {**METRICS, "runs": []}
    rows = [" ".join(line.split()) for line in run("report").out.splitlines()]
    assert "conflicts 5 < 5 missed" in rows
    assert "rollbacks 1 < 2 met" in rows
    assert "checkpoints on time 2 3 missed" in rows
    assert "time in parallel 1h 00m" in rows
    assert "speed-up 2.0x" in rows


def test_undo_lists_the_backups(run, desk) -> None:
    desk.answers[Undo] = Answer(data={"backups": [{"ref": "refs/autod/backup/1", "what": "main before"}]})
    assert "main before" in run("undo").out
    assert json.loads(run("undo", "--json").out)["backups"][0]["ref"] == "refs/autod/backup/1"


def test_new_reads_the_prompt_from_a_file_or_a_pipe(run, desk, tmp_path) -> None:
    (tmp_path / "p.md").write_text("do it")
    run("new", "docs", "--from", "main", "--prompt", str(tmp_path / "p.md"))
    assert desk.asked[-1] == New(name="docs", base="main", prompt="do it")
    run("new", "docs", "--prompt", "-", "--permission", "all", piped="piped")
    assert desk.asked[-1] == New(name="docs", permission="all", prompt="piped")
    assert run("new", "docs", "--prompt", str(tmp_path / "none")).code == 2


def test_new_asks_on_a_terminal_until_the_answer_fits(run, desk) -> None:
    desk.problems = {"a b": "no spaces"}
    result = run("new", typed="a b\ndocs\nThe docs\n\n\n\n\n\n\n\n")
    assert "no spaces" in result.out
    assert desk.asked == [New(name="docs", title="The docs")]
    assert run("new").code == 2


def test_send(run, desk) -> None:
    run("send", "testing", "go", "on")
    run("send", "--all", "stop", "now")
    run("send", "testing", "-", piped="long\ntext")
    assert desk.asked == [
        Send(names=("testing",), text="go on"),
        Send(names=(), text="stop now"),
        Send(names=("testing",), text="long\ntext"),
    ]
    assert run("send", "testing").code == 2


def test_demo(run, engine, tmp_path) -> None:
    engine.steps = [{"kind": "made", "text": "made it"}]
    assert run("demo", "--headless").out == "made it\n"
    assert json.loads(run("demo", "--headless", "--json").out) == engine.steps[0]
    assert run("demo", "--headless", "--keep", str(tmp_path / "new")).code == 0
    assert engine.entered == ["demo None True", "demo None True", f"demo {tmp_path / 'new'} True"]
    (tmp_path / "x").touch()
    assert run("demo", "--headless", "--keep", str(tmp_path)).code == 2


def test_clean_keeps_words_and_drops_control() -> None:
    assert clean("a\tb\nc") == "a\tb\nc"
    assert clean("\x1bPx\x1b\\a\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\\rb\x00") == "alinkb"


def test_tables_are_aligned_and_cut() -> None:
    assert table([["A", "B"], ["long", "x"], ["日本", "y"]]) == ["A     B", "long  x", "日本  y"]
    assert table([["A", "B"], ["x", "y" * 30]], width=12)[1] == "x  " + "y" * 8 + "…"
    assert cut("日本語", 5) == "日本…"


def test_a_merge_tells_its_steps(run, desk) -> None:
    result = GateResult(name="tests", state=GateState.RED, measured=59, threshold=">= 60", seconds=1.5, reason="low")
    steps = [
        StepMerged(id="1", checkpoint="foundation", workstream="testing", oid="a"),
        GateStarted(checkpoint="foundation", gate="tests", log="/log"),
        GateFinished(checkpoint="foundation", result=result),
    ]

    def merged(request) -> Answer:
        desk.kept = [Recorded(number + 1, 1.0, step) for number, step in enumerate(steps)]
        return Answer(message="merged")

    desk.answers[Check] = merged
    assert run("checkpoint", "check", "foundation").out.splitlines() == [
        "  testing: merged",
        "  gate tests runs; output: /log",
        "  gate tests is red 59 (>= 60) after 1.5 s: low",
        "merged",
    ]
    json.loads(run("checkpoint", "check", "foundation", "--json").out)


def test_a_sync_that_nobody_needs_asks_nothing(run, desk) -> None:
    desk.answers[Sync] = Answer(message="every workstream has it already", data={"plan": []})
    assert run("checkpoint", "sync", "foundation").code == 0
    assert len(desk.asked) == 1


def test_status_does_not_tell_itself_as_the_conductor(run, desk) -> None:
    desk.state = State(conductor=os.getpid(), conductor_role="status")
    assert json.loads(run("status", "--json").out)["project"]["conductor"] is None
    desk.state = State(conductor=1, conductor_role="tui")
    assert json.loads(run("status", "--json").out)["project"]["conductor"] == 1


def test_checkpoint_list_tells_planned_and_actual_times_and_the_critical_path(run, desk) -> None:
    started = with_times(desk)
    shown = json.loads(run("checkpoint", "list", "--json").out)
    (point,) = shown["checkpoints"]
    assert point["critical"] is True
    assert (point["planned_at"], point["ready_at"], point["merged_at"]) == (4000.0, started + 60, 5000.0)
    assert (point["expected_at"], point["slack"], point["risk"]) == (5000.0, 0.0, "17m late")
    assert shown["timeline"]["critical_path"] == [
        {"kind": "workstream", "name": "pipeline"}, {"kind": "checkpoint", "name": "foundation"}
    ]  # fmt: skip
    lines = run("checkpoint", "list").out.splitlines()
    assert "* critical path: pipeline -> foundation (11m)" in lines
    assert [line.split()[:2] for line in lines if line[:2] in ("* ", "- ")][:3] == [
        ["-", "testing"], ["*", "pipeline"], ["*", "[foundation]"]
    ]  # fmt: skip


def test_checkpoint_list_says_what_is_unknown(run, desk) -> None:
    out = run("checkpoint", "list").out
    assert "* critical path: testing -> foundation (0s and 2 of 2 unknown)" in out
    assert json.loads(run("checkpoint", "list", "--json").out)["checkpoints"][0]["expected_at"] is None


def with_times(desk) -> float:
    """Let both workstreams be done and the checkpoint merged; return when they began."""
    for name, took in (("testing", 30.0), ("pipeline", 60.0)):
        with_record(desk, name, done=Ending(3000.0 + took, took), handed_in=Ending(3000.0 + took, took))
    with_checkpoint(desk, state=CheckpointState.MERGED, merged_at=5000.0, seconds=600.0)
    spec = replace(desk.plan.checkpoints[0], due=4000.0)
    desk.plan = replace(desk.plan, checkpoints=(spec,))
    return 3000.0
