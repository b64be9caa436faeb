"""A calendar that lies in a file of this machine, read as if a portal had sent it."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Final, TypeAlias

# a file system's clock ticks in steps: a file can change once more after it was read and keep its times
_SETTLED: Final = 2.0


@dataclass(frozen=True, slots=True)
class Read:
    """The file's bytes."""

    content: bytes = field(repr=False)
    mark: str | None
    """Stays the same while the file does; None where it changed too lately to tell."""


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The file is the one that the known mark belongs to."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """There is no file that can be read; ``detail`` does not name it."""

    detail: str


@dataclass(frozen=True, slots=True)
class TooLarge:
    """The file is larger than the limit."""


FileRead: TypeAlias = Read | Unchanged | Unreadable | TooLarge


def read(path: PurePosixPath, known: str | None, max_size: int, now: float) -> FileRead:
    """Read the regular file at *path*, at most *max_size* bytes of it, unless its mark is *known*.

    *now* is in epoch seconds. It blocks: to be called in a thread.
    """
    try:
        # without O_NONBLOCK, opening a pipe would wait for its other end
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                return Unreadable("the URL names something that is no file")
            mark = f"{status.st_dev}-{status.st_ino}-{status.st_size}-{status.st_mtime_ns}-{status.st_ctime_ns}"
            if mark == known:
                return Unchanged()
            content = file.read(max_size + 1)
    except FileNotFoundError:
        return Unreadable("there is no such file")
    except PermissionError:
        return Unreadable("the file may not be read by this user")
    except OSError:
        return Unreadable("the file cannot be read")
    if len(content) > max_size:
        return TooLarge()
    return Read(content, mark if now - max(status.st_mtime, status.st_ctime) > _SETTLED else None)
