"""Help for tests of plans of tasks: a repository's files without a repository."""

import textwrap

import pytest

from autod_tui.core.errors import SettingsError
from autod_tui.core.plan import AgentProfile
from autod_tui.store.plan_files import load_run_plan
from autod_tui.store.settings import load_plan

PROFILES = {
    "claude": AgentProfile(name="claude", command=("claude", "{prompt}"), interactive=True),
    "flash": AgentProfile(name="flash", command=("gemini",), headless=("gemini", "-p", "{prompt}"), interactive=True),
}
SETTINGS = r"""
[roles]
architect = "claude"
[gates.tests]
command = "true"
[gates.coverage]
command = "true"
measure = '(\d+)%'
at_least = 60
"""


class Files:
    """The files of one repository."""

    def __init__(self, root):
        self.root = root
        self.write("autod.toml", SETTINGS)

    def write(self, path, text):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text))

    def settings(self):
        return load_plan(self.root, profiles=PROFILES)

    def load(self, text=None, name="week"):
        """Write `text` as plan `name`, unless it is None, and read it."""
        if text is not None:
            self.write(f"workstreams/{name}.toml", text)
        return load_run_plan(self.root, name, self.settings())

    def problems(self, text, name="week"):
        """Return the plan's mistakes as `key: message (hint)`."""
        with pytest.raises(SettingsError) as error:
            self.load(text, name)
        return [str(one).removeprefix(f"workstreams/{name}.toml: ") for one in error.value.problems]
