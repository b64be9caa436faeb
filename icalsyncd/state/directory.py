"""A folder that is held open while files are written in it: what is written lands there, whatever its path leads to by now.

Nothing else of the program opens a file for writing, but SQLite its own. A name is never followed where it is a link:
what is written is a draft that nobody can have laid there before, and it takes the place of whatever has the name.
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from icalsyncd.state.files import NotRegularError

_HELD: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_THERE: Final = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Access:
    """Who may do what with a file: its permission bits and, where they are not those of who writes, user and group."""

    mode: int = 0o600
    owner: tuple[int, int] | None = None

    @classmethod
    def of(cls, status: os.stat_result) -> Access:
        """That of the file with *status*."""
        return cls(stat.S_IMODE(status.st_mode), (status.st_uid, status.st_gid))

    def give(self, descriptor: int) -> None:
        """Set it on an open file. Raises OSError."""
        if self.owner is not None and self.owner != (os.geteuid(), os.getegid()):
            os.fchown(descriptor, *self.owner)
        # after the owner: a change of owner takes bits away
        os.fchmod(descriptor, self.mode)


PRIVATE: Final = Access()
"""For who writes alone."""


class Directory:
    """An open folder. All names are of files right in it. Everything raises OSError."""

    def __init__(self, path: Path) -> None:
        self.descriptor: Final = os.open(path, _HELD)

    def close(self) -> None:
        """Let go of it."""
        os.close(self.descriptor)

    def status(self, name: str | None = None) -> os.stat_result:
        """That of *name*, itself where it is a link, or of the folder."""
        if name is None:
            return os.fstat(self.descriptor)
        return os.stat(name, dir_fd=self.descriptor, follow_symlinks=False)

    def has(self, name: str) -> bool:
        """Whether anything has that name, be it a link that leads nowhere."""
        try:
            self.status(name)
        except FileNotFoundError:
            return False
        return True

    def create(self, name: str, access: Access = PRIVATE) -> int:
        """A descriptor of a new file, to be written to. Raises FileExistsError where anything has that name."""
        # nobody else can open it before it has the access that it is to have
        descriptor = os.open(name, _NEW, access.mode & 0o600, dir_fd=self.descriptor)
        try:
            access.give(descriptor)
        except BaseException:
            os.close(descriptor)
            self.remove(name)
            raise
        return descriptor

    def existing(self, name: str) -> int:
        """A descriptor of a regular file that is there, to be read and written in place."""
        descriptor = os.open(name, _THERE, dir_fd=self.descriptor)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise NotRegularError(Path(name))
        return descriptor

    def replace(self, name: str, content: bytes, access: Access = PRIVATE, *, draft: str | None = None) -> None:
        """Have *name* hold *content*, whole or not at all, also after a power cut.

        *draft* is what it is called until then, by default always the same, so that the next one removes what a kill
        has left.
        """
        draft = draft or f".{name}.new"
        self.remove(draft)
        try:
            self.add(draft, content, access)
            self.rename(draft, name)
        finally:
            self.remove(draft)

    def add(self, name: str, content: bytes, access: Access = PRIVATE) -> None:
        """A new file with *content*, on the disk when this returns; none where that fails."""
        descriptor = self.create(name, access)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(descriptor)
        except BaseException:
            self.remove(name)
            raise

    def rename(self, old: str, new: str) -> None:
        """Give what is called *old* the name *new*, in place of what has it, also after a power cut."""
        os.rename(old, new, src_dir_fd=self.descriptor, dst_dir_fd=self.descriptor)
        self.settle()

    def remove(self, name: str) -> None:
        """Remove a file, or the link where it is one; nothing where there is none."""
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=self.descriptor)

    def settle(self) -> None:
        """Have the folder's own entries on the disk, too."""
        try:
            os.fsync(self.descriptor)
        except OSError as error:
            # some network file systems cannot, and lose nothing by it that they would not lose anyway
            if error.errno not in (errno.EINVAL, errno.ENOTSUP):
                raise


@contextmanager
def opened(path: Path) -> Iterator[Directory]:
    """The folder at *path*, which may be a link to one. Raises OSError."""
    directory = Directory(path)
    try:
        yield directory
    finally:
        directory.close()


def make(path: Path, mode: int = 0o777) -> None:
    """Make a folder and those above it, where they are missing; *mode* is the last one's. Raises OSError."""
    path.mkdir(parents=True, exist_ok=True, mode=mode)


def make_temporary(prefix: str) -> Path:
    """A new folder for the caller alone. Raises OSError."""
    return Path(tempfile.mkdtemp(prefix=prefix))


def temporary() -> Path:
    """The folder of the system's temporary files."""
    return Path(tempfile.gettempdir())


def clear(path: Path) -> None:
    """Remove the folder at *path* with all in it, and follow no link; what cannot be removed stays."""
    shutil.rmtree(path, ignore_errors=True)


def unused(prefix: str) -> str:
    """A name that nothing has and nobody can guess."""
    return f"{prefix}{secrets.token_hex(8)}"


def nowhere() -> int:
    """A descriptor into which anything can be written. Raises OSError."""
    return os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)


def keep_private(path: Path) -> None:
    """Take the file at *path* from all but its owner, where others may read or write it. Raises OSError."""
    with opened(path.parent) as folder:
        if folder.status(path.name).st_mode & 0o077:
            descriptor = folder.existing(path.name)
            try:
                PRIVATE.give(descriptor)
            finally:
                os.close(descriptor)
