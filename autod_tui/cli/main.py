"""The outermost door of the command line: parse, carry out, and tell failures by exit code."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

from autod_tui.cli.console import Console
from autod_tui.core.errors import AutodError, ExitCode, UsageError

if TYPE_CHECKING:
    from argparse import Namespace

_READING = frozenset(
    {"status", "watch", "log", "diff", "report", "doctor", "agents", "checkpoint list", "checkpoint show"}
)
"""Verbs that only print: when their reader has seen enough, all is done."""

Handler = Callable[["Request"], int]


class Request:
    """One command to carry out."""

    def __init__(self, options: Namespace | SimpleNamespace) -> None:
        """Take the parsed words."""
        self.options = options
        self.console = Console(as_json=options.as_json, approved=options.yes)
        self.start = Path(options.directory)
        """Directory the command stands in."""


def run(words: Sequence[str]) -> int:
    """Carry one command line out and return the exit code; prints all there is to say."""
    console, code = Console(as_json="--json" in words), int(ExitCode.FAILED)
    try:
        request = Request(parsed(words))
        console = request.console
        code = _handler(request.options.handler)(request)
        console.flush()
    except SystemExit as error:  # argparse ends --help and --version this way
        return error.code if isinstance(error.code, int) else int(ExitCode.USAGE)
    except AutodError as error:
        return console.fail(error)
    except KeyboardInterrupt:
        return int(ExitCode.INTERRUPTED)
    except BrokenPipeError:
        return _reader_left(done=code == ExitCode.DONE or request.options.verb in _READING)
    except Exception as error:  # noqa: BLE001 - the outermost door: nothing may end in a traceback
        return _unexpected(console, words, error)
    return code


def parsed(words: Sequence[str]) -> Namespace | SimpleNamespace:
    """Parse a command line as `cli.parser.parse`; a plain `dashboard` is known without, for its first frame waits."""
    if list(words) == ["dashboard"]:
        return SimpleNamespace(
            directory=".", here=False, handler="enter:dashboard", verb="dashboard", as_json=False, yes=False
        )
    from autod_tui.cli.parser import parse

    return parse(words)


def _unexpected(console: Console, words: Sequence[str], error: Exception) -> int:
    if (known := _inner_error(error)) is not None:
        return console.fail(known)
    from autod_tui.cli.crash import tell_crash

    return tell_crash(console, words, error)


def _inner_error(error: BaseException) -> AutodError | None:
    """Return the AutodError that tasks running together ended with, if all there is to tell is one."""
    if isinstance(error, ExceptionGroup):
        return next(filter(None, map(_inner_error, error.exceptions)), None)
    return error if isinstance(error, AutodError) else None


def _handler(name: str) -> Handler:
    module, _, function = name.partition(":")
    return cast(Handler, getattr(importlib.import_module(f"autod_tui.cli.{module}"), function))


def _reader_left(*, done: bool) -> int:
    """End quietly when standard output was closed, as `autod watch | head -1` does."""
    # Python would try to flush once more at exit and print an error.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return int(ExitCode.DONE if done else ExitCode.FAILED)


def checked_start(request: Request) -> Path:
    """Return the directory the command stands in; UsageError when there is none."""
    if not request.start.is_dir():
        raise UsageError(f"there is no directory {str(request.start)!r}", hint="check the argument of -C")
    return request.start.resolve()
