"""Networks in which a house and its rooms are sold at portals of every kind; a portal's name is `accommodation/letter`.

`python -m tests.network.families` prints the figures, beside what comes of passing closures on between siblings by links;
with `--emptied SEED DAYS` those of one long history, and what is closed once every guest of it has cancelled.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from icalsyncd.availability.admission import Outcome
from icalsyncd.availability.attribution import fetched, telling, tick, woke
from icalsyncd.availability.channel import Channel
from icalsyncd.availability.claims import Rule
from icalsyncd.availability.families import joined, rejoined, related, units_of
from icalsyncd.availability.ledger import Ledger, SyncLedger
from icalsyncd.availability.link import Link
from icalsyncd.availability.offers import blocked, trouble
from icalsyncd.availability.receipt import Receipt
from icalsyncd.availability.roster import pause, resume
from icalsyncd.calendars.calendar import Broken, Event, Good, Partial, nights_in
from icalsyncd.calendars.nights import EMPTY, Nights, union
from icalsyncd.state.records import dump_accommodation, dump_sync, load_accommodation, load_sync
from icalsyncd.state.state import Facts
from tests.network.history import History, history, some_habits
from tests.network.hubs import HOLD, Hub
from tests.network.portals import Portal, ours, today
from tests.network.simulation import PAUSE, REST, Play, Tally, channels

Parts = dict[str, tuple[str, ...]]


def some_parts(dice: random.Random) -> Parts:
    """A house of two to six rooms, or three rooms that are sold in sets that overlap."""
    if dice.random() < 0.3:
        return {"abc": ("ab", "bc"), "ab": ("a", "b"), "bc": ("b", "c"), "a": (), "b": (), "c": ()}
    rooms = tuple(f"room-{number}" for number in range(1, dice.randint(2, 6) + 1))
    if len(rooms) > 3:
        return {"house": (*rooms[:2], "annex"), "annex": rooms[2:], **dict.fromkeys(rooms, ())}
    return {"house": rooms, **dict.fromkeys(rooms, ())}


@dataclass(frozen=True, slots=True)
class Family:
    """One history, and what consists of what."""

    story: History
    parts: Parts


def family(seed: int, *, outages: bool, days: int = 6, a_day: float = 30.0) -> Family:
    """The history of a family: guests come to any of its portals."""
    dice = random.Random(seed + 1_000_000)
    parts = some_parts(dice)
    names = [f"{each}/{letter}" for each in parts for letter in "ab"[: dice.randint(1, 2)]]
    base = history(seed, outages=outages, days=days, a_day=a_day, portals=5)
    chosen = {name: some_habits(dice) for name in names}
    wishes = tuple(replace(wish, portal=dice.choice(names)) for wish in base.wishes)
    failing = tuple(
        replace(each, portal=dice.choice(names)) if each.portal else each for each in base.outages for _ in range(2)
    )
    return Family(replace(base, habits=chosen, wishes=wishes, outages=failing, forgets=()), parts)


@dataclass(slots=True)
class Families:
    """The daemon's rules for a family."""

    channels: dict[str, Channel]
    parts: Parts
    ledgers: dict[str, Ledger] = field(default_factory=dict)
    now: float = 0.0

    def __post_init__(self) -> None:
        made = {
            each: Ledger(
                today=0,
                parts=self.parts[each],
                syncs={
                    name: SyncLedger(channel, link=Link(name))
                    for name, channel in self.channels.items()
                    if name.partition("/")[0] == each
                },
            )
            for each in self.parts
        }
        self.ledgers = made | rejoined(made, 0.0)

    def _change(self, name: str, make: Callable[[Ledger], Ledger]) -> None:
        each = name.partition("/")[0]
        self.ledgers[each] = make(self.ledgers[each])
        self.ledgers |= joined(self.ledgers, [each], self.now)

    def _sync(self, name: str) -> SyncLedger:
        return self.ledgers[name.partition("/")[0]].syncs[name]

    def take(self, name: str, events: tuple[Event, ...] | None, now: float, *, whole: bool) -> bool:
        self.now, found = now, []
        reading: Good | Partial | None = None
        if events is not None:
            reading = Good(events) if whole else Partial(events, (), (Broken(f"cut at {now}", ""),))
        receipt = Receipt(sync=name, reading=reading, began=now, now=now, hold=HOLD, ours=ours)

        def entered(ledger: Ledger) -> Ledger:
            after, admitted = receipt.enter(ledger)
            found.append(admitted.outcome)
            return after

        self._change(name, entered)
        return found[0] is Outcome.UPDATED

    def feed(self, name: str) -> Nights:
        return self._sync(name).offered.nights

    def is_complete(self) -> bool:
        return all(ledger.complete for ledger in self.ledgers.values())

    def published(self, name: str, nights: Nights, now: float) -> None:
        raise NotImplementedError

    def telling(self, name: str, nights: Nights) -> None:
        self._change(name, lambda ledger: telling(ledger, name, nights, now=self.now))

    def told(self, name: str, nights: Nights, now: float, *, looked: bool, agent: str = "") -> None:
        self.now = now
        self._change(name, lambda ledger: fetched(ledger, name, nights, now=now, looked=looked, agent=agent))

    def differs(self, name: str) -> bool:
        sync = self._sync(name)
        return not sync.perhaps_told or any(feed != sync.offered.nights for feed in sync.perhaps_told)

    def tick(self, now: float) -> None:
        self.now = now
        for each in self.ledgers:
            self._change(each, lambda ledger: tick(ledger, now=now, today=today(now)))

    def restart(self, now: float) -> None:
        stored = {
            each: (dump_accommodation(ledger), {name: dump_sync(sync, Facts()) for name, sync in ledger.syncs.items()})
            for each, ledger in self.ledgers.items()
        }
        self.ledgers = {
            each: load_accommodation(text, {name: load_sync(record)[0] for name, record in syncs.items()})
            for each, (text, syncs) in stored.items()
        }
        self.ledgers = related(related(self.ledgers))
        for each in self.ledgers:
            self._change(each, lambda ledger: woke(ledger, now=now))
        self.tick(now)

    def pause(self, names: list[str], now: float) -> None:
        self.now = now
        for name in names:
            self._change(name, lambda ledger, name=name: pause(ledger, name, now=now))

    def resume(self, names: list[str], now: float) -> None:
        self.now = now
        for name in names:
            self._change(name, lambda ledger, name=name: resume(ledger, name, now=now))

    def claiming(self, accommodation: str, nights: Nights) -> Iterator[str]:
        """Who claims any of these nights, at the accommodation and at its kin."""
        for each in (accommodation, *self.ledgers[accommodation].kin):
            for name, sync in self.ledgers[each].syncs.items():
                if not sync.claimed.isdisjoint(nights):
                    yield name

    def shown_of(self, accommodation: str) -> Nights:
        seen = trouble(self.ledgers[accommodation])
        return seen.overbooked | seen.possible_ghosts

    def ghosts_of(self, accommodation: str) -> Nights:
        return trouble(self.ledgers[accommodation]).possible_ghosts

    def forget(self, now: float) -> None:
        raise NotImplementedError

    saved = restore = confirm = claimers = undecided = shown = forget  # type: ignore[assignment]

    def doubted(self) -> Nights:
        return union(
            nights
            for ledger in self.ledgers.values()
            for sync in ledger.syncs.values()
            for claim in sync.claims
            for rule, nights in claim.verdicts
            if rule in (Rule.MATCHED, Rule.MISMATCHED)
        )


