"""What a TZID means: IANA names first, then Windows names, then the calendar's own VTIMEZONE, then the home zone."""

from __future__ import annotations

import zoneinfo
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Final

from icalsyncd.calendars.nights import Night, Nights
from icalsyncd.calendars.recurrence import windows_zone, zone_defined_by


@lru_cache(maxsize=1)
def _iana() -> dict[str, str]:
    """Names of the IANA database by their case-folded form."""
    return {name.casefold(): name for name in zoneinfo.available_timezones()}


class Zones:
    """The zones of one calendar, looked up when they are first met, since a VTIMEZONE may come after its events."""

    def __init__(self, home: str, lines: Sequence[str] = (), vtimezones: Sequence[tuple[int, int]] = ()) -> None:
        self.home = zoneinfo.ZoneInfo(home)
        self.unknown = 0
        """How many names were found to mean nothing, and were counted as the home zone."""
        self._lines = lines
        self._vtimezones = vtimezones
        self._found: dict[str, tzinfo] = {home: self.home}
        self._own: dict[str, tuple[int, int]] | None = None

    def named(self, tzid: str) -> tzinfo:
        """The zone that *tzid*, not empty, means in this calendar."""
        found = self._found.get(tzid)
        if found is None:
            found = self._known(tzid) or self._defined(tzid)
            if found is None:
                self.unknown += 1
                found = self.home
            self._found[tzid] = found
        return found

    def _known(self, tzid: str) -> tzinfo | None:
        parts = tzid.strip("/ ").split("/")[-3:]
        names = _iana()
        while parts:
            # a vendor's prefix stands before the IANA name, as in /example.org/Europe/Paris
            name = names.get("/".join(parts).casefold())
            if name:
                return UTC if name == "UTC" else zoneinfo.ZoneInfo(name)
            parts = parts[1:]
        name = windows_zone(tzid)
        return zoneinfo.ZoneInfo(name) if name else None

    def _defined(self, tzid: str) -> tzinfo | None:
        if self._own is None:
            self._own = {}
            for start, end in self._vtimezones:
                for line in self._lines[start:end]:
                    head, _, value = line.partition(":")
                    if head.strip().upper() == "TZID":
                        self._own.setdefault(value.strip(), (start, end))
        place = self._own.get(tzid)
        if place is None:
            return None
        return zone_defined_by(self._lines[place[0] : place[1]])


FIRST_DAY: Final = date(1900, 1, 1).toordinal()
LAST_DAY: Final = date(2200, 1, 1).toordinal()
"""Days outside of these only say "long ago" or "for ever": no zone is asked about them."""
NOON: Final = 12
"""The hour of the day by which a guest has left."""


def nights_begun(now: float, zone: str, today: Night) -> Nights:
    """Tonight, and until noon the night before, in *zone* (an IANA name): begun, and not over, whatever the hour.

    *today* is the accommodation's date, and counts where the clock disagrees.
    """
    local = datetime.fromtimestamp(now, zoneinfo.ZoneInfo(zone))
    first = local.toordinal() - (1 if local.hour < NOON else 0)
    return Nights.between(min(max(first, today - 1), today), today + 1)


def wall_time(day: Night, seconds: int) -> datetime:
    """The date and clock time *seconds* after the start of *day*, in no zone; years 1900 to 2200."""
    return datetime.fromordinal(min(max(day, FIRST_DAY), LAST_DAY)) + timedelta(seconds=seconds)


def moved(day: Night, seconds: int, source: tzinfo, target: tzinfo) -> tuple[Night, int]:
    """The same instant on the wall clock of another zone: its day, and the seconds since that day's start.

    A day before 1900 or after 2200 stays as it is: it only says "long ago" or "for ever".
    """
    if source is target or not FIRST_DAY < day < LAST_DAY:
        return day, seconds
    there = wall_time(day, seconds).replace(tzinfo=source).astimezone(target)
    return there.toordinal(), there.hour * 3600 + there.minute * 60 + there.second


def instant(day: Night, seconds: int, zone: tzinfo) -> tuple[Night, int]:
    """That wall-clock time of *zone* as a time that can be compared with those of other zones."""
    return moved(day, seconds, zone, UTC)
