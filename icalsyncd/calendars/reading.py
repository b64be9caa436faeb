"""From a portal's bytes to nights: one event at a time, so that a bad one does not cost the others."""

from __future__ import annotations

import re
from typing import Final

from icalsyncd.calendars.calendar import Broken, Event, Failed, Good, Kind, Partial, Reading, Reason
from icalsyncd.calendars.components import Component, Structure, fingerprint_of, structure_of
from icalsyncd.calendars.lines import inflate, lines_of
from icalsyncd.calendars.nights import Night, Stay, date_of, horizon
from icalsyncd.calendars.series import Entry, Occurrence, occurrences_of
from icalsyncd.calendars.settings import ReadSettings
from icalsyncd.calendars.spans import Span, period_of, plain_dates, timing_of
from icalsyncd.calendars.zones import FIRST_DAY, LAST_DAY, Zones

MAX_INFLATED: Final = 5 * 1024 * 1024
MAX_INSTANCES: Final = 50_000
"""More times than those of any real calendar are taken by one."""
MAX_TAKEN: Final = 50_000
"""Events, and nights of each, that are taken in together: whole years, dozens of times over. No real calendar of what can be
booked once per night comes near, and what follows from a calendar costs as much as this says."""
MAX_PROBLEMS: Final = 20
"""So many are told one by one, the rest by number."""

_MAX_TEXT: Final = 4096
"""A summary or UID is not looked at beyond this."""
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_PLAIN: Final = frozenset({"DTSTART", "DTEND", "SUMMARY", "UID"})


def read(body: bytes, settings: ReadSettings, today: Night, *, max_size: int = MAX_INFLATED) -> Reading:
    """The nights that *body*, a whole calendar as a portal sent it, says are taken.

    *today* is the accommodation's date; nights before yesterday and beyond three years are left out. The body may be
    gzip, of at most *max_size* bytes when it is inflated; of a plain one the size was the puller's affair.

    Never raises for what is in *body*.
    """
    inflated = inflate(body, max_size)
    if isinstance(inflated, Failed):
        return inflated
    text = lines_of(inflated)
    if isinstance(text, Failed):
        return text
    if text.lines == [""]:
        return Good(()) if settings.empty_is_valid else Failed(Reason.EMPTY, "the body is empty")
    structure = structure_of(text.lines)
    if isinstance(structure, Failed):
        return structure
    return _Reader(text.lines, structure, list(text.problems), settings, horizon(today)).reading()


