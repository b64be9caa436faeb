"""The view: one frozen picture of all accommodations, which handlers, metrics and the page read; replaced as a whole.

The nights of a feed are those of the stored state and those of the current one together: what closes is seen at once,
what frees when it is durable.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from icalsyncd.availability.ledger import Ledger, Presence, SyncLedger
from icalsyncd.availability.offers import Trouble, blocked, trouble
from icalsyncd.availability.readers import product
from icalsyncd.availability.stamps import Moment
from icalsyncd.calendars.nights import EMPTY, Nights
from icalsyncd.state.installation import Installation, path_of
from icalsyncd.state.served_feed import Feed
from icalsyncd.state.state import State

SyncName = tuple[str, str]
"""An accommodation's id and a sync's."""


@dataclass(frozen=True, slots=True)
class LinkTarget:
    """Where a link leads."""

    name: SyncName
    old: bool
    """It is a link of an earlier generation."""


@dataclass(frozen=True, slots=True)
class Outlet:
    """How one feed stands with its portal: all that an answer depends on beside the request."""

    feed: Feed
    sync: SyncLedger
    withheld: bool
    """The feed is not to be told yet, since its accommodation is not complete."""

    def is_told(self, agent: str) -> bool:
        """Whether the last fetch of the program that calls itself *agent* held these very nights."""
        return self.sync.has_read(product(agent), self.feed.nights)


@dataclass(frozen=True)
class House:
    """One accommodation as it is seen from outside."""

    state: State
    feeds: Mapping[str, Feed]
    """By sync; those that have a link."""
    links: Mapping[str, LinkTarget]
    """The links to its feeds, by their paths."""
    blocked: Nights
    """All nights that are taken, without buffers, from yesterday on."""
    trouble: Trouble
    unsure_since: Moment | None = None
    """Of what was known before that, something may be lost."""
    kin: tuple[State, ...] = ()
    """While something may be lost: the states of those that share units with it."""

    @property
    def shown(self) -> dict[str, Nights]:
        """The nights that each of ``feeds`` closes."""
        return {name: feed.nights for name, feed in self.feeds.items()}

    @cached_property
    def outlets(self) -> Mapping[str, Outlet]:
        """How each of ``feeds`` stands."""
        syncs = self.state.ledger.syncs
        return {name: Outlet(feed, syncs[name], self._withholds(name)) for name, feed in self.feeds.items()}

    def _withholds(self, name: str) -> bool:
        sync = self.state.ledger.syncs[name]
        is_known = self.state.ledger.complete and not self.unsure
        return not (is_known or sync.muted or not sync.channel.sends)

    @cached_property
    def unsure(self) -> bool:
        """What its portals were told may be lost, and not each of those that are pulled was asked since."""
        if self.unsure_since is None:
            return False
        return any(
            sync.presence is Presence.ACTIVE
            and sync.channel.receives
            and (state.of(name).attempts.last or 0.0) < self.unsure_since
            for state in (self.state, *self.kin)
            for name, sync in state.ledger.syncs.items()
        )


@dataclass(frozen=True, slots=True)
class View:
    """All accommodations, and the links to their feeds."""

    houses: Mapping[str, House] = field(default_factory=dict)
    links: Mapping[str, LinkTarget] = field(default_factory=dict)
    """By a link's path. A look-up tells nothing by its time: Python hashes it with a key of its own first."""
    unsure_since: Moment | None = None
    """Of what was known before that, something may be lost: feeds are withheld until their portals were asked."""

    def feed(self, name: SyncName) -> Feed | None:
        """The feed of a sync; None if it has none."""
        house = self.houses.get(name[0])
        return house.feeds.get(name[1]) if house else None

    def sync(self, name: SyncName) -> SyncLedger | None:
        """The ledger of a sync; None if it is not known."""
        house = self.houses.get(name[0])
        return house.state.ledger.syncs.get(name[1]) if house else None


def see(
    view: View,
    changed: Iterable[str],
    current: Mapping[str, State],
    kept: Iterable[Mapping[str, State]],
    installation: Installation,
) -> View:
    """*view* with the accommodations *changed* as they are now; *kept* is what a start would find, or may find."""
    houses = dict(view.houses)
    stored = _Stored(kept)
    gone: list[House] = []
    come: list[House] = []
    for accommodation in changed:
        before = houses.get(accommodation)
        state = current.get(accommodation)
        after = None if state is None else _house(view, accommodation, state, stored, installation)
        if after is not None:
            houses[accommodation] = after
        elif before is not None:
            del houses[accommodation]
        if before is not None and (after is None or after.links is not before.links):
            gone.append(before)
        if after is not None and (before is None or after.links is not before.links):
            come.append(after)
    links = _relinked(view.links, gone, come) if gone or come else view.links
    return View(_with_kin(houses, view.unsure_since), links, view.unsure_since)


