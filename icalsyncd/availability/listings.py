"""A portal's own link between its listings: it closes the house by itself when it sells one of the rooms.

Then the house's calendar there shows the room's stay as well, untold by us, and nothing in it says whether the house was
booked or only closed. Beside a booking and an echo that is the third thing that such a stay may be.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from icalsyncd.availability.claims import Claim
from icalsyncd.availability.ledger import Ledger, SyncLedger
from icalsyncd.calendars.nights import EMPTY, Nights, Stay, union

UNKNOWN: Final = "generic"
"""The portal of which nothing is known: two syncs of that name are two portals."""


def shown_at(ledger: Ledger) -> dict[str, frozenset[Stay]]:
    """The stays that each portal shows of the accommodation of *ledger*."""
    found: dict[str, frozenset[Stay]] = {}
    for sync in ledger.syncs.values():
        if sync.channel.receives and sync.channel.portal != UNKNOWN:
            found[sync.channel.portal] = found.get(sync.channel.portal, frozenset()) | sync.summed.stays
    return found


def maybe_linked(ledger: Ledger, sync: SyncLedger) -> Nights:
    """The nights of *sync* that its portal may only have closed by itself."""
    return union(claim.genuine - claim.proven for claim in suspects(ledger, sync))


def links_of(ledger: Ledger) -> dict[str, Nights]:
    """The same of each sync, by its name."""
    return {name: maybe_linked(ledger, sync) for name, sync in ledger.syncs.items()}


def linked(ledger: Ledger, sync: SyncLedger) -> Nights:
    """Those of them that close nothing, since the host says that this portal links its listings."""
    return maybe_linked(ledger, sync) if sync.channel.linked else EMPTY


def suspects(ledger: Ledger, sync: SyncLedger) -> Iterator[Claim]:
    """The claims of *sync* that one of the kin shows at the same portal on the same nights.

    Only where they would close what the other one does not close by itself. Where all rooms of the house there show the
    stay, the house was booked, since a room that is booked closes no other room.
    """
    shown = ledger.kin.shown.get(sync.channel.portal)
    if not shown:
        return
    further = {units: stays for units, stays in shown.items() if not ledger.units <= units}
    own = sync.summed.stays
    if all(own.isdisjoint(stays) for stays in further.values()):
        return
    parts = [stays for units, stays in further.items() if units < ledger.units]
    for claim in sync.claims:
        if (
            any(claim.stay in stays for stays in further.values())
            and claim.genuine - claim.proven
            and not (len(parts) > 1 and all(claim.stay in stays for stays in parts))
        ):
            yield claim


def linked_to(ledger: Ledger, sync: SyncLedger) -> Nights:
    """The nights of *sync* that its portal shows of a larger one of the kin as well, on the same nights.

    Whichever of the two was booked there, these nights are taken here.
    """
    shown = ledger.kin.shown.get(sync.channel.portal, {})
    own = sync.summed.stays
    both = [stays for units, stays in shown.items() if ledger.units < units and not own.isdisjoint(stays)]
    return union(
        claim.genuine - claim.grown
        for claim in (sync.claims if both else ())
        # of what was there at the first pull nobody knows how it came there
        if not claim.initial and any(claim.stay in stays for stays in both)
    )
