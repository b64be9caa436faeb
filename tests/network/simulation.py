"""A network of portals around a hub, played through in memory, event by event, with the truth known."""

from __future__ import annotations

import heapq
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from itertools import count

from icalsyncd.availability.channel import Channel
from icalsyncd.calendars.nights import EMPTY, Nights, Stay, union
from tests.network.history import HOUR, START, Fault, History, Outage, Wish
from tests.network.hubs import Attribution, Hub
from tests.network.portals import DAY, Portal, today, uid_of

ROUND = HOUR / 2
REST = 4 * DAY
"""How long nobody books and nothing fails before the network is looked at."""
PAUSE = 1.5 * DAY
"""How long a host pauses portals that keep a night closed for no reason."""


@dataclass(slots=True)
class Tally:
    """What histories came to."""

    bookings: int = 0
    double_bookings: int = 0
    avoidable: int = 0
    """Double bookings, by a portal that had read what we had pulled, of nights never overbooked before."""
    avoidable_again: int = 0
    """The same on nights that had been overbooked before."""
    open_taken: int = 0
    """Nights that are taken at one portal and open at another one, at rest, summed over portals."""
    ghosts: int = 0
    """Nights that nobody took and some portal keeps closed, at rest."""
    ghosts_unshown: int = 0
    """Ghosts of which the host is not told as possible ones."""
    ghosts_undoubted: int = 0
    """Ghosts on nights that were neither overbooked nor first seen in doubt."""
    ghosts_after_advice: int = 0
    """Ghosts, and nights open that are taken, after the host did what we say about possible ghosts."""
    alarms: int = 0
    """Nights shown at rest as overbooked, or as possible ghosts, that are neither."""
    taken: int = 0
    """Nights that exactly one booking has, at rest."""
    suspected: int = 0
    """Those of them that are shown as possible ghosts: the warnings that cry wolf."""

    def __add__(self, other: Tally) -> Tally:
        names = [each.name for each in fields(self)]
        return type(self)(*(getattr(self, name) + getattr(other, name) for name in names))


@dataclass(slots=True)
class Booking:
    """A stay that was sold."""

    portal: str
    stay: Stay
    nights: Nights
    pulled_at: float | None = None
    """When the hub first saw it."""


