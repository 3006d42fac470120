"""The parser, built from the table of verbs."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import NoReturn, TypeAlias

from autod_tui import __version__
from autod_tui.cli.verbs import VERBS, Verb, help_of
from autod_tui.core.errors import UsageError
from autod_tui.core.names import nearest

_DESCRIPTION = "Run several coding agents at once, each in its own worktree and pane, and bring their work home safely."
_EPILOG = (
    "Without a command: the full-screen dashboard. What changes something shows its plan and asks; --yes approves it "
    "beforehand. Exit codes: 0 done, 1 the thing asked for failed, 2 wrong usage or configuration, "
    "3 the environment is not fit, 130 interrupted."
)


class _Parser(argparse.ArgumentParser):
    """Tells mistakes as UsageError instead of ending the process."""

    def error(self, message: str) -> NoReturn:
        """Raise what argparse would print."""
        raise UsageError(message, hint=f"see `{self.prog} --help`")

    def _check_value(self, action: argparse.Action, value: object) -> None:
        """Name the nearest command instead of listing all of them."""
        if isinstance(action, argparse._SubParsersAction) and value not in action.choices:
            known = [name for name in action.choices if name != "dashboard"]
            near = _inner_verb(str(value)) or nearest(str(value), known)
            hint = f"did you mean `{self.prog} {near}`?" if near else f"see `{self.prog} --help`"
            raise UsageError(f"unknown command {value!r}", hint=hint)
        super()._check_value(action, value)


def _inner_verb(word: str) -> str:
    """Return `checkpoint merge` for a lone `merge`; empty when no group has such an action."""
    return next((" ".join(verb.words) for verb in VERBS if len(verb.words) > 1 and verb.words[-1] == word), "")


_Parsers: TypeAlias = "argparse._SubParsersAction[_Parser]"


def build_parser(verbs: Sequence[Verb] = VERBS) -> argparse.ArgumentParser:
    """Return the parser of the whole command line, or of `verbs`; parsed words carry `handler` and `verb`."""
    parser = _Parser(prog="autod", description=_DESCRIPTION, epilog=_EPILOG, allow_abbrev=False)
    parser.add_argument("-V", "--version", action="version", version=f"autod {__version__}")
    parser.add_argument("-C", dest="directory", metavar="DIR", default=".", help="work as if started in DIR")
    parser.add_argument("--here", action="store_true", help="run the dashboard in this terminal, outside autod's tmux")
    parser.set_defaults(handler="enter:enter", verb="", as_json=False, yes=False)
    commands = parser.add_subparsers(metavar="COMMAND", title="commands")
    groups: dict[str, _Parsers] = {}
    for verb in verbs:
        parent = commands if len(verb.words) == 1 else _group(commands, groups, verb.words[0])
        _add(parent, verb)
    return parser


def _group(commands: _Parsers, groups: dict[str, _Parsers], name: str) -> _Parsers:
    if name not in groups:
        text = "List, check, merge, roll back and sync checkpoints."
        group = commands.add_parser(name, help=text, description=text, allow_abbrev=False)
        groups[name] = group.add_subparsers(metavar="ACTION", title="actions", required=True)
    return groups[name]


def _add(parent: _Parsers, verb: Verb) -> None:
    text = help_of(verb).replace("%", "%%")
    if verb.hidden:  # a parser without `help` is left out of the list of commands
        parser = parent.add_parser(verb.words[-1], description=text, allow_abbrev=False)
    else:
        parser = parent.add_parser(verb.words[-1], help=text, description=text, allow_abbrev=False)
    parser.set_defaults(handler=verb.handler, verb=" ".join(verb.words))
    for argument in verb.arguments:
        parser.add_argument(*argument.flags, **argument.settings)
    parser.add_argument("--json", dest="as_json", action="store_true", help="print JSON")
    parser.add_argument("-y", "--yes", action="store_true", help="approve the plan beforehand")


def _needed(words: Sequence[str]) -> Sequence[Verb]:
    """Return the verbs of the first word: a parser of all of them takes as long as the rest of a quick command."""
    return [verb for verb in VERBS if verb.words[0] == words[0]] if words else VERBS


_LISTS = ("paths", "names", "words")


def parse(words: Sequence[str]) -> argparse.Namespace:
    """Parse a command line; raises UsageError, and SystemExit after --help and --version."""
    parser = build_parser(_needed(words) or VERBS)
    options, rest = parser.parse_known_args(words)
    # argparse closes an open list at the first option; `resolve NAME --ours PATH` means the same as any other order.
    target = next((getattr(options, name) for name in _LISTS if hasattr(options, name)), None)
    if rest and (target is None or any(word.startswith("-") for word in rest)):
        raise UsageError(
            f"unknown words: {' '.join(rest)}", hint=f"see `{' '.join(['autod', options.verb]).strip()} --help`"
        )
    if target is not None:
        target.extend(rest)
    return options
