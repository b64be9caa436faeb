"""How a command ends."""

from __future__ import annotations

from typing import Final

DONE: Final = 0
FAILED: Final = 1
USAGE: Final = 2
UNRUNNABLE: Final = 78
"""The config cannot be run; EX_CONFIG of sysexits.h, by which systemd knows not to try again."""
INTERRUPTED: Final = 130


class CommandError(Exception):
    """The command cannot go on; its text tells the host why, and what would help."""

    def __init__(self, message: str, code: int = FAILED) -> None:
        super().__init__(message)
        self.code = code
