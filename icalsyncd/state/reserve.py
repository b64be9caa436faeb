"""Room on the disk for the last commit, and by its name the mark that the disk lacks something that was known.

    reserve  all that was known is stored, or is being stored
    behind   the disk did not take a commit: what it holds may be older than what portals were told

It is one file that is renamed: that takes no room, and is what remains after a kill, too.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from icalsyncd.state.directory import Directory, opened

SIZE: Final = 256 * 1024
"""Bytes: some sixty pages of the database, of which a household's commit writes about ten."""
_ROOM_LEFT: Final = SIZE
"""Bytes that are to be free beside it: on a very small disk the state itself needs them."""
_WHOLE: Final = "reserve"
_BEHIND: Final = "behind"


class Reserve:
    """The reserve of one state folder. If the disk refuses, there is no reserve, and no error."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def is_behind(self) -> bool:
        """The disk lacks, or lacked when the last daemon ended, something that was known."""
        return (self._folder / _BEHIND).exists()

    def prepare(self) -> None:
        """Take the room, if that has not been done."""
        with suppress(OSError), opened(self._folder) as folder:
            name = _BEHIND if folder.has(_BEHIND) else _WHOLE
            if folder.has(name) and folder.status(name).st_size >= SIZE:
                return
            free = os.fstatvfs(folder.descriptor)
            if free.f_bavail * free.f_frsize < SIZE + _ROOM_LEFT:
                return
            descriptor = _ours(folder, name) if folder.has(name) else folder.create(name)
            try:
                os.posix_fallocate(descriptor, 0, SIZE)
            finally:
                os.close(descriptor)

    def fall_behind(self) -> None:
        """Note that the disk lacks something."""
        with suppress(OSError), opened(self._folder) as folder:
            if folder.has(_WHOLE):
                folder.rename(_WHOLE, _BEHIND)
            elif not folder.has(_BEHIND):
                os.close(folder.create(_BEHIND))
                folder.settle()

    def catch_up(self) -> None:
        """Note that the disk has all."""
        with suppress(OSError), opened(self._folder) as folder:
            folder.rename(_BEHIND, _WHOLE)

    def give_up(self) -> None:
        """Give the room away, for the last commit; the mark stays."""
        with suppress(OSError), opened(self._folder) as folder:
            descriptor = _ours(folder, _BEHIND)
            try:
                os.ftruncate(descriptor, 0)
            finally:
                os.close(descriptor)


def _ours(folder: Directory, name: str) -> int:
    """A descriptor of the file, to be written in place. Raises OSError, also where it has another name elsewhere."""
    if folder.status(name).st_nlink != 1:
        raise FileExistsError(name)
    return folder.existing(name)
