"""What is known of one accommodation: its own blocks, and each sync's claims, what its portal was told, and when.

These are frozen values; the functions of :mod:`attribution`, :mod:`admission` and :mod:`roster` make new ones. A ledger
alone decides what every feed holds; what is served is joined from the ledger known now and the durable one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final, cast

from icalsyncd.availability.channel import Channel, Narrowing
from icalsyncd.availability.claimed import NO_CLAIMS, Claims
from icalsyncd.availability.claims import Claim
from icalsyncd.availability.habits import NO_HABITS, Habits
from icalsyncd.availability.link import Link
from icalsyncd.availability.missing import Broken, Lack
from icalsyncd.availability.readers import Reader, perhaps, silent_since
from icalsyncd.availability.rules import NO_RULES, Rules
from icalsyncd.availability.stamps import DAY, NONE, Moment, Stamps
from icalsyncd.availability.taking import Kin, Parting, Shrinking
from icalsyncd.calendars.nights import EMPTY, Night, Nights, Stay, union

FETCHES_KEPT: Final = 8
FOLLOWS: Final = {"follows": True}
"""Marks fields that follow from the ledgers of the family, and so are not stored."""


class Presence(StrEnum):
    """Whether a sync takes part."""

    ACTIVE = "active"
    PAUSED = "paused"
    """By the host: it neither sends nor receives."""
    KEPT = "kept"
    """Paused by the host, who keeps what is known: nothing is pulled, its claims count, its feed closes and opens nothing."""
    LEAVING = "leaving"
    """No longer in the config, and kept as it was for `removal_delay`."""
    GONE = "gone"
    """Left: it claims nothing, and its feed answers without taken nights for a while."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a sync took part before it began to leave: that is how it comes back."""

    presence: Presence
    since: Moment


