"""What an echo rests on, and when it may be a guest again.

An echo says that its portal only repeats a night that it was told is taken. Two things may hide a guest behind one. A portal
that has acted on reading that the night is free can sell it, and shows it on as before. And one that has read that the night
is taken can sell it until it acts on that, and shows sooner what it is taken to repeat. How soon a portal acts at the least
is learned of it (:mod:`~icalsyncd.availability.habits`); where nobody sees it read, the time until it reads is in that, and
what begins there when nobody else has the night may be a guest at once. What it shows so may be either, from then on until
it drops the night, or has had time to and has not.
"""

from __future__ import annotations

from icalsyncd.availability.claimed import Claims
from icalsyncd.availability.ledger import Ledger, SyncLedger
from icalsyncd.availability.offers import origins
from icalsyncd.availability.stamps import Moment
from icalsyncd.calendars.calendar import Kind
from icalsyncd.calendars.nights import EMPTY, Nights, union


def perhaps_sold(ledger: Ledger, name: str, claims: Claims, began: Moment) -> Nights:
    """The echoes among *claims*, made of a copy of sync *name*'s calendar that was pulled from *began* on, behind which may
    be a guest.

    Never those that rest on such a doubt themselves, once that has gone: two portals would keep each other closed for ever.
    """
    sync = ledger.syncs[name]
    habits, found = sync.habits, sync.perhaps_sold
    found |= (sync.summed.disputable & sync.withdrawn.by(began - habits.soon_drops)) - sync.doubts_told
    if sync.published:
        # when it reads is not seen, so that what nobody else holds by now may be its own whenever it appears
        if appeared := claims.disputable - sync.claimed - sync.doubts_told:
            found |= appeared - taken_beside(ledger, name)
    elif (acts := habits.soonest_shows) is not None and sync.told is not None:
        appeared = (claims.disputable - sync.claimed) & sync.told.nights
        found |= appeared - sync.told.by(began - acts)
    if not found:
        return EMPTY
    # a guest's nights its portal would call a reservation
    blocks = union(claim.nights for claim in claims if claim.kind is Kind.BLOCK)
    return (found & claims.disputable) - blocks


def doubts_told(ledger: Ledger, name: str, nights: Nights) -> Nights:
    """Of what sync *name*'s portal knows, or shows, once it has read a feed that holds *nights*: those that it was told only
    because another one has perhaps sold them."""
    sync = ledger.syncs[name]
    if not (sync.doubts_told or ledger.kin.guessed or any(each.shown_on for each in ledger.syncs.values())):
        return EMPTY
    told = sync.last_told
    firm, doubted = ledger.local | ledger.kin.firm, ledger.kin.guessed
    for other, taken in origins(ledger).items():
        if other != name:
            doubts = doubts_alone(ledger.syncs[other])
            firm |= taken - doubts
            doubted |= taken & doubts
    return ((sync.doubts_told | ((nights - told) & doubted)) - (nights & firm)) & (nights | told | sync.claimed)


def taken_beside(ledger: Ledger, name: str) -> Nights:
    """Nights that others than sync *name* take or stand in for, or the host, here or at the kin."""
    beside = (taken for other, taken in origins(ledger).items() if other != name)
    return union((ledger.local, ledger.taken_by_kin, *beside))


def doubts_alone(sync: SyncLedger) -> Nights:
    """Nights that *sync* claims only by echoes behind which may be a guest."""
    return sync.perhaps_sold - sync.summed.doubtful - sync.genuine


def plainly_repeated(ledger: Ledger, name: str) -> Nights:
    """Nights that sync *name* has perhaps sold, and that others claim because they are told of that, and for no other
    reason."""
    found = ledger.syncs[name].perhaps_sold
    if found:
        for other, sync in ledger.syncs.items():
            if other != name:
                plain = sync.summed.echoes - sync.genuine - sync.summed.doubtful - sync.perhaps_sold
                found -= sync.claimed - (plain & sync.offered.nights)
        found -= union(taking.claimed for taking in ledger.kin.values())
    return found
