"""From content lines to components: RFC 5545 sections 3.4 and 3.6, with every BEGIN and END counted.

A calendar that was cut off must never read as one with fewer events, so whatever is still open at the end makes the
whole a failure. What is merely crooked is read, and reported as broken wherever something may have been lost by it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final, NamedTuple, TypeAlias

from icalsyncd.calendars.calendar import Broken, Failed, Reason

MAX_EVENTS: Final = 20_000
"""More events than any real calendar has; the largest live one of a listing had 74."""

_OPENING: Final = "BEGIN:VCALENDAR"
_COMPONENTS: Final = frozenset({"VEVENT", "VFREEBUSY"})
_KNOWN: Final = _COMPONENTS | {"VCALENDAR", "VTIMEZONE", "VTODO", "VJOURNAL", "VALARM", "VAVAILABILITY"}
_TIMES: Final = ("DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "RECURRENCE-ID", "FREEBUSY")
_KEPT: Final = frozenset(
    {
        *_TIMES,
        "BEGIN",
        "END",
        "METHOD",
        "STATUS",
        "SUMMARY",
        "TRANSP",
        "UID",
        "SEQUENCE",
        "X-MICROSOFT-CDO-ALLDAYEVENT",
        "X-MICROSOFT-CDO-BUSYSTATUS",
    }
)
_ONCE: Final = frozenset({"DTSTART", "DTEND", "UID"})
"""What an event has once."""
_VOLATILE: Final = ("DTSTAMP", "LAST-MODIFIED", "CREATED", "SEQUENCE")


class Head(NamedTuple):
    """What stands before the colon of a content line: names in upper case, values of parameters without quotes."""

    name: str
    parameters: Mapping[str, str]


Property: TypeAlias = tuple[Head, str]
"""A content line that matters to nights: its head, and its value as written."""

_OF_NO_MATTER: Final = Head("", {})
_NONE: Final = Head("-", {})
"""Of a line that is no content line: RFC 5545 section 3.1 has letters, digits and `-` in a name, and nothing else."""
_NAME: Final = re.compile(r"[A-Za-z0-9-]+", re.ASCII)


@dataclass(slots=True)
class Component:
    """A VEVENT or VFREEBUSY with those of its own properties that matter to nights."""

    name: str
    first_line: int
    properties: dict[str, Property] = field(default_factory=dict)
    """The first of each name."""
    repeated: list[Property] = field(default_factory=list)
    """The second and later of each name."""
    end_line: int = 0
    """The line behind its last own one."""
    faults: tuple[str, ...] = ()
    """Why some of what it says may be lost, in words of ours."""
    problems: tuple[str, ...] = ()

    def all_of(self, name: str) -> list[Property]:
        """Every property called *name*, in order."""
        first = self.properties.get(name)
        if first is None:
            return []
        return [first, *(later for later in self.repeated if later[0].name == name)]

    def value(self, name: str) -> str:
        """The value of the first property called *name*, without blanks around it; `""` where there is none."""
        found = self.properties.get(name)
        return found[1].strip() if found else ""


@dataclass(slots=True)
class Structure:
    """All components of a body that matter to nights, of however many VCALENDARs."""

    events: list[Component] = field(default_factory=list)
    busy: list[Component] = field(default_factory=list)
    zones: list[tuple[int, int]] = field(default_factory=list)
    """Half-open ranges of the lines of each VTIMEZONE."""
    others: int = 0
    """How many components are of no use to us, time zones apart."""
    problems: list[str] = field(default_factory=list)
    broken: list[Broken] = field(default_factory=list)
    """What is broken beside events: nobody knows what was lost there."""


def structure_of(lines: Sequence[str]) -> Structure | Failed:
    """The components that *lines* are made of."""
    return _Walk(lines).structure()


def fingerprint_of(lines: Iterable[str]) -> str:
    """Tells *lines* from others, whenever they were sent: what changes with each fetch is left out."""
    digest = blake2b(digest_size=8)
    for line in lines:
        if not line.upper().startswith(_VOLATILE):
            digest.update(line.encode())
            digest.update(b"\n")
    return digest.hexdigest()


class _Open(NamedTuple):
    name: str
    component: Component | None


class _Walk:
    """One pass over the lines, with what is open at each of them."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = lines
        self.found = Structure()
        self.open: list[_Open] = []
        self.names: defaultdict[str, int] = defaultdict(int)
        self.wrapped = False
        self.unwrapped = False
        self.strays: list[str] = []
        self.zone_start = 0

    def structure(self) -> Structure | Failed:
        heads: dict[str, Head] = {}
        properties: dict[str, Property] | None = None
        opened = self.open
        for number, line in enumerate(self.lines):
            text, colon, value = line.partition(":")
            head = heads.get(text)
            if head is _OF_NO_MATTER:
                continue
            if head is None:
                if not colon:
                    self._misread(line)
                    continue
                head = _head_of(text)
                if head is not _OF_NO_MATTER and head is not _NONE and text.count('"') % 2:
                    # the colon was inside quotes
                    text, value = _split_outside_quotes(line)
                    head = _head_of(text)
                else:
                    heads[text] = head
                if head is _OF_NO_MATTER:
                    continue
            if head is _NONE:
                self._misread(line)
                continue
            name = head.name
            if name == "BEGIN":
                if failed := self._begin(value.strip().upper(), number):
                    return failed
                properties = self._own_properties()
            elif name == "END":
                self._end(value.strip().upper(), number)
                properties = self._own_properties()
            elif properties is not None:
                if name in properties:
                    component = opened[-1].component
                    assert component is not None  # noqa: S101  # it is what `properties` belong to
                    component.repeated.append((head, value))
                else:
                    properties[name] = (head, value)
            elif failed := self._elsewhere(name, value, line):
                return failed
        return self._whole()

    def _own_properties(self) -> dict[str, Property] | None:
        component = self.open[-1].component if self.open else None
        return component.properties if component else None

    def _begin(self, name: str, number: int) -> Failed | None:
        if not self.open:
            if name not in _KNOWN:
                return None  # junk around the calendar
            self.unwrapped |= name != "VCALENDAR"
        self.wrapped |= name == "VCALENDAR"
        component = None
        if name in _COMPONENTS:
            component = Component(name, number)
            (self.found.events if name == "VEVENT" else self.found.busy).append(component)
            if len(self.found.events) + len(self.found.busy) > MAX_EVENTS:
                return Failed(Reason.TOO_MANY_EVENTS, f"more than {MAX_EVENTS} events")
            if self.open and (around := self.open[-1].component):
                around.end_line = around.end_line or number
        elif name == "VTIMEZONE":
            if not self.names[name]:
                self.zone_start = number
        elif name != "VCALENDAR":
            self.found.others += 1
        self.open.append(_Open(name, component))
        self.names[name] += 1
        return None

    def _end(self, name: str, number: int) -> None:
        opened = self.open
        if opened and opened[-1].name == name:
            self._close(number)
        elif self.names[name]:
            while opened[-1].name != name:
                inner = opened[-1]
                if inner.component:
                    inner.component.faults += ("it has no end of its own",)
                else:
                    self._stray(f"{inner.name} without end")
                self._close(number)
            self._close(number)
        elif opened and opened[-1].name != "VCALENDAR":
            if name in _COMPONENTS:
                # then what began here was such a component too, under a name that did not survive
                self._stray(f"END:{name} at the end of something else")
            else:
                self.found.problems.append(f"line {number + 1}: an END that does not match its BEGIN")
            self._close(number)
        elif opened or name in _KNOWN:
            self._stray(f"END:{name} without BEGIN")

    def _close(self, number: int) -> None:
        name, component = self.open.pop()
        self.names[name] -= 1
        if component:
            component.end_line = component.end_line or number
            if component.problems and any(head.name in _ONCE for head, _ in component.repeated):
                component.faults += ("a line that is none stands in it, and it may be two that have run together",)
        elif name == "VTIMEZONE" and not self.names[name]:
            self.found.zones.append((self.zone_start, number + 1))

    def _stray(self, line: str) -> None:
        self.strays.append(line)

    def _misread(self, line: str) -> None:
        """A line that is no content line: it has no colon, or no name before it."""
        text = line.strip().upper()
        if not text or not self.open:
            return
        name, component = self.open[-1]
        if component:
            lack = "name" if ":" in line else "colon"
            if not component.problems:
                component.problems = (f"a line of it has no {lack}",)
            if text.startswith(_TIMES) and not component.faults:
                component.faults = (f"a line that tells of its time has no {lack}",)
        elif name == "VCALENDAR":
            self._stray(line)

    def _elsewhere(self, name: str, value: str, line: str) -> Failed | None:
        """A line outside of the components that we read."""
        if not self.open or self.open[-1].name != "VCALENDAR":
            return None
        if name == "METHOD":
            if value.strip().upper() == "CANCEL":
                return Failed(Reason.NOT_CALENDAR, "it is a cancellation (METHOD:CANCEL), not a calendar")
        elif name in _TIMES:
            self._stray(line)
        return None

    def _whole(self) -> Structure | Failed:
        found = self.found
        last = self.lines[-1].strip().upper()
        if self.open:
            return Failed(Reason.TRUNCATED, "it ends before its END:VCALENDAR")
        if last and _OPENING.startswith(last):
            return Failed(Reason.TRUNCATED, "it ends where a calendar begins")
        if not self.wrapped:
            if not found.events and not found.busy:
                return Failed(Reason.NOT_CALENDAR, "there is no BEGIN:VCALENDAR in it")
            found.problems.append("there is no BEGIN:VCALENDAR around the events")
        elif self.unwrapped:
            found.problems.append("there are events outside of BEGIN:VCALENDAR and END:VCALENDAR")
        else:
            if self.lines[0].strip().upper() != _OPENING:
                found.problems.append("there is something else before BEGIN:VCALENDAR")
            if last != "END:VCALENDAR":
                found.problems.append("there is something else after END:VCALENDAR")
        if self.unwrapped:
            found.broken.append(Broken(fingerprint_of(["events outside of a calendar"]), ""))
        if self.strays:
            found.problems.append(f"{len(self.strays)} lines belong to no event, or are the rest of one")
            found.broken.append(Broken(fingerprint_of(self.strays), ""))
        return found


def _head_of(text: str) -> Head:
    name, semicolon, rest = text.partition(";")
    name = name.strip().upper()
    if name not in _KEPT:
        return _OF_NO_MATTER if _NAME.fullmatch(name) else _NONE
    return Head(name, _parameters_of(rest) if semicolon else {})


def _parameters_of(text: str) -> dict[str, str]:
    pieces = text.split('"')
    if len(pieces) > 1:
        # what is inside quotes may hold semicolons: they are set aside while it is split
        pieces[1::2] = [quoted.replace(";", "\0") for quoted in pieces[1::2]]
        text = "".join(pieces)
    parameters = {}
    for parameter in text.split(";"):
        name, _, value = parameter.partition("=")
        parameters[name.strip().upper()] = value.replace("\0", ";").strip()
    return parameters


def _split_outside_quotes(line: str) -> tuple[str, str]:
    """*line* at its first colon outside of quotes; without any, all of it is head and there is no value."""
    at = 0
    for number, piece in enumerate(line.split('"')):
        if not number % 2 and ":" in piece:
            at += piece.index(":")
            return line[:at], line[at + 1 :]
        at += len(piece) + 1
    return line, ""