def noted(view: View, states: Mapping[str, State]) -> View:
    """*view* with *states*, by accommodation, that differ in nothing that a feed or a verdict rests on."""
    houses = dict(view.houses)
    for accommodation, state in states.items():
        house = houses.get(accommodation)
        if house is not None:
            houses[accommodation] = replace(house, state=state)
    return View(_with_kin(houses, view.unsure_since), view.links, view.unsure_since)


def believed(view: View, since: Moment | None = None) -> View:
    """*view* in which only what was known before *since* may be lost (None: nothing is)."""
    houses = {accommodation: replace(house, unsure_since=since) for accommodation, house in view.houses.items()}
    return View(_with_kin(houses, since), view.links, since)


def _with_kin(houses: dict[str, House], unsure_since: Moment | None) -> dict[str, House]:
    """*houses*, each with the states of its kin where what is known of those may be lost."""
    if unsure_since is None:
        return houses
    return {
        name: replace(house, kin=tuple(houses[kin].state for kin in house.state.ledger.kin if kin in houses))
        if house.state.ledger.kin
        else house
        for name, house in houses.items()
    }


def has_feed(sync: SyncLedger) -> bool:
    """Whether *sync* has a link that answers."""
    return sync.channel.sends or sync.muted_until is not None


class _Stored:
    """The syncs of the stored states. One that was renamed just now is stored under its former name."""

    def __init__(self, kept: Iterable[Mapping[str, State]]) -> None:
        self._kept = tuple(kept)
        self._by_link: dict[int, dict[str, list[SyncLedger]]] = {}

    def syncs(self, accommodation: str, name: str, first_name: str) -> list[SyncLedger]:
        """What is stored of the sync *name*, whose link was first made under *first_name*; all that may be."""
        found: list[SyncLedger] = []
        elsewhere: list[int] = []
        for index, states in enumerate(self._kept):
            state = states.get(accommodation)
            sync = state.ledger.syncs.get(name) if state is not None else None
            if sync is not None and sync.link.first_name == first_name:
                found.append(sync)
            else:
                elsewhere.append(index)
        for index in elsewhere:
            # search each: one may already have the new name while another still has the old one
            if not found or accommodation in self._kept[index]:
                found = [*found, *self._linked(index).get(first_name, ())]
        return found

    def _linked(self, index: int) -> Mapping[str, list[SyncLedger]]:
        """The syncs of one of the kept by the names that their links were first made under."""
        if index not in self._by_link:
            by_link: dict[str, list[SyncLedger]] = {}
            for state in self._kept[index].values():
                for sync in state.ledger.syncs.values():
                    by_link.setdefault(sync.link.first_name, []).append(sync)
            self._by_link[index] = by_link
        return self._by_link[index]


def _house(view: View, accommodation: str, state: State, stored: _Stored, installation: Installation) -> House:
    before, since = view.houses.get(accommodation), view.unsure_since
    ledger = state.ledger
    feeds: dict[str, Feed] = {}
    for name, sync in ledger.syncs.items():
        if not has_feed(sync):
            continue
        nights = sync.offered.nights if sync.channel.sends else EMPTY
        for known in stored.syncs(accommodation, name, sync.link.first_name):
            if known is not sync and known.channel.sends:
                nights |= known.offered.nights.since(ledger.today - 1)
        modified = state.of(name).feed_changed or sync.since
        shown = before.feeds.get(name) if before else None
        if shown is None or shown.nights != nights:
            feeds[name] = Feed(nights, installation.signature(accommodation), modified)
        else:
            feeds[name] = shown if shown.modified == modified else replace(shown, modified=modified)
    if before is not None and before.state.ledger is ledger:
        return House(state, feeds, before.links, before.blocked, before.trouble, since)
    same = before is not None and _links_of(before.state) == _links_of(state)
    links = before.links if before is not None and same else _links(accommodation, ledger, installation)
    return House(state, feeds, links, blocked(ledger), trouble(ledger), since)


def _links_of(state: State) -> list[object]:
    return [(name, sync.link, has_feed(sync)) for name, sync in state.ledger.syncs.items()]


def _links(accommodation: str, ledger: Ledger, installation: Installation) -> dict[str, LinkTarget]:
    links: dict[str, LinkTarget] = {}
    for name, sync in ledger.syncs.items():
        if has_feed(sync):
            for generation, _ in sync.link.old:
                links[path_of(installation.token(sync.link, generation))] = LinkTarget((accommodation, name), old=True)
            links[path_of(installation.token(sync.link))] = LinkTarget((accommodation, name), old=False)
    return links


def _relinked(links: Mapping[str, LinkTarget], gone: Iterable[House], come: Iterable[House]) -> dict[str, LinkTarget]:
    """*links* without those of the houses *gone*, with those of the houses *come*; a link may be in both."""
    relinked = dict(links)
    for house in gone:
        for path in house.links:
            relinked.pop(path, None)
    for house in come:
        relinked.update(house.links)
    return relinked
