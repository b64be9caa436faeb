"""The mark that the state was put back: what lies in the folder was known at some earlier time.

`restore` leaves it before it puts the state there, and the daemon takes it away once it has stored what follows from it.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Final

from icalsyncd.state.directory import PRIVATE, Access, opened

_MARK: Final = "restored"


class GoneBack:
    """The mark in one state folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def is_marked(self) -> bool:
        return (self._folder / _MARK).exists()

    def mark(self, access: Access = PRIVATE) -> None:
        """Leave it there, for whoever *access* says. Raises OSError."""
        with opened(self._folder) as folder:
            folder.replace(_MARK, b"", access)

    def clear(self) -> None:
        """Without an error where the disk refuses: then the next start asks the portals anew once more."""
        with suppress(OSError), opened(self._folder) as folder:
            folder.remove(_MARK)
