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
    """What has to be selected: `any`, `workstream`, `checkpoint`, `conflict`, `pane`, `run`,
    `stage`, `task`, `session`, `review`; on the list of `runs` nothing has to be.
    """


COMMANDS: tuple[Command, ...] = (
    Command(id="attach", title="Attach", help="Show the agent's pane full-screen; F12 comes back.",
            verb="autod attach {name}", keys=("enter",), footer=True, scope="workstream"),
    Command(id="answer", title="Answer", help="Answer what the agent asks: one of its choices, or words of your own.",
            verb="autod answer {name} CHOICE", keys=("a",), footer=True, scope="workstream"),
    Command(id="type", title="Type", help="Type into the live pane from here; F12 or ctrl+] leaves.",
            verb="autod send {name} TEXT", keys=("i",), footer=True, scope="workstream"),
    Command(id="allow", title="Allow more", help="Raise a limit of cost or tokens; what it held back starts.",
            verb="autod allow {name} --cost USD", keys=("dollar_sign",), scope="workstream"),
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
    Command(id="next_waiting", title="Next waiting", help="Jump to the next workstream or session that waits for you.",
            verb="autod status", keys=("w", "W")),
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
    Command(id="helper", title="Its pane", help="Show the pane of the agent that works on the conflicts.",
            verb="autod attach resolve-{name}", keys=("v",), scope="conflict"),
    Command(id="leave_out", title="Leave out", help="Go on with the merge without this workstream.",
            verb="autod checkpoint resolve {name} --leave-out WORKSTREAM", keys=("k",), scope="conflict"),
    Command(id="abandon", title="Abandon", help="Give the merge up; nothing has moved.",
            verb="autod checkpoint resolve {name} --abandon", keys=("Q",), scope="conflict"),
    Command(id="runs", title="Runs", help="Show the runs of tasks, past and present, and start one.",
            verb="autod runs", keys=("b",)),
    Command(id="run_start", title="Start a plan", help="Choose a plan of tasks, its items and sizes, and start it.",
            verb="autod run PLAN", keys=("n",), scope="runs"),
    Command(id="run_open", title="Board", help="Show a run: its tasks by stage, its sessions, how far it is.",
            verb="autod show {name}", keys=("enter",), scope="run"),
    Command(id="run_review", title="Review", help="Look at the tasks that wait for a person.",
            verb="autod review {name}", keys=("w",), scope="run"),
    Command(id="run_pause", title="Pause", help="Start no further sessions of the run.",
            verb="autod pause {name}", keys=("p",), scope="run"),
    Command(id="run_resume", title="Go on", help="Go on with the run; what is done is not done again.",
            verb="autod resume {name}", keys=("c",), scope="run"),
    Command(id="run_stop", title="Stop run", help="End the run's sessions with all their processes; the work is kept.",
            verb="autod stop {name}", keys=("X",), scope="run"),
    Command(id="run_tidy", title="Tidy up", help="Remove the worktrees of a run that has ended; undo brings them back.",
            verb="autod tidy {name}", keys=("D",), scope="run"),
    Command(id="run_retry", title="Retry failed", help="Queue all failed and stopped tasks of the run again.",
            verb="autod retry {name}", keys=("R",), scope="run"),
    Command(id="run_add", title="Add a task", help="Give the run one more task while it goes on.",
            verb="autod add {name} TASK", keys=("t",), scope="run"),
    Command(id="run_export", title="Export", help="Write the run's tracker, records, prompts and logs as files.",
            verb="autod export {name} DIR", keys=("e",), scope="run"),
    Command(id="task_stop", title="Stop task", help="End the task's session; the other tasks go on.",
            verb="autod stop {name} TASK", keys=("x",), scope="task"),
    Command(id="task_retry", title="Retry", help="Queue the task again, its attempts forgotten.",
            verb="autod retry {name} TASK", keys=("r",), scope="task"),
    Command(id="task_diff", title="Diff", help="Show what the sessions of the task changed.",
            verb="autod diff {name} TASK", keys=("v",), scope="task"),
    Command(id="task_first", title="Sooner", help="Raise the task's priority by one.",
            verb="autod tune {name} --priority TASK=N", keys=("right_square_bracket",), scope="task"),
    Command(id="task_last", title="Later", help="Lower the task's priority by one.",
            verb="autod tune {name} --priority TASK=N", keys=("left_square_bracket",), scope="task"),
    Command(id="session_answer", title="Answer",
            help="Answer what the agent of a session asks: one of its choices, or words of your own.",
            verb="autod answer {name}/SESSION CHOICE", keys=("a",), scope="session"),
    Command(id="session_attach", title="Attach", help="Show the pane of a session that runs full-screen, else its log.",
            verb="autod attach {name} SESSION", keys=("enter",), scope="session"),
    Command(id="session_log", title="Log", help="Show what the session printed, and go on while it prints.",
            verb="autod log {name} SESSION -f", keys=("l",), scope="session"),
    Command(id="more_sessions", title="More sessions", help="One session more of the selected stage at once.",
            verb="autod tune {name} --sessions STAGE=N", keys=("plus",), scope="stage"),
    Command(id="fewer_sessions", title="Fewer sessions", help="One session fewer of the selected stage at once.",
            verb="autod tune {name} --sessions STAGE=N", keys=("minus",), scope="stage"),
    Command(id="bigger_batch", title="Bigger batches", help="One task more in each session of the selected stage.",
            verb="autod tune {name} --batch-size STAGE=N", keys=("greater_than_sign",), scope="stage"),
    Command(id="smaller_batch", title="Smaller batches", help="One task less in each session of the selected stage.",
            verb="autod tune {name} --batch-size STAGE=N", keys=("less_than_sign",), scope="stage"),
    Command(id="approve", title="Approve", help="Approve the task's work: it goes on to the next stage or is merged.",
            verb="autod review {name} TASK --approve", keys=("a",), scope="review"),
    Command(id="changes", title="Request changes", help="Send the task back; the comment is in its next prompt.",
            verb="autod review {name} TASK --changes --comment TEXT", keys=("c",), scope="review"),
    Command(id="approve_all", title="Approve all green", help="Approve all tasks that wait with nothing against them.",
            verb="autod review {name} --approve", keys=("A",), scope="review"),
    Command(id="events", title="Events", help="Show the event feed.", verb="autod watch", keys=("f",)),
    Command(id="report", title="Report", help="Show the success metrics of the plan.",
            verb="autod report", keys=("r",)),
    Command(id="agents", title="Agents", help="Show the agents: installed or not, versions, permission modes, models.",
            verb="autod agents"),
    Command(id="undo", title="Undo", help="List the backups and bring one back.", verb="autod undo", keys=("z",)),
    Command(id="help", title="Help", help="Show all commands.", verb="autod --help", keys=("question_mark",),
            footer=True),
    Command(id="palette", title="Palette", help="Find a command by name.", keys=("ctrl+p", "colon"), footer=True),
    Command(id="quit", title="Quit", help="Leave the dashboard; agents go on.", keys=("q",), footer=True),
)  # fmt: skip


def command(id: str) -> Command:
    """Return the command called `id`; KeyError when there is none."""
    return {entry.id: entry for entry in COMMANDS}[id]
