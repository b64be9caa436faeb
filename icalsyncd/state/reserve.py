"""Room on the disk for the last commit, and by its name the mark that the disk lacks something that was known.

    reserve  all that was known is stored, or is being stored
    behind   the disk did not take a commit: what it holds may be older than what portals were told

It is one file that is renamed: that takes no room, and is what remains after a kill, too.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Final

SIZE: Final = 256 * 1024
"""Bytes: some sixty pages of the database, of which a household's commit writes about ten."""
_ROOM_LEFT: Final = SIZE
"""Bytes that are to be free beside it: on a very small disk the state itself needs them."""


class Reserve:
    """The reserve of one state folder. If the disk refuses, there is no reserve, and no error."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._whole = folder / "reserve"
        self._behind = folder / "behind"

    @property
    def is_behind(self) -> bool:
        """The disk lacks, or lacked when the last daemon ended, something that was known."""
        return self._behind.exists()

    def prepare(self) -> None:
        """Take the room, if that has not been done."""
        place = self._behind if self.is_behind else self._whole
        with contextlib.suppress(OSError):
            if place.exists() and place.stat().st_size >= SIZE:
                return
            free = os.statvfs(self._folder)
            if free.f_bavail * free.f_frsize < SIZE + _ROOM_LEFT:
                return
            descriptor = os.open(place, os.O_WRONLY | os.O_CREAT, 0o600)
            try:
                os.posix_fallocate(descriptor, 0, SIZE)
            finally:
                os.close(descriptor)

    def fall_behind(self) -> None:
        """Note that the disk lacks something."""
        with contextlib.suppress(OSError):
            if self._whole.exists():
                self._whole.replace(self._behind)
            else:
                self._behind.touch(0o600)
            self._sync()

    def catch_up(self) -> None:
        """Note that the disk has all."""
        with contextlib.suppress(OSError):
            self._behind.replace(self._whole)
            self._sync()

    def give_up(self) -> None:
        """Give the room away, for the last commit; the mark stays."""
        with contextlib.suppress(OSError):
            os.truncate(self._behind, 0)

    def _sync(self) -> None:
        descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
