"""From when to when an event lasts, as its DTSTART, DTEND and DURATION have it: RFC 5545 section 3.6.1, and real life.

Where an event says too much the longer reading counts, and where it says too little one night, since a night closed
without need costs less than one sold twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, tzinfo
from typing import NamedTuple

from icalsyncd.calendars.components import Component, Head, Property
from icalsyncd.calendars.moments import ALMOST_MIDNIGHT, DAY, Duration, Moment, date_written, duration_of, moment_of
from icalsyncd.calendars.nights import Night
from icalsyncd.calendars.zones import Zones, instant, moved


class Span(NamedTuple):
    """A stretch of time on the wall clock of one zone, half-open; or, without a zone, of whole days."""

    day: Night
    seconds: int
    """Since the start of ``day``; 0 without a zone."""
    end_day: Night
    end_seconds: int
    zone: tzinfo | None

    @property
    def all_day(self) -> bool:
        return self.zone is None

    def nights(self, home: tzinfo) -> tuple[Night, Night]:
        """Its nights in the zone *home*, half-open: from the local date of its start to that of its end."""
        if self.zone is None:
            return self.day, self.end_day
        check_in, _ = moved(self.day, self.seconds, self.zone, home)
        check_out, seconds = moved(self.end_day, self.end_seconds, self.zone, home)
        return check_in, check_out + (seconds >= ALMOST_MIDNIGHT)

    def starting(self, day: Night, seconds: int) -> Span:
        """As long by the calendar and the clock, from another start in the same zone."""
        length = (self.end_day - self.day) * DAY + self.end_seconds - self.seconds
        days, end_seconds = divmod(seconds + length, DAY)
        return Span(day, seconds, day + days, end_seconds, self.zone)


class Timing(NamedTuple):
    """What an event says of its time."""

    span: Span | None
    """None where its start cannot be read."""
    problems: tuple[str, ...] = ()
    broken: bool = False
    """Whether something of it could not be understood, so that it may have meant other nights."""


def plain_dates(properties: dict[str, Property]) -> tuple[Night, Night] | None:
    """DTSTART and DTEND where both are dates in order: what nearly every portal sends, told quickly."""
    start = date_written(properties["DTSTART"][1])
    end = date_written(properties["DTEND"][1])
    return (start, end) if start is not None and end is not None and start < end else None


def timing_of(component: Component, zones: Zones, *, dtend_inclusive: bool) -> Timing:
    """From when to when the event *component* lasts; with *dtend_inclusive* its DTEND is the last night itself."""
    return _Reader(component, zones, dtend_inclusive).timing()


def period_of(written: Property, zones: Zones) -> Timing:
    """From when to when a value of FREEBUSY or RDATE lasts: a start and, behind a slash, an end or a duration."""
    head, text = written
    start, _, end = text.strip().partition("/")
    ending = "DURATION" if end[:1] in ("P", "p", "+", "-") else "DTEND"
    # VALUE=PERIOD is of the whole
    head = Head(head.name, {name: value for name, value in head.parameters.items() if name == "TZID"})
    period = Component("PERIOD", 0, {"DTSTART": (head, start), ending: (head, end)})
    return timing_of(period, zones, dtend_inclusive=False)


class _Reader:
    def __init__(self, component: Component, zones: Zones, dtend_inclusive: bool) -> None:
        self.component = component
        self.zones = zones
        self.inclusive = 1 if dtend_inclusive else 0
        self.problems: list[str] = []
        self.broken = False

    def timing(self) -> Timing:
        starts = list(self._moments("DTSTART"))
        if not starts:
            self._break("it has no DTSTART that can be read")
            return Timing(None, tuple(self.problems), True)
        ends = list(self._moments("DTEND"))
        if len(starts) > 1 or len(ends) > 1:
            self.problems.append("its start or end is given twice; the longest stay counts")
        zone = next((moment.zone for moment in (*starts, *ends) if moment.zone), self.zones.home)
        start = min((self._zoned(moment, zone) for moment in starts), key=self._order)
        end = max((self._zoned(moment, zone) for moment in ends), key=self._order, default=None)
        if self.component.value("X-MICROSOFT-CDO-ALLDAYEVENT").upper() == "TRUE":
            start = Moment(start.day, None, None)
            end = _date_of_end(end) if end else None
        elif end and self._at_midnights(start, end):
            start, end = self._as_dates(start, end)
        span = self._span(start, end)
        return Timing(span, tuple(self.problems), self.broken)

    def _moments(self, name: str) -> Iterator[Moment]:
        for written in self.component.all_of(name):
            if name == "DTEND" and not written[1].strip():
                self.problems.append("its DTEND is empty")
                continue
            moment = moment_of(written, self.zones)
            if moment is None:
                self._break(f"a {name} of it cannot be read")
            else:
                if moment.repaired:
                    self.problems.append(f"its {name} is not written as RFC 5545 has it")
                yield moment

    def _break(self, problem: str) -> None:
        self.problems.append(problem)
        self.broken = True

    def _zoned(self, moment: Moment, zone: tzinfo) -> Moment:
        """A floating time beside one in a zone is in that zone too."""
        return moment if moment.seconds is None or moment.zone else moment._replace(zone=zone)

    def _order(self, moment: Moment) -> tuple[Night, int]:
        return instant(moment.day, moment.seconds or 0, moment.zone or self.zones.home)

    def _local(self, moment: Moment) -> tuple[Night, int]:
        return moved(moment.day, moment.seconds or 0, moment.zone or self.zones.home, self.zones.home)

    def _local_end(self, moment: Moment) -> Night:
        day, seconds = self._local(moment)
        return day + (seconds >= ALMOST_MIDNIGHT)

    def _at_midnights(self, start: Moment, end: Moment) -> bool:
        """Whether a writer without dates has printed them as times: midnights as written, or where the house is."""
        if start.seconds is None or end.seconds is None:
            return False
        if start.seconds == 0 and (end.seconds == 0 or end.seconds >= ALMOST_MIDNIGHT):
            return True
        return self._local(start)[1] == 0 and (self._local(end)[1] or DAY) >= ALMOST_MIDNIGHT

    def _as_dates(self, start: Moment, end: Moment) -> tuple[Moment, Moment]:
        if start.seconds == 0 and (end.seconds == 0 or (end.seconds or 0) >= ALMOST_MIDNIGHT):
            return Moment(start.day, None, None), _date_of_end(end)
        return Moment(self._local(start)[0], None, None), Moment(self._local_end(end), None, None)

    def _span(self, start: Moment, end: Moment | None) -> Span:
        ends = [self._ending(start, end)] if end else []
        for written in self.component.all_of("DURATION"):
            duration = duration_of(written[1])
            if duration is None:
                self._break("its DURATION cannot be read")
            elif duration.days < 0 or duration.seconds < 0:
                self._break("its DURATION is negative")
            else:
                ends.append(self._lasting(start, duration))
        if len(ends) > 1:
            self.problems.append("it has more than one end; the longest stay counts")
        if ends:
            return max(ends, key=self._span_order)
        if self.broken or start.seconds is None:
            return self._one_night(start)
        self.problems.append("it has a start and no end; it takes no night")
        return Span(start.day, start.seconds, start.day, start.seconds, start.zone)

    def _span_order(self, span: Span) -> tuple[Night, int]:
        return instant(span.end_day, span.end_seconds, span.zone or self.zones.home)

    def _one_night(self, start: Moment) -> Span:
        day, _ = self._local(start)
        return Span(day, 0, day + 1, 0, None)

    def _ending(self, start: Moment, end: Moment) -> Span:
        if start.seconds is not None and end.seconds is not None:
            return self._timed(start, end)
        if start.seconds is None and end.seconds is None:
            first, last = start.day, end.day
        else:
            self.problems.append("one end of it is a date, the other one a time")
            first, last = self._local(start)[0], self._local_end(end)
        if last < first:
            self._break("its DTEND is before its DTSTART")
            return self._one_night(start)
        if end.seconds is None:
            last += self.inclusive
        if last == first:
            self.problems.append("its DTEND is its DTSTART; it counts as one night")
            last += 1
        return Span(first, 0, last, 0, None)

    def _timed(self, start: Moment, end: Moment) -> Span:
        if self._order(end) < self._order(start):
            self._break("its DTEND is before its DTSTART")
            return self._one_night(start)
        if self._order(end) == self._order(start):
            self.problems.append("its DTEND is its DTSTART; it takes no night")
        zone = start.zone or self.zones.home
        end_day, end_seconds = moved(end.day, end.seconds or 0, end.zone or zone, zone)
        return Span(start.day, start.seconds or 0, end_day, end_seconds, zone)

    def _lasting(self, start: Moment, duration: Duration) -> Span:
        if start.seconds is None:
            days = duration.days - (-duration.seconds // DAY)
            if not days:
                self.problems.append("it lasts no time; it counts as one night")
            return Span(start.day, 0, start.day + max(days, 1), 0, None)
        if not duration.days and not duration.seconds:
            self.problems.append("it lasts no time; it takes no night")
        zone = start.zone or self.zones.home
        day, seconds = instant(start.day + duration.days, start.seconds, zone)
        more, seconds = divmod(seconds + duration.seconds, DAY)
        end_day, end_seconds = moved(day + more, seconds, UTC, zone)
        return Span(start.day, start.seconds, end_day, end_seconds, zone)


def _date_of_end(end: Moment) -> Moment:
    return Moment(end.day + ((end.seconds or 0) >= ALMOST_MIDNIGHT), None, None)
