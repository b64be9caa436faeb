"""All that the status page shows, as it is at one moment: plain values, so that a page can be made on any thread."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from icalsyncd.admin.matters import Fault
from icalsyncd.admin.status import ConfigStatus
from icalsyncd.availability.ledger import SyncLedger
from icalsyncd.availability.stamps import Moment
from icalsyncd.calendars.nights import Night, Stay
from icalsyncd.notifying.courier import ReceiverStatus
from icalsyncd.notifying.heartbeat import HeartbeatStatus
from icalsyncd.publishing.target_status import TargetStatus
from icalsyncd.state.state import Facts
from icalsyncd.state.view import House, SyncName, View


class SyncRow(NamedTuple):
    """One sync, as a row of the page."""

    accommodation: str
    name: str
    house: House
    ledger: SyncLedger
    facts: Facts

    @property
    def key(self) -> SyncName:
        return self.accommodation, self.name

    @property
    def whole(self) -> str:
        """`accommodation/sync`."""
        return f"{self.accommodation}/{self.name}"


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything that the page shows, at one moment."""

    now: Moment
    view: View
    config: ConfigStatus
    file: str
    """The config file's name."""
    removal_delay: float
    """Seconds for which what has left the config is kept as it was."""
    names: Mapping[str, str] = field(default_factory=dict)
    """What the host calls each accommodation."""
    notes: Mapping[str, tuple[tuple[Stay, str], ...]] = field(default_factory=dict)
    """What the host wrote beside the blocks of each accommodation."""
    intervals: Mapping[SyncName, float] = field(default_factory=dict)
    """Seconds between two pulls."""
    next_pulls: Mapping[SyncName, Moment] = field(default_factory=dict)
    links: Mapping[SyncName, str] = field(default_factory=dict, repr=False)
    calendars: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The link of each calendar for people, by its id."""
    lines: Mapping[SyncName, int] = field(default_factory=dict)
    """Where in the config file each sync is written."""
    secret_since: Moment | None = None
    """When the secret that all links are made of was made."""
    targets: tuple[TargetStatus, ...] = ()
    """Where feeds are published, and how that goes."""
    receivers: tuple[ReceiverStatus, ...] = ()
    """Who is told by messages, and how that goes."""
    heartbeat: HeartbeatStatus | None = None
    faults: tuple[Fault, ...] = ()
    """What is wrong with the daemon itself."""
    digest: str = ""
    """Of the config that is shown: what is changed from the page is based on it."""
    asks: bool = False
    """Whoever looks has logged in."""

    def name_of(self, accommodation: str) -> str:
        """What the host calls *accommodation*."""
        return self.names.get(accommodation, accommodation)

    def note_of(self, accommodation: str, night: Night) -> str:
        """What the host wrote beside the block that takes *night*."""
        return next((note for stay, note in self.notes.get(accommodation, ()) if stay[0] <= night < stay[1]), "")

    def syncs(self) -> Iterator[SyncRow]:
        """All syncs, by accommodation."""
        for accommodation, house in self.view.houses.items():
            yield from self.syncs_of(accommodation, house)

    def syncs_of(self, accommodation: str, house: House) -> Iterator[SyncRow]:
        """Those of one accommodation."""
        for name, ledger in house.state.ledger.syncs.items():
            yield SyncRow(accommodation, name, house, ledger, house.state.of(name))
