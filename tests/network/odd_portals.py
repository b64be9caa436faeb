"""Portals that depart from what the plain models do: what is seen of real ones, and what would be worst."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from zlib import crc32

from icalsyncd.calendars.calendar import Event, Kind
from icalsyncd.calendars.nights import EMPTY, Nights, Stay
from tests.network.history import HOUR
from tests.network.portals import Portal, ours, today

AHEAD = 400
"""Nights ahead up to which a portal closes what lies beyond its booking window."""


@dataclass(frozen=True, slots=True)
class Oddity:
    """In what a portal departs from its habits."""

    sticky: bool = False
    """It never opens again what it imported."""
    shift: tuple[int, int] = (0, 0)
    """Nights by which it moves the start and the end of what it imported, where it shows that."""
    own_by_night: bool = False
    """Its own bookings too are shown night by night."""
    keeps_uid: bool = False
    """A booking of its own on nights that it imported is shown with them, as one event under our UID."""
    starts_tomorrow: bool = False
    """What it shows begins tomorrow."""
    window: int | None = None
    """It closes all nights further ahead than this."""
    notice: int = 0
    """It closes so many nights from today on."""
    cached_for: float = 0.0
    """Seconds for which it shows the same copy of its calendar."""
    goes_back: float = 0.0
    """Share of the half hours in which it shows its calendar of six hours before."""
    behind_a_cache: float = 0.0
    """Seconds for which something between us and the portal answers with a copy of our feed."""
    read_twice: float = 0.0
    """Seconds between the readings of somebody else who has the portal's link; 0: nobody."""


PLAIN = Oddity()


@dataclass(slots=True)
class OddPortal(Portal):
    """A booking site with an oddity."""

    odd: Oddity = PLAIN
    _heard: dict[tuple[Stay, str], float] = field(default_factory=dict)
    """All that it ever imported, and when that was due."""
    _copies: list[tuple[float, tuple[Event, ...]]] = field(default_factory=list)
    _showing: bool = False
    _frozen: tuple[Event, ...] | None = None
    _last: tuple[object, tuple[Event, ...]] | None = None
    """The calendar made last, and of what."""

    def hear(self, events: Iterable[tuple[Stay, str]], now: float, source: str = "hub") -> None:
        listed = list(events)
        if self.odd.sticky:
            for event in listed:
                self._heard.setdefault(event, now + self.habits.acts_after)
        Portal.hear(self, listed, now, source)

    def _imported(self, now: float) -> list[tuple[Stay, str]]:
        found = Portal._imported(self, now)
        if self.odd.sticky:
            found = [event for event, due in self._heard.items() if due <= now]
        if not self._showing:
            return found
        first, last = self.odd.shift
        moved = ((Stay(stay.check_in + first, stay.check_out + last), uid) for stay, uid in found)
        return [(stay, uid) for stay, uid in moved if stay.check_out > stay.check_in]

    def rules(self, now: float) -> Nights:
        """The nights that it closes by its own settings."""
        day = today(now)
        window = EMPTY if self.odd.window is None else Nights.between(day + self.odd.window, day + AHEAD)
        return window | Nights.between(day, day + self.odd.notice)

    def closed(self, now: float) -> Nights:
        return Portal.closed(self, now) | self.rules(now)

    def freeze(self, now: float) -> None:
        """From now on it shows its calendar as it is at this moment."""
        self._frozen = self._shown(now)

    def thaw(self) -> None:
        """It shows its calendar as it is."""
        self._frozen = None

    def events(self, now: float) -> tuple[Event, ...]:
        if self._frozen is not None:
            return self._frozen
        odd = self.odd
        if odd.cached_for and self._copies and self._copies[-1][0] // odd.cached_for == now // odd.cached_for:
            return self._copies[-1][1]
        made_of = Portal.version(self, now)
        if self._last is None or self._last[0] != made_of:
            self._last = made_of, self._shown(now)
        fresh = self._last[1]
        if odd is not PLAIN:
            self._copies.append((now, fresh))
        if odd.goes_back and self._is_old(now):
            old = [events for at, events in self._copies if at <= now - 6 * HOUR]
            return old[-1] if old else fresh
        return fresh

    def _is_old(self, now: float) -> bool:
        return crc32(f"{self.name} {now // 1800}".encode()) % 1000 < 1000 * self.odd.goes_back

    def _shown(self, now: float) -> tuple[Event, ...]:
        odd, day = self.odd, today(now)
        self._showing = True
        events = list(Portal.events(self, now))
        self._showing = False
        if odd.keeps_uid:
            events = _under_our_uids(events)
        if odd.own_by_night:
            events = [
                Event(night, night + 1, event.kind, "")
                for event in events
                for night in range(event.check_in, event.check_out)
            ]
        kind = Kind.BLOCK if self.habits.labels else Kind.UNKNOWN
        events += [Event(*run, kind, "") for run in self.rules(now).stays()]
        if odd.starts_tomorrow:
            events = [event._replace(check_in=max(event.check_in, day + 1)) for event in events]
        return tuple(event for event in events if event.check_out > event.check_in)

    def version(self, now: float) -> object:
        # two copies of one version are the same object
        return Portal.version(self, now) if self.odd is PLAIN and self._frozen is None else id(self.events(now))


def _under_our_uids(events: list[Event]) -> list[Event]:
    """*events*, those that overlap one under a UID of ours joined with it."""
    made = [event for event in events if ours(event.uid)]
    for event in events:
        if ours(event.uid):
            continue
        for place, other in enumerate(made):
            if event.kind is other.kind and event.check_in < other.check_out and other.check_in < event.check_out:
                made[place] = Event(
                    min(event.check_in, other.check_in), max(event.check_out, other.check_out), other.kind, other.uid
                )
                break
        else:
            made.append(event)
    return made
