"""Stays that stood in several calendars when they were first pulled: where portals read each other before."""

from __future__ import annotations

from icalsyncd.availability.ledger import Ledger
from icalsyncd.calendars.nights import EMPTY, Nights


def crossed_nights(ledger: Ledger) -> Nights:
    """The nights that several syncs claimed when each was first pulled, and that nobody has claimed anew since."""
    once, twice, since = EMPTY, EMPTY, EMPTY
    for sync in ledger.syncs.values():
        initial = sync.summed.initial
        twice |= once & initial
        once |= initial
        since |= sync.claimed - initial
    return (twice - since).since(ledger.today)
