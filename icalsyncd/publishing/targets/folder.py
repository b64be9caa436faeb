"""A folder that another program serves or copies."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from threading import Thread
from typing import Any, Final, TypeVar

from icalsyncd.publishing.targets.storage import MAX_LOOK, MAX_PUT, Unsent, Why
from icalsyncd.state.directory import Access, opened

MAX_THREADS: Final = 16
"""Threads at one folder at the same time: a mount that hangs holds no more of them."""
_READABLE: Final = Access(0o644)
"""The web server is another user; what must not be found is kept secret by its name."""

T = TypeVar("T")

_busy: dict[Path, dict[str, Future[Any]]] = {}
"""By folder and name: the thread that is at work there. Nobody can end a thread, so this outlives whoever began it: a
target that was configured anew waits for what its forerunner has begun."""


class FolderStorage:
    """A folder on this machine, or one that is mounted here.

    One thread at a time works on a name. One that hangs is waited for by the next try: what it still writes when the
    mount answers again lies there before the newer is written, and never after.
    """

    tears = False

    def __init__(self, path: Path) -> None:
        self._path = path

    async def put(self, name: str, body: bytes) -> Unsent | None:
        return await self._apart(name, lambda: self._replace(name, body))

    async def read(self, name: str) -> bytes | Unsent:
        return await self._apart(name, lambda: self._lying(name))

    async def delete(self, name: str) -> Unsent | None:
        return await self._apart(name, lambda: self._remove(name))

    async def close(self) -> None:
        """Nothing is held open."""

    def _replace(self, name: str, body: bytes) -> None:
        with opened(self._path) as folder:
            # always the same draft: what a kill leaves is removed by the next try
            folder.replace(name, body, _READABLE, draft=_draft(name))

    def _lying(self, name: str) -> bytes:
        try:
            # what is no plain file is not waited for
            descriptor = os.open(self._path / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except FileNotFoundError:
            return b""
        with os.fdopen(descriptor, "rb") as file:
            return file.read(MAX_LOOK)

    def _remove(self, name: str) -> None:
        with opened(self._path) as folder:
            for each in (name, _draft(name)):
                folder.remove(each)
            folder.settle()

    async def _apart(self, name: str, work: Callable[[], T]) -> T | Unsent:
        """Do *work* on a thread of its own: a mount that hangs holds up that thread, and not the end of the process."""
        try:
            async with asyncio.timeout(MAX_PUT):
                busy = await self._turn(name)
                return await asyncio.wrap_future(_begun(busy, name, work))
        except TimeoutError:
            return Unsent(Why.TIMEOUT, f"the folder does not answer within {MAX_PUT:.0f} s")

    async def _turn(self, name: str) -> dict[str, Future[Any]]:
        """Wait until no thread is at work on *name*, and not too many are in the folder."""
        busy = _busy.setdefault(self._path, {})
        while name in busy or len(busy) >= MAX_THREADS:
            ahead = [busy[name]] if name in busy else list(busy.values())
            await asyncio.wait(map(asyncio.wrap_future, ahead), return_when=asyncio.FIRST_COMPLETED)
        return busy


def _begun(busy: dict[str, Future[Any]], name: str, work: Callable[[], T]) -> Future[T | Unsent]:
    """*work* on a thread. Who waits for it may go; it stays among *busy* until the thread has ended."""
    ended: Future[T | Unsent] = Future()
    # from here on it cannot be cancelled
    ended.set_running_or_notify_cancel()

    def run() -> None:
        try:
            found: T | Unsent = work()
        except OSError as error:
            found = _told(error)
        except BaseException as bug:
            del busy[name]
            ended.set_exception(bug)
            return
        del busy[name]
        ended.set_result(found)

    busy[name] = ended
    Thread(target=run, name="folder", daemon=True).start()
    return ended


def _draft(name: str) -> str:
    return f".{name}.part"


def _told(error: OSError) -> Unsent:
    match error.errno:
        case errno.ENOENT | errno.ENOTDIR:
            return Unsent(Why.MISSING, "there is no such folder")
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return Unsent(Why.REFUSED, "this user may not write there")
        case errno.ENOSPC | errno.EDQUOT:
            return Unsent(Why.FULL, "the disk is full")
        case _:
            return Unsent(Why.OTHER, os.strerror(error.errno) if error.errno else "the folder cannot be written")
