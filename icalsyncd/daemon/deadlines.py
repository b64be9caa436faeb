"""What time alone changes: the day, portals that fall silent, what has been leaving for long enough."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from icalsyncd import log
from icalsyncd.availability.attribution import tick
from icalsyncd.availability.ledger import Ledger
from icalsyncd.availability.removal import RemovalDelay
from icalsyncd.availability.roster import expire, expiries
from icalsyncd.availability.stamps import Moment
from icalsyncd.calendars.nights import Night, date_of, night_of
from icalsyncd.clock import Clock
from icalsyncd.state.journal import Journal
from icalsyncd.state.view import SyncName

_LOOK: Final = 5.0
"""Seconds after which the clock is read again at the latest: it may have been set."""
_SOON: Final = 0.02
_AFTER_BUG: Final = 600.0


class Deadlines:
    """Wakes when time alone is due to change an accommodation, and changes it."""

    def __init__(
        self, journal: Journal, clock: Clock, new_day: Callable[[SyncName], None], look: Callable[[], None]
    ) -> None:
        """*look* notices whether the machine has slept; *new_day* is called for each sync whose day has changed."""
        self._look = look
        self._lagged = clock.lags
        self._journal = journal
        self._clock = clock
        self._new_day = new_day
        self._delay = RemovalDelay(0.0)
        self._planned: frozenset[str] = frozenset()
        self._next: dict[str, Moment] = {}
        self._queue: list[tuple[Moment, str]] = []
        """By moment; an entry that is no longer the next of its accommodation is skipped."""
        self._wake = asyncio.Event()

    def configure(self, removal_delay: RemovalDelay, planned: frozenset[str]) -> None:
        """Let what leaves the config go after *removal_delay*; *planned* are the accommodations in it.

        Call :meth:`watch` for all of them after that.
        """
        self._delay = removal_delay
        self._planned = planned

    def watch(self, accommodations: Iterable[str]) -> None:
        """Find again when time alone next changes each of *accommodations*: something has happened to it."""
        for accommodation in accommodations:
            state = self._journal.current.get(accommodation)
            if state is None:
                self._next.pop(accommodation, None)
            else:
                over = self._is_over(accommodation, state.ledger)
                self._plan(accommodation, self._clock.now() if over else self._wake_at(state.ledger))

    def _plan(self, accommodation: str, moment: Moment) -> None:
        if self._next.get(accommodation) != moment:
            self._next[accommodation] = moment
            heapq.heappush(self._queue, (moment, accommodation))
            self._wake.set()

    async def run(self) -> None:
        """Run until cancelled."""
        while True:
            self._look()
            self._follow_the_day()
            now = self._clock.now()
            while self._queue and self._queue[0][0] <= now:
                moment, accommodation = heapq.heappop(self._queue)
                if self._next.get(accommodation) == moment:
                    del self._next[accommodation]
                    self._attend_safely(accommodation)
                    await asyncio.sleep(0)
            soonest = self._queue[0][0] if self._queue else now + _LOOK
            with suppress(TimeoutError):
                async with asyncio.timeout(max(_SOON, min(_LOOK, soonest - self._clock.now()))):
                    await self._wake.wait()
            self._wake.clear()

    def _follow_the_day(self) -> None:
        """If today was held back, and a clock outside has agreed to it since, the day changes at every accommodation.

        What is leaving was held back with it.
        """
        lagged, self._lagged = self._lagged, self._clock.lags
        if lagged and not self._lagged:
            for accommodation in self._journal.current:
                self._plan(accommodation, self._clock.now())

    def _attend_safely(self, accommodation: str) -> None:
        try:
            self.attend(accommodation)
        except Exception:
            # a bug in one accommodation does not stop the others, and is not met again at once
            log.exception("what time changes ended in a bug", accommodation=accommodation)
            self._plan(accommodation, self._clock.now() + _AFTER_BUG)

    def attend(self, accommodation: str) -> None:
        """Bring one accommodation up to the present moment."""
        # notice a sleep first: portals are not silent for it
        self._look()
        state = self._journal.current.get(accommodation)
        if state is None:
            self._next.pop(accommodation, None)
            return
        now = self._clock.now()
        before = state.ledger
        # by a clock that nobody outside has agreed to, nothing has waited for long enough
        ledger = before if self._clock.lags else expire(before, delay=self._delay.at(now), now=now)
        ledger = tick(ledger, now=now, today=self.today(ledger))
        if self._is_over(accommodation, ledger):
            self._journal.put(accommodation, None)
        elif ledger is not before:
            self._journal.put(accommodation, state.with_ledger(ledger, now))
        if ledger.today != before.today:
            for name in ledger.syncs:
                self._new_day((accommodation, name))
        self.watch((accommodation,))

    def today(self, ledger: Ledger) -> Night:
        """The day at the accommodation; never before the last one known."""
        return night_of(self._clock.today(ledger.timezone, date_of(ledger.today)))

    def _is_over(self, accommodation: str, ledger: Ledger) -> bool:
        """Whether nothing is left of an accommodation that is no longer in the config."""
        return not (ledger.syncs or ledger.blocks or ledger.parts) and accommodation not in self._planned

    def _wake_at(self, ledger: Ledger) -> Moment:
        now = self._clock.now()
        moments = [self._midnight(ledger)]
        if not self._clock.lags:
            moments += expiries(ledger, self._delay.at(now))
        if (shrinks := self._delay.shrinks) is not None and shrinks > now:
            # what waits may be over sooner then
            moments.append(shrinks)
        moments += (
            max(sync.last_fetch, ledger.awake_since) + sync.patience() + 1.0
            for sync in ledger.syncs.values()
            if sync.last_fetch is not None and not sync.silent
        )
        return max(min(moments), now + _SOON)

    def _midnight(self, ledger: Ledger) -> Moment:
        """The end of the day that is known; long past where the machine slept over it, whatever else has happened since."""
        moment = self._clock.day_moment()
        following = date_of(ledger.today) + timedelta(days=1)
        midnight = datetime.combine(following, datetime.min.time(), ZoneInfo(ledger.timezone)).timestamp()
        return midnight + self._clock.now() - moment
