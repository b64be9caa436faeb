"""What ``config.yaml`` comes to: every sync with its profile, its secrets and the defaults applied."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Final

from icalsyncd.availability.plan import OwnRules
from icalsyncd.calendars.settings import ReadSettings
from icalsyncd.config.forms import Address, Network
from icalsyncd.config.people import Calendar
from icalsyncd.config.places import Target
from icalsyncd.config.secret import Secret
from icalsyncd.config.store import Store
from icalsyncd.config.telling import NOBODY, Telling

SETTINGS: Final = {
    "ignore": "ignore",
    "reservation": "reservation",
    "block": "block",
    "claims": "drop_blocks",
    "dtend": "dtend_inclusive",
    "all_day_transparent": "transparent_blocks",
    "empty_body": "empty_is_valid",
    "echo_lag": "lag",
    "echo_padding": "padding",
    "rules": "rules",
    "portal_notice": "notice",
    "portal_window": "window",
}
"""Keys of a sync that say how its portal takes part and is read, and what they are called there."""


class Direction(StrEnum):
    """Which way nights are told, seen from here."""

    BIDIRECTIONAL = "bidirectional"
    EXPORT = "export"
    IMPORT = "import"

    @property
    def receives(self) -> bool:
        """Whether the portal's calendar is pulled."""
        return self is not Direction.EXPORT

    @property
    def sends(self) -> bool:
        """Whether the portal has a feed to read."""
        return self is not Direction.IMPORT


@dataclass(frozen=True, slots=True)
class Offer:
    """How near and how far nights are offered."""

    notice: int = 0
    """Nights from today on that are not."""
    window: int | None = None
    """Nights from today on after which none is; None: all are."""


@dataclass(frozen=True, slots=True)
class Sync:
    """One accommodation on one portal."""

    accommodation: str
    id: str
    portal: str
    """As the file says it; a portal without profile is read by the generic one."""
    direction: Direction
    url: Secret | None
    """The portal's calendar; None if it does not receive, or if its URL is not known at present."""
    paused: bool
    """Nothing is pulled; whether it also releases what is known, `keeps` says."""
    keeps: bool
    """Paused, and what is known is kept and counts."""
    was: str | None
    """An earlier name of it, as ``accommodation/sync``."""
    link_generation: int
    interval: int
    """Seconds between two pulls."""
    user_agent: str | None
    """None for the daemon's own."""
    read: ReadSettings
    echo_lag: int
    """Seconds until the portal has acted on what it read."""
    echo_padding: int
    """Nights that the portal adds on each side of what it imports."""
    reads_every: int
    """Seconds between two fetches, as far as is known."""
    buffer: tuple[int, int] | None
    """Nights closed before and after each stay in its feed; None: as at the accommodation."""
    offer: Offer
    linked: bool
    """Its portal closes this accommodation by itself when it sells one of the family."""
    own_rules: OwnRules
    said: frozenset[str]
    """The settings of this sync, and of ``read``, that the file says itself: the others are the profile's or defaults."""

    @property
    def name(self) -> str:
        """``accommodation/sync``."""
        return f"{self.accommodation}/{self.id}"

    @property
    def receives(self) -> bool:
        """Whether the portal's calendar is pulled, when not paused."""
        return self.direction.receives

    @property
    def lacks_url(self) -> bool:
        """Whether the URL that it needs is not known: what the config names it in was not there at the start."""
        return self.receives and self.url is None

    @property
    def sends(self) -> bool:
        """Whether the portal has a feed to read."""
        return self.direction.sends


@dataclass(frozen=True, slots=True)
class Block:
    """Nights that the host takes, half-open: from the night of ``from_`` up to, not including, that of ``to``."""

    from_: date
    to: date
    note: str


@dataclass(frozen=True, slots=True)
class Accommodation:
    """What can be booked once per night."""

    id: str
    name: str
    timezone: str
    """IANA name."""
    before: int
    """Nights closed before each stay and block."""
    after: int
    """Nights closed after each stay and block."""
    blocks: tuple[Block, ...]
    """In order, and without overlaps: those that overlapped are one, with all their notes."""
    website: bool
    """Whether anybody may see which nights are free."""
    syncs: tuple[Sync, ...]
    """In the file's order."""
    parts: tuple[str, ...]
    """Ids of the accommodations that it consists of."""


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """What a listener encrypts with."""

    cert: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Server:
    """Where the daemon is reached."""

    listen: Address | None
    """None for a host who only publishes."""
    admin: Address
    public_url: str
    """The start of every link, without a slash at its end."""
    admin_hosts: tuple[str, ...]
    metrics_hosts: tuple[str, ...]
    users: tuple[tuple[str, str], ...] = field(repr=False)
    """Names, and bcrypt's hashes of their passwords."""
    admin_tls: TlsFiles | None
    """None where the admin listener does not encrypt."""
    edit: bool
    """Whether the page may change the file."""
    proxies: tuple[Network, ...]
    """Where many come through one peer of `listen`."""
    secret_file: Path | None
    """None for the file in the state folder."""
    removal_delay: int
    """Seconds."""
    history: int
    """Seconds for which what happened is kept."""
    health: bool
    """Whether the feeds listener tells monitors outside if all is well."""
    language: str | None
    """What is spoken to people; None for what each reader asks for, and English where nobody asks."""
    said: frozenset[str]
    """The settings of these that the file says itself: the others are defaults."""


@dataclass(frozen=True, slots=True)
class Pull:
    """How calendars are pulled."""

    interval: int
    """Seconds; each sync has its own, which is this one if it says nothing else."""
    timeout: int
    """Seconds."""
    max_size: int
    """Bytes, before and after decompression."""
    hold: int
    """Seconds; 0 for never."""
    private_addresses: bool | tuple[Network, ...]
    """Whether, or where, pulls may go on the local network."""


@dataclass(frozen=True)
class Config:
    """A whole config that can be run."""

    server: Server
    pull: Pull
    store: Store
    official_only: tuple[str, ...]
    publish: tuple[Target, ...]
    accommodations: tuple[Accommodation, ...]
    calendars: tuple[Calendar, ...] = ()
    """Those for people."""
    telling: Telling = NOBODY
    """Who is told by messages, and that all lives."""

    def syncs(self) -> tuple[Sync, ...]:
        """All syncs, in the file's order."""
        return tuple(self._syncs.values())

    def sync(self, name: str) -> Sync | None:
        """The sync called *name*, as ``accommodation/sync``."""
        return self._syncs.get(name)

    def accommodation(self, id: str) -> Accommodation | None:
        """The accommodation of that id."""
        return self._accommodations.get(id)

    def public_url_of(self, accommodation: str) -> str:
        """The start of the links of *accommodation*: at the first target with a URL of its own, else at this daemon."""
        return self._public_urls.get(accommodation, self.server.public_url)

    @cached_property
    def public(self) -> Mapping[str, str]:
        """The accommodations that anybody may see, with their names."""
        return {each.id: each.name for each in self.accommodations if each.website}

    @cached_property
    def _public_urls(self) -> Mapping[str, str]:
        return {
            accommodation: target.public_url
            for target in reversed(self.publish)
            if target.public_url is not None
            for accommodation in target.accommodations
        }

    @cached_property
    def _syncs(self) -> Mapping[str, Sync]:
        return {sync.name: sync for accommodation in self.accommodations for sync in accommodation.syncs}

    @cached_property
    def _accommodations(self) -> Mapping[str, Accommodation]:
        return {accommodation.id: accommodation for accommodation in self.accommodations}
