"""The state folder: who holds it, where its files lie, and what the commands find in it."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Final

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
        self._lock: int | None = None

    def hold(self) -> None:
        """Make the folder if it is missing, and hold it for one daemon. Raises FolderHeld and OSError."""
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            raise FolderHeld(f"another icalsyncd runs on {self.path}") from None
        self._lock = lock

    def release(self) -> None:
        """Let another daemon have it."""
        self.address.unlink(missing_ok=True)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def accepted_text(self) -> str | None:
        """The last config that was taken over; None if there is none to be read."""
        try:
            return content(self.accepted, LARGEST).data.decode("utf-8")
        except (OSError, UnicodeDecodeError):
            return None

    def write(self, path: Path, text: str) -> None:
        """Replace the file at *path*, 0600, whole or not at all. Raises OSError."""
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
