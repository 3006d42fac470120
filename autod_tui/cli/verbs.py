"""Every verb of the command line, declared once: its words, its help, its arguments and where it is carried out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from autod_tui.core.commands import COMMANDS


class Argument(Struct, frozen=True):
    """One positional or option, in argparse's own words."""

    flags: tuple[str, ...]
    settings: Mapping[str, Any]


class Verb(Struct, frozen=True):
    """One command: `words` such as ("checkpoint", "merge"), `handler` such as "merge:merge"."""

    words: tuple[str, ...]
    handler: str
    arguments: tuple[Argument, ...] = ()
    help: str = ""
    """One sentence; empty takes the one of core.commands."""
    hidden: bool = False


def _arg(*flags: str, **settings: object) -> Argument:
    return Argument(flags, settings)


def _part(kind: str) -> Argument:
    what = "a session, or a task for its last one" if kind == "SESSION" else "a task"
    return _arg("part", metavar=kind, nargs="?", default="", help=f"of a run: {what}")


_NAME = _arg("name", metavar="NAME", help="a workstream")
_NAME_OR_RUN = _arg("name", metavar="NAME", help="a workstream, or a run when a part of it follows (or RUN/PART)")
_NAMES = _arg("names", metavar="NAME", nargs="*", help="workstreams; all when none is named")
_CHECKPOINT = _arg("name", metavar="NAME", help="a checkpoint")
_LEAVE_OUT = _arg(
    "--leave-out", metavar="WORKSTREAM", action="append", default=[], help="merge without this workstream"
)

_RUN = _arg("run", metavar="ID", help="a run; the start of its id or its plan's name means the newest such")
_TASKS = _arg("tasks", metavar="TASK", nargs="*", help="only these tasks")
_DETACH = _arg("--detach", action="store_true", help="return at once; a process in autod's own tmux carries the run on")
_SIZES = _arg("--batch-size", metavar="STAGE=N", action="append", default=[], help="tasks in one session of a stage")
_COUNTS = _arg("--sessions", metavar="STAGE=N", action="append", default=[], help="sessions of a stage at once")

