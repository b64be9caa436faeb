"""Nights about to begin that are taken, and open at a portal all the same: a guest may book them within hours."""

from __future__ import annotations

from typing import Final

from icalsyncd.availability.ledger import Ledger, Presence, SyncLedger
from icalsyncd.availability.offers import blocked, not_offered
from icalsyncd.availability.pausing import pauses
from icalsyncd.availability.stamps import Moment
from icalsyncd.calendars.nights import Night, Nights

SOON: Final = 2
"""Nights that are about to begin: tonight's, and tomorrow's."""


def unsafe_nights(ledger: Ledger, now: Moment) -> dict[Night, tuple[str, ...]]:
    """The nights about to begin that are taken, each with the syncs at whose portals it is open."""
    soon = Nights.between(ledger.today, ledger.today + SOON)
    found: dict[Night, list[str]] = {}
    for pause in pauses(ledger):
        for night in pause.unknown & soon:
            found.setdefault(night, []).append(pause.sync)
        for night in pause.sold & soon:
            found.setdefault(night, []).extend(
                name
                for name, sync in ledger.syncs.items()
                if name != pause.sync and sync.channel.sends and sync.presence is Presence.ACTIVE
            )
    for name, sync in ledger.syncs.items():
        if is_late(sync, ledger, now):
            told = sync.told.nights if sync.told is not None else Nights()
            # what is only too near to be offered is taken by nobody
            for night in (sync.offered.nights - (not_offered(ledger, sync) - blocked(ledger)) - told) & soon:
                found.setdefault(night, []).append(name)
    return {night: tuple(dict.fromkeys(names)) for night, names in sorted(found.items()) if names}


def is_late(sync: SyncLedger, ledger: Ledger, now: Moment) -> bool:
    """Whether the portal of a sync that sends has not read its feed for too long."""
    if sync.presence not in (Presence.ACTIVE, Presence.KEPT) or not sync.channel.sends or sync.published:
        return False
    if sync.surely_read_at is None:
        return False
    return now - max(sync.surely_read_at, ledger.awake_since) > sync.patience()
