"""Models of portals: how a booking site sells nights, reads our feed, and repeats what it read.

A portal knows nothing of the daemon. It is given a feed (:meth:`Portal.read`) and shows a calendar
(:meth:`Portal.calendar`), both as bytes, so that it can be served over HTTP; :meth:`Portal.hear` and :meth:`Portal.events`
are the same without the bytes.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from icalsyncd.calendars.calendar import Event, Kind
from icalsyncd.calendars.nights import EMPTY, Night, Nights, Stay, date_of, night_of, union

DAY = 86400.0


class Uids(StrEnum):
    """The UID under which a portal repeats what it imported."""

    SAME = "same"
    DATES = "dates"
    EACH_TIME = "each time"


class Shape(StrEnum):
    """The events as which a portal repeats what it imported."""

    AS_THEY_CAME = "as they came"
    MERGED = "merged"
    """With neighbours of its own, where it shows those alike."""
    BY_NIGHT = "by night"
    PADDED = "padded"
    """A night wider on each side."""


@dataclass(frozen=True, slots=True)
class Habits:
    """All in which portals differ."""

    repeats: bool = True
    labels: bool = False
    """Its own bookings are told from what it imported by their summary."""
    uids: Uids = Uids.DATES
    shape: Shape = Shape.AS_THEY_CAME
    clips: bool = False
    """Stays that run are shown from today on."""
    empty_body: bool = False
    """No calendar at all while it has nothing to show."""
    reads_every: float = 3600.0
    acts_after: float = 0.0
    """Seconds from reading a feed to closing its nights."""

    @property
    def adds(self) -> int:
        """Nights that it closes on each side of what it imports."""
        return 1 if self.shape is Shape.PADDED else 0

    def __str__(self) -> str:
        if not self.repeats:
            shows = "repeats nothing"
        else:
            shows = f"{self.shape}, {self.uids} UIDs{', clipped' if self.clips else ''}"
        labels = "labels" if self.labels else "all alike"
        return f"{labels}, {shows}, reads every {self.reads_every / 3600:g} h, acts after {self.acts_after / 3600:g} h"


def today(now: float) -> Night:
    """The day at *now*; the models live in UTC."""
    return night_of(datetime.fromtimestamp(now, UTC).date())


def uid_of(stay: Stay) -> str:
    """The UID under which the simulated daemon closes *stay*."""
    return f"{stay.check_in}-{stay.check_out}@hub.example"


def ours(uid: str) -> Nights:
    """The nights behind a UID of :func:`uid_of`; none behind any other."""
    found = re.fullmatch(r"(\d+)-(\d+)@hub\.example", uid)
    return Nights.between(int(found[1]), int(found[2])) if found else EMPTY


@dataclass(slots=True)
class _Reading:
    at: float
    due: float
    events: tuple[tuple[Stay, str], ...]


@dataclass(slots=True)
class Portal:
    """One booking site, with one calendar for one accommodation."""

    name: str
    habits: Habits
    bookings: dict[int, Stay] = field(default_factory=dict)
    _changes: int = 0
    _readings: dict[str, list[_Reading]] = field(default_factory=dict)
    _dice: random.Random = field(default_factory=lambda: random.Random(7))

    def book(self, key: int, stay: Stay) -> None:
        """Sell *stay*; the caller has seen that it is open."""
        self.bookings[key] = stay
        self._changes += 1

    def cancel(self, key: int) -> None:
        """Give the nights of that booking back."""
        self.bookings.pop(key, None)
        self._changes += 1

    def read(self, feed: bytes, now: float, source: str = "hub") -> None:
        """Import *feed*, in place of what was last read from *source*."""
        self.hear(_parsed(feed), now, source)

    def hear(self, events: Iterable[tuple[Stay, str]], now: float, source: str = "hub") -> None:
        """Import events, each with its UID, in place of what was last read from *source*."""
        readings = self._readings.setdefault(source, [])
        while len(readings) > 1 and readings[1].due <= now:
            readings.pop(0)
        readings.append(_Reading(now, now + self.habits.acts_after, tuple(events)))

    def acted_on(self, now: float, source: str = "hub") -> float | None:
        """When it read what it acts on now; None before it has acted on anything."""
        acted = [reading.at for reading in self._readings.get(source, ()) if reading.due <= now]
        return acted[-1] if acted else None

    def _imported(self, now: float) -> list[tuple[Stay, str]]:
        events: list[tuple[Stay, str]] = []
        for readings in self._readings.values():
            acted = [reading for reading in readings if reading.due <= now]
            if acted:
                events.extend(acted[-1].events)
        adds = self.habits.adds
        return [(Stay(stay.check_in - adds, stay.check_out + adds), uid) for stay, uid in events]

    def sold(self) -> Nights:
        """The nights that it has really sold."""
        return Nights.of_stays(self.bookings.values())

    def closed(self, now: float) -> Nights:
        """The nights that nobody can book there now."""
        return self.sold() | Nights.of_stays(stay for stay, _ in self._imported(now))

    def events(self, now: float) -> tuple[Event, ...]:
        """Its calendar now, as a reader understands it."""
        day = today(now)
        habits = self.habits
        own = [stay for stay in self.bookings.values() if stay.check_out > day]
        imported = self._imported(now) if habits.repeats else []
        imported = [(stay, uid) for stay, uid in imported if stay.check_out > day]
        if habits.shape is Shape.MERGED:
            runs = Nights.of_stays((*(stay for stay, _ in imported), *(() if habits.labels else own)))
            imported = [(run, "") for run in runs.stays()]
            if not habits.labels:
                own = []
        elif habits.shape is Shape.BY_NIGHT:
            nights = union(Nights.between(*stay) for stay, _ in imported)
            imported = [(Stay(night, night + 1), "") for night in nights]
        kinds = (Kind.RESERVATION, Kind.BLOCK) if habits.labels else (Kind.UNKNOWN, Kind.UNKNOWN)
        shown = [self._event(stay, kinds[0], "", day) for stay in own]
        shown += [self._event(stay, kinds[1], uid, day) for stay, uid in imported]
        return tuple(event for event in shown if event.check_out > event.check_in)

    def _event(self, stay: Stay, kind: Kind, uid: str, day: Night) -> Event:
        start = max(stay.check_in, day if self.habits.clips else day - 1)
        if self.habits.uids is Uids.EACH_TIME:
            uid = f"{self._dice.getrandbits(48):x}@{self.name}.example"
        elif self.habits.uids is Uids.DATES or not uid:
            uid = f"{start}{stay.check_out}@{self.name}.example"
        return Event(start, stay.check_out, kind, uid)

    def version(self, now: float) -> object:
        """Stays equal while the nights of its calendar, and what kind they are, do."""
        return self._changes, today(now), tuple(self.acted_on(now, source) for source in self._readings)

    def calendar(self, now: float) -> bytes:
        """Its calendar now, as it sends it."""
        events = self.events(now)
        if not events and self.habits.empty_body:
            return b""
        return rendered(((event.stay, event.uid, _SUMMARIES[event.kind]) for event in events), now)


_SUMMARIES = {Kind.RESERVATION: "Reserved", Kind.BLOCK: "Not available", Kind.UNKNOWN: "CLOSED - Not available"}


def rendered(events: Iterable[tuple[Stay, str, str]], now: float) -> bytes:
    """An iCalendar body of all-day events, each with its UID and summary."""
    stamp = datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ")
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//portal.example//EN"]
    for stay, uid, summary in events:
        start, end = (f"{date_of(night):%Y%m%d}" for night in stay)
        lines += ["BEGIN:VEVENT", f"UID:{uid}", f"DTSTAMP:{stamp}"]
        lines += [f"DTSTART;VALUE=DATE:{start}", f"DTEND;VALUE=DATE:{end}", f"SUMMARY:{summary}", "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()


def _parsed(feed: bytes) -> list[tuple[Stay, str]]:
    events: list[tuple[Stay, str]] = []
    for block in feed.decode().replace("\r\n ", "").split("BEGIN:VEVENT")[1:]:
        start, end = (_date(block, name) for name in ("DTSTART", "DTEND"))
        uid = re.search(r"^UID:(.*?)\r?$", block, re.MULTILINE)
        events.append((Stay(start, end), uid[1] if uid else ""))
    return events


def _date(block: str, name: str) -> Night:
    found = re.search(rf"^{name}[^:\r\n]*:(\d{{8}})", block, re.MULTILINE)
    if found is None:
        raise ValueError(f"an event of a feed lacks its {name}")
    return night_of(datetime.strptime(found[1], "%Y%m%d").replace(tzinfo=UTC).date())
