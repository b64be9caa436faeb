"""A history played with odd portals, and watched: what each portal was told, and what that came to."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace

from icalsyncd.calendars.nights import EMPTY, Night, Nights, Stay, union
from tests.network.history import HOUR, Fault, History, Wish
from tests.network.hubs import Attribution
from tests.network.odd_portals import OddPortal
from tests.network.portals import DAY, today
from tests.network.simulation import REST, Play, Tally

SAMPLE = HOUR / 2
READER = "Google-Calendar-Importer; (+https://www.google.com)"
"""Somebody else who reads a portal's link."""


@dataclass(slots=True)
class Watch(Tally):
    """What histories came to, seen from each portal."""

    told_free: int = 0
    """Nights that a portal was told are free though the last good copy of another one shows a guest there: once for each
    night, booking and reader; nights never overbooked."""
    told_free_again: int = 0
    """The same on nights that had been overbooked before."""
    lapses: int = 0
    """The same where the last good copy no longer shows the guest, whose booking stands."""
    hidden: int = 0
    """Bookings of which two have a night, both pulled for an hour, and the host is shown none of it."""
    cancelled: int = 0
    idle: float = 0.0
    """Hours for which nights that a guest gave back were closed somewhere, summed, but for those that stay so."""
    looks: int = 0
    """Pulls made because a portal came to read."""
    undecided: int = 0


@dataclass(slots=True)
class Guests:
    """Who waits for what is given back."""

    waiting: int = 0
    """Guests who want the very nights of a stay that was cancelled, each at some portal."""
    patience: float = DAY
    share: float = 0.8
    """Of the cancelled stays, those that anyone waits for."""
    elsewhere: bool = True
    """They wait at other portals than the one that it was cancelled at."""


