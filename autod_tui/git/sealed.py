"""A git directory of our own over the repository's objects, out of reach of its configuration, hooks and drivers."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from autod_tui.git.command import Git, Place
from autod_tui.git.config import FIXED, environment
from autod_tui.git.scratch import ScratchDirectory

_SCRATCH = {"core.looseCompression": "0", "core.compression": "0", "core.fsync": "none"}
"""Objects that live for a moment need neither be small nor safe."""


class Sealed:
    """A temporary git directory whose work tree holds nothing but `.gitattributes` files.

    Merge drivers can't be blanked one by one without changing results; here none is defined, so a path with
    an unknown driver is merged as text, just as git does where a driver isn't installed.
    """

    def __init__(self, git: Git, merging: Mapping[str, str], algorithm: str, *, scratch: bool) -> None:
        """Make the directory; with `scratch` new objects stay in it and vanish with it."""
        self._git = git
        self._directory = ScratchDirectory(memory=scratch)
        self.path = self._directory.path
        self.objects = self.path / "objects" if scratch else git.common_dir / "objects"
        self.place = Place(str(self.path), str(self.path / "tree"))
        quick = _SCRATCH if scratch else {}
        self.env = environment({**FIXED, **merging, **quick}, self._object_variables(scratch))
        self.attributes: dict[bytes, bytes] = {}
        self._lay_out(algorithm)

    def _object_variables(self, scratch: bool) -> dict[str, str]:
        objects = str(self._git.common_dir / "objects")
        if not scratch:
            return {"GIT_OBJECT_DIRECTORY": objects}
        quoted = objects.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return {"GIT_OBJECT_DIRECTORY": str(self.objects), "GIT_ALTERNATE_OBJECT_DIRECTORIES": f'"{quoted}"'}

    def _lay_out(self, algorithm: str) -> None:
        for name in ("objects/info", "refs", "info", "tree"):
            (self.path / name).mkdir(parents=True)
        (self.path / "HEAD").write_text("ref: refs/heads/none\n")
        sha256 = "[extensions]\n\tobjectFormat = sha256\n" if algorithm == "sha256" else ""
        version = 1 if sha256 else 0
        (self.path / "config").write_text(f"[core]\n\trepositoryFormatVersion = {version}\n\tbare = false\n{sha256}")
        for name in ("shallow", "info/attributes"):
            source = self._git.common_dir / name
            if source.is_file():
                shutil.copyfile(source, self.path / name)

    def argv(self, *args: str) -> list[str]:
        """Return a git command line that works in this directory."""
        return Git.argv(self.place, args)

    def set_attributes(self, files: Mapping[bytes, bytes]) -> None:
        """Let `files` (path to content) be the `.gitattributes` that a git started from now on sees."""
        shutil.rmtree(self.place.work_tree)
        Path(self.place.work_tree).mkdir()
        for name, content in files.items():
            path = Path(self.place.work_tree) / name.decode("utf-8", "surrogateescape")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        self.attributes = dict(files)

    def close(self) -> None:
        """Remove the directory and all that was written to it."""
        self._directory.close()
