"""The state folder: who holds it, where its files lie, and what the commands find in it."""

from __future__ import annotations

import fcntl
import stat
from pathlib import Path
from typing import Final

from icalsyncd.state.directory import Directory, make, opened
from icalsyncd.state.files import LARGEST, content


class FolderHeld(Exception):
    """Another daemon runs on this state folder."""


class StateFolder:
    """A state folder and the files in it."""

    def __init__(self, path: Path) -> None:
        self.path: Final = path
        self.secret: Final = path / "secret"
        """The installation's secret, if the config names no other."""
        self.state: Final = path / "state.sqlite3"
        self.accepted: Final = path / "accepted.yaml"
        """The last config that was taken over, for a boot with a bad one."""
        self.address: Final = path / "address"
        """Where the running daemon's admin listener is, one line."""
        self.token: Final = path / "token"
        """By which the commands of whoever may read this folder prove themselves to the running daemon, one line."""
        self.sessions: Final = path / "sessions.json"
        """Who is logged in to the admin listener; it holds nothing by which anybody could log in."""
        self.users: Final = path / "users.json"
        """Who may use the admin listener, for a start with half a file."""
        self._held: Directory | None = None

    def hold(self) -> None:
        """Make the folder if it is missing, and hold it for one daemon. Raises FolderHeld and OSError."""
        make(self.path, 0o700)
        directory = Directory(self.path)
        try:
            fcntl.flock(directory.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            directory.close()
            raise FolderHeld(f"another icalsyncd runs on {self.path}") from None
        self._held = directory

    def release(self) -> None:
        """Let another daemon have it."""
        if self._held is not None:
            try:
                self._held.remove(self.address.name)
                self._held.remove(self.token.name)
            finally:
                self._held.close()
                self._held = None

    def accepted_text(self) -> str | None:
        """The last config that was taken over; None if there is none to be read."""
        try:
            return content(self.accepted, LARGEST, following=False).data.decode("utf-8")
        except (OSError, UnicodeDecodeError):
            return None

    def write(self, path: Path, text: str) -> None:
        """Replace the folder's file at *path*, 0600, whole or not at all. Raises OSError."""
        with opened(self.path) as directory:
            directory.replace(path.name, text.encode("utf-8"))

    def exposures(self) -> tuple[str, ...]:
        """What others on this machine can do with the folder that they must not; for people."""
        found = []
        if _others_may(self.path, stat.S_IWOTH):
            found.append(f"others can write into {self.path}, and so put any state in the place of ours: chmod 700")
        if _others_may(self.secret, stat.S_IROTH):
            found.append(f"others can read {self.secret}, and make every link: chmod 600")
        return tuple(found)


def _others_may(path: Path, bit: int) -> bool:
    try:
        return bool(path.stat().st_mode & bit)
    except OSError:
        return False
