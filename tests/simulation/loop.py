"""The event loop of a daemon under test: its time is the world's, its threads are turns that the world gives out.

Work of an executor is done in one piece, at a moment that the seed chooses; an executor of one thread does one after the
other. A loop that is halted never runs again: what a kill leaves is what it had done by then.
"""

from __future__ import annotations

import asyncio
import heapq
from asyncio import base_events, events
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from tests.simulation.clock import Clock
from tests.simulation.world import World

_EARLY: Final = 1e-6
Server = Callable[..., Any]


class Threads:
    """When the work of executors is done, and what may be in its way."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._free_at: dict[int, float] = {}
        self.waits: Callable[[str], float] = lambda kind: 0.0
        """Seconds for which work of a kind of thread (by its name) is held up beyond what it takes."""
        self.pending: list[Piece] = []

    def moment(self, executor: Any) -> float:
        """When a piece of work that is given to *executor* now is done."""
        dice = self._world.dice
        takes = dice.uniform(0.0001, 0.002) if dice.random() < 0.9 else dice.uniform(0.002, 0.08)
        kind = _kind_of(executor)
        when = self._world.now + takes + self.waits(kind)
        if executor is not None and executor._max_workers == 1:
            when = max(when, self._free_at.get(id(executor), 0.0) + 1e-5)
            self._free_at[id(executor)] = when
        return when


class Piece:
    """One piece of work of an executor."""

    def __init__(self, kind: str, work: Callable[[], Any], future: asyncio.Future[Any]) -> None:
        self.kind = kind
        self.work = work
        self.future = future


class Loop(base_events.BaseEventLoop):
    """An event loop without a selector, a thread or a clock of its own."""

    def __init__(self, world: World, clock: Clock, threads: Threads) -> None:
        super().__init__()
        self._world = world
        self._clock = clock
        self.threads = threads
        self.halted = False
        self.listen: Server | None = None
        self.dial: Server | None = None
        self.adopt: Server | None = None
        self.problems: list[dict[str, Any]] = []
        """What nobody caught."""
        self.set_exception_handler(lambda _, context: self.problems.append(context))
        self._thread_id = 1  # it counts as running: whoever calls it is inside of it

    def time(self) -> float:
        return self._clock.awake()

    @property
    def is_asleep(self) -> bool:
        return self._clock.is_suspended

    def is_ready(self) -> bool:
        if self.halted or self._clock.is_suspended:
            return False
        return bool(self._ready)

    def next_timer(self) -> float | None:
        if self.halted or self._clock.is_suspended:
            return None
        while self._scheduled and self._scheduled[0]._cancelled:
            self._timer_cancelled_count = max(0, self._timer_cancelled_count - 1)
            heapq.heappop(self._scheduled)._scheduled = False
        return self._clock.when(self._scheduled[0]._when) if self._scheduled else None

    def turn(self) -> None:
        """Run what is ready, once."""
        due = self.time() + _EARLY
        while self._scheduled and (self._scheduled[0]._cancelled or self._scheduled[0]._when <= due):
            handle = heapq.heappop(self._scheduled)
            handle._scheduled = False
            if not handle._cancelled:
                self._ready.append(handle)
        events._set_running_loop(self)
        try:
            for _ in range(len(self._ready)):
                handle = self._ready.popleft()
                if not handle._cancelled:
                    handle._run()
        finally:
            events._set_running_loop(None)

    def _write_to_self(self) -> None:
        """Nobody sleeps in a selector."""

    def _process_events(self, event_list: object) -> None:
        """There are none."""

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:  # type: ignore[override]
        future: asyncio.Future[Any] = self.create_future()
        piece = Piece(_kind_of(executor), partial(func, *args), future)
        self.threads.pending.append(piece)
        self._world.at(self.threads.moment(executor), partial(self._do, piece))
        return future

    def _do(self, piece: Piece) -> None:
        if self.halted:
            return
        if self._clock.is_suspended:
            # what the threads of a sleeping machine were at goes on when it wakes
            self._world.after(1.0, partial(self._do, piece))
            return
        self.threads.pending.remove(piece)
        if piece.future.cancelled():
            return
        try:
            result = piece.work()
        except BaseException as error:
            self.call_soon(_fail, piece.future, error)
        else:
            self.call_soon(_finish, piece.future, result)

    async def create_server(self, protocol_factory: Any, host: Any = None, port: Any = None, **_: Any) -> Any:  # type: ignore[override]
        assert self.listen is not None
        return self.listen(self, host, port)

    def add_reader(self, fd: Any, callback: Callable[..., Any], *args: Any) -> None:
        fd.wait(callback, *args)

    def remove_reader(self, fd: Any) -> bool:
        return bool(fd.wait(None))

    async def connect_accepted_socket(self, protocol_factory: Any, sock: Any, **_: Any) -> Any:  # type: ignore[override]
        return sock.taken_up(protocol_factory)

    async def sock_connect(self, sock: Any, address: Any) -> None:
        assert self.dial is not None
        await self.dial(self, sock, address)

    async def create_connection(self, protocol_factory: Any, *_: Any, sock: Any = None, **__: Any) -> Any:  # type: ignore[override]
        assert self.adopt is not None
        return self.adopt(self, protocol_factory, sock)

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """There is none."""


def _kind_of(executor: Any) -> str:
    return executor._thread_name_prefix if executor is not None else "aside"


def _finish(future: asyncio.Future[Any], result: object) -> None:
    if not future.done():
        future.set_result(result)


def _fail(future: asyncio.Future[Any], error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)