@dataclass(slots=True)
class Play:
    """One history with one hub."""

    story: History
    hub: Hub
    portals: dict[str, Portal]
    now: float = START
    bookings: dict[int, Booking] = field(default_factory=dict)
    tally: Tally = field(default_factory=Tally)
    overbooked: Nights = EMPTY
    """Nights that were sold twice at any time."""
    doubted: Nights = EMPTY
    """Nights of which the hub was in doubt at any time."""
    copies: dict[str, Nights] = field(default_factory=dict)
    """The feeds published elsewhere."""
    _dice: random.Random = field(default_factory=lambda: random.Random(11))
    _outages: dict[str, list[Outage]] = field(default_factory=dict)
    _versions: dict[str, object] = field(default_factory=dict)
    """What the hub's last good copy of each portal was of: the same again is answered with 304."""
    _queue: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    _order: count[int] = field(default_factory=count)

    def run(self) -> Tally:
        """Play it to the end and through the rest that follows, and count."""
        self._schedule()
        self.until(self.story.end + REST)
        ghosts = self.look()
        if ghosts and isinstance(self.hub, Attribution):
            self.follow_advice(ghosts)
        return self.tally

    def _schedule(self) -> None:
        dice = random.Random(self.story.seed + 1)
        for outage in self.story.outages:
            self._outages.setdefault(outage.portal, []).append(outage)
            if outage.fault is Fault.HUB:
                self.at(outage.end, self.restart)
        for wish in self.story.wishes:
            self.at(wish.at, lambda wish=wish: self.wish(wish))  # type: ignore[misc]
        for name, portal in self.portals.items():
            self.every(ROUND, dice.uniform(0, ROUND), lambda name=name: self.round(name))  # type: ignore[misc]
            reads = portal.habits.reads_every
            self.every(reads, HOUR + dice.uniform(0, reads), lambda name=name: self.read(name))  # type: ignore[misc]
        for reader, source in self.story.direct:
            self.every(2 * HOUR, HOUR, lambda reader=reader, source=source: self.read_directly(reader, source))  # type: ignore[misc]
        self.every(ROUND, 0.0, self.tick)
        for when in self.story.kills:
            self.at(when, self.restart)
        for when in self.story.forgets:
            self.at(when, self.forget)

    def at(self, when: float, what: Callable[[], None]) -> None:
        heapq.heappush(self._queue, (when, next(self._order), what))

    def every(self, seconds: float, phase: float, what: Callable[[], None]) -> None:
        def again() -> None:
            what()
            self.at(self.now + seconds, again)

        self.at(START + phase, again)

    def until(self, end: float) -> None:
        """All that happens up to *end*."""
        while self._queue[0][0] <= end:
            self.now, _, what = heapq.heappop(self._queue)
            what()
        self.now = end
        self.hub.tick(end)

    def failing(self, name: str, *faults: Fault) -> bool:
        return any(
            outage.start <= self.now < outage.end and outage.fault in faults for outage in self._outages.get(name, ())
        )

    def tick(self) -> None:
        if not self.failing("", Fault.HUB):
            self.hub.tick(self.now)

    def restart(self) -> None:
        self.hub.restart(self.now)

    def forget(self) -> None:
        self._versions.clear()
        self.hub.forget(self.now)

    def wish(self, wish: Wish) -> None:
        """A guest comes to a portal, and books what is open there."""
        portal = self.portals[wish.portal]
        nights = Nights.between(*wish.stay)
        if not nights.isdisjoint(portal.closed(self.now)):
            return
        rivals = {
            key: other
            for key, other in self.bookings.items()
            if other.portal != wish.portal
            and self.meet(other.portal, wish.portal)
            and key in self.portals[other.portal].bookings
            and not nights.isdisjoint(other.nights)
        }
        key = len(self.bookings)
        self.bookings[key] = Booking(wish.portal, wish.stay, nights)
        portal.book(key, wish.stay)
        self.tally.bookings += 1
        if wish.cancelled_after is not None:
            self.at(self.now + wish.cancelled_after, lambda: self.cancel(key))
        if rivals:
            self._judge(nights, list(rivals.values()), portal.acted_on(self.now))
            if wish.gives_way_after is not None:
                loser = key if key % 2 else next(iter(rivals))
                self.at(self.now + wish.gives_way_after, lambda: self.cancel(loser))

    def meet(self, one: str, other: str) -> bool:
        """Whether a guest at one portal takes the nights of a guest at the other."""
        return True

    def _judge(self, nights: Nights, rivals: list[Booking], acted_on: float | None) -> None:
        self.tally.double_bookings += 1
        known = union(
            rival.nights & nights
            for rival in rivals
            if acted_on is not None and rival.pulled_at is not None and rival.pulled_at < acted_on
        )
        if known - self.overbooked:
            self.tally.avoidable += 1
        elif known:
            self.tally.avoidable_again += 1
        self.overbooked |= union(rival.nights & nights for rival in rivals)

    def cancel(self, key: int) -> None:
        if self.now < self.story.end:
            self.portals[self.bookings[key].portal].cancel(key)

    def round(self, name: str) -> None:
        """The hub pulls a portal as planned, and publishes what came of it."""
        self.pull(name)
        if self.story.published and not self.failing("", Fault.HUB):
            # what a look finds is news for others again
            while due := self._unpublished():
                for each in due:
                    self.pull(each)
                    nights = self.hub.feed(each)
                    self.hub.telling(each, nights)
                    self.copies[each] = nights
                    self.hub.published(each, nights, self.now)

    def _unpublished(self) -> list[str]:
        if not self.hub.is_complete():
            return []
        return [name for name in self.portals if self.copies.get(name) != self.hub.feed(name)]

    def pull(self, name: str) -> bool:
        """The hub pulls a portal's calendar; whether a good copy came."""
        if self.failing("", Fault.HUB) or self.failing(name, Fault.CALENDAR, Fault.BOTH):
            return False
        portal = self.portals[name]
        day = today(self.now)
        version = portal.version(self.now)
        cut = self.failing(name, Fault.CUT)
        lies = self.failing(name, Fault.LIE)
        if not cut and not lies and self._versions.get(name) == version:
            return self.hub.take(name, None, self.now, whole=True)
        events = portal.events(self.now)
        if cut:
            events = events[: len(events) // 2]
        elif lies:
            if len(portal.sold().since(day)) < 10:
                # what a hold does not stop is believed: then the portal, not the hub, has opened the night
                return False
            events = ()
        good = self.hub.take(name, events, self.now, whole=not cut)
        self._versions[name] = version if good else None
        seen = Nights.of_stays(event.stay for event in events)
        for booking in self.bookings.values():
            if booking.pulled_at is None and booking.portal == name and booking.nights.since(day) <= seen:
                booking.pulled_at = self.now
        self.doubted |= self.hub.doubted()
        return good

    def read(self, name: str) -> None:
        """A portal reads its feed: from the hub, which looks at its calendar first, or from a copy elsewhere."""
        if self.failing(name, Fault.READER, Fault.BOTH):
            return
        if self.story.published:
            if name in self.copies:
                self._arrives(name, self.copies[name])
            return
        if self.failing("", Fault.HUB) or not self.hub.is_complete():
            return
        looked = self.pull(name) if self.hub.differs(name) else False
        nights = self.hub.feed(name)
        self.hub.telling(name, nights)
        if not self.failing(name, Fault.ANSWER):
            self.hub.told(name, nights, self.now, looked=looked)
            self._arrives(name, nights)
        elif self._dice.random() < 0.5:
            # the hub is killed before it can tell whether the answer arrived
            self.restart()
            if self._dice.random() < 0.5:
                self._arrives(name, nights)

    def _arrives(self, name: str, nights: Nights) -> None:
        self.portals[name].hear([(run, uid_of(run)) for run in nights.stays()], self.now)

    def read_directly(self, reader: str, source: str) -> None:
        events = self.portals[source].events(self.now)
        self.portals[reader].hear([(event.stay, event.uid) for event in events], self.now, source)

    def truth(self) -> tuple[Nights, Nights, int]:
        """At rest: the nights that somebody took, the ghosts, and how many that are taken are open somewhere."""
        day = today(self.now)
        sold = union(portal.sold() for portal in self.portals.values())
        taken = sold.since(day)
        ghosts, opened = EMPTY, 0
        for portal in self.portals.values():
            closed = portal.closed(self.now).since(day)
            opened += len(taken - closed)
            # the nights that a portal adds around what others sold are its own affair, as long as they stay there
            adds = portal.habits.adds
            ghosts |= closed - sold.since(day - 1).widened(adds, adds)
        return taken, ghosts, opened

    def look(self) -> Nights:
        """Compare what each portal shows closed with the truth; the ghosts."""
        taken, ghosts, opened = self.truth()
        overbooked, possible = self.hub.shown()
        self.tally.open_taken += opened
        self.tally.ghosts += len(ghosts)
        self.tally.ghosts_unshown += len(ghosts - possible)
        self.tally.ghosts_undoubted += len(ghosts - self.overbooked - self.doubted)
        times = Counter(night for portal in self.portals.values() for night in portal.sold())
        twice = Nights(night for night, sold in times.items() if sold > 1)
        self.tally.alarms += len((overbooked | possible) - ghosts - (twice & taken))
        self.tally.taken += len(taken - twice)
        self.tally.suspected += len((taken - twice) & possible)
        return ghosts

    def follow_advice(self, ghosts: Nights) -> None:
        """The host sees that nobody has these nights, pauses all that claim them but one, and later resumes them."""
        hub = self.hub
        if not isinstance(hub, Attribution):
            return
        claimers = [name for name, sync in hub.ledger.syncs.items() if not sync.claimed.isdisjoint(ghosts)]
        hub.pause(claimers[1:], self.now)
        self.until(self.now + PAUSE)
        hub.resume(claimers[1:], self.now)
        self._versions.clear()
        self.until(self.now + REST)
        _, left, opened = self.truth()
        self.tally.ghosts_after_advice += len(left) + opened


def channels(story: History) -> dict[str, Channel]:
    """How the syncs of *story* are configured."""
    return {
        name: Channel(
            portal=name,
            receives=True,
            sends=True,
            lag=6 * HOUR,
            padding=min(story.padding, habits.adds),
            reads_every=habits.reads_every,
        )
        for name, habits in story.habits.items()
    }


def play(story: History, hub: Hub | None = None) -> Tally:
    """What *story* comes to, with the daemon's rules or another hub's."""
    portals = {name: Portal(name, habits) for name, habits in story.habits.items()}
    return Play(story, hub or Attribution(channels(story)), portals).run()
