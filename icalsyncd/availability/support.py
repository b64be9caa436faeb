"""What an echo rests on, and what is possible again when that has gone.

An echo says that its portal only repeats a night that it was told is taken. While the portal knows the night as taken it
cannot sell it, so that nobody need be kept from the night because of its echo. From the moment at which it may read that
the night is free it may sell it, and what it shows then looks as before: an echo that it has yet to drop, or a guest.
Both are possible until it drops the night, or has had time to and has not.
"""

from __future__ import annotations

from dataclasses import replace

from icalsyncd.availability.claims import Claim
from icalsyncd.availability.grounds import Grounds
from icalsyncd.availability.ledger import Ledger, SyncLedger
from icalsyncd.availability.offers import origins
from icalsyncd.availability.stamps import Moment, Stamps
from icalsyncd.calendars.calendar import Kind
from icalsyncd.calendars.nights import EMPTY, Nights, union


def possible(ledger: Ledger, name: str, nights: Nights) -> SyncLedger:
    """Sync *name* when its portal may read a feed that holds *nights*: each echo that the feed no longer supports may be a
    guest of its own from now on.

    What it was told for the sake of a doubt that was passed on already is none: else two portals would keep each other
    closed for ever.
    """
    sync = ledger.syncs[name]
    if sync.published:
        return sync  # when it reads is not known: all that it claims is in doubt anyway
    told = sync.told.nights if sync.told is not None else EMPTY
    firm = (
        ledger.local
        | ledger.taken_by_kin
        | union(each.genuine for other, each in ledger.syncs.items() if other != name)
    )
    doubts, passed_on = sync.grounds.doubts - (nights & firm), sync.grounds.passed_on - (nights & firm)
    if fresh := nights - told - firm:
        first_hand, second_hand = _doubts(ledger, name)
        doubts |= fresh & first_hand
        passed_on |= (fresh & second_hand) - first_hand
    kept = nights | told | sync.claimed | sync.grounds.freed.nights
    grounds = replace(sync.grounds, doubts=doubts & kept, passed_on=passed_on & kept)
    free = sync.summed.disputable - nights - grounds.passed_on
    claims = tuple(_opened(claim, free) for claim in sync.claims) if free else sync.claims
    if claims == sync.claims and grounds == sync.grounds:
        return sync
    return replace(sync, claims=claims, grounds=grounds)


def after_reading(sync: SyncLedger, nights: Nights, now: Moment) -> Grounds:
    """What lies behind what the portal shows after it has read *nights*: it may still act on what it read before."""
    lately = sync.grounds.freed.since(now - sync.delay)
    lately = lately.only(lately.nights - nights)
    gone = sync.told.nights - nights if sync.told is not None else EMPTY
    freed = Stamps((*lately.only(lately.nights - gone).entries, (now, gone))) if gone else lately
    return sync.grounds if freed == sync.grounds.freed else replace(sync.grounds, freed=freed)


def _doubts(ledger: Ledger, name: str) -> tuple[Nights, Nights]:
    """The nights for which echoes in doubt at other syncs stand in: of those that repeat somebody certain, and of those that
    repeat such a doubt."""
    first, second = EMPTY, EMPTY
    for other, taken in origins(ledger).items():
        if other != name:
            sync = ledger.syncs[other]
            standing = taken - sync.genuine
            first |= standing - sync.grounds.doubts
            second |= standing & sync.grounds.doubts
    return first, second


def _opened(claim: Claim, free: Nights) -> Claim:
    if claim.kind is Kind.BLOCK:
        return claim  # its portal would call a guest's nights a reservation
    more = (claim.disputable & free) - claim.doubtful
    return replace(claim, doubtful=claim.doubtful | more) if more else claim
