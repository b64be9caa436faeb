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
from icalsyncd.config import schema
from icalsyncd.config.forms import Address, Network
from icalsyncd.config.people import Calendar, resolve_calendars
from icalsyncd.config.places import Place, Target
from icalsyncd.config.portals import profile
from icalsyncd.config.secret import Secret
from icalsyncd.config.store import Store
from icalsyncd.config.summaries import any_unusable, compiled
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


_DAY: Final = 86_400


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


def resolve(
    file: schema.File, folder: Path, urls: Mapping[str, Secret], places: tuple[Place, ...], dsn: Secret | None
) -> Config:
    """The config that *file* means.

    Paths in it are relative to *folder*; *urls* are those of the syncs that receive, by name, and *places* those of its
    targets, in order; *dsn* is how its database is reached.
    """
    ids = tuple(file.accommodations)
    listen, tls = file.server.listen, file.server.admin_tls
    return Config(
        server=Server(
            listen=listen,
            admin=file.server.admin,
            public_url=public_url(file),
            admin_hosts=tuple(file.server.admin_hosts),
            metrics_hosts=tuple(file.server.metrics_hosts),
            users=tuple(file.server.users.items()),
            admin_tls=TlsFiles(folder / tls.cert_file, folder / tls.key_file) if tls is not None else None,
            edit=file.server.edit,
            proxies=file.server.proxies,
            secret_file=folder / file.server.secret_file if file.server.secret_file is not None else None,
            removal_delay=file.server.removal_delay,
            history=file.server.history,
            health=file.server.health,
            language=file.server.language,
        ),
        pull=Pull(
            interval=file.pull.interval,
            timeout=file.pull.timeout,
            max_size=file.pull.max_size,
            hold=file.pull.hold,
            private_addresses=file.pull.allow_private_addresses,
        ),
        store=Store(isinstance(file.store, schema.ServerStore), dsn, "store" in file.model_fields_set),
        official_only=tuple(file.official_only),
        publish=tuple(
            Target(target.name, target.public_url, tuple(target.accommodations or ids), place)
            for target, place in zip(file.publish, places, strict=True)
        ),
        accommodations=tuple(_accommodation(id, file, urls) for id in ids),
        calendars=resolve_calendars(file),
    )


def public_url(file: schema.File) -> str:
    """The start of the daemon's links; where the daemon does not listen and has no URL, empty."""
    if file.server.public_url is not None:
        return file.server.public_url
    return f"http://{file.server.listen}" if file.server.listen is not None else ""


def merged(blocks: list[schema.Block]) -> tuple[Block, ...]:
    """*blocks* in order, those that share a night made one."""
    done: list[Block] = []
    for block in sorted(blocks, key=lambda block: (block.from_, block.to)):
        if done and block.from_ < done[-1].to:
            before = done.pop()
            notes = dict.fromkeys(note for note in (before.note, block.note) if note)
            done.append(Block(before.from_, max(before.to, block.to), "; ".join(notes)))
        else:
            done.append(Block(block.from_, block.to, block.note))
    return tuple(done)


def block_summaries(sync: schema.Sync) -> tuple[str, ...]:
    """What is known to mean a closure in the sync's calendar."""
    return tuple(sync.block) if sync.block is not None else profile(sync.portal).block


def reservation_summaries(sync: schema.Sync) -> tuple[str, ...]:
    """What is known to mean a reservation in the sync's calendar."""
    return tuple(sync.reservation) if sync.reservation is not None else profile(sync.portal).reservation


def _accommodation(id: str, file: schema.File, urls: Mapping[str, Secret]) -> Accommodation:
    written = file.accommodations[id]
    return Accommodation(
        id=id,
        name=written.name if written.name is not None else id,
        timezone=written.timezone,
        before=written.buffer.before,
        after=written.buffer.after,
        blocks=merged(written.blocks),
        website=written.website,
        syncs=tuple(
            _sync(id, name, sync, written, file.pull.interval, urls.get(f"{id}/{name}"))
            for name, sync in written.syncs.items()
        ),
        parts=tuple(written.parts),
    )


def offer_of(*written: schema.Offer | None) -> Offer:
    """What *written* come to, the first that has a key counting: a notice rounded up to whole nights, a window down."""
    said = [each for each in written if each is not None]
    notice = next((each.notice for each in said if each.notice is not None), 0)
    window = next((each.window for each in said if each.window is not None), None)
    return Offer(-(-notice // _DAY), None if window is None else window // _DAY)


def _sync(
    accommodation: str, id: str, written: schema.Sync, of: schema.Accommodation, interval: int, url: Secret | None
) -> Sync:
    known = profile(written.portal)
    read = ReadSettings(
        timezone=of.timezone,
        ignore=compiled(tuple(written.ignore)),
        reservation=compiled(reservation_summaries(written)),
        block=compiled(block_summaries(written)),
        # what may be a reservation that is not known as one must not be dropped as a block
        drop_blocks=written.claims == "not_blocks" and not any_unusable(reservation_summaries(written)),
        dtend_inclusive=(written.dtend or known.dtend) == "inclusive",
        transparent_blocks=(written.all_day_transparent or known.all_day_transparent) == "block",
        empty_is_valid=(written.empty_body or known.empty_body) == "empty",
    )
    return Sync(
        accommodation=accommodation,
        id=id,
        portal=written.portal,
        direction=Direction(written.direction),
        url=url,
        paused=bool(written.paused),
        keeps=written.paused == "keep",
        was=written.was,
        link_generation=written.link_generation,
        interval=written.interval if written.interval is not None else interval,
        user_agent=written.user_agent,
        read=read,
        echo_lag=written.echo_lag if written.echo_lag is not None else known.echo_lag,
        echo_padding=written.echo_padding if written.echo_padding is not None else known.echo_padding,
        reads_every=known.reads_every,
        buffer=None if written.buffer is None else (written.buffer.before, written.buffer.after),
        offer=offer_of(written.offer, of.offer),
        linked=written.linked,
        own_rules=OwnRules(written.rules or "", written.portal_notice, written.portal_window, known.horizon),
        said=frozenset(SETTINGS[key] for key in written.model_fields_set & SETTINGS.keys()),
    )
