"""Events that happen more than once: RRULE, RDATE, EXDATE and RECURRENCE-ID of RFC 5545 section 3.8.4.4 and 3.8.5.

Dates of one series are compared as local dates, since writers mix dates, times and zones. What frees a night, an EXDATE
or a RECURRENCE-ID, does so on an exact match only, and once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from icalsyncd.calendars.calendar import Failed, Kind, Reason
from icalsyncd.calendars.components import Component, Head, Property
from icalsyncd.calendars.moments import Moment, moment_of, moments_of
from icalsyncd.calendars.nights import Night, Stay
from icalsyncd.calendars.recurrence import Budget, Refusal, rule_of, starts_of
from icalsyncd.calendars.spans import Span, period_of
from icalsyncd.calendars.zones import Zones, moved

_REPEATING = frozenset({"RRULE", "RDATE", "EXDATE"})


@dataclass(slots=True)
class Entry:
    """An event whose time is known, on its way to nights."""

    position: int
    """Its place in the calendar, from 1."""
    component: Component
    span: Span
    uid: str
    kind: Kind
    free: bool
    """Whether it takes no night, as one that is cancelled: it may still stand in the place of one that does."""
    problems: list[str] = field(default_factory=list)
    broken: bool = False

    @property
    def repeats(self) -> bool:
        return not _REPEATING.isdisjoint(self.component.properties)

    @property
    def replaces(self) -> bool:
        return "RECURRENCE-ID" in self.component.properties


class Occurrence(NamedTuple):
    """One time that an event happens."""

    entry: Entry
    span: Span


@dataclass(slots=True)
class _Override:
    entry: Entry
    of: Moment
    onwards: bool
    used: bool = False


def occurrences_of(entries: list[Entry], zones: Zones, window: Stay) -> list[Occurrence] | Failed:
    """Every time that any of *entries* happens, as far as it may touch *window*, in no order.

    What is wrong with a series is noted in its entry.
    """
    return _Series(entries, zones, window).occurrences()


class _Series:
    def __init__(self, entries: list[Entry], zones: Zones, window: Stay) -> None:
        self.entries = entries
        self.zones = zones
        self.window = window
        self.budget = Budget()
        self.overrides: defaultdict[str, list[_Override]] = defaultdict(list)

    def occurrences(self) -> list[Occurrence] | Failed:
        for entry in self.entries:
            if entry.replaces:
                self._note_override(entry)
        found = []
        for entry in self.entries:
            if entry.replaces or not entry.repeats:
                made: Iterator[Occurrence] = iter([Occurrence(entry, entry.span)])
            elif entry.free:
                continue
            else:
                made = self._instances(entry, self._starts(entry))
            for occurrence in made:
                self.budget.instances -= 1
                if self.budget.instances < 0:
                    return Failed(Reason.TOO_MANY_EVENTS, "its events happen more often than any real calendar's")
                if not occurrence.entry.free:
                    found.append(occurrence)
        return found

    def _note_override(self, entry: Entry) -> None:
        written = entry.component.properties["RECURRENCE-ID"]
        moment = moment_of(written, self.zones)
        if moment is None:
            entry.problems.append("its RECURRENCE-ID cannot be read; it counts beside its series")
        elif entry.uid and not entry.broken:
            onwards = written[0].parameters.get("RANGE", "").upper() == "THISANDFUTURE"
            self.overrides[entry.uid].append(_Override(entry, moment, onwards))

    def _starts(self, entry: Entry) -> set[tuple[Night, int, Span]]:
        """Day, seconds and span of each instance, those left out by an EXDATE excepted."""
        span = entry.span
        found = {(span.day, span.seconds, span)}
        exact = False
        for written in entry.component.all_of("RRULE"):
            starts, several_a_day = self._ruled(entry, written[1].strip())
            exact |= several_a_day
            found.update((day, seconds, span.starting(day, seconds)) for day, seconds in starts)
        for written in entry.component.all_of("RDATE"):
            for value in written[1].split(","):
                added = self._added(span, (written[0], value.strip()))
                if added is None:
                    entry.problems.append("a date that its RDATE adds cannot be read")
                    entry.broken = True
                else:
                    found.add((added.day, added.seconds, added))
        left_out: set[tuple[Night, int | None]] = set()
        for written in entry.component.all_of("EXDATE"):
            for moment in moments_of(written, self.zones):
                if moment is None:
                    entry.problems.append("a date that its EXDATE leaves out cannot be read; it stays in")
                else:
                    left_out.add(self._place(moment, span, exact=exact))
        return {one for one in found if (one[0], None) not in left_out and (one[0], one[1]) not in left_out}

    def _ruled(self, entry: Entry, text: str) -> tuple[list[tuple[Night, int]], bool]:
        """When a rule's instances start, and whether several may on one day; none where it cannot be expanded."""
        span = entry.span
        rule = rule_of(text)
        if rule and rule.count is None and "COUNT" in text.upper():
            entry.problems.append("its RRULE has a COUNT of no times; its UNTIL counts alone")
        until: tuple[Night, int | None] | None = None
        if rule and rule.until:
            moment = moment_of((Head("UNTIL", {}), rule.until), self.zones)
            if moment is None:
                rule = None
            else:
                until = self._place(moment, span, exact=True)
                if until[0] < span.day:
                    entry.problems.append("its RRULE ends before it begins; its first time counts")
        if rule is None:
            starts: list[tuple[Night, int]] | Refusal = Refusal.UNREADABLE
        else:
            length = span.end_day - span.day + 1
            starts = starts_of(
                rule,
                (span.day, span.seconds),
                timed=not span.all_day,
                until=until,
                window=(self.window.check_in - length, self.window.check_out),
                budget=self.budget,
            )
        if isinstance(starts, Refusal):
            entry.problems.append(f"its RRULE {starts.value}; its first time counts")
            entry.broken = True
            return [], False
        return starts, rule is not None and bool(rule.clock or rule.frequency in ("HOURLY", "MINUTELY", "SECONDLY"))

    def _added(self, span: Span, written: Property) -> Span | None:
        """The instance that one value of an RDATE adds: a date, a time, or a period with its own end."""
        if "/" in written[1]:
            timing = period_of(written, self.zones)
            return None if timing.broken else timing.span
        moment = moment_of(written, self.zones)
        if moment is None:
            return None
        day, seconds = self._place(moment, span, exact=True)
        return span.starting(day, span.seconds if seconds is None else seconds)

    def _place(self, moment: Moment, span: Span, *, exact: bool) -> tuple[Night, int | None]:
        """Where *moment* is on the calendar, and if *exact* and it has one, on the clock, that *span* is written in."""
        if moment.seconds is None:
            return moment.day, None
        if span.zone is None and moment.seconds == 0:
            return moment.day, None
        zone = span.zone or self.zones.home
        day, seconds = moved(moment.day, moment.seconds, moment.zone or zone, zone)
        return day, seconds if exact and span.zone else None

    def _instances(self, entry: Entry, starts: set[tuple[Night, int, Span]]) -> Iterator[Occurrence]:
        overrides: defaultdict[Night, list[_Override]] = defaultdict(list)
        onwards = []
        for override in self.overrides.get(entry.uid, ()):
            day, _ = self._place(override.of, entry.span, exact=False)
            overrides[day].append(override)
            if override.onwards and not override.entry.free:
                onwards.append((day, override.entry))
        for day, _, span in sorted(starts, key=lambda start: start[:2]):
            replaced = next((override for override in overrides[day] if not override.used), None)
            if replaced:
                replaced.used = True
            else:
                yield Occurrence(entry, span)
            for since, later in onwards:
                if day > since:
                    # some programs move all that follow, others this one alone: both count
                    yield Occurrence(later, later.span.starting(later.span.day + day - since, later.span.seconds))
