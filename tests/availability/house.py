"""A small stage for stories about one accommodation: portals show calendars and read feeds, hour by hour."""

from __future__ import annotations

import re
from dataclasses import replace

from icalsyncd.availability.attribution import fetched, published, pulled, settled, tick
from icalsyncd.availability.channel import Channel
from icalsyncd.availability.claims import ECHOES, Rule
from icalsyncd.availability.ledger import Block, Ledger, SyncLedger
from icalsyncd.availability.link import Link
from icalsyncd.availability.offers import blocked, trouble, verdict
from icalsyncd.calendars.calendar import Event, Kind
from icalsyncd.calendars.nights import EMPTY, Nights, Stay

DAY_ONE = 740_000
HOUR = 3600.0

Shown = tuple[int, int] | tuple[int, int, Kind] | tuple[int, int, Kind, str]


def nights(*days: int) -> Nights:
    """Nights counted from the first day of the story."""
    return Nights(DAY_ONE + day for day in days)


def uid(start: int, end: int) -> str:
    """The UID under which our feeds close the nights from *start* to *end*."""
    return f"{DAY_ONE + start}-{DAY_ONE + end}@ours"


def _ours(text: str) -> Nights:
    found = re.fullmatch(r"(\d+)-(\d+)@ours", text)
    return Nights.between(int(found[1]), int(found[2])) if found else EMPTY


class House:
    """The accommodation, its portals by their first letters, and the hour."""

    def __init__(self, *names: str, padding: int = 0, before: int = 0, after: int = 0) -> None:
        syncs = {
            name: SyncLedger(Channel(name, receives=True, sends=True, padding=padding), link=Link(name))
            for name in names
        }
        self.ledger = settled(Ledger(DAY_ONE, before=before, after=after, syncs=syncs), 0.0)
        self.now = 0.0

    def wait(self, hours: float) -> None:
        """Time passes, and the daemon looks at the clock every hour."""
        end = self.now + hours * HOUR
        while self.now < end:
            self.now = min(self.now + HOUR, end)
            self.ledger = tick(self.ledger, now=self.now, today=DAY_ONE + int(self.now // (24 * HOUR)))

    def takes(self, start: int, end: int) -> None:
        """The host blocks nights in the config."""
        blocks = (*self.ledger.blocks, Block(Stay(DAY_ONE + start, DAY_ONE + end)))
        self.ledger = settled(replace(self.ledger, blocks=blocks), self.now)

    def shows(self, name: str, *events: Shown, good: bool = True, retained: Nights = EMPTY, took: float = 1.0) -> None:
        """The portal's calendar is pulled, which *took* so many seconds, and holds *events*; half an hour has passed."""
        self.now += HOUR / 2
        self.ledger = pulled(
            self.ledger,
            name,
            [_event(*event) for event in events],
            began=self.now - took,
            now=self.now,
            ours=_ours,
            retained=retained,
            good=good,
        )

    def reads(self, name: str, *, looked: bool = True, agent: str = "") -> None:
        """The portal fetches its feed, or somebody whose program calls itself *agent*."""
        self.now += 60
        self.ledger = fetched(self.ledger, name, self.offer(name), now=self.now, looked=looked, agent=agent)

    def publishes(self, name: str) -> None:
        """The feed is put where the portal reads it unseen."""
        self.now += 60
        self.ledger = published(self.ledger, name, self.offer(name), now=self.now)

    def all_read(self) -> None:
        for name in self.ledger.syncs:
            self.reads(name)

    def offer(self, name: str) -> Nights:
        return self.ledger.syncs[name].offered.nights

    def rules(self, name: str, day: int) -> set[Rule]:
        """By which rules the portal's claims on a night are what they are now."""
        sync = self.ledger.syncs[name]
        found = {verdict(self.ledger, name, claim, DAY_ONE + day) for claim in sync.claims}
        return {rule for rule in found if rule is not None}

    def is_echo(self, name: str, day: int) -> bool:
        rules = self.rules(name, day)
        return bool(rules) and rules <= ECHOES

    @property
    def taken(self) -> Nights:
        return blocked(self.ledger)

    @property
    def overbooked(self) -> Nights:
        return trouble(self.ledger).overbooked

    @property
    def possible_ghosts(self) -> Nights:
        return trouble(self.ledger).possible_ghosts


def _event(start: int, end: int, kind: Kind = Kind.UNKNOWN, uid: str = "") -> Event:
    return Event(DAY_ONE + start, DAY_ONE + end, kind, uid)


def started(*names: str, **settings: int) -> House:
    """Every portal has been pulled, empty, and has read its empty feed."""
    house = House(*names, **settings)
    for name in names:
        house.shows(name)
    house.all_read()
    return house
