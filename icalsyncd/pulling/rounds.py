"""When each sync is pulled: every one at its own phase of its interval, failures sooner or later than that."""

from __future__ import annotations

import asyncio
import contextlib
import heapq
from collections.abc import Awaitable, Callable, Mapping, Set
from time import monotonic
from typing import Final

from icalsyncd import log
from icalsyncd.availability.stamps import Moment
from icalsyncd.clock import MAX_LOOK
from icalsyncd.pace import in_steps
from icalsyncd.state.schedule import Attempts, due, spread, wait_of
from icalsyncd.state.view import SyncName

_BREATH: Final = 32
"""Pulls that are started, or planned, in one go."""
_HASTE_APART: Final = 900.0
"""Seconds between two times at which every portal is asked out of turn: a clock may go to and fro."""
_UNASKED: Final = 1.0
"""Seconds after which a portal that was not asked, since its sync is only about to take part, is looked at again."""
_AFTER_BUG: Final = 600.0
"""The same after a pull that did not even end."""


class Rounds:
    """Pulls what is due, when it is due."""

    def __init__(
        self,
        pull: Callable[[SyncName], Awaitable[object]],
        attempts: Callable[[SyncName], Attempts],
        now: Callable[[], Moment],
        look: Callable[[], None],
    ) -> None:
        """*look* notices whether the machine has slept, and has :meth:`awake` called then."""
        self._look = look
        self._overslept = False
        self._pull = pull
        self._attempts = attempts
        self._now = now
        self._intervals: dict[SyncName, float] = {}
        self._since: dict[SyncName, Moment] = {}
        self._due: dict[SyncName, Moment] = {}
        self._queue: list[tuple[Moment, SyncName]] = []
        self._running: dict[SyncName, asyncio.Task[None]] = {}
        self._wanted: set[SyncName] = set()
        """Those of them that are to be pulled once more as soon as they have ended."""
        self._wake = asyncio.Event()
        self._hurried: float | None = None

    def keep(self, names: Set[SyncName]) -> None:
        """Pull none but *names* from now on."""
        for name in self._intervals.keys() - names:
            del self._intervals[name]
            self._since.pop(name, None)
            self._due.pop(name, None)
            self._wanted.discard(name)

    async def configure(self, intervals: Mapping[SyncName, float]) -> None:
        """Pull the syncs of *intervals* (seconds) and no others; those that go on as they were keep their schedule."""
        now = self._now()
        self.keep(intervals.keys())
        changed = [name for name, interval in intervals.items() if self._intervals.get(name) != interval]
        self._intervals = dict(intervals)
        for name in changed:
            self._since.setdefault(name, now)
        async for names in in_steps(changed, _BREATH):
            for name in names:
                self.plan(name)

    def plan(self, name: SyncName) -> None:
        """Reckon anew when *name* is due: something has happened to it."""
        interval = self._intervals.get(name)
        if interval is None:
            return
        moment = due(self._attempts(name), "/".join(name), interval, since=self._since[name], now=self._now())
        if self._due.get(name) != moment:
            self._plan_at(name, moment)

    def pulled(self, name: SyncName) -> None:
        """Whoever asked for it, *name* was pulled: its next pull follows from how that ended."""
        if name not in self._running:
            self.plan(name)

    def _plan_at(self, name: SyncName, moment: Moment) -> None:
        self._due[name] = moment
        heapq.heappush(self._queue, (moment, name))
        self._wake.set()

    def hurry(self, name: SyncName) -> None:
        """Pull *name* as soon as may be: where a pull of it runs, which was begun for less, right after that."""
        if name in self._running:
            self._wanted.add(name)
        elif name in self._intervals:
            self._plan_at(name, self._now())

    async def hurry_all(self) -> None:
        """The same as :meth:`pull_soon`, unless that was asked for just before."""
        if self._hurried is not None and monotonic() - self._hurried < _HASTE_APART:
            return
        self._hurried = monotonic()
        await self.pull_soon()

    async def pull_soon(self) -> None:
        """Pull every sync within half a minute, each at its own moment of it, but for portals that asked us to wait."""
        now = self._now()
        async for names in in_steps(list(self._intervals), _BREATH):
            for name in names:
                moment = max(now + spread("/".join(name)), wait_of(self._attempts(name), now) or now)
                if self._due.get(name, moment) > moment:
                    self._plan_at(name, moment)

    def next_pull(self, name: SyncName) -> Moment | None:
        """When *name* is due, and its portal may be asked; None where it is not pulled."""
        planned = self._due.get(name)
        return planned and max(planned, wait_of(self._attempts(name), self._now()) or planned)

    async def run(self) -> None:
        """Pull, until cancelled."""
        try:
            while True:
                self._look()
                if self._overslept:
                    self._overslept = False
                    await self._begin_again(self._now())
                now = self._now()
                await self._start_due(now)
                next_due = self._queue[0][0] if self._queue else now + MAX_LOOK
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(max(0.01, min(MAX_LOOK, next_due - self._now()))):
                        await self._wake.wait()
                self._wake.clear()
        finally:
            running = list(self._running.values())
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def _start_due(self, now: Moment) -> None:
        while self._queue and self._queue[0][0] <= now:
            moment, name = heapq.heappop(self._queue)
            if self._due.get(name) != moment or name in self._running:
                continue
            if (wait := wait_of(self._attempts(name), now)) is not None:
                # heard since this was planned, by whoever else asked its portal
                self._plan_at(name, wait)
                continue
            self._running[name] = asyncio.create_task(self._go(name), name=f"pull {'/'.join(name)}")
            if not len(self._running) % _BREATH:
                # thousands may be due at once, at a start or after a sleep
                await asyncio.sleep(0)

    async def _go(self, name: SyncName) -> None:
        """Pull *name*, and plan its next pull by how this one ended."""
        pause: float | None = _AFTER_BUG
        try:
            pause = None if await self._pull(name) is not None else _UNASKED
        except Exception:
            # a bug in one sync does not stop another
            log.exception("a pull ended in a bug", sync="/".join(name))
        finally:
            self._running.pop(name, None)
            self._plan_next(name, pause)

    def _plan_next(self, name: SyncName, pause: float | None) -> None:
        """Plan the next pull of *name*, at least *pause* seconds from now, but at once where that was wanted meanwhile."""
        if name not in self._intervals:
            return
        self._due.pop(name, None)
        if name in self._wanted:
            self._wanted.discard(name)
            self.hurry(name)
            return
        self.plan(name)
        if pause is not None and self._due[name] < self._now() + pause:
            self._plan_at(name, self._now() + pause)

    def awake(self) -> None:
        """The machine has slept: what is overdue is to be pulled within a minute, each at its own moment of it."""
        self._overslept = True
        self._wake.set()

    async def _begin_again(self, now: Moment) -> None:
        async for names in in_steps(list(self._intervals), _BREATH):
            for name in names:
                if name in self._intervals:
                    self._since[name] = now
                    self.plan(name)
