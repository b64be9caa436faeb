"""The clock that the daemon believes.

Home servers lose their clock: a board without a battery boots in 1970, a dead one years ahead, and a wrong today frees
nights or drops stays as past. So the machine's clock is compared with its uptime, which no one sets, and with the last
moment that was stored; what does not fit is not believed until somebody outside agrees with it: a portal's Date header,
whoever synchronizes the clock, or the host. Today goes no further than a day beyond what somebody outside last agreed to
and the uptime since, however often the daemon starts: a wrong clock must not let stays pass.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from datetime import time as time_of_day
from functools import partial
from typing import Final
from zoneinfo import ZoneInfo

from icalsyncd import RELEASED

_TOLERANCE: Final = 3600.0
_DAY: Final = 86400.0
_LONGEST_ABSENCE: Final = 30 * 86400.0
MAX_LOOK: Final = 20.0
"""Seconds after which somebody looks at the time again: a timer stands still while the machine is suspended."""
_OVERSLEPT: Final = 15.0
_SET_BACK: Final = 60.0
_RELEASED: Final = datetime.combine(RELEASED, time_of_day(), UTC).timestamp()


boottime: Final[Callable[[], float]] = partial(time.clock_gettime, time.CLOCK_BOOTTIME)
"""Seconds since the machine started, those in which it was suspended included."""


class Clock:
    """Tells the time, on any thread, going on by the machine's uptime while its clock cannot be believed."""

    def __init__(
        self,
        last: float | None,
        *,
        agreed: float | None = None,
        wall: Callable[[], float] = time.time,
        boottime: Callable[[], float] = boottime,
    ) -> None:
        """*last* is the last moment that was stored, in epoch seconds; None where nothing was.

        *agreed* is what :attr:`agreed` was then; None where it was not stored.
        """
        self._wall = wall
        self._boottime = boottime
        self._doubt: str | None = None
        shown = wall()
        earliest = max(last, _RELEASED) if last is not None else _RELEASED
        if shown < earliest - _TOLERANCE:
            known = "what was stored last" if earliest == last else "this release"
            self._doubt = f"the machine's clock is {_span(earliest - shown)} behind {known}"
        elif last is not None and shown > last + _LONGEST_ABSENCE:
            self._doubt = f"the machine's clock is {_span(shown - last)} ahead of what was stored last"
        self._anchor = (earliest if self._doubt is not None else shown, self._boottime())
        """A moment that was believed, and the uptime at it."""
        told = agreed if agreed is not None else last
        self._agreed = None if told is None else (told, self._boottime())
        """A moment that somebody outside agreed to, or that follows from one, and the uptime at it."""
        self._set: int | None = None
        self._watched = False

    def now(self) -> float:
        """The believed time in epoch seconds."""
        shown, up = self._wall(), self._boottime()
        believed, since = self._anchor
        expected = believed + up - since
        if abs(shown - expected) <= _TOLERANCE:
            # followed in small steps, as the machine is when its clock is disciplined
            self._doubt = None
            self._anchor = (shown, up)
            return shown
        if self._doubt is None:
            way = "forward" if shown > expected else "back"
            self._doubt = f"the machine's clock jumped {way} by {_span(abs(shown - expected))}"
        return expected

    @property
    def doubted(self) -> str | None:
        """Why the machine's clock is not believed at present; None where it is."""
        self.now()
        return self._doubt

    def hear(self, date: float) -> bool:
        """Take note of a portal's *date*, in epoch seconds: where it agrees with the machine's clock, that is believed.

        Returns whether a doubt ended by it.
        """
        doubted = self.doubted is not None
        if abs(date - self._wall()) > _TOLERANCE:
            return False
        self.accept()
        return doubted

    def synchronized(self, last_set: int | None) -> None:
        """Take note of *last_set*, which is another number once the machine's clock was synchronized again.

        What it is at the first time says nothing: the clock may have been set wrongly since.
        """
        if self._watched and last_set is not None and last_set != self._set:
            self.accept()
        self._set, self._watched = last_set, True

    def accept(self) -> None:
        """Believe the machine's clock as it is: somebody who knows the time says that it is right."""
        self._doubt = None
        self._anchor = self._agreed = (self._wall(), self._boottime())

    @property
    def agreed(self) -> float | None:
        """The last moment that somebody outside agreed to, and the uptime since; None where nobody ever did."""
        if self._agreed is None:
            return None
        moment, up = self._agreed
        return moment + self._boottime() - up

    def day_moment(self) -> float:
        """The moment whose date is today: the present one, but at most a day beyond what was agreed to."""
        now, agreed = self.now(), self.agreed
        return now if agreed is None else min(now, agreed + _DAY)

    @property
    def lags(self) -> bool:
        """Today may be behind the machine's date, until somebody outside agrees to that."""
        agreed = self.agreed
        return agreed is not None and self.now() > agreed + _DAY

    def today(self, timezone: str, floor: date | None = None) -> date:
        """The date in *timezone* (an IANA name), never before *floor*, the last day stored, nor the release's day.

        It is at most a day beyond what somebody outside agreed to.
        """
        return day_at(self.day_moment(), timezone, floor)


class Waking:
    """Notices that time has passed in which nothing ran: the machine slept, or the process stood still.

    Whoever is about to judge by the time that has passed has to :meth:`look` first.
    """

    def __init__(self, now: Callable[[], float], woke: Callable[[bool], None]) -> None:
        """*now* is the believed time.

        *woke* is called once for each sleep, before the look that notices it returns, and told whether the clock was
        set back.
        """
        self._now = now
        self._woke = woke
        self._seen = now()

    def look(self) -> None:
        """See what time it is."""
        before, self._seen = self._seen, self._now()
        if slept(before, self._seen):
            self._woke(self._seen < before)


def slept(before: float, now: float) -> bool:
    """Whether nothing ran in between, where somebody looked at the time *before*, and *now* for the next time.

    A clock that was set back counts as well: what was reckoned under it would wait for moments that are far away now.
    """
    return not before - _SET_BACK <= now <= before + MAX_LOOK + _OVERSLEPT


def day_at(moment: float, timezone: str, floor: date | None = None) -> date:
    """The date in *timezone* at *moment*, in epoch seconds, never before *floor* nor the release's day."""
    day = datetime.fromtimestamp(moment, ZoneInfo(timezone)).date()
    return max(day, RELEASED, floor or RELEASED)


def _span(seconds: float) -> str:
    if seconds < 2 * 86400:
        return f"{seconds / 3600:.1f} hours"
    return f"{seconds / 86400:.0f} days"
