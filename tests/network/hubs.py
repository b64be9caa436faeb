"""What stands between the portals, and the daemon's rules in that place, with as much of a shell as they need."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from icalsyncd.availability.admission import Outcome
from icalsyncd.availability.attribution import fetched, published, telling, tick, woke
from icalsyncd.availability.channel import Channel
from icalsyncd.availability.claims import Rule
from icalsyncd.availability.confirming import confirm
from icalsyncd.availability.ledger import Ledger, Presence, SyncLedger
from icalsyncd.availability.link import Link
from icalsyncd.availability.offers import blocked, explanations, trouble
from icalsyncd.availability.receipt import Receipt
from icalsyncd.availability.restoring import restored
from icalsyncd.availability.roster import pause, resume
from icalsyncd.calendars.calendar import Broken, Event, Good, Partial
from icalsyncd.calendars.nights import Night, Nights, union
from icalsyncd.state.records import SyncRecord, dump_accommodation, dump_sync, load_accommodation, load_sync
from icalsyncd.state.state import Facts
from tests.network.portals import ours, today

HOLD = 6 * 3600.0
"""Seconds for which a suspicious copy must repeat itself."""


class Hub(Protocol):
    """What stands between the portals, whatever its rules."""

    def take(self, name: str, events: tuple[Event, ...] | None, now: float, *, whole: bool) -> bool:
        """A copy of a portal's calendar came in; None: the last good one again. True where it was believed as it is."""

    def feed(self, name: str) -> Nights:
        """The nights that the portal is to close."""

    def is_complete(self) -> bool:
        """Whether it knows every portal, so that feeds may be read."""

    def published(self, name: str, nights: Nights, now: float) -> None:
        """A feed with *nights* was put where the portal reads it unseen."""

    def telling(self, name: str, nights: Nights) -> None:
        """The portal is about to be answered with a feed with *nights*."""

    def told(self, name: str, nights: Nights, now: float, *, looked: bool, agent: str = "") -> None:
        """Somebody whose program calls itself *agent* fetched the portal's feed, with *nights*."""

    def differs(self, name: str) -> bool:
        """Whether the portal is about to be told anything new."""

    def tick(self, now: float) -> None:
        """Time passes."""

    def restart(self, now: float) -> None:
        """It is killed, and starts from what it stored."""

    def forget(self, now: float) -> None:
        """What it stored is lost."""

    def saved(self) -> object:
        """What it has stored."""

    def restore(self, saved: object, now: float) -> None:
        """It starts from what it had stored at an earlier time."""

    def confirm(self, nights: Nights, by: str | None, now: float) -> None:
        """The host looked, and says that the portal *by* has these nights; None: nobody has."""

    def claimers(self, night: Night) -> dict[str, frozenset[str]]:
        """Each portal that shows the night, and what that may be: `own`, `echo`, or either."""

    def undecided(self) -> Nights:
        """The nights that are closed though no claim on them is certain."""

    def shown(self) -> tuple[Nights, Nights]:
        """The nights that the host is shown: overbooked, and possible ghosts."""

    def doubted(self) -> Nights:
        """The nights whose claims began in doubt."""


@dataclass(frozen=True, slots=True)
class Saved:
    """What a hub has stored."""

    accommodation: str
    syncs: dict[str, SyncRecord]


@dataclass(slots=True)
class Attribution:
    """The daemon's rules."""

    channels: dict[str, Channel]
    ledger: Ledger = field(default_factory=lambda: Ledger(today=0))
    now: float = 0.0
    """When it was last called."""

    def __post_init__(self) -> None:
        self.ledger = Ledger(
            today=0, syncs={name: SyncLedger(channel, link=Link(name)) for name, channel in self.channels.items()}
        )

    def take(self, name: str, events: tuple[Event, ...] | None, now: float, *, whole: bool) -> bool:
        self.now = now
        sync = self.ledger.syncs[name]
        if sync.presence is not Presence.ACTIVE:
            return False
        reading: Good | Partial | None = None
        if events is not None:
            # a cut calendar breaks off elsewhere each time, so that what it lacks is never believed to be gone
            reading = Good(events) if whole else Partial(events, (), (Broken(f"cut at {now}", ""),))
        receipt = Receipt(sync=name, reading=reading, began=now, now=now, hold=HOLD, ours=ours)
        self.ledger, admitted = receipt.enter(self.ledger)
        return admitted.outcome is Outcome.UPDATED

    def feed(self, name: str) -> Nights:
        return self.ledger.syncs[name].offered.nights

    def is_complete(self) -> bool:
        return self.ledger.complete

    def published(self, name: str, nights: Nights, now: float) -> None:
        self.ledger = published(self.ledger, name, nights, now=now)

    def pause(self, names: list[str], now: float) -> None:
        """The host pauses these portals together."""
        for name in names:
            self.ledger = pause(self.ledger, name, now=now)

    def resume(self, names: list[str], now: float) -> None:
        """The host lets them take part again."""
        for name in names:
            self.ledger = resume(self.ledger, name, now=now)

    def telling(self, name: str, nights: Nights) -> None:
        self.ledger = telling(self.ledger, name, nights, now=self.now)

    def told(self, name: str, nights: Nights, now: float, *, looked: bool, agent: str = "") -> None:
        self.now = now
        self.ledger = fetched(self.ledger, name, nights, now=now, looked=looked, agent=agent)

    def differs(self, name: str) -> bool:
        sync = self.ledger.syncs[name]
        return not sync.perhaps_told or any(feed != sync.offered.nights for feed in sync.perhaps_told)

    def tick(self, now: float) -> None:
        self.now = now
        self.ledger = tick(self.ledger, now=now, today=today(now))

    def saved(self) -> Saved:
        """What it has stored."""
        syncs = {name: dump_sync(sync, Facts()) for name, sync in self.ledger.syncs.items()}
        return Saved(dump_accommodation(self.ledger), syncs)

    def restore(self, saved: object, now: float) -> None:
        assert isinstance(saved, Saved)
        self._load(saved, now)
        self.ledger = restored(self.ledger, now=now)

    def confirm(self, nights: Nights, by: str | None, now: float) -> None:
        self.ledger = confirm({"": self.ledger}, "", nights, by, now=now)[""]

    def claimers(self, night: Night) -> dict[str, frozenset[str]]:
        return explanations(self.ledger, night)

    def restart(self, now: float) -> None:
        self._load(self.saved(), now)

    def _load(self, saved: Saved, now: float) -> None:
        syncs = {name: load_sync(record)[0] for name, record in saved.syncs.items()}
        self.ledger = woke(load_accommodation(saved.accommodation, syncs), now=now)
        self.tick(now)

    def forget(self, now: float) -> None:
        self.__post_init__()
        self.tick(now)

    def shown(self) -> tuple[Nights, Nights]:
        seen = trouble(self.ledger)
        return seen.overbooked | seen.perhaps_two, seen.possible_ghosts

    def undecided(self) -> Nights:
        return trouble(self.ledger).possible_ghosts & blocked(self.ledger)

    def doubted(self) -> Nights:
        return union(
            nights
            for sync in self.ledger.syncs.values()
            for claim in sync.claims
            for rule, nights in claim.verdicts
            if rule in (Rule.MATCHED, Rule.MISMATCHED)
        )
