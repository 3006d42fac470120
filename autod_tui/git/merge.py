"""The merge bench: merges in memory and objects, without a work tree and without moving anything."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

from autod_tui.core.git_ports import MergeBench, MergedTree
from autod_tui.core.workstream import UNMERGED_FILES
from autod_tui.git.attributes import AttributeFiles
from autod_tui.git.command import Git
from autod_tui.git.identity import signature
from autod_tui.git.merge_tree import MergeTree
from autod_tui.git.objects import Durable, Entry, ObjectReader, ObjectWriter, commit_data, parse_tree
from autod_tui.git.objects import replace_paths as replaced
from autod_tui.git.sealed import Sealed

_ROOT_FILES = tuple(name.encode() for name in sorted(UNMERGED_FILES))


class Bench:
    """A merge bench over one repository (AbstractBench); `async with` yields a MergeBench."""

    def __init__(
        self,
        git: Git,
        algorithm: str,
        attributes: AttributeFiles,
        clock: Callable[[], float],
        *,
        scratch: bool,
        at_once: bool = True,
    ) -> None:
        """Prepare a bench; nothing is started before `async with`."""
        self._git = git
        self._algorithm = algorithm
        self._attributes = attributes
        self._clock = clock
        self._durable = Durable.NOT if scratch else Durable.AT_ONCE if at_once else Durable.AT_END
        self._open: OpenBench | None = None

    async def __aenter__(self) -> OpenBench:
        """Make the sealed git directory; helpers start with the first merge."""
        config = await self._git.config()
        sealed = Sealed(self._git, config.merging, self._algorithm, scratch=self._durable is Durable.NOT)
        writer = ObjectWriter(sealed.objects, self._algorithm, self._durable)
        self._open = OpenBench(sealed, writer, self._attributes, lambda: signature(config, self._clock()))
        return self._open

    async def __aexit__(self, *exc: object) -> None:
        """End the helpers and drop the sealed directory, scratch objects included."""
        if self._open is not None:
            await self._open.close()


class OpenBench(MergeBench):
    """A bench at work."""

    def __init__(
        self, sealed: Sealed, writer: ObjectWriter, attributes: AttributeFiles, signed: Callable[[], str]
    ) -> None:
        """Merge inside `sealed`; `signed` tells the committer line of the moment."""
        self._sealed = sealed
        self._writer = writer
        self._attributes = attributes
        self._signed = signed
        self._reader = ObjectReader(sealed.argv(), sealed.env, str(sealed.path))
        self.helper = MergeTree(sealed.argv, sealed.env, sealed.place.work_tree)
        self._trees: dict[str, str] = {}

    async def merge(self, ours: str, theirs: str) -> MergedTree:
        """Merge two commits; root STARTUP.md and progress.md stay as in `ours` and never conflict."""
        ours_tree = await self.tree_of(ours)
        await self.heed_attributes(ours_tree)
        merged = await self.helper.merge(ours, theirs)
        tree = await self._with_root_files(merged.tree, ours_tree)
        return MergedTree(tree=tree, conflicts=merged.conflicts)

    async def heed_attributes(self, tree: str) -> None:
        """Let the following merges obey the `.gitattributes` of `tree`, as git obeys those of the work tree."""
        files = self._attributes.cached(tree)
        if files is None:
            files = await self._attributes.of(self._reader, tree)
        if files != self._sealed.attributes:
            await self.helper.close()
            self._sealed.set_attributes(files)

    async def _with_root_files(self, tree: str, ours: str) -> str:
        (_, _, new), (_, _, old) = await self._reader.read([tree, ours])
        if not any(b" %s\0" % name in data for name in _ROOT_FILES for data in (new, old)):
            return tree  # a root may hold thousands of files: most hold neither of these
        entries, kept = parse_tree(new, len(tree) // 2), parse_tree(old, len(ours) // 2)
        if all(entries.get(name) == kept.get(name) for name in _ROOT_FILES):
            return tree
        for name in _ROOT_FILES:
            entries.pop(name, None)
            if name in kept:
                entries[name] = kept[name]
        return self._writer.tree(entries)

    async def commit(self, tree: str, parents: Sequence[str], message: str) -> str:
        """Write a commit by autod's committer identity (the user's name, now) and return its object id."""
        by = self._signed()
        oid = self._writer.write("commit", commit_data(tree, parents, by, by, message))
        self._trees[oid] = tree
        return oid

    async def resolve(self, tree: str, choices: Mapping[str, tuple[str, str]]) -> str:
        """Return `tree` with each path set to (mode, blob object id), or removed when the id is empty."""
        wanted = {
            path.encode("utf-8", "surrogateescape"): Entry(mode.lstrip("0"), oid) if oid else None
            for path, (mode, oid) in choices.items()
        }
        return await replaced(self._reader, self._writer, tree, wanted)

    async def tree_of(self, commit: str) -> str:
        """Return the tree object id of `commit`."""
        if commit not in self._trees:
            oid, _ = await self._reader.tree(f"{commit}^{{tree}}")
            self._trees[commit] = oid
        return self._trees[commit]

    async def sync(self) -> None:
        """Have all that was written safe on the disk."""
        await asyncio.to_thread(self._writer.sync)

    async def close(self) -> None:
        """Have all that was written safe on the disk, end the helpers and drop the sealed directory."""
        try:
            await self.sync()
        finally:
            await self.helper.close()
            await self._reader.close()
            self._sealed.close()
