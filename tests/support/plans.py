"""Help for tests of plans of tasks: a repository's files without a repository."""

import json
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
WEEK = """
[plan]
title = "Week 1"
isolation = "shared"
into = "integration/week1"
agent = "flash"
max_sessions = 3
max_tasks = 9
merge = false

[roles]
researcher = "flash"

[[stage]]
name = "build"
prompt = "prompts/build.md"
batch_size = 3
adaptive = true
sessions = 2
agent = "flash"
model = "pro"
attempts = 4
timeout = "10m"
silence = "90s"
[[stage]]
name = "check"
by = "gates"
gates = ["tests", "coverage>=70"]
[[stage]]
name = "review"
by = "person"
checklist = ["whole files"]

[[batch]]
name = "b1"
title = "First"
tasks = ["1.1-1.3"]
[[batch]]
name = "b2"
after = ["b1"]
tasks = ["1.4", "1.10"]

[[task]]
id = "1.1"
title = "Skeleton"
body = "A frame."
model = "flash"
role = "architect"
kind = "page"
outputs = ["src/{id}.js"]
min_bytes = 10
priority = 5
[[task]]
id = "1.2"
after = ["1.1"]
[[task]]
id = "1.3"
[[task]]
id = "1.4"
[[task]]
id = "1.10"
"""
ONE_TASK = '[[task]]\nid = "a"\n'


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


def entry(number, **changed):
    """Return a task as a tracker has it: completed, its audit open."""
    audit = {"status": "pending", "qualityScore": None, "approved": False, **changed.pop("audit", {})}
    execution = {"resultFile": f"results/{number:03}.json", "attempts": 2, **changed.pop("execution", {})}
    plain = {"status": "pending", "type": "page", "priority": "medium", "dependencies": []}
    return {**plain, "executionPhase": execution, "auditPhase": audit, **changed}


def tracker(count, *, changes=None, **document):
    """Return a tracker of `count` tasks, some of them with `changes`, and what else the document holds."""
    entries = {f"TASK-{number:03}": entry(number, **(changes or {}).get(number, {})) for number in range(1, count + 1)}
    return json.dumps({"taskStatus": entries, **document})
