"""The entry point `autod`: answers `--version` at once and hands everything else to the command line."""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence

from autod_tui import __version__


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code (core.errors.ExitCode)."""
    words = list(sys.argv[1:] if argv is None else argv)
    if words in (["--version"], ["-V"]):
        sys.stdout.write(f"autod {__version__}\n")
        return 0
    if words[:1] == ["dashboard"]:
        gc.disable()  # until the dashboard stands: what a start makes stays
    from autod_tui.cli.main import run

    return run(words)


if __name__ == "__main__":
    sys.exit(main())
