"""Errors that reach a person: each names what went wrong and how to mend it."""

from __future__ import annotations

from enum import IntEnum

from msgspec import Struct


class ExitCode(IntEnum):
    """The process exit codes that scripts may rely on."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    UNFIT = 3
    INTERRUPTED = 130


class AutodError(Exception):
    """A failure told in one sentence, with a hint at the way out."""

    exit_code = ExitCode.FAILED

    def __init__(self, message: str, *, hint: str = "") -> None:
        """Keep `message` (what and where) apart from `hint` (how to mend it)."""
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        """Return the message, followed by the hint when there is one."""
        return f"{self.message}\n  hint: {self.hint}" if self.hint else self.message


class UsageError(AutodError):
    """The request itself is wrong; nothing was changed."""

    exit_code = ExitCode.USAGE


class EnvironmentUnfitError(AutodError):
    """Something that autod needs (tmux, git, a repository) is missing or too old."""

    exit_code = ExitCode.UNFIT


class RefusedError(AutodError):
    """The operation could lose work or rests on a world that has moved on; nothing was changed."""


class CommandFailedError(AutodError):
    """An outside program ended badly."""


class Problem(Struct, frozen=True):
    """One mistake in a file that a person wrote."""

    file: str
    """Path as the user would type it, relative to the repository when inside it."""
    key: str
    """Dotted key, such as `checkpoint[1].merge`; empty when the whole file is meant."""
    message: str
    """What is wrong, quoting the value."""
    hint: str = ""
    """How to mend it, e.g. the nearest known key."""

    def __str__(self) -> str:
        """Render as `file: key: message (hint)`."""
        where = f"{self.file}: {self.key}" if self.key else self.file
        return f"{where}: {self.message}" + (f" ({self.hint})" if self.hint else "")


class SettingsError(UsageError):
    """All mistakes found in all configuration files at once."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        """Carry `problems`, at least one."""
        count = len(problems)
        headline = f"{count} problem{'s' if count != 1 else ''} in the configuration:"
        super().__init__("\n".join([headline, *(f"  {problem}" for problem in problems)]))
        self.problems = problems
