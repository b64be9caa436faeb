"""Which of our feeds a portal may have acted on last when what it shows began."""

from __future__ import annotations

from typing import Final

from icalsyncd.availability.ledger import Ledger, SyncLedger
from icalsyncd.availability.stamps import Moment
from icalsyncd.calendars.nights import EMPTY, Nights

GENERIC: Final = "generic"
"""The portal of which nothing is known: two syncs of that name are two portals."""

Feeds = tuple[tuple[Moment, Nights], ...]
"""Published feeds, each since when, oldest first."""


def feeds_in_force(ledger: Ledger, name: str, began: Moment) -> tuple[Nights, ...]:
    """Each feed that may have been the portal's last fetched one when what begins now began."""
    sync = ledger.syncs[name]
    feeds = (EMPTY, *sync.in_force) if sync.unfetched else sync.in_force
    if sync.published:
        feeds = (*feeds, *(nights for _, nights in sync.published_since(began)))
    if sync.channel.portal != GENERIC:
        # another feed of this accommodation at the same portal: it may be repeated here as well
        for other, sibling in ledger.syncs.items():
            if other != name and sibling.channel.portal == sync.channel.portal and sibling.told:
                beside = sibling.told.nights - sync.claimed
                feeds = (*feeds, (feeds[-1] if feeds else EMPTY) | beside) if beside else feeds
    return tuple(dict.fromkeys(feeds))


def readable(feeds: Feeds, began: Moment, *, dropped: Nights = EMPTY, begun: Nights = EMPTY) -> Feeds:
    """Those of the published *feeds* that a portal may still act on, by what a good copy of its calendar shows.

    Where it has *dropped* a night that it repeated, it has read a feed without that night; where it has *begun* to repeat
    one, it has read a feed with it. It goes back to none that lay there before.
    """
    held, oldest = EMPTY, 0
    for place, (since, nights) in enumerate(feeds):
        if since > began:
            break
        gone = held - nights
        if gone or not begun.isdisjoint(nights):
            oldest = place
        dropped, begun = dropped - gone, begun - nights
        held = (held | nights) & dropped
    return feeds[oldest:]


def fetched_since(sync: SyncLedger, began: Moment) -> tuple[Nights, ...]:
    """The feeds that may have been in force since a pull *began*: the last fetched, and any fetched while it ran."""
    if sync.last_fetch is not None and sync.last_fetch >= began:
        return sync.in_force
    last = sync.perhaps_told
    # an answer of which nobody knows whether it arrived
    return (*last, *(feed for feed in sync.in_force[-1:] if feed not in last))
