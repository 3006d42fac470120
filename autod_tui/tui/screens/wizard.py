"""The worktree wizard: everything about a new workstream, checked before anything is made."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.reactive import Reactive
from textual.screen import ModalScreen
from textual.suggester import SuggestFromList
from textual.widget import Widget
from textual.widgets import Input, Label, Select, TextArea

from autod_tui.core.agent_words import PERMISSIONS
from autod_tui.core.errors import AutodError
from autod_tui.core.names import suggest_name
from autod_tui.core.plan import AgentProfile, Plan
from autod_tui.core.requests import New
from autod_tui.tui.safe import clean, clean_block, plain
from autod_tui.tui.screens.base import titled
from autod_tui.tui.screens.dialogs import leave_written
from autod_tui.tui.widgets.bars import FooterBar, Hint
from autod_tui.tui.workers import start

if TYPE_CHECKING:
    from autod_tui.tui.app import AutodApp

FIELDS = ("name", "title", "branch", "base", "agent", "model", "permission", "checkpoint", "prompt")
MAX_PROMPT = 1024 * 1024
"""Bytes of a prompt file that are taken."""


class Wizard(ModalScreen["New | None"]):
    """Asks for a workstream; closes with the request, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False),
        Binding("ctrl+s", "create", show=False, priority=True),
        Binding("ctrl+o", "load", show=False, priority=True),
    ]

    def __init__(self, branches: Sequence[str]) -> None:
        """Offer `branches` for reuse and as bases."""
        super().__init__()
        self._branches = list(branches)
        self.problems: dict[str, str] = {}
        self._touched: set[str] = set()
        self._asked = False

    @property
    def autod(self) -> AutodApp:
        """The app, with its desk."""
        return cast("AutodApp", self.app)

    @property
    def plan(self) -> Plan:
        """What the files declare."""
        return self.autod.desk.plan

    def compose(self) -> ComposeResult:
        """One line per field, the problem under it when there is one."""
        with Vertical(classes="dialog wizard"):
            with VerticalScroll(id="fields", can_focus=False):
                yield from _field("name", Input(placeholder="letters, digits, . _ -", id="name", compact=True))
                yield from _field("title", Input(placeholder="what it is about", id="title", compact=True))
                yield from _field("branch", self._branch_select())
                yield from _field("base", self._select("base", self._branches, f"{self.plan.project.target} (target)"))
                yield from _field("agent", self._agent_select())
                yield from _field("model", Input(placeholder="the agent's own choice", id="model", compact=True))
                modes = Select(self._modes(), value="", allow_blank=False, id="permission", compact=True)
                yield from _field("permission", modes)
                names = [spec.name for spec in self.plan.checkpoints]
                yield from _field("checkpoint", self._select("checkpoint", names, "none"))
                yield from _field(
                    "from file", Input(placeholder="path of a prompt file, enter reads it", id="file", compact=True)
                )
                yield Label("prompt: what the agent is to do", classes="prompt-label", markup=False)
                yield Label("", id="problem-prompt", classes="problem", markup=False)
                yield TextArea(id="prompt", compact=True)
            yield FooterBar(id="footer")

    def _branch_select(self) -> Select[str]:
        pattern = self.plan.project.branch.replace("{name}", "NAME")
        return self._select("branch", self._branches, f"new: {pattern}")

    def _select(self, id: str, values: Sequence[str], default: str) -> Select[str]:
        options = [(plain(default), ""), *((plain(value), value) for value in values)]
        return Select(options, value="", allow_blank=False, id=id, compact=True)

    def _agents(self) -> tuple[list[str], str]:
        """Return all agents and the one that is chosen at first."""
        agents = list(self.plan.agents) or [self.plan.project.agent]
        return agents, self.plan.project.agent if self.plan.project.agent in agents else agents[0]

    def _agent_select(self) -> Select[str]:
        agents, default = self._agents()
        options = [(plain(_shown(name, self.plan.agents.get(name))), name) for name in agents]
        return Select(options, value=default, allow_blank=False, id="agent", compact=True)

    def _modes(self, agent: str = "") -> list[tuple[Content, str]]:
        """Return the permission modes of an agent as choices; none chosen is its own."""
        profile = self.plan.agents.get(agent or self._agents()[1])
        if profile is None:
            return [(plain("the agent's own"), "")]
        shown = [
            (plain(f"{'! ' if mode == 'all' else ''}{mode}: {PERMISSIONS[mode]}"), mode) for mode in profile.permissions
        ]
        return [(plain(f"the agent's own: {profile.permission}"), ""), *shown]

    def on_mount(self) -> None:
        """Start with the name."""
        titled(self.query_one(".wizard"), "new workstream")
        self.query_one(FooterBar).show_hints(
            [
                Hint("ctrl+s", "Create and start", "create"),
                Hint("tab", "Next"),
                Hint("ctrl+o", "From file", "load"),
                Hint("escape", "Leave", "leave"),
            ]
        )
        self._suggest_models()
        self.query_one("#name").focus()

    def fields(self) -> dict[str, str]:
        """Return all fields as they stand; an untouched choice is empty."""
        values: dict[str, str] = {}
        for field in FIELDS:
            widget = self.query_one(f"#{field}")
            if isinstance(widget, TextArea):
                values[field] = widget.text
            elif isinstance(widget, Input):
                values[field] = widget.value.strip()
            elif isinstance(widget, Select):
                values[field] = str(widget.value)
        return values

    @on(Input.Changed)
    @on(Select.Changed)
    @on(TextArea.Changed)
    def _changed(self, event: Input.Changed | Select.Changed | TextArea.Changed) -> None:
        control: Widget = event.control
        if control.id in FIELDS:
            self._touched.add(control.id)
        if control.id == "agent":
            self._suggest_models()
            self._offer_modes()
        if control.id != "file":
            start(self, self._check, group="check", exclusive=True)

    def _suggest_models(self) -> None:
        profile = self.plan.agents.get(str(self.query_one("#agent", Select).value))
        names = [clean(name) for name in profile.models] if profile else []
        model = self.query_one("#model", Input)
        model.suggester = SuggestFromList(names) if names else None
        model.placeholder = f"the agent's own choice, or: {' '.join(names)}" if names else "the agent's own choice"

    def _offer_modes(self) -> None:
        """Offer what the chosen agent knows; a mode that it knows too stays chosen."""
        select = self.query_one("#permission", Select)
        chosen, modes = select.value, self._modes(str(self.query_one("#agent", Select).value))
        select.set_options(modes)
        select.value = chosen if chosen in [mode for _, mode in modes] else ""
        select.mutate_reactive(cast("Reactive[str]", vars(Select)["value"]))  # the same choice may have other words now

    async def _check(self) -> None:
        """Show each problem at its field; fields not yet visited stay calm until Create."""
        try:
            self.problems = await self.autod.desk.new_problems(self.fields())
        except AutodError as error:
            self.problems = {"name": f"could not be checked: {error.message}"}
            self._touched.add("name")
        for field in FIELDS:
            text = self.problems.get(field, "") if self._asked or field in self._touched else ""
            label = self.query_one(f"#problem-{field}", Label)
            label.update(plain(text))
            label.display = bool(text)

    def action_create(self) -> None:
        """Close with the request when no field has a problem."""
        self._asked = True
        start(self, self._create, group="check", exclusive=True)

    async def _create(self) -> None:
        await self._check()
        if self.problems:
            first = next(field for field in FIELDS if field in self.problems)
            self.query_one(f"#{first}").focus()
            return
        self.dismiss(New(**self.fields()))

    def action_leave(self) -> None:
        """Close without a request; a prompt that was written is lost only after a question."""
        leave_written(self, self.query_one("#prompt", TextArea).text, partial(self.dismiss, None))

    def action_load(self) -> None:
        """Go to the field that names a prompt file."""
        self.query_one("#file").focus()

    @on(Input.Submitted, "#file")
    def _load_prompt(self, event: Input.Submitted) -> None:
        if event.value.strip():
            start(self, partial(self._read, event.value.strip()), exclusive=True, group="file")

    async def _read(self, path: str) -> None:
        text, problem = await asyncio.to_thread(_read_prompt, self.plan.project.root, path)
        label = self.query_one("#problem-from-file", Label)
        label.update(plain(problem))
        label.display = bool(problem)
        if not problem:
            self.query_one("#prompt", TextArea).text = text
            self.query_one("#prompt").focus()

    @on(Input.Submitted)
    def _next(self, event: Input.Submitted) -> None:
        if event.input.id != "file":
            self.focus_next()

    @on(Input.Blurred, "#name")
    def _mend_name(self, event: Input.Blurred) -> None:
        """Turn a name that cannot be one into the nearest that can; its words stay as the title."""
        value = event.input.value.strip()
        if "name" in self.problems and value and (better := suggest_name(value)) and better != value:
            title = self.query_one("#title", Input)
            title.value = title.value or value
            event.input.value = better

    @on(FooterBar.Picked)
    async def _picked(self, message: FooterBar.Picked) -> None:
        await self.run_action(message.action)


def _shown(name: str, profile: AgentProfile | None) -> str:
    """Say of an agent what matters before it is chosen: whether it is here, and whether it asks."""
    if profile is None:
        return name
    notes = [] if which(profile.command[0]) else ["not installed"]
    notes += ["runs without asking"] if profile.permission == "all" else []
    return f"{name} ({', '.join(notes)})" if notes else name


def _field(label: str, control: Widget) -> ComposeResult:
    with Horizontal(classes="field"):
        yield Label(label, markup=False)
        yield control
    problem = Label("", id=f"problem-{label.replace(' ', '-')}", classes="problem", markup=False)
    problem.display = False
    yield problem


def _read_prompt(root: str, path: str) -> tuple[str, str]:
    """Return (text, problem) of a prompt file; a relative path starts at the repository."""
    file = Path(root) / Path(path).expanduser()
    try:
        if file.stat().st_size > MAX_PROMPT:
            return "", f"{path} is larger than {MAX_PROMPT // 1024} kB"
        return clean_block(file.read_text(encoding="utf-8")), ""
    except UnicodeDecodeError:
        return "", f"{path} is not a text file"
    except OSError as error:
        return "", f"{path}: {error.strerror}"