@dataclass(frozen=True, slots=True)
class SyncLedger:
    """What is known of one sync."""

    channel: Channel
    link: Link
    calendar: str = ""
    """A keyed fingerprint of the portal's calendar URL: tells a rename from a new sync. `""` where none is pulled."""
    presence: Presence = Presence.ACTIVE
    since: Moment = 0.0
    """When the presence last changed."""
    former: Standing | None = None
    """What it was before, while it is leaving."""
    narrowing: Narrowing | None = None
    muted_until: Moment | None = None
    """Its portal is no longer sent anything; until then its feed answers without taken nights, then not at all."""
    claims: tuple[Claim, ...] = NO_CLAIMS
    pulled_at: Moment | None = None
    """When the last copy was taken over, whole or in part; None before the first."""
    counted_empty: bool = False
    """The host said that this sync, never pulled, counts as empty."""
    held: tuple[Lack, ...] = ()
    broken: Broken | None = None
    retained: Nights = EMPTY
    """Nights that the last copy lacked and that are kept all the same: held, or because it could not be read whole."""
    returned: Nights = EMPTY
    """Nights that it showed again after they were kept without it, and told to it meanwhile, since another sync stood in:
    it may repeat that one, until it has shown them on after it was told that they are free."""
    departed: Nights = EMPTY
    """Genuine nights that have passed; the nights behind them may still be closed as a buffer."""
    told: Stamps | None = None
    """The nights of the feed that the portal last fetched, each since its first fetch in a row; None: never fetched."""
    fetches: tuple[Moment, ...] = ()
    """When the portal last fetched, oldest first, at most :data:`FETCHES_KEPT`."""
    readers: tuple[Reader, ...] = ()
    """The programs that read its link lately, the last to read last; of more than one it may not be known which is the
    portal's."""
    unsure_since: Moment | None = None
    """Since when what its portal had been told before is not known; None where nothing was lost. From its first fetch
    after that on, the time of that fetch."""
    in_force: tuple[Nights, ...] = ()
    """Each feed that may have been the portal's last fetched one since what is claimed now was seen."""
    unfetched: bool = True
    """Since then there was a time at which the portal had fetched nothing yet."""
    withdrawn: Stamps = NONE
    """Claimed nights that the portal's last fetched feed did not hold, since the first such fetch in a row."""
    offered: Stamps = NONE
    """The nights of this sync's feed, each since when."""
    published: tuple[tuple[Moment, Nights], ...] = ()
    """Feeds put where the portal reads them unseen, each since when, oldest first: the last, and those that it may
    still act on."""
    untold: tuple[bool, ...] = ()
    """Of the last stays that it began to claim untold, oldest first: whether another sync claimed the very same already,
    so that its portal may have read them there."""
    shown_on: Nights = EMPTY
    """Echoes behind which may be a guest; see :attr:`perhaps_sold`."""
    doubts_told: Nights = EMPTY
    """Nights that its portal was told only because another one has perhaps sold them."""
    given_up: Stamps = NONE
    """Nights in doubt that its portal, which reads another one beside us, claims no longer, since when: for a day."""
    shown_before: Nights = EMPTY
    """While it is paused, what its portal last had taken itself: to be shown to the host, never offered or judged by."""
    own_before: tuple[Claim, ...] = ()
    """What it claimed as its own when it was last paused or left, until a good copy after that says what became of it."""
    silent: bool = False
    """The portal has not fetched for so long that what it claims is no echo."""
    rules: Rules = NO_RULES
    """What its portal closes by its own settings, and how that was found out."""
    habits: Habits = NO_HABITS

    def __post_init__(self) -> None:
        if not isinstance(self.claims, Claims):
            object.__setattr__(self, "claims", Claims(self.claims))

    @property
    def summed(self) -> Claims:
        """The claims, with what they come to together."""
        return cast(Claims, self.claims)

    @property
    def standing(self) -> Presence:
        """How it takes part, or did before it began to leave."""
        if self.presence is Presence.LEAVING:
            return self.former.presence if self.former is not None else Presence.ACTIVE
        return self.presence

    @property
    def muted(self) -> bool:
        """Its feed holds no nights."""
        return self.standing in (Presence.PAUSED, Presence.GONE)

    @property
    def opens_nothing(self) -> bool:
        """What its feed once holds stays in it."""
        return self.standing is Presence.KEPT

    @property
    def awaited(self) -> bool:
        """Its accommodation is not complete before it was pulled, though the config may lack it for a moment."""
        return (
            self.standing is Presence.ACTIVE
            and self.channel.receives
            and self.pulled_at is None
            and not self.counted_empty
        )

    @property
    def claimed(self) -> Nights:
        return self.summed.nights

    @property
    def proven(self) -> Nights:
        return self.summed.proven

    @property
    def genuine(self) -> Nights:
        """Nights whose origin this sync is, by its own claims. Of a silent portal, all but what bears our own UID."""
        return self.summed.not_ours if self.silent else self.summed.genuine

    @property
    def echoes(self) -> Nights:
        """Nights that this sync claims by echoes alone."""
        return self.claimed - self.genuine

    @property
    def perhaps_sold(self) -> Nights:
        """Echoes behind which there may be a guest, since its portal may have sold them anew."""
        return self.shown_on & self.summed.disputable if self.shown_on else EMPTY

    @property
    def last_fetch(self) -> Moment | None:
        return self.fetches[-1] if self.fetches else None

    def has_read(self, product: str, nights: Nights) -> bool:
        """Whether the reader of that name is known to have last read a feed that holds *nights*."""
        if not self.readers:
            return self.told is not None and self.told.nights == nights
        for reader in self.readers:
            if reader.product == product:
                return reader.told.nights == nights
        return False

    @property
    def surely_read_at(self) -> Moment | None:
        """When its portal last read for sure: of several readers that may be it, the one that has not for longest."""
        return silent_since(self.readers) if self.readers else self.last_fetch

    @property
    def perhaps_told(self) -> tuple[Nights, ...]:
        """The feeds of which each may be the one that the portal last read; none where it has read nothing."""
        if not self.readers:
            return () if self.told is None else (self.told.nights,)
        return tuple(dict.fromkeys(reader.told.nights for reader in perhaps(self.readers)))

    def patience(self) -> float:
        """Seconds without a fetch after which the portal is silent: a day, or three of its usual intervals."""
        gaps = sorted(later - earlier for earlier, later in zip(self.fetches, self.fetches[1:], strict=False))
        usual = gaps[len(gaps) // 2] if gaps else 0.0
        return max(DAY, 3 * usual)

    @property
    def delay(self) -> float:
        """Seconds after which the portal has acted on what it was told, or was to read where that is not seen."""
        prior = self.channel.lag + (2 * self.channel.reads_every if self.published else 0.0)
        return prior if self.channel.lag_is_given else self.habits.lag(prior)

    @property
    def last_told(self) -> Nights:
        """The nights of the feed that its portal last read, or of the one that lies where it reads unseen."""
        if self.published:
            return self.published[-1][1]
        return self.told.nights if self.told is not None else EMPTY

    def published_since(self, moment: Moment) -> tuple[tuple[Moment, Nights], ...]:
        """The published feeds that the portal may have acted on at *moment* or later."""
        replaced = [since for since, _ in self.published[1:]]
        kept = [feed for feed, until in zip(self.published, replaced, strict=False) if until > moment - self.delay]
        return (*kept, *self.published[-1:])


@dataclass(frozen=True, slots=True)
class Block:
    """Nights that the host takes in the config, half-open."""

    stay: Stay
    leaving_since: Moment | None = None
    """Since when it is no longer in the config; it counts until `removal_delay` has passed."""


@dataclass(frozen=True, slots=True)
class Word:
    """What the host said of nights, having looked at the portals."""

    nights: Nights
    by: str | None
    """The sync whose portal has them, of a kin as `accommodation/sync`; None: nobody has."""
    at: Moment

    @property
    def is_of_a_kin(self) -> bool:
        return self.by is not None and "/" in self.by


@dataclass(frozen=True, slots=True)
class Ledger:
    """What is known of one accommodation on one day."""

    today: Night
    """In the accommodation's zone; it never goes back."""
    timezone: str = "UTC"
    before: int = 0
    """Nights closed ahead of every stay and block."""
    after: int = 0
    """Nights closed behind every stay and block."""
    shrinking: Shrinking | None = None
    blocks: tuple[Block, ...] = ()
    syncs: Mapping[str, SyncLedger] = field(default_factory=dict)
    awake_since: Moment = 0.0
    """Since when portals could fetch at all; nobody is silent for what was before."""
    complete: bool = False
    """Every sync that receives has been pulled once, or counted as empty, here and at its kin; it stays true until the state
    goes back."""
    parts: tuple[str, ...] = ()
    """The accommodations that this one consists of; none: it is one unit."""
    parting: Parting | None = None
    units: frozenset[str] = field(default=frozenset(), metadata=FOLLOWS)
    """What it consists of in the end, by the ids of accommodations; empty: it shares nothing. See :mod:`families`."""
    kin: Kin = field(default_factory=Kin, metadata=FOLLOWS)
    """What each accommodation that shares a unit with this one takes at present."""
    words: tuple[Word, ...] = ()
    """What the host said of nights that have not passed, oldest first."""
    reckoned: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False, metadata=FOLLOWS)
    """What it comes to, by whoever reckoned it (:mod:`offers`); it need not be reckoned twice."""

    @property
    def local(self) -> Nights:
        """Nights that the host's own blocks take."""
        return Nights.of_stays(block.stay for block in self.blocks)

    def with_sync(self, name: str, sync: SyncLedger) -> Ledger:
        """The same with *sync* under *name*."""
        return replace(self, syncs={**self.syncs, name: sync})

    def claimed_beside(self, name: str) -> Nights:
        """Nights that syncs other than *name* claim, here or at the kin."""
        return union(
            (
                *(sync.claimed for other, sync in self.syncs.items() if other != name),
                self.kin.claimed,
            )
        )

    def doubted_beside(self, name: str) -> Nights:
        """Nights that syncs other than *name* claim in doubt, here or at the kin."""
        return self.kin.doubted | union(sync.summed.doubtful for other, sync in self.syncs.items() if other != name)

    def held_beside(self, name: str) -> Nights:
        """Nights whose origin others than the sync *name* are, or the host, here or at the kin."""
        return union(
            (
                self.local,
                *(sync.genuine for other, sync in self.syncs.items() if other != name),
                self.kin.judged,
            )
        )

    @property
    def taken_by_kin(self) -> Nights:
        """Nights that the kin take, or may have taken; buffers are not among them."""
        return self.kin.taken | self.kin.doubted
