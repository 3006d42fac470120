"""A roadmap in markdown: the rows of its tables and the boxes of its checklists are tasks."""

from __future__ import annotations

import re

from msgspec.structs import replace

from autod_tui.core.run_plan import TaskSpec
from autod_tui.store.task_rows import Found, column_names, is_done, plain, priority, row_task, split_id, with_ids

_RULE = re.compile(r"\|?(?: *:?-{1,}:? *\|)+(?: *:?-+:? *)?\Z")
_BOX = re.compile(r"(?P<indent>[ \t]*)(?:[-*+]|\d+[.)]) +\[(?P<mark>[ xX~/-])\] +(?P<text>.+)")
_PRIORITY = re.compile(r" *[\[(](?:priority: *)?(critical|urgent|high|medium|low|p[0-3])[\])]", re.I)
_CELL = re.compile(r"(?<!\\)\|")


def read_roadmap(text: str) -> list[Found]:
    """Return every task of a roadmap in order, headings' names as their `section`.

    A table goes on after a line that is no row of it, until the next heading or the next table.
    """
    return with_ids(_Roadmap().read(text))


class _Roadmap:
    def __init__(self) -> None:
        self._found: list[Found] = []
        self._section = ""
        self._columns: tuple[str, ...] = ()
        self._box = -1
        """Indentation of the checklist entry that indented lines belong to; -1 for none."""
        self._row = False
        """True while lines belong to the table row before them."""
        self._fenced = False

    def read(self, text: str) -> list[Found]:
        lines = text.splitlines()
        for index, line in enumerate(lines):
            self._line(line, lines[index + 1] if index + 1 < len(lines) else "")
        return self._found

    def _line(self, line: str, following: str) -> None:
        stripped = line.strip()
        if stripped.startswith(("```", "~~~")):
            self._fenced = not self._fenced
        elif self._fenced:
            return
        elif stripped.startswith("#"):
            self._heading(stripped)
        elif stripped.startswith("|"):
            self._table_line(stripped, following.strip())
        elif box := _BOX.match(line):
            self._entry(box)
        else:
            self._belonging(line)

    def _heading(self, line: str) -> None:
        self._section, self._columns, self._box, self._row = plain(line.lstrip("#")), (), -1, False

    def _table_line(self, line: str, following: str) -> None:
        self._box = -1
        if _RULE.match(line):
            return
        if _RULE.match(following):
            names = column_names(_cells(line))
            self._columns = names if {"id", "title"} & set(names) else ()
            self._row = False
        elif self._columns and (task := row_task(dict(zip(self._columns, _cells(line), strict=False)))):
            self._add(task)
            self._row = True

    def _entry(self, box: re.Match[str]) -> None:
        indent = len(box["indent"].expandtabs(4))
        if 0 <= self._box < indent:
            self._belonging(box[0])
            return
        text = plain(box["text"])
        urgent = _PRIORITY.search(text)
        id, title = split_id(_PRIORITY.sub("", text))
        spec = TaskSpec(id=id, title=title, priority=priority(urgent[1]) if urgent else 0)
        self._add(Found(spec=spec, done=box["mark"] in "xX" or is_done(text)))
        self._box, self._row = indent, False

    def _belonging(self, line: str) -> None:
        """Add a line to the task before it: indented under a checklist entry, or a note under a table's row."""
        if not line.strip(" -*_\t"):  # empty, or a rule across the page
            return
        indent = len(line.expandtabs(4)) - len(line.expandtabs(4).lstrip())
        if not (self._row or 0 <= self._box < indent):
            self._box = -1
            return
        last = self._found[-1]
        body = f"{last.spec.body}\n{line.strip()}".strip()
        self._found[-1] = replace(last, spec=replace(last.spec, body=body))

    def _add(self, task: Found) -> None:
        declared = {"section": self._section, **task.spec.declared} if self._section else task.spec.declared
        self._found.append(replace(task, spec=replace(task.spec, declared=declared)))


def _cells(line: str) -> list[str]:
    inner = line.removeprefix("|").removesuffix("|")
    return [cell.replace("\\|", "|").strip() for cell in _CELL.split(inner)]