@dataclass(slots=True)
class Watched(Play):
    """One history with odd portals and guests who wait."""

    guests: Guests = field(default_factory=Guests)
    absences: tuple[tuple[str, float, float], ...] = ()
    """Portals that, from the second time on, show for six hours what they showed at the first."""
    restored: tuple[float, float] | None = None
    """When the state is saved, and when it is restored from that."""
    watch: Watch = field(default_factory=Watch)
    _seen: dict[str, Nights] = field(default_factory=dict)
    _free: set[tuple[Night, int, str]] = field(default_factory=set)
    _lapsed: set[tuple[Night, int, str]] = field(default_factory=set)
    _hidden: set[tuple[int, int]] = field(default_factory=set)
    _given_back: dict[Night, float] = field(default_factory=dict)
    _idle: dict[Night, float] = field(default_factory=dict)
    _caches: dict[str, tuple[float, Nights]] = field(default_factory=dict)
    _luck: random.Random = field(default_factory=lambda: random.Random(5))

    def run(self) -> Watch:
        found = Play.run(self)
        watch = self.watch
        for name in Tally.__slots__:
            setattr(watch, name, getattr(found, name))
        return watch

    def _schedule(self) -> None:
        Play._schedule(self)
        self._luck.seed(self.story.seed + 2)
        self.every(SAMPLE, 60.0, self.sample)
        for name, portal in self.portals.items():
            assert isinstance(portal, OddPortal)
            if portal.odd.read_twice:
                phase = self._luck.uniform(0, portal.odd.read_twice)
                self.every(portal.odd.read_twice, HOUR + phase, lambda name=name: self.read_by_another(name))  # type: ignore[misc]
        for name, start, end in self.absences:
            portal = self.portals[name]
            assert isinstance(portal, OddPortal)
            self.at(start, lambda portal=portal: portal.freeze(self.now))  # type: ignore[misc]
            self.at(end + 6 * HOUR, portal.thaw)
        if self.restored is not None:
            self.at(self.restored[0], self.save)

    def save(self) -> None:
        assert self.restored is not None
        assert isinstance(self.hub, Attribution)
        saved = self.hub.saved()
        self.at(self.restored[1], lambda: self.restore(saved))

    def restore(self, saved: object) -> None:
        assert isinstance(self.hub, Attribution)
        self._versions.clear()
        self.hub.restore(saved, self.now)

    def look(self) -> Nights:
        ghosts = Play.look(self)
        kept = ghosts
        self.watch.idle = sum(hours for night, hours in self._idle.items() if night not in kept)
        self.watch.undecided = len(self.hub.undecided()) if isinstance(self.hub, Attribution) else 0
        return ghosts

    def truth(self) -> tuple[Nights, Nights, int]:
        """The same, without what each portal closes at itself by its own settings."""
        day = today(self.now)
        sold = union(portal.sold() for portal in self.portals.values())
        taken = sold.since(day)
        ghosts, opened = EMPTY, 0
        for portal in self.portals.values():
            assert isinstance(portal, OddPortal)
            closed = portal.closed(self.now).since(day)
            opened += len(taken - closed)
            adds = portal.habits.adds
            ghosts |= closed - portal.rules(self.now) - sold.since(day - 1 - adds).widened(adds, adds)
        for portal in self.portals.values():
            assert isinstance(portal, OddPortal)
            ghosts -= portal.rules(self.now)
        return taken, ghosts, opened

    def cancel(self, key: int) -> None:
        booking = self.bookings[key]
        stood = key in self.portals[booking.portal].bookings
        Play.cancel(self, key)
        if not stood or key in self.portals[booking.portal].bookings:
            return
        self.watch.cancelled += 1
        for night in booking.nights:
            self._given_back[night] = self.now
        guests = self.guests
        if not guests.waiting or self._luck.random() > guests.share:
            return
        names = [name for name in self.portals if not guests.elsewhere or name != booking.portal]
        for _ in range(guests.waiting):
            again = Wish(
                at=self.now,
                portal=self._luck.choice(names),
                stay=booking.stay,
                cancelled_after=self._luck.expovariate(1 / (2 * DAY)) if self._luck.random() < 0.6 else None,
                gives_way_after=self._luck.uniform(HOUR, DAY) if self._luck.random() < 0.7 else None,
            )
            self.at(self.now + self._luck.uniform(60, 600), lambda again=again: self.wait(again))  # type: ignore[misc]

    def wait(self, wish: Wish) -> None:
        """A guest looks every few minutes whether these nights are open."""
        if self.now > min(wish.at + self.guests.patience, self.story.end) or wish.stay.check_in < today(self.now):
            return
        if Nights.between(*wish.stay).isdisjoint(self.portals[wish.portal].closed(self.now)):
            self.wish(wish)
        else:
            self.at(self.now + self._luck.uniform(200, 500), lambda: self.wait(wish))

    def pull(self, name: str) -> bool:
        good = Play.pull(self, name)
        if good:
            self._seen[name] = Nights.of_stays(event.stay for event in self.portals[name].events(self.now))
        return good

    def read(self, name: str) -> None:
        portal = self.portals[name]
        assert isinstance(portal, OddPortal)
        if self.failing(name, Fault.READER, Fault.BOTH):
            return
        cached = self._caches.get(name)
        if portal.odd.behind_a_cache and cached and self.now - cached[0] < portal.odd.behind_a_cache:
            Play._arrives(self, name, cached[1])
            return
        if self.hub.is_complete() and self.hub.differs(name):
            self.watch.looks += 1
        Play.read(self, name)

    def _arrives(self, name: str, nights: Nights) -> None:
        portal = self.portals[name]
        assert isinstance(portal, OddPortal)
        cached = self._caches.get(name)
        if portal.odd.behind_a_cache and (cached is None or self.now - cached[0] >= portal.odd.behind_a_cache):
            self._caches[name] = (self.now, nights)
        self._check(name, nights)
        Play._arrives(self, name, nights)

    def read_by_another(self, name: str) -> None:
        """Somebody else reads the portal's feed."""
        if not self.hub.is_complete() or not isinstance(self.hub, Attribution):
            return
        looked = self.pull(name) if self.hub.differs(name) else False
        nights = self.hub.feed(name)
        self.hub.telling(name, nights)
        self.hub.told(name, nights, self.now, looked=looked, agent=READER)

    def _check(self, reader: str, told: Nights) -> None:
        """Whether what *reader* is told lacks a night that a guest has elsewhere."""
        if self.now > self.story.end + REST:
            return  # the host has paused portals
        day = today(self.now)
        own = self.portals[reader].sold()
        for key, booking in self.bookings.items():
            if booking.portal == reader or booking.pulled_at is None:
                continue
            if key not in self.portals[booking.portal].bookings:
                continue
            for night in (booking.nights - told - own).since(day):
                if night in self._seen.get(booking.portal, EMPTY):
                    if (night, key, reader) not in self._free:
                        self._free.add((night, key, reader))
                        if night in self.overbooked:
                            self.watch.told_free_again += 1
                        else:
                            self.watch.told_free += 1
                elif (night, key, reader) not in self._lapsed:
                    self._lapsed.add((night, key, reader))
                    self.watch.lapses += 1

    def sample(self) -> None:
        """Every half hour: which nights given back are still closed somewhere, and which double bookings nobody is shown."""
        if self.now > self.story.end + 2 * DAY:
            return
        sold = union(portal.sold() for portal in self.portals.values())
        closed = union(
            # what it closes by its own settings nobody keeps closed
            portal.closed(self.now) - portal.rules(self.now)
            for portal in self.portals.values()
            if isinstance(portal, OddPortal)
        )
        open_again = []
        for night in self._given_back:
            if night in sold or night < today(self.now) or night not in closed:
                open_again.append(night)
            else:
                self._idle[night] = self._idle.get(night, 0.0) + SAMPLE / HOUR
        for night in open_again:
            del self._given_back[night]
        if int(self.now // SAMPLE) % 8 == 0:
            self._find_hidden()

    def _find_hidden(self) -> None:
        standing = [
            (key, booking)
            for key, booking in self.bookings.items()
            if booking.pulled_at is not None
            and booking.pulled_at < self.now - HOUR
            and key in self.portals[booking.portal].bookings
        ]
        shown: Nights | None = None
        for place, (key, booking) in enumerate(standing):
            for other, rival in standing[place + 1 :]:
                both = (booking.nights & rival.nights).since(today(self.now))
                if not both or booking.portal == rival.portal:
                    continue
                if not (both <= self._seen[booking.portal] and both <= self._seen[rival.portal]):
                    continue
                if shown is None:
                    shown = union(self.hub.shown())
                if not both <= shown and (key, other) not in self._hidden:
                    self._hidden.add((key, other))
                    self.watch.hidden += 1


def sharpened(story: History, **given: object) -> History:
    """*story* with other values."""
    return replace(story, **given)  # type: ignore[arg-type]


def weeks(wishes: tuple[Wish, ...]) -> tuple[Wish, ...]:
    """The same guests, all of whom want a week from Saturday to Saturday."""
    made = []
    for wish in wishes:
        saturday = wish.stay.check_in + (6 - wish.stay.check_in) % 7
        made.append(replace(wish, stay=Stay(saturday, saturday + 7)))
    return tuple(made)


def back_to_back(wishes: tuple[Wish, ...], dice: random.Random, names: tuple[str, ...]) -> tuple[Wish, ...]:
    """The same guests, and for every second one another who wants the nights directly beside."""
    made = list(wishes)
    for wish in wishes:
        if dice.random() < 0.5:
            length = dice.choice((1, 2, 3))
            stay = Stay(wish.stay.check_out, wish.stay.check_out + length)
            if dice.random() < 0.5 and wish.stay.check_in - length > today(wish.at):
                stay = Stay(wish.stay.check_in - length, wish.stay.check_in)
            made.append(replace(wish, at=wish.at + dice.uniform(0, 6 * HOUR), stay=stay, portal=dice.choice(names)))
    return tuple(sorted(made, key=lambda wish: wish.at))
