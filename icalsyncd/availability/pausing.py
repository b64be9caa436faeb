"""What a pause leaves open: nights that the paused portal sold and nobody else knows of, and nights that it does not know.

For people alone: a pause releases what its sync claimed, and nothing here reaches an offer or a verdict.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from icalsyncd.availability.ledger import Ledger, Presence
from icalsyncd.availability.offers import blocked
from icalsyncd.availability.stamps import Moment
from icalsyncd.calendars.nights import EMPTY, Nights


@dataclass(frozen=True, slots=True)
class Pause:
    """A paused sync, and the nights from today on that may be sold twice because of it."""

    sync: str
    since: Moment
    sold: Nights
    """Its portal showed them as taken when it was paused, and nobody else does: they are open everywhere else."""
    unknown: Nights
    """Others took them, and its portal is not told so: they are open there."""
    twice: Nights
    """Its portal showed them as taken when it was paused, and another one, or the host, has them as well."""

    @property
    def open(self) -> Nights:
        """All nights that it leaves open somewhere though somebody has taken them."""
        return self.sold | self.unknown


def pauses(ledger: Ledger) -> Iterator[Pause]:
    """Every paused sync of *ledger*, whether it leaves anything open or not."""
    taken = None
    for name, sync in ledger.syncs.items():
        if sync.presence is Presence.PAUSED or (sync.presence is Presence.KEPT and sync.shown_before):
            taken = blocked(ledger).since(ledger.today) if taken is None else taken
            shown = sync.shown_before.since(ledger.today)
            unknown = taken - shown if sync.channel.sends and sync.muted else EMPTY
            yield Pause(name, sync.since, shown - taken, unknown, shown & taken)