@dataclass(slots=True)
class Links:
    """What is done without families: each accommodation merges its portals with split horizon, and imports the calendars of
    those that it shares rooms with."""

    names: tuple[str, ...]
    units: dict[str, frozenset[str]]
    claims: dict[str, Nights] = field(default_factory=dict)
    imported: dict[str, Nights] = field(default_factory=dict)
    told_last: dict[str, Nights] = field(default_factory=dict)

    def take(self, name: str, events: tuple[Event, ...] | None, now: float, *, whole: bool) -> bool:
        if events is None:
            return True
        here = nights_in(events)
        self.claims[name] = here if whole else here | self.claims.get(name, EMPTY)
        return whole

    def feed(self, name: str) -> Nights:
        each = name.partition("/")[0]
        own = union(
            nights for other, nights in self.claims.items() if other != name and other.partition("/")[0] == each
        )
        return own | self.imported.get(each, EMPTY)

    def _calendar(self, each: str) -> Nights:
        own = union(nights for name, nights in self.claims.items() if name.partition("/")[0] == each)
        return own | self.imported.get(each, EMPTY)

    def tick(self, now: float) -> None:
        self.claims = {name: nights.since(today(now) - 1) for name, nights in self.claims.items()}
        calendars = {each: self._calendar(each).since(today(now) - 1) for each in self.units}
        self.imported = {
            each: union(calendars[other] for other in self.units if other != each and self.units[other] & units)
            for each, units in self.units.items()
        }

    def is_complete(self) -> bool:
        return len(self.claims) == len(self.names)

    def telling(self, name: str, nights: Nights) -> None:
        pass

    def told(self, name: str, nights: Nights, now: float, *, looked: bool, agent: str = "") -> None:
        self.told_last[name] = nights

    def differs(self, name: str) -> bool:
        return self.told_last.get(name) != self.feed(name)

    def restart(self, now: float) -> None:
        self.tick(now)

    published = forget = saved = restore = confirm = claimers = undecided = shown = telling  # type: ignore[assignment]

    def doubted(self) -> Nights:
        return EMPTY


