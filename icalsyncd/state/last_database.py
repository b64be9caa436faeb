"""Which opening of a database on a server this machine's last one was: what was opened elsewhere since, it does not know.

The name of the opening lies in the state folder as the file `database`, and in the database itself.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Final

from icalsyncd.state.directory import opened
from icalsyncd.state.files import content

NAME: Final = "database"
_LONGEST: Final = 100


def used_elsewhere(folder: Path) -> bool:
    """The store that was used last on this machine lies in a database on a server."""
    return (folder / NAME).exists()


def last_opening(folder: Path) -> str | None:
    """The name of the last opening; None where there was none, or it cannot be read."""
    with suppress(OSError, UnicodeDecodeError):
        return content(folder / NAME, _LONGEST, following=False).data.decode("ascii").strip() or None
    return None


def note_opening(folder: Path, opening: str) -> None:
    """From now on *opening* is the last one. Raises OSError."""
    with opened(folder) as directory:
        directory.replace(NAME, f"{opening}\n".encode())


def forget_opening(folder: Path) -> None:
    """From now on the state lies in a file of this folder. Raises OSError."""
    with opened(folder) as directory:
        directory.remove(NAME)
        directory.settle()
