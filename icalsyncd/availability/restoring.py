"""What is still known after the state has gone back to an earlier one: what portals show, and no longer what they were told.

Each of them may have read feeds since of which nothing is known. So what it shows may be its own or an echo of those, and
all of it stays closed for the others; of nights that two of them show nobody can tell whether anyone has them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from icalsyncd.availability.attribution import settled
from icalsyncd.availability.claims import Claim, Rule, merged
from icalsyncd.availability.ledger import Ledger, SyncLedger
from icalsyncd.availability.stamps import NONE, Moment
from icalsyncd.calendars.nights import EMPTY, Nights

_KNOWN: Final = (Rule.RESERVATION, Rule.CONFIRMED, Rule.OWN_UID)
"""What holds whatever a portal was told."""


def restored(ledger: Ledger, *, now: Moment) -> Ledger:
    """*ledger* when it holds what was known at some earlier time.

    Nothing that a portal shows is told free to others by what it was told before, and no feed is told until each portal
    has been pulled anew.
    """
    syncs = {name: _unsure(sync, ledger.claimed_beside(name), now) for name, sync in ledger.syncs.items()}
    return settled(replace(ledger, syncs=syncs, complete=False), now)


def _unsure(sync: SyncLedger, others: Nights, now: Moment) -> SyncLedger:
    return replace(
        sync,
        claims=tuple(_lost(claim, others) for claim in sync.claims),
        pulled_at=None,
        counted_empty=False,
        told=None,
        readers=(),
        in_force=(),
        unfetched=True,
        unsure_since=now,
        withdrawn=NONE,
        shown_on=EMPTY,
        doubts_told=EMPTY,
        untold=(),
        silent=False,
    )


def _lost(claim: Claim, others: Nights) -> Claim:
    lost = claim.nights - claim.proven - claim.under(Rule.OWN_UID)
    kept = tuple((rule, nights) for rule, nights in claim.verdicts if rule in _KNOWN)
    return replace(
        claim,
        verdicts=merged((*kept, (Rule.LOST, lost))),
        initial=True,
        contested=(claim.contested - lost) | (lost & others),
        grown=EMPTY,
        doubtful=EMPTY,
    )
