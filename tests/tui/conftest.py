"""The scenarios see the same terminal wherever they run."""

from __future__ import annotations

import os

os.environ["TERM"] = "xterm-256color"
for name in ("AUTOD_ASCII", "NO_COLOR", "VISUAL", "EDITOR"):
    os.environ.pop(name, None)
