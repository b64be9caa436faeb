"""A stage for stories about a house and its rooms: portals show calendars and read feeds, each for one accommodation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from icalsyncd.availability.attribution import fetched, pulled, settled, tick
from icalsyncd.availability.channel import Channel
from icalsyncd.availability.families import joined, rejoined
from icalsyncd.availability.ledger import Block, Ledger, SyncLedger
from icalsyncd.availability.link import Link
from icalsyncd.availability.offers import blocked, origins, trouble
from icalsyncd.calendars.nights import EMPTY, Nights, Stay
from tests.availability.house import DAY_ONE, HOUR, Shown, _event, _ours


class Family:
    """Accommodations by their ids, each with its portals; a sync is called `accommodation/portal`."""

    def __init__(
        self, portals: Mapping[str, str], parts: Mapping[str, str], *, before: int = 0, after: int = 0
    ) -> None:
        """*portals* and *parts* are words: of each accommodation its portals, and the accommodations it consists of."""
        self.now = 0.0
        ledgers = {
            name: Ledger(
                DAY_ONE,
                parts=tuple(parts.get(name, "").split()),
                before=before,
                after=after,
                syncs={
                    each: SyncLedger(Channel(each, receives=True, sends=True), link=Link(f"{name}/{each}"))
                    for each in listed.split()
                },
            )
            for name, listed in portals.items()
        }
        self.ledgers = ledgers | rejoined(ledgers, 0.0)

    def change(self, accommodation: str, make: Callable[[Ledger], Ledger]) -> None:
        """One ledger changes, and what its kin make of it."""
        self.ledgers[accommodation] = make(self.ledgers[accommodation])
        self.ledgers |= joined(self.ledgers, [accommodation], self.now)

    def shows(self, sync: str, *events: Shown, good: bool = True) -> None:
        """The portal's calendar is pulled and holds *events*; half an hour has passed."""
        accommodation, name = sync.split("/")
        self.now += HOUR / 2
        self.change(
            accommodation,
            lambda ledger: pulled(
                ledger,
                name,
                [_event(*event) for event in events],
                began=self.now - 1,
                now=self.now,
                ours=_ours,
                good=good,
            ),
        )

    def reads(self, sync: str, *, looked: bool = True) -> None:
        """The portal fetches its feed."""
        accommodation, name = sync.split("/")
        self.now += 60
        self.change(accommodation, lambda ledger: fetched(ledger, name, self.offer(sync), now=self.now, looked=looked))

    def wait(self, hours: float) -> None:
        """Time passes, and the daemon looks at the clock every hour."""
        end = self.now + hours * HOUR
        while self.now < end:
            self.now = min(self.now + HOUR, end)
            for name in self.ledgers:
                self.change(name, lambda ledger: tick(ledger, now=self.now, today=DAY_ONE + int(self.now // 86400)))

    def blocks(self, accommodation: str, *stays: tuple[int, int]) -> None:
        """The host's blocks in the config."""
        blocks = tuple(Block(Stay(DAY_ONE + start, DAY_ONE + end)) for start, end in stays)
        self.change(accommodation, lambda ledger: settled(replace(ledger, blocks=blocks), self.now))

    def consists(self, accommodation: str, parts: str) -> None:
        """The accommodation consists of *parts* from now on, at once."""
        self.ledgers[accommodation] = replace(self.ledgers[accommodation], parts=tuple(parts.split()))
        self.ledgers |= rejoined(self.ledgers, self.now, [accommodation])

    def begin(self) -> None:
        """Every portal has been pulled, empty, and has read its empty feed."""
        for sync in self.syncs:
            self.shows(sync)
        for sync in self.syncs:
            self.reads(sync)

    @property
    def syncs(self) -> list[str]:
        return [f"{name}/{sync}" for name, ledger in self.ledgers.items() for sync in ledger.syncs]

    def offer(self, sync: str) -> Nights:
        accommodation, name = sync.split("/")
        return self.ledgers[accommodation].syncs[name].offered.nights

    def closed(self) -> dict[str, Nights]:
        """The taken nights of each accommodation that has any."""
        return {name: found for name, ledger in self.ledgers.items() if (found := blocked(ledger))}

    def overbooked(self) -> set[str]:
        return {name for name, ledger in self.ledgers.items() if trouble(ledger).overbooked}

    def ghosts(self) -> set[str]:
        return {name for name, ledger in self.ledgers.items() if trouble(ledger).possible_ghosts}

    def is_origin(self, sync: str) -> bool:
        accommodation, name = sync.split("/")
        return origins(self.ledgers[accommodation])[name] != EMPTY


def house_with_rooms(**settings: int) -> Family:
    """A house of two rooms, sold at two portals as a whole, and the rooms at one or two."""
    made = Family(
        {"finca": "airbnb vrbo", "room-1": "vrbo holidu", "room-2": "airbnb vrbo"},
        {"finca": "room-1 room-2"},
        **settings,
    )
    made.begin()
    return made
