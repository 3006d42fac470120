"""Every command, declared once: CLI verb, TUI key, footer, palette and help are made from this table."""

from __future__ import annotations

from msgspec import Struct


class Command(Struct, frozen=True, kw_only=True):
    """One thing that can be done."""

    id: str
    """Action name in the TUI."""
    title: str
    """Imperative, for the palette and the footer."""
    help: str
    """One sentence."""
    verb: str = ""
    """The command line that does the same; {name} stands for what is selected."""
    keys: tuple[str, ...] = ()
    """Textual key names, the first is shown."""
    footer: bool = False
    scope: str = "any"
    """`any`, `workstream`, `checkpoint`, `conflict` or `pane`: what has to be selected."""


COMMANDS: tuple[Command, ...] = (
    Command(id="attach", title="Attach", help="Show the agent's pane full-screen; F12 comes back.",
            verb="autod attach {name}", keys=("enter",), footer=True, scope="workstream"),
    Command(id="type", title="Type", help="Type into the live pane from here; F11 or ctrl+] leaves.",
            verb="autod send {name} TEXT", keys=("i",), footer=True, scope="workstream"),
    Command(id="new", title="New", help="Open the worktree wizard for a new workstream.",
            verb="autod new", keys=("n",), footer=True),
    Command(id="up", title="Up", help="Make the worktree and start the agent.",
            verb="autod up {name}", keys=("u",), footer=True, scope="workstream"),
    Command(id="up_all", title="Up all", help="Start all workstreams that may start.", verb="autod up", keys=("U",)),
    Command(id="down", title="Down", help="Stop the agent; worktree and branch stay.",
            verb="autod down {name}", keys=("d",), footer=True, scope="workstream"),
    Command(id="remove", title="Remove worktree",
            help="Stop the agent and remove its worktree; the branch stays, unsaved or unmerged work is asked about.",
            verb="autod down {name} --remove", keys=("D",), scope="workstream"),
    Command(id="send", title="Send", help="Send a text to the selected agent.",
            verb="autod send {name} TEXT", keys=("s",), footer=True, scope="workstream"),
    Command(id="broadcast", title="Send to all", help="Send a text to every living agent.",
            verb="autod send --all TEXT", keys=("S",)),
    Command(id="next_waiting", title="Next waiting", help="Jump to the next workstream that waits for you.",
            verb="autod status", keys=("w",)),
    Command(id="find", title="Find", help="Find a workstream by a part of its name, branch or title.",
            verb="autod status", keys=("slash",)),
    Command(id="diff", title="Diff", help="Show what the workstream changed, uncommitted work included.",
            verb="autod diff {name}", keys=("v",), footer=True, scope="workstream"),
    Command(id="log", title="Log", help="Page through the pane's scrollback.",
            verb="autod log {name}", keys=("l",), scope="workstream"),
    Command(id="pm", title="Plan", help="Project-manager view: timeline, gates, conflict matrix, risks.",
            verb="autod checkpoint list", keys=("p", "tab"), footer=True),
    Command(id="check", title="Check", help="Rehearse the checkpoint: merge and run its gates, moving nothing.",
            verb="autod checkpoint check {name}", keys=("c",), footer=True, scope="checkpoint"),
    Command(id="merge", title="Merge", help="Show the checkpoint's plan, then merge, judge and move the branch.",
            verb="autod checkpoint merge {name}", keys=("m",), footer=True, scope="checkpoint"),
    Command(id="rollback", title="Rollback", help="Take the merged checkpoint back.",
            verb="autod checkpoint rollback {name}", keys=("R",), scope="checkpoint"),
    Command(id="sync", title="Sync", help="Merge the checkpoint's result into the workstreams still open.",
            verb="autod checkpoint sync {name}", keys=("y",), scope="checkpoint"),
    Command(id="resolve", title="Resolve", help="Open the conflicts of a merge under way.",
            verb="autod checkpoint resolve {name}", keys=("x",), scope="checkpoint"),
    Command(id="ours", title="Ours", help="Take the side already merged.",
            verb="autod checkpoint resolve {name} PATH --ours", keys=("o",), scope="conflict"),
    Command(id="theirs", title="Theirs", help="Take the side of the workstream being merged.",
            verb="autod checkpoint resolve {name} PATH --theirs", keys=("t",), scope="conflict"),
    Command(id="edit", title="Edit", help="Edit the file with its markers in $EDITOR.",
            verb="autod checkpoint resolve {name} PATH --edit", keys=("e",), scope="conflict"),
    Command(id="hand_over", title="Hand to agent", help="Start an agent on the conflicts in a pane of its own.",
            verb="autod checkpoint resolve {name} --agent", keys=("a",), scope="conflict"),
    Command(id="leave_out", title="Leave out", help="Go on with the merge without this workstream.",
            verb="autod checkpoint resolve {name} --leave-out WORKSTREAM", keys=("k",), scope="conflict"),
    Command(id="abandon", title="Abandon", help="Give the merge up; nothing has moved.",
            verb="autod checkpoint resolve {name} --abandon", keys=("Q",), scope="conflict"),
    Command(id="events", title="Events", help="Show the event feed.", verb="autod watch", keys=("f",)),
    Command(id="report", title="Report", help="Show the success metrics of the plan.",
            verb="autod report", keys=("r",)),
    Command(id="undo", title="Undo", help="List the backups and bring one back.", verb="autod undo", keys=("z",)),
    Command(id="help", title="Help", help="Show all commands.", verb="autod --help", keys=("question_mark",),
            footer=True),
    Command(id="palette", title="Palette", help="Find a command by name.", keys=("ctrl+p", "colon"), footer=True),
    Command(id="quit", title="Quit", help="Leave the dashboard; agents go on.", keys=("q",), footer=True),
)  # fmt: skip


def command(id: str) -> Command:
    """Return the command called `id`; KeyError when there is none."""
    return {entry.id: entry for entry in COMMANDS}[id]
