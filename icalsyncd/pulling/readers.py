"""Threads for what portals sent: each portal's in its turn, so that none waits for what another one's calendar costs.

What they do is bounded, but it is pure Python, so one at its worst takes a second. A portal has one thread at a time, and
the threads take turns by the system's clock; a calendar that is small is done soon beside one that is not.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Final, TypeVar

MOST: Final = 3
"""Threads: each more lets the event loop wait longer for its turn."""

T = TypeVar("T")


class Readers:
    """A few threads, made when they are wanted, that do not keep the process from its end."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._changed = threading.Condition()
        self._waiting: dict[str, deque[tuple[Future[Any], Callable[[], Any]]]] = {}
        """What is to be done, by whose it is; whoever had a turn is last."""
        self._busy: set[str] = set()
        self._threads = 0
        self._idle = 0
        self._closed = False

    async def do(self, whose: str, work: Callable[[], T]) -> T:
        """Do *work* beside the event loop, when what else there is of *whose* it is has been done, and it is its turn."""
        future: Future[T] = Future()
        with self._changed:
            if self._closed:
                raise RuntimeError("nothing is read any more")
            self._waiting.setdefault(whose, deque()).append((future, work))
            if len(self._waiting) > self._idle and self._threads < self._most:
                self._threads += 1
                threading.Thread(target=self._work, name=f"reader-{self._threads}", daemon=True).start()
            self._changed.notify()
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """Begin nothing more; what runs is left to itself."""
        with self._changed:
            self._closed = True
            for queue in self._waiting.values():
                for future, _ in queue:
                    future.cancel()
            self._waiting.clear()
            self._changed.notify_all()

    def _work(self) -> None:
        while (turn := self._next()) is not None:
            whose, future, work = turn
            try:
                if future.set_running_or_notify_cancel():
                    _settle(future, work)
            finally:
                # nothing of it is kept while the thread waits
                del future, work, turn
                with self._changed:
                    self._busy.discard(whose)

    def _next(self) -> tuple[str, Future[Any], Callable[[], Any]] | None:
        with self._changed:
            while not self._closed:
                whose = next((each for each in self._waiting if each not in self._busy), None)
                if whose is not None:
                    queue = self._waiting.pop(whose)
                    future, work = queue.popleft()
                    if queue:
                        self._waiting[whose] = queue
                    self._busy.add(whose)
                    return whose, future, work
                self._idle += 1
                self._changed.wait()
                self._idle -= 1
        return None


def _settle(future: Future[Any], work: Callable[[], Any]) -> None:
    try:
        result = work()
    except BaseException as error:  # whoever waits for it is told
        future.set_exception(error)
    else:
        future.set_result(result)
