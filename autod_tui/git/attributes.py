"""The `.gitattributes` files of a tree, which decide how paths are merged."""

from __future__ import annotations

from autod_tui.git.objects import ObjectReader, parse_tree

NAME = b".gitattributes"
_UNSAFE = frozenset({b".", b"..", b".git"})
"""Directory names that no honest tree has; their files must not be laid out anywhere."""


class AttributeFiles:
    """Finds attribute files in trees; what was seen once is never read again."""

    def __init__(self) -> None:
        """Start knowing nothing."""
        self._trees: dict[str, tuple[str, tuple[tuple[bytes, str], ...]]] = {}
        self._known: dict[str, dict[bytes, bytes]] = {}

    def cached(self, tree: str) -> dict[bytes, bytes] | None:
        """Return path to content of the attribute files in `tree` when they are known."""
        return self._known.get(tree)

    async def of(self, reader: ObjectReader, tree: str) -> dict[bytes, bytes]:
        """Return path to content of all attribute files in `tree`, its directories read level by level."""
        if tree not in self._known:
            if len(self._known) > 64:
                self._known.clear()
            self._known[tree] = await self._read(reader, tree)
        return self._known[tree]

    async def _read(self, reader: ObjectReader, tree: str) -> dict[bytes, bytes]:
        blobs: dict[bytes, str] = {}
        level = [(b"", tree)]
        while level:
            await self._learn(reader, [oid for _, oid in level if oid not in self._trees])
            below: list[tuple[bytes, str]] = []
            for prefix, oid in level:
                blob, directories = self._trees[oid]
                if blob:
                    blobs[prefix + NAME] = blob
                below += [(prefix + name + b"/", child) for name, child in directories]
            level = below
        contents = await reader.read(list(blobs.values()))
        return {path: content for path, (_, _, content) in zip(blobs, contents, strict=True)}

    async def _learn(self, reader: ObjectReader, oids: list[str]) -> None:
        wanted = list(dict.fromkeys(oids))
        for oid, (_, _, data) in zip(wanted, await reader.read(wanted), strict=True):
            entries = parse_tree(data, len(oid) // 2)
            own = entries.get(NAME)
            directories = tuple(
                (name, entry.oid) for name, entry in entries.items() if entry.is_tree and name not in _UNSAFE
            )
            self._trees[oid] = (own.oid if own is not None and own.mode.startswith("100") else "", directories)
