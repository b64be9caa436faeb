"""Which feed is to lie where in the shared cloud, and what has to be sent or deleted for that.

Pure decisions on values: what the view holds, what was written at a target before, and when. A target carries the feeds
of its accommodations under each of their links, so that an old link works there for as long as it does here. What it no
longer carries goes on being kept up to date for as long as an old link would, and is deleted then.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from icalsyncd.availability.roster import OLD_LINK_KEPT
from icalsyncd.availability.stamps import Moment
from icalsyncd.calendars.nights import EMPTY, Nights, union
from icalsyncd.state.served_feed import Feed
from icalsyncd.state.view import SyncName, View

REFRESH: Final = 1800.0
"""Seconds after which a feed is sent again though it has not changed: what was lost at the target is there again."""

LinkKey = tuple[str, int]
"""What a link is made of: the name under which it was first made, and its generation."""
PublicationKey = tuple[str, str, int]
"""A target's name, and the two parts of a link's key."""


@dataclass(frozen=True, slots=True)
class Publication:
    """What was written under one link at one target."""

    place: str
    """A keyed fingerprint of where the target was: it tells whether that is still the same place."""
    nights: Nights | None = None
    """The nights of the feed that lies there; None if it may have been written and may not."""
    until: Moment | None = None
    """When it is to be deleted, since the target no longer carries its accommodation; None while it does."""


@dataclass(frozen=True, slots=True)
class Sending:
    """A feed that is to be put under a link."""

    link: LinkKey
    sync: SyncName
    feed: Feed
    nights: Nights
    """What is to lie there: the feed's nights, and where opening has to wait, also those that lie there now."""
    changed: bool
    """It holds other nights than what lies there, as far as that is known."""

    def body(self) -> bytes:
        """What is to lie there, byte for byte."""
        feed = self.feed if self.nights == self.feed.nights else replace(self.feed, nights=self.nights)
        return feed.plain.body


@dataclass(frozen=True, slots=True)
class Due:
    """What is to be done at one target, the most urgent first."""

    sendings: tuple[Sending, ...] = ()
    deletions: tuple[LinkKey, ...] = ()
    parting: tuple[LinkKey, ...] = ()
    """Links whose accommodation the target no longer carries, as is seen now for the first time."""
    returning: tuple[LinkKey, ...] = ()
    """Links that were parting, and are carried again."""

    def __bool__(self) -> bool:
        return bool(self.sendings or self.deletions)


@dataclass(frozen=True, slots=True)
class Reach:
    """Which accommodations a target is to carry."""

    carried: frozenset[str]
    planned: frozenset[str]
    """All accommodations of the config. One that has left it is carried where it was for as long as it has a feed."""


def due(
    view: View,
    reach: Reach,
    known: Mapping[LinkKey, Publication],
    sent: Mapping[LinkKey, Moment],
    now: Moment,
    *,
    doubted: bool = False,
) -> Due:
    """What has to be done at a target that is believed to hold *known*; *sent* says when each link was last sent.

    While the clock is *doubted* nights close there, and none opens: nothing is deleted either.
    """
    urgent: list[Sending] = []
    again: list[Sending] = []
    parting: list[LinkKey] = []
    returning: list[LinkKey] = []
    alive: set[LinkKey] = set()
    for link, sync, feed, withheld in _links(view, reach, known):
        written = known.get(link)
        alive.add(link)
        if _is_parting(sync[0], reach):
            if written is not None and written.until is None:
                parting.append(link)
            elif written is not None and written.until is not None and written.until <= now:
                alive.discard(link)
                continue
        elif written is not None and written.until is not None:
            returning.append(link)
        if withheld and written is None:
            continue
        nights = feed.nights
        if withheld or doubted:
            nights |= _lying(view, sync, written)
        if written is None or written.nights != nights:
            urgent.append(Sending(link, sync, feed, nights, changed=True))
        elif not withheld and not now - REFRESH < sent.get(link, -REFRESH) <= now + REFRESH:
            again.append(Sending(link, sync, feed, nights, changed=False))
    deletions = () if doubted else tuple(link for link in known if link not in alive)
    return Due((*urgent, *again), deletions, tuple(parting), tuple(returning))


def parted(publication: Publication, now: Moment) -> Publication:
    """*publication*, whose target no longer carries it."""
    return replace(publication, until=now + OLD_LINK_KEPT)


def carries(view: View, reach: Reach, known: Mapping[LinkKey, Publication]) -> frozenset[SyncName]:
    """The syncs whose feeds a target carries, or has carried and has yet to delete."""
    return frozenset(sync for _, sync, _, _ in _links(view, reach, known))


def part_of(view: View, accommodations: Iterable[str]) -> View:
    """The houses of *accommodations* in *view*."""
    return View({each: view.houses[each] for each in accommodations if each in view.houses}, {}, view.unsure_since)


def links_of(view: View) -> Iterator[LinkKey]:
    """All links of *view* that answer."""
    for accommodation, house in view.houses.items():
        for name in house.feeds:
            yield from _keys(view, (accommodation, name))


def _links(
    view: View, reach: Reach, known: Mapping[LinkKey, Publication]
) -> Iterator[tuple[LinkKey, SyncName, Feed, bool]]:
    """Each link that is to lie at a target, with its feed, and whether that is withheld: then it only closes nights."""
    for accommodation, house in view.houses.items():
        carried = accommodation in reach.carried
        for name, feed in house.feeds.items():
            sync = (accommodation, name)
            withheld = house.outlets[name].withheld
            for link in _keys(view, sync):
                if carried or link in known:
                    yield link, sync, feed, withheld


def _lying(view: View, name: SyncName, written: Publication | None) -> Nights:
    """The nights ahead that lie under a link of *name*, or may lie there, where that is not known."""
    ledger = view.houses[name[0]].state.ledger
    if written is None:
        return EMPTY
    lying = written.nights
    if lying is None:
        sync = ledger.syncs[name[1]]
        lying = union((*sync.in_force, *(nights for _, nights in sync.published)))
    return lying.since(ledger.today - 1)


def _keys(view: View, name: SyncName) -> Iterator[LinkKey]:
    link = view.houses[name[0]].state.ledger.syncs[name[1]].link
    yield link.first_name, link.generation
    for generation, _ in link.old:
        yield link.first_name, generation


def _is_parting(accommodation: str, reach: Reach) -> bool:
    return accommodation in reach.planned and accommodation not in reach.carried