@dataclass(slots=True)
class FamilyPlay(Play):
    """One history of a family."""

    units: dict[str, frozenset[str]] = field(default_factory=dict)

    def meet(self, one: str, other: str) -> bool:
        return bool(self.units[one.partition("/")[0]] & self.units[other.partition("/")[0]])

    def run(self) -> Tally:
        self._schedule()
        self.until(self.story.end + REST)
        ghosts = self.count()
        if ghosts and isinstance(self.hub, Families):
            for name, nights in ghosts.items():
                # the host sees at which accommodation nobody has these nights
                claimers = list(self.hub.claiming(name.partition("/")[0], nights))
                self.hub.pause(claimers[1:], self.now)
                self.until(self.now + PAUSE)
                self.hub.resume(claimers[1:], self.now)
                self._versions.clear()
                self.until(self.now + REST)
            left = self.wrong()
            self.tally.ghosts_after_advice += sum(len(ghosts) + len(opened) for ghosts, opened in left.values())
        return self.tally

    def wrong(self) -> dict[str, tuple[Nights, Nights]]:
        """At each portal the nights that nobody took and that are closed, and those that are taken and open."""
        day, found = today(self.now), {}
        for name, portal in self.portals.items():
            sold = union(other.sold() for each, other in self.portals.items() if self.meet(each, name))
            closed = portal.closed(self.now).since(day)
            ghosts, opened = closed - sold, sold.since(day) - closed
            if ghosts or opened:
                found[name] = ghosts, opened
        return found

    def count(self) -> dict[str, Nights]:
        ghosts = {}
        for name, (closed, opened) in self.wrong().items():
            self.tally.open_taken += len(opened)
            self.tally.ghosts += len(closed)
            if closed:
                ghosts[name] = closed
            if isinstance(self.hub, Families):
                self.tally.ghosts_unshown += len(closed - self.hub.ghosts_of(name.partition("/")[0]))
        if isinstance(self.hub, Families):
            for each in self.hub.parts:
                meeting = [p for name, p in self.portals.items() if self.meet(name, f"{each}/a")]
                times = Counter(night for portal in meeting for night in portal.sold())
                taken = Nights(times).since(today(self.now))
                self.tally.taken += len(taken)
                self.tally.suspected += len(
                    self.hub.ghosts_of(each) & taken & Nights(n for n in times if times[n] == 1)
                )
        return ghosts


def play(made: Family, hub: Hub | None = None) -> tuple[Tally, FamilyPlay]:
    """What *made* comes to, with the daemon's rules or another hub's."""
    units = units_of(made.parts)
    portals = {name: Portal(name, habits) for name, habits in made.story.habits.items()}
    played = FamilyPlay(made.story, hub or Families(channels(made.story), made.parts), portals, units=units)
    return played.run(), played


def by_links(made: Family) -> Hub:
    """Closures passed on between siblings by links."""
    return Links(tuple(made.story.habits), units_of(made.parts))


def emptied(made: Family) -> tuple[Tally, dict[str, Nights]]:
    """What *made* comes to, and what is closed, and where, once every guest has cancelled and all portals have read that."""
    tally, played = play(made)
    for key, booking in played.bookings.items():
        played.portals[booking.portal].cancel(key)
    played._versions.clear()
    played.until(played.now + 2 * REST)
    assert isinstance(played.hub, Families)
    closed = {name: portal.closed(played.now) for name, portal in played.portals.items()}
    closed |= {name: blocked(ledger) for name, ledger in played.hub.ledgers.items()}
    return tally, {name: nights for name, nights in closed.items() if nights}


def main(seeds: range) -> None:
    for outages in (False, True):
        for words, rules in (("families", lambda made: None), ("links between siblings", by_links)):
            tallies = [play(made, rules(made))[0] for made in (family(seed, outages=outages) for seed in seeds)]
            print(f"{'outages' if outages else 'no outages'}, {words}: {sum(tallies, Tally())}", flush=True)


if __name__ == "__main__":
    import sys

    if "--emptied" in sys.argv:
        print(*emptied(family(int(sys.argv[2]), outages=False, days=int(sys.argv[3]), a_day=130.0)))
        raise SystemExit
    main(range(*map(int, sys.argv[1:3])) if len(sys.argv) > 2 else range(10))
