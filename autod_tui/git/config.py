"""What a repository's own configuration says, and the settings that take its programs out of action."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

from msgspec import Struct

FIXED: Mapping[str, str] = {
    "core.hooksPath": "/dev/null",
    "core.fsmonitor": "false",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "commit.gpgSign": "false",
    "tag.gpgSign": "false",
    "log.showSignature": "false",
    "merge.verifySignatures": "false",
    "submodule.recurse": "false",
    "diff.ignoreSubmodules": "dirty",
    "diff.autoRefreshIndex": "false",  # or each diff would write to the index, optional locks or not
}
"""Settings that each git of ours runs with, stronger than any file."""

_MERGE_KEYS = frozenset(
    {
        "merge.renames",
        "merge.renamelimit",
        "merge.directoryrenames",
        "merge.conflictstyle",
        "diff.renames",
        "diff.renamelimit",
        "core.bigfilethreshold",
        "core.sharedrepository",
        "core.ignorecase",
        "core.compression",
        "core.loosecompression",
    }
)
_KEPT = frozenset(
    {
        "GIT_SSH",
        "GIT_SSH_COMMAND",
        "GIT_ASKPASS",
        "GIT_EXEC_PATH",
        "GIT_CONFIG_GLOBAL",
        "GIT_CONFIG_SYSTEM",
        "GIT_CONFIG_NOSYSTEM",
        "GIT_CEILING_DIRECTORIES",
        "GIT_DISCOVERY_ACROSS_FILESYSTEM",
        "GIT_AUTHOR_NAME",
        "GIT_AUTHOR_EMAIL",
        "GIT_COMMITTER_NAME",
        "GIT_COMMITTER_EMAIL",
    }
)
"""The only GIT_* variables that are handed on: none of them says which repository is meant."""


class LocalConfig(Struct, frozen=True):
    """The part of a repository's configuration that matters here."""

    overrides: dict[str, str]
    """Settings that put each filter and merge driver of the repository out of action."""
    merging: dict[str, str]
    """Settings that shape a merge (rename limits and the like) and run nothing."""
    filters: tuple[str, ...]
    """Names of the filters that the repository itself defines."""
    name: str
    email: str
    """Committer identity, from any scope; empty when nobody set one."""
    files: tuple[str, ...]
    """All files that were read, absolute."""
    conditional: bool = False
    """True when a file is read under a condition (`includeIf`), so that each worktree has to be asked."""


def parse_config(listing: bytes, directory: str) -> LocalConfig:
    """Read the output of `git config --list -z --show-scope --show-origin` that ran in `directory`."""
    local: dict[str, str] = {}
    identity = {"user.name": "", "user.email": ""}
    files: dict[str, None] = {}
    conditional = False
    for scope, origin, key, value in _entries(listing):
        conditional |= key.startswith("includeif.")
        if key in identity:
            identity[key] = value
        if scope in ("local", "worktree"):
            local[key] = value
        if origin.startswith("file:"):
            files[os.path.normpath(os.path.join(directory, origin[5:]))] = None  # noqa: PTH118 - may be relative
    filters = _subsections(local, "filter")
    return LocalConfig(
        overrides={**_blank_filters(filters), **_failing_drivers(_subsections(local, "merge"))},
        merging={key: value for key, value in local.items() if key in _MERGE_KEYS},
        filters=filters,
        name=identity["user.name"],
        email=identity["user.email"],
        files=tuple(files),
        conditional=conditional,
    )


def _entries(listing: bytes) -> Iterable[tuple[str, str, str, str]]:
    fields = os.fsdecode(listing).split("\0")
    for scope, origin, entry in zip(fields[::3], fields[1::3], fields[2::3], strict=False):
        key, _, value = entry.partition("\n")
        yield scope, origin, key, value


def _subsections(local: Mapping[str, str], section: str) -> tuple[str, ...]:
    prefix = f"{section}."
    found = (key[len(prefix) :].rpartition(".")[0] for key in local if key.startswith(prefix))
    return tuple(dict.fromkeys(name for name in found if name))


def _blank_filters(names: Iterable[str]) -> dict[str, str]:
    blank = {"clean": "", "smudge": "", "process": "", "required": "false"}
    return {f"filter.{name}.{key}": value for name in names for key, value in blank.items()}


def _failing_drivers(names: Iterable[str]) -> dict[str, str]:
    # An empty driver would "succeed" and keep our side in silence; a status above 128 is an error to git.
    return {f"merge.{name}.driver": "exit 255" for name in names}


def environment(settings: Mapping[str, str], extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment for a git of ours: nothing inherited points elsewhere, `settings` beat all files."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_") or name in _KEPT}
    env |= {
        "LC_ALL": "C",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_EDITOR": "true",
        "GIT_PAGER": "cat",
        "GIT_ALLOW_PROTOCOL": "none",  # a missing object must not make git dial out
        "GIT_CONFIG_COUNT": str(len(settings)),
    }
    for index, (key, value) in enumerate(settings.items()):
        env[f"GIT_CONFIG_KEY_{index}"] = key
        env[f"GIT_CONFIG_VALUE_{index}"] = value
    return env | dict(extra or {})
