"""The `.gitattributes` files of a tree, which decide how paths are merged."""

from __future__ import annotations

from autod_tui.git.objects import TREE_MODE, ObjectReader, tree_rows

NAME = b".gitattributes"
_MOST = 64
"""Trees that are known at a time."""
_UNSAFE = frozenset({b".", b"..", b".git"})
"""Directory names that no honest tree has; their files must not be laid out anywhere."""


_Found = tuple[str, tuple[tuple[bytes, str], ...]]
"""Of a directory: the object id of its attribute file, empty without one, and its directories by name."""


class AttributeFiles:
    """Finds attribute files in trees; directories that stand in the tree before, too, are not read again."""

    def __init__(self) -> None:
        """Start knowing nothing."""
        self._trees: dict[str, _Found] = {}
        self._known: dict[str, dict[bytes, bytes]] = {}

    def cached(self, tree: str) -> dict[bytes, bytes] | None:
        """Return path to content of the attribute files in `tree` when they are known."""
        return self._known.get(tree)

    async def of(self, reader: ObjectReader, tree: str) -> dict[bytes, bytes]:
        """Return path to content of all attribute files in `tree`, its directories read level by level."""
        if tree not in self._known:
            if len(self._known) > _MOST:
                self._known.clear()
            self._known[tree] = await self._read(reader, tree)
        return self._known[tree]

    async def _read(self, reader: ObjectReader, tree: str) -> dict[bytes, bytes]:
        blobs: dict[bytes, str] = {}
        before, trees = self._trees, dict[str, _Found]()
        level = [(b"", tree)]
        while level:
            oids = {oid for _, oid in level} - trees.keys()
            trees |= {oid: before[oid] for oid in oids & before.keys()}
            trees |= await _look(reader, sorted(oids - before.keys()))
            below: list[tuple[bytes, str]] = []
            for prefix, oid in level:
                blob, directories = trees[oid]
                if blob:
                    blobs[prefix + NAME] = blob
                below += [(prefix + name + b"/", child) for name, child in directories]
            level = below
        self._trees = trees
        contents = await reader.read(list(blobs.values()))
        return {path: content for path, (_, _, content) in zip(blobs, contents, strict=True)}


async def _look(reader: ObjectReader, oids: list[str]) -> dict[str, _Found]:
    found: dict[str, _Found] = {}
    for oid, (_, _, data) in zip(oids, await reader.read(oids), strict=True):
        own, directories = "", []
        for mode, name, raw in tree_rows(data, len(oid) // 2):
            if mode == TREE_MODE.encode() and name not in _UNSAFE:
                directories.append((name, raw.hex()))
            elif name == NAME and mode.startswith(b"100"):
                own = raw.hex()
        found[oid] = (own, tuple(directories))
    return found
