"""What the host frees by ending a wait: nights that a hold or unreadable events keep closed."""

from __future__ import annotations

from dataclasses import replace

from icalsyncd.availability.ledger import Ledger
from icalsyncd.availability.offers import blocked, offers
from icalsyncd.calendars.nights import EMPTY, Nights


def released(ledger: Ledger, sync: str | None) -> Ledger:
    """*ledger* without the nights that a hold or unreadable events keep; of one *sync*, or of all if it is None."""
    for name, known in ledger.syncs.items():
        if known.retained and sync in (None, name):
            kept = tuple(claim.only(claim.nights - known.retained) for claim in known.claims)
            ledger = ledger.with_sync(name, replace(known, claims=kept, retained=EMPTY, held=(), broken=None))
    return ledger


def released_nights(before: Ledger, after: Ledger) -> Nights:
    """The nights from today on that are closed at *before*, and open at *after*: everywhere, or in some feed."""
    was, will = offers(before), offers(after)
    freed = blocked(before) - blocked(after)
    for name, nights in was.items():
        freed = freed | (nights - will.get(name, EMPTY))
    return freed.since(before.today)
