"""What an echo rests on, and what is possible again when that has gone.

An echo says that its portal only repeats a night that it was told is taken. While the portal knows the night as taken it
cannot sell it. Once it has read that the night is free it may, and what it shows then looks as before: an echo that it has
yet to drop, or a guest. So what it still shows in a copy that was pulled after that may be either, until it drops the night
or has had time to and has not.
"""

from __future__ import annotations

from dataclasses import replace

from icalsyncd.availability.claims import Claim
from icalsyncd.availability.ledger import Ledger, SyncLedger
from icalsyncd.availability.offers import origins
from icalsyncd.availability.stamps import Moment
from icalsyncd.calendars.calendar import Kind
from icalsyncd.calendars.nights import EMPTY, Nights, intersection


def possible_again(claim: Claim, free: Nights) -> Claim:
    """*claim*, shown on though its portal had read that the nights *free* are free."""
    if claim.kind is Kind.BLOCK:
        return claim  # its portal would call a guest's nights a reservation
    more = (claim.disputable & free) - claim.doubtful
    return replace(claim, doubtful=claim.doubtful | more) if more else claim


def told_in_doubt(ledger: Ledger, name: str, nights: Nights) -> Nights:
    """Of the nights that sync *name*'s portal knows once it has read a feed that holds *nights*, those that it was told for
    the sake of an echo in doubt alone.

    Doubt goes no further than that: else two portals would keep each other closed for ever.
    """
    sync = ledger.syncs[name]
    told = sync.told.nights if sync.told is not None else EMPTY
    firm = ledger.local | ledger.taken_by_kin
    standing = EMPTY
    for other, taken in origins(ledger).items():
        if other != name:
            genuine = ledger.syncs[other].genuine
            firm |= genuine
            standing |= taken - genuine
    known = sync.doubts_told - (nights & firm)
    return (known | ((nights - told) & standing) - firm) & (nights | told | sync.claimed)


def still_possible(sync: SyncLedger, in_force: tuple[Nights, ...], began: Moment) -> Nights:
    """The echoes of *sync* that a copy, pulled from *began* on, may show for a guest."""
    if sync.published:
        return EMPTY
    import os
    mode = os.environ.get("POSS", "w")
    if mode == "0":
        return EMPTY
    if mode == "w" or (mode == "f1" and len(sync.readers) > 1):
        free = sync.withdrawn.by(began)
    else:
        free = sync.claimed - (intersection(in_force) if in_force else EMPTY)
    return (sync.summed.disputable & free) - sync.doubts_told - sync.summed.doubtful
