"""A folder that another program serves or copies."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Callable
from pathlib import Path
from threading import Thread

from icalsyncd.publishing.targets.storage import MAX_PUT, Unsent, Why
from icalsyncd.state.directory import Access, opened

_READABLE = Access(0o644)
"""The web server is another user; what must not be found is kept secret by its name."""


class Folder:
    """A folder on this machine, or one that is mounted here."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def put(self, name: str, body: bytes) -> Unsent | None:
        return await _apart(lambda: self._replace(name, body))

    async def delete(self, name: str) -> Unsent | None:
        return await _apart(lambda: self._remove(name))

    async def close(self) -> None:
        """Nothing is held open."""

    def _replace(self, name: str, body: bytes) -> None:
        with opened(self._path) as folder:
            # always the same draft: what a kill leaves is removed by the next try
            folder.replace(name, body, _READABLE, draft=_draft(name))

    def _remove(self, name: str) -> None:
        with opened(self._path) as folder:
            for each in (name, _draft(name)):
                folder.remove(each)
            folder.settle()


def _draft(name: str) -> str:
    return f".{name}.part"


async def _apart(work: Callable[[], None]) -> Unsent | None:
    """Do *work* on a thread of its own: a mount that hangs holds up that thread, and not the end of the process."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Unsent | None] = loop.create_future()

    def finish(result: Unsent | None) -> None:
        if not done.done():
            done.set_result(result)

    def run() -> None:
        try:
            work()
            result = None
        except OSError as error:
            result = _told(error)
        if not loop.is_closed():
            loop.call_soon_threadsafe(finish, result)

    Thread(target=run, name="folder", daemon=True).start()
    try:
        return await asyncio.wait_for(done, MAX_PUT)
    except TimeoutError:
        return Unsent(Why.TIMEOUT, f"the folder does not answer within {MAX_PUT:.0f} s")


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
