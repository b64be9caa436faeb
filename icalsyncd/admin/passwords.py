"""Passwords: hashes made and compared, on threads of their own, since each takes a good part of a second."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Final

COST: Final = 12
"""Of new hashes: the work doubles with each one more."""
LONGEST: Final = 72
"""Bytes of a password that bcrypt looks at; a longer one is refused when it is made."""
MOST_WAITING: Final = 8
"""Comparisons that may wait in one lane; who comes then is told to come again."""


def hashed(password: str) -> str:
    """The hash of *password*, for the config. Raises ValueError where it is too long for one, or has a NUL."""
    import bcrypt  # only needed where there are users

    written = password.encode("utf-8")
    if len(written) > LONGEST or b"\0" in written:
        raise ValueError(f"a password has {LONGEST} bytes at most, and no NUL")
    return bcrypt.hashpw(written, bcrypt.gensalt(COST)).decode("ascii")


def matches(password: str, known: str) -> bool:
    """Whether *known* is the hash of *password*; it takes as long for any password."""
    import bcrypt

    written = password.encode("utf-8", "surrogatepass")
    fits = len(written) <= LONGEST and b"\0" not in written
    found = bcrypt.checkpw(written[:LONGEST].replace(b"\0", b"x"), known.encode("ascii"))
    return found and fits


class Lane:
    """Comparisons one after another, on a thread that exists once there is one."""

    def __init__(self) -> None:
        self._thread: ThreadPoolExecutor | None = None
        self._one = asyncio.Lock()
        self._waiting = 0

    @property
    def is_full(self) -> bool:
        """As many wait as may."""
        return self._waiting >= MOST_WAITING

    async def __aenter__(self) -> Lane:
        """Wait for one's turn."""
        self._waiting += 1
        try:
            await self._one.acquire()
        finally:
            self._waiting -= 1
        return self

    async def __aexit__(self, *_: object) -> None:
        """Let the next one have its turn."""
        self._one.release()

    async def matches(self, password: str, known: str) -> bool:
        """Whether *known* is the hash of *password*; only in one's turn."""
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="password")
        return await asyncio.get_running_loop().run_in_executor(self._thread, matches, password, known)

    def close(self) -> None:
        """Let the thread end."""
        if self._thread is not None:
            self._thread.shutdown(wait=False, cancel_futures=True)