VERBS: tuple[Verb, ...] = (
    Verb(("demo",), "demo:demo", (
        _arg("--headless", action="store_true", help="play the whole story without a terminal"),
        _arg("--keep", metavar="DIR", help="make the repository in DIR (new or empty) and keep it"),
    ), "Play the demo: a throw-away repository, four workstreams and a scripted agent; no account needed."),
    Verb(("init",), "setup:init", (), "Write autod.toml and workstreams/ for this repository."),
    Verb(("new",), "work:new", (
        _arg("name", metavar="NAME", nargs="?", default="", help="name of the workstream"),
        _arg("--title", metavar="TITLE", default="", help="what it is about, in a few words"),
        _arg("--from", dest="base", metavar="REF", default="", help="where a new branch starts"),
        _arg("--branch", metavar="B", default="", help="branch, new or existing; default: the project's pattern"),
        _arg("--agent", metavar="A", default="", help="agent profile; default: the project's"),
        _arg("--model", metavar="M", default="", help="model, or an alias of the agent's"),
        _arg("--permission", metavar="MODE", default="", help="what its agent may do unasked: ask, edits, all"),
        _arg("--prompt", metavar="FILE", default="", help="file with the prompt; - reads standard input"),
        _arg("--checkpoint", metavar="C", default="", help="checkpoint that will merge it"),
    ), "Declare a workstream under workstreams/NAME/; without NAME, on a terminal, open the wizard."),
    Verb(("up",), "work:up", (
        _NAMES,
        _arg("--fresh", action="store_true", help="begin a new conversation even where the old one could go on"),
    ), "Make the worktrees and start the agents; what runs already is adopted."),
    Verb(("down",), "work:down", (
        _NAMES,
        _arg("--remove", action="store_true", help="remove the worktrees too; the branches stay"),
        _arg("--discard", action="store_true", help="with --remove: also unsaved or unmerged work (a backup stays)"),
    ), "Stop agents; worktrees and branches stay."),
    Verb(("status",), "status:status", (), "Show all workstreams and checkpoints."),
    Verb(("watch",), "watch:watch", (
        _arg("--last", metavar="N", type=int, default=0, help="print the last N events first"),
    ), "Print every event as a line of JSON, as it happens."),
    Verb(("attach",), "look:attach", (_NAME_OR_RUN, _part("SESSION"))),
    Verb(("send",), "work:send", (
        _arg("--all", dest="everyone", action="store_true", help="to every living agent; TEXT only"),
        _arg("words", metavar="NAME TEXT", nargs="+", help="a workstream and what to tell it; - reads standard input"),
    ), "Send a text to an agent, or to all."),
    Verb(("answer",), "answer:answer", (
        _arg("name", metavar="NAME", help="a workstream, or RUN/SESSION"),
        _arg("choice", metavar="CHOICE", nargs="?", default="", help="one of its choices: the key, or the words"),
        _arg("--text", metavar="TEXT", default="", help="words of your own; - reads standard input"),
        _arg("--seen", metavar="ID", default="", help="refuse when another question stands there (`seen` of --json)"),
    ), "Show what an agent asks right now, or answer it."),
    Verb(("allow",), "allow:allow", (
        _arg("name", metavar="NAME", nargs="?", default="", help="a workstream; the project when none is named"),
        _arg("--cost", metavar="USD", default="", help="it may spend up to this in all"),
        _arg("--tokens", metavar="N", default="", help="it may use up to this in all, such as 500k or 2M"),
    ), "Raise a limit of cost or tokens; what it held back starts by itself."),
    Verb(("log",), "look:log", (
        _NAME_OR_RUN,
        _part("SESSION"),
        _arg("-f", "--follow", action="store_true", help="go on printing what the agent prints"),
        _arg("-n", "--lines", metavar="N", type=int, default=2000, help="lines of scrollback (default: %(default)s)"),
    ), "Print the pane's scrollback."),
    Verb(("diff",), "look:diff", (_NAME_OR_RUN, _part("TASK"))),
    Verb(("checkpoint", "list"), "checkpoint:listing", (), "List the checkpoints with their gates and conflicts."),
    Verb(("checkpoint", "show"), "checkpoint:show", (_CHECKPOINT,), "Show one checkpoint in full."),
    Verb(("checkpoint", "check"), "merge:check", (_CHECKPOINT, _LEAVE_OUT)),
    Verb(("checkpoint", "merge"), "merge:merge", (
        _CHECKPOINT,
        _LEAVE_OUT,
        _arg("--commit", dest="commit", action="store_true", default=None, help="commit uncommitted work first"),
        _arg("--no-commit", dest="commit", action="store_false", help="merge without the uncommitted work"),
        _arg("--ask-again", action="store_true", help="forget how its conflicts were resolved before"),
    )),
    Verb(("checkpoint", "rollback"), "merge:rollback", (_CHECKPOINT,)),
    Verb(("checkpoint", "sync"), "merge:sync", (
        _CHECKPOINT,
        _arg("names", metavar="WORKSTREAM", nargs="*", help="only these; default: all that lack the result"),
    )),
    Verb(("checkpoint", "resolve"), "resolve:resolve", (
        _CHECKPOINT,
        _arg("paths", metavar="PATH", nargs="*", help="conflicted files; all when none is named"),
        _arg("--ours", dest="how", action="store_const", const="ours", help="take the side already merged"),
        _arg("--theirs", dest="how", action="store_const", const="theirs", help="take the workstream's side"),
        _arg("--edit", dest="how", action="store_const", const="edit", help="edit the files in $EDITOR"),
        _arg("--agent", dest="how", action="store_const", const="agent", help="start an agent on the conflicts"),
        _arg("--leave-out", metavar="WORKSTREAM", default="", help="go on without this workstream"),
        _arg("--abandon", action="store_true", help="give the merge up; nothing has moved"),
    ), "List, or settle, the conflicts of a merge under way."),
    Verb(("run",), "run:run", (
        _arg("plan", metavar="PLAN", help="a plan of tasks: workstreams/PLAN.toml"),
        _arg("--items", metavar="R", default="", help="only these tasks: ids and ranges, such as b1:1-20,1.4"),
        _arg("--model", metavar="M", default="", help="model for every session, or an alias of the agent's"),
        _SIZES,
        _COUNTS,
        _DETACH,
        _arg("--dry-run", action="store_true", help="say what would run and change nothing"),
    ), "Carry out a plan of tasks and stay until it rests."),
    Verb(("runs",), "runs:runs", (), "List all runs, past and present."),
    Verb(("show",), "runs:show", (_RUN,), "Show a run: its tasks, verdicts and sessions."),
    Verb(("stop",), "runs:stop", (_RUN, _TASKS), "End a run's sessions with all their processes; work so far is kept."),
    Verb(("tidy",), "runs:tidy", (
        _RUN,
        _arg("--discard", action="store_true", help="also ignored files that are too large for a backup"),
    ), "Remove the worktrees of a run that has ended; `autod undo` brings them back."),
    Verb(("pause",), "runs:pause", (_RUN,), "Start no further sessions; those that run go on to their end."),
    Verb(("resume",), "run:resume", (_RUN, _DETACH), "Go on with a run; what is done is not done again."),
    Verb(("retry",), "run:retry", (
        _RUN,
        _TASKS,
        _arg("--stage", metavar="STAGE", default="", help="begin again there; default: where each one failed"),
        _DETACH,
    ), "Queue failed or stopped tasks again, their attempts forgotten."),
    Verb(("tune",), "runs:tune", (
        _RUN,
        _SIZES,
        _COUNTS,
        _arg("--priority", metavar="TASK=N", action="append", default=[], help="higher goes first"),
    ), "Change sizes, session counts and priorities while a run goes on."),
    Verb(("add",), "runs:add", (
        _RUN,
        _arg("task", metavar="TASK", help="id of the new task"),
        _arg("--title", metavar="TITLE", default="", help="what it is about, in a few words"),
        _arg("--prompt", metavar="FILE", default="", help="file with its text; - reads standard input"),
        _arg("--model", metavar="M", default="", help="model, or an alias of the agent's"),
        _arg("--output", metavar="PATH", action="append", default=[], help="file that shows it is done"),
        _arg("--priority", metavar="N", type=int, default=0, help="higher goes first"),
    ), "Give a run one more task while it goes on."),
    Verb(("review",), "runs:review", (
        _RUN,
        _TASKS,
        _arg("--approve", dest="verdict", action="store_const", const="APPROVED", help="approve; all if none is named"),
        _arg("--changes", dest="verdict", action="store_const", const="NEEDS_WORK", help="send back, with --comment"),
        _arg("--comment", metavar="TEXT", default="", help="becomes part of the next prompt"),
    ), "List the tasks that wait for your review, or give your verdict."),
    Verb(("export",), "runs:export", (
        _RUN,
        _arg("directory_out", metavar="DIR", nargs="?", default="", help="where to; default: ID-export"),
    ), "Write a run's tracker and records as files that anyone can read."),
    Verb(("carry-on",), "run:carry_on", (), "Conduct until no run goes on (internal).", hidden=True),
    Verb(("report",), "report:report", (
        _arg("run", metavar="RUN", nargs="?", default="", help="a run's id, its start, or its plan's name"),
    ), "Show the success metrics of the plan, or those of one run."),
    Verb(("undo",), "setup:undo", (
        _arg("ref", metavar="REF", nargs="?", default="", help="the backup to bring back; without it they are listed"),
    )),
    Verb(("agents",), "agents:agents", (
        _arg("action", metavar="check", nargs="?", choices=("check",), help="start one and say what works"),
        _arg("name", metavar="NAME", nargs="?", default="", help="the agent to be checked"),
    ), "List the agents that autod knows: installed or not, versions, models; or check one."),
    Verb(("doctor",), "doctor:doctor", (), "Say what autod needs, what is missing and how to get it."),
    Verb(("dashboard",), "enter:dashboard", (), "Run the dashboard in this terminal (internal).", hidden=True),
)  # fmt: skip


def help_of(verb: Verb) -> str:
    """Return a verb's sentence: its own, or that of the command in core.commands with the same words."""
    if verb.help:
        return verb.help
    words = ["autod", *verb.words]
    return next(entry.help for entry in COMMANDS if entry.verb.split()[: len(words)] == words)
