"""What a pane's program would inherit from the tmux server, by name."""

from __future__ import annotations

from collections.abc import Iterable

from autod_tui.tmux.control import ControlClient
from autod_tui.tmux.server import HUB

OF_CLIENTS = ("DISPLAY", "SSH_AUTH_SOCK", "SSH_CONNECTION", "WAYLAND_DISPLAY", "XAUTHORITY")
"""Variables that a client which attaches later may bring (`update-environment` in tmux.conf)."""


async def inherited_names(client: ControlClient) -> tuple[str, ...]:
    """Return the names of the variables in the server's and the keeping session's environment, and a few more.

    A value of several lines may add what is no name; who uses them looks at that.
    """
    blocks = await client.run(("show-environment", "-g"), ("show-environment", "-t", f"={HUB}"))
    return tuple(dict.fromkeys([*OF_CLIENTS, *_names(blocks[0]), *_names(blocks[1])]))


def _names(lines: Iterable[bytes]) -> list[str]:
    # a variable that is only taken away is told as `-NAME`
    return [line.decode("utf-8", "replace").removeprefix("-").partition("=")[0] for line in lines]
