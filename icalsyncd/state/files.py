"""Reading a regular file: folders, pipes and devices are refused, and no read blocks."""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

LARGEST: Final = 32 * 2**20
"""Bytes: more than any config has that a host wrote."""


class NotRegularError(OSError):
    """The path leads to a folder, a pipe or a device."""

    def __init__(self, path: Path) -> None:
        super().__init__(errno.EINVAL, "a folder, a pipe or a device, and no file", str(path))


@dataclass(frozen=True, slots=True)
class Content:
    """What a file held when it was read."""

    data: bytes = field(repr=False)
    status: os.stat_result

    @property
    def is_open_to_others(self) -> bool:
        """Everybody on this machine may read it."""
        return bool(self.status.st_mode & stat.S_IROTH)


def content(path: Path, most: int, *, following: bool = True) -> Content:
    """The file at *path*, of which at most *most* bytes and one more are read; through a link where *following*.

    Raises OSError.
    """
    # without O_NONBLOCK, opening a pipe would wait for its other end; without O_NOCTTY, a terminal would become ours
    through = 0 if following else os.O_NOFOLLOW
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC | through)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise NotRegularError(path)
        # what is read may be more than what the file was said to hold, or less
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            data: bytes | None = file.read(most + 1)
        # some files of the kernel are said to be regular, and have nothing yet: who waited for them would wait for ever
        if data is None:
            raise NotRegularError(path)
        return Content(data, status)
    finally:
        os.close(descriptor)
