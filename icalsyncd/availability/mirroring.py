"""Whether a portal reads another one beside us: time and again it begins to show, untold, just what the other one shows.

What such a portal shows may always be the other one's echo of it: a booking there that is cancelled looks the same after
it, for as long as the two repeat each other.
"""

from __future__ import annotations

from typing import Final

from icalsyncd.availability.claimed import Claims
from icalsyncd.availability.claims import Rule
from icalsyncd.availability.ledger import Ledger, SyncLedger
from icalsyncd.availability.stamps import Moment, Stamps
from icalsyncd.calendars.nights import EMPTY, Nights, union

REMEMBERED: Final = 32
"""Stays that a portal began to show untold, of which it is known whether another one showed them already."""
REPEATS: Final = 3
"""Of these, so many are no accident: in simulated networks, where one booking in twelve is a double one, hardly a portal
without such a link comes to it, and nine in ten with one do."""
SHARE: Final = 6
"""And one in so many of what it began to show untold: where portals are many, busy or unsteady, accidents come to a few."""


def begun_untold(ledger: Ledger, name: str, claims: Claims, began: Moment) -> tuple[bool, ...]:
    """What is remembered of sync *name* when it claims *claims* in a copy that was pulled from *began* on.

    A stay counts where it appears as a whole, and so does an event that begins within what the portal claims as its own,
    of which it is never told, if others show these nights. What was there at the first pull tells nothing, and what it was
    told until lately neither: it may repeat that still.
    """
    sync = ledger.syncs[name]
    if sync.pulled_at is None or sync.unsure_since is not None:
        return sync.untold
    beside = [other.summed for each, other in ledger.syncs.items() if each != name]
    lately = sync.habits.told_lately.since(began - sync.delay).nights
    found: list[bool] = []
    if appeared := claims.genuine - claims.proven - sync.claimed - lately:
        found += [any(stay in others.stays for others in beside) for stay in appeared.stays()]
    if doubled := _doubled(sync, claims) - lately:
        repeated = doubled & union(others.nights for others in beside)
        found += [True for _ in repeated.stays()]
    return (*sync.untold, *found)[-REMEMBERED:] if found else sync.untold


def _doubled(sync: SyncLedger, claims: Claims) -> Nights:
    """The nights of events that began untold in *claims*, within nights of others that went on."""
    # most are the very objects that they were, so that few need be compared
    same = set(map(id, sync.claims))
    if not (changed := [claim for claim in claims if id(claim) not in same]):
        return EMPTY
    before = {(claim.stay, claim.kind, claim.began) for claim in sync.claims}
    begun = [claim for claim in changed if (claim.stay, claim.kind, claim.began) not in before]
    if not (untold := [claim for claim in begun if claim.under(Rule.UNTOLD) == claim.nights]):
        return EMPTY
    new = set(map(id, begun))
    own = union(claim.genuine for claim in claims if id(claim) not in new)
    return union(claim.nights for claim in untold if claim.nights <= own)


def given_up(sync: SyncLedger, claims: Claims, now: Moment) -> Stamps:
    """The nights of which *sync* gave up claims in doubt, and has none when it claims *claims*, each since when.

    Portals that read each other may pass an echo between them, so that each drops it, and shows it again, in turns.
    """
    doubted = sync.summed.contested if mirrors(sync) else EMPTY
    return sync.given_up.holding((sync.given_up.nights | doubted) - claims.nights, now)


def mirrors(sync: SyncLedger) -> bool:
    """Whether its portal is taken to read another one beside us."""
    return sum(sync.untold) >= REPEATS and SHARE * sum(sync.untold) >= len(sync.untold)