class _Reader:
    def __init__(
        self, lines: list[str], structure: Structure, problems: list[str], settings: ReadSettings, window: Stay
    ) -> None:
        self.lines = lines
        self.structure = structure
        self.problems = problems + structure.problems
        self.broken = list(structure.broken)
        self.settings = settings
        self.window = window
        self.zones = Zones(settings.timezone, lines, structure.zones)
        self.events: list[Event] = []
        self.kinds: dict[str, Kind | None] = {}
        self.sequences: dict[str, str] = {}

    def reading(self) -> Reading:
        structure = self.structure
        entries = []
        inclusive = 1 if self.settings.dtend_inclusive else 0
        for position, component in enumerate(structure.events, 1):
            kind = self._kind(component)
            dates = plain_dates(component.properties) if _is_bare(component) else None
            if dates is not None:
                if kind is not None:
                    self._take(dates[0], dates[1] + inclusive, kind, _uid(component))
            elif entry := self._entry(position, component, kind):
                entries.append(entry)
        if any(entry.repeats or entry.replaces for entry in entries):
            occurrences = occurrences_of(entries, self.zones, self.window)
            if isinstance(occurrences, Failed):
                return occurrences
        else:
            occurrences = [Occurrence(entry, entry.span) for entry in entries if not entry.free]
        for entry, span in occurrences:
            self._take(*span.nights(self.zones.home), entry.kind, entry.uid)
        for entry in entries:
            self._report(entry.position, entry.component, entry.span, entry.problems, broken=entry.broken)
        for component in structure.busy:
            self._read_busy(component)
        if self.zones.unknown:
            self.problems.append(f"{self.zones.unknown} time zones are not known; the accommodation's counts for them")
        if structure.others and not structure.events and not structure.busy:
            self.problems.append("there is nothing in it that could take a night")
        return self._result()

    def _kind(self, component: Component) -> Kind | None:
        """What its summary means; None where it is one that takes no night."""
        written = component.properties.get("SUMMARY")
        summary = written[1] if written else ""
        try:
            return self.kinds[summary]
        except KeyError:
            text = _unescaped(summary[:_MAX_TEXT])
            kind: Kind | None = self.settings.kind_of(text)
            if self.settings.ignore.match(text) or (self.settings.drop_blocks and kind is Kind.BLOCK):
                kind = None
            self.kinds[summary] = kind
            return kind

    def _take(self, check_in: Night, check_out: Night, kind: Kind, uid: str) -> None:
        check_in = max(check_in, self.window.check_in)
        check_out = min(check_out, self.window.check_out)
        if check_in < check_out:
            self.events.append(Event(check_in, check_out, kind, uid))

    def _entry(self, position: int, component: Component, kind: Kind | None) -> Entry | None:
        """The event with its time, or None where it takes no night whatever its time; what is wrong is noted."""
        problems = [*component.problems, *component.faults]
        broken = bool(component.faults)
        cancelled = _all_say(component, "STATUS", "CANCELLED")
        if kind is None or (cancelled and "RECURRENCE-ID" not in component.properties):
            self._report(position, component, None, problems, broken=broken)
            return None
        timing = timing_of(component, self.zones, dtend_inclusive=self.settings.dtend_inclusive)
        problems += timing.problems
        if timing.span is None:
            self._report(position, component, None, problems, broken=not cancelled or broken)
            return None
        transparent = _all_say(component, "TRANSP", "TRANSPARENT") or _all_say(
            component, "X-MICROSOFT-CDO-BUSYSTATUS", "FREE"
        )
        free = cancelled or (transparent and not (timing.span.all_day and self.settings.transparent_blocks))
        uid = _uid(component)
        sequence = component.value("SEQUENCE")
        versioned = sequence and uid and "RECURRENCE-ID" not in component.properties
        if versioned and self.sequences.setdefault(uid, sequence) != sequence:
            problems.append("it is another version of an event in the same calendar; both count")
        return Entry(position, component, timing.span, uid, kind, free, problems, timing.broken or broken)

    def _report(
        self, position: int, component: Component, span: Span | None, problems: list[str], *, broken: bool
    ) -> None:
        if problems:
            place = f" ({date_of(span.day)})" if span and FIRST_DAY < span.day < LAST_DAY else ""
            self.problems.extend(f"event {position}{place}: {problem}" for problem in problems)
        if broken:
            lines = self.lines[component.first_line : component.end_line + 1]
            self.broken.append(Broken(fingerprint_of(lines), _uid(component)))

    def _read_busy(self, component: Component) -> None:
        """A VFREEBUSY: RFC 5545 section 3.6.4. All of its periods but the free ones are taken."""
        broken = bool(component.faults)
        for written in component.all_of("FREEBUSY"):
            if written[0].parameters.get("FBTYPE", "").upper() == "FREE":
                continue
            for value in written[1].split(","):
                timing = period_of((written[0], value), self.zones)
                broken |= timing.broken
                if timing.span:
                    self._take(*timing.span.nights(self.zones.home), Kind.UNKNOWN, _uid(component))
        self.problems.extend(f"busy times: {problem}" for problem in (*component.problems, *component.faults))
        if broken:
            self.problems.append("busy times: some of them cannot be read")
            lines = self.lines[component.first_line : component.end_line + 1]
            self.broken.append(Broken(fingerprint_of(lines), _uid(component)))

    def _result(self) -> Reading:
        if len(self.events) > MAX_INSTANCES:
            return Failed(Reason.TOO_MANY_EVENTS, f"more than {MAX_INSTANCES} busy times")
        events = tuple(sorted(set(self.events)))
        if sum(1 + event.check_out - event.check_in for event in events) > MAX_TAKEN:
            return Failed(Reason.TOO_MANY_EVENTS, "its events overlap more often than any real calendar's")
        problems = tuple(self.problems[:MAX_PROBLEMS])
        if len(self.problems) > MAX_PROBLEMS:
            problems += (f"and {len(self.problems) - MAX_PROBLEMS} more",)
        if self.broken:
            return Partial(events, problems, tuple(self.broken))
        return Good(events, problems)


def _is_bare(component: Component) -> bool:
    """Whether it has two ends and nothing else that could have a say in its nights but its summary."""
    properties = component.properties
    return (
        properties.keys() <= _PLAIN
        and "DTSTART" in properties
        and "DTEND" in properties
        and not (component.repeated or component.faults or component.problems)
    )


def _uid(component: Component) -> str:
    return component.value("UID")[:_MAX_TEXT]


def _all_say(component: Component, name: str, value: str) -> bool:
    """Whether it has a property *name*, and each one has that value, in whatever case."""
    written = component.all_of(name)
    return bool(written) and all(text.strip().upper() == value for _, text in written)


def _unescaped(text: str) -> str:
    r"""TEXT as RFC 5545 section 3.3.11 has it, without its backslashes."""
    if "\\" not in text:
        return text
    return _ESCAPED.sub(lambda escaped: "\n" if escaped[1] in "nN" else escaped[1], text)
