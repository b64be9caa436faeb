"""What may be written in ``config.yaml``: its keys, their forms and defaults, one model a mapping.

The models hold what each key says by itself. What keys mean together is found in :mod:`icalsyncd.config.refusals`, and what
they come to, with the profiles and secrets, in :mod:`icalsyncd.config.resolved`.
"""

from __future__ import annotations

from ipaddress import ip_network
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from icalsyncd.config.forms import (
    Address,
    Day,
    Days,
    Duration,
    Id,
    Interval,
    Listen,
    Network,
    Networks,
    Origin,
    PasswordHash,
    Pattern,
    Paused,
    PortalName,
    Proxies,
    Size,
    SocketAddress,
    SyncName,
    Text,
    UserName,
    Zone,
)
from icalsyncd.config.units import parse_duration, parse_size


def _time(default: str, description: str) -> Any:
    return Field(default=parse_duration(default), json_schema_extra={"default": default}, description=description)


def _size(default: str, description: str) -> Any:
    return Field(default=parse_size(default), json_schema_extra={"default": default}, description=description)


def _address(default: Address, description: str) -> Any:
    return Field(default_factory=lambda: default, json_schema_extra={"default": str(default)}, description=description)


_LOOPBACK: Final[tuple[Network, ...]] = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


class Keys(BaseModel):
    """A mapping of the file: keys that it does not know are mistakes, and nothing is guessed from another type."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True, defer_build=True)


class AdminTls(Keys):
    """With what the admin listener encrypts; both files are read again when they change."""

    cert_file: Text = Field(description="The certificate, and those between it and its authority, as PEM")
    key_file: Text = Field(description="Its key, as PEM, without a passphrase")


class Server(Keys):
    """Where the daemon is reached."""

    listen: Listen = _address(
        Address("0.0.0.0", 5545),  # noqa: S104  # portals come from outside
        "host:port where portals fetch the feeds; `off` for a host who only publishes",
    )
    admin: SocketAddress = _address(
        Address("127.0.0.1", 15545), "host:port of the status page, metrics, health and reload; keep it private"
    )
    public_url: Origin | None = Field(
        default=None, description="How portals reach the feeds: the start of every link. Default: http:// and `listen`"
    )
    admin_hosts: list[Text] = Field(
        default=[], description="Names besides loopback under which the status page may be asked for"
    )
    users: dict[UserName, PasswordHash] = Field(
        default={},
        repr=False,
        description="Who may use the admin listener: names, and the hashes of their passwords as `icalsyncd password` "
        "makes them. Without any, whoever can reach it may see all",
    )
    admin_tls: AdminTls | None = Field(
        default=None, description="Certificate and key for the admin listener. Default: none, and nothing is encrypted"
    )
    edit: bool = Field(default=False, description="true: the page may change this file, where the service can write it")
    metrics_hosts: list[Text] = Field(
        default=[],
        description="Names besides loopback, any IP address and `admin_hosts` under which /metrics may be asked for",
    )
    proxies: Proxies = Field(
        default_factory=lambda: _LOOPBACK,
        json_schema_extra={"default": [str(network) for network in _LOOPBACK]},
        description="Networks of what stands before `listen`: of each other peer, only some connections are kept",
    )
    secret_file: Text | None = Field(
        default=None, description="The installation's secret. Default: the file `secret` in the state folder"
    )
    history: Duration = _time("400d", "How long what happened to each night is kept; 0s: not at all")
    health: bool = Field(
        default=False, description="true: the feeds listener answers /-/healthy with 200 or 503, for a monitor outside"
    )
    removal_delay: Duration = _time("30m", "How long what disappears from this file is kept as it was")
    language: Literal["en", "es", "it", "de", "fr", "pt"] | None = Field(
        default=None,
        description="What the page speaks, and each message and calendar that has no language of its own. Default: what the "
        "browser asks for; else en",
    )


class Pull(Keys):
    """How the portals' calendars are pulled."""

    interval: Interval = _time("30m", "Time between two pulls of a calendar; longer than 0s")
    timeout: Duration = _time("30s", "The longest that one pull may take")
    max_size: Size = _size("5MiB", "The largest calendar, before and after decompression")
    hold: Duration = _time("6h", "How long a suspicious copy must repeat itself before it is believed; 0s: never hold")
    allow_private_addresses: Networks = Field(
        default=False, description="true, or a list of networks: where pulls may go on the local network"
    )


class Buffer(Keys):
    """Nights closed around every stay and block."""

    before: int = Field(default=0, ge=0, le=30, description="Nights closed before each stay")
    after: int = Field(default=0, ge=0, le=30, description="Nights closed after each stay")


class Offer(Keys):
    """How near and how far nights are offered at all; what is nearer or further is closed in the feeds."""

    notice: Duration | None = Field(
        default=None, description="Nights that begin sooner than this are closed; part of a day counts as a whole one"
    )
    window: Interval | None = Field(default=None, description="Nights further ahead than this are closed")


class Block(Keys):
    """Nights that the host takes."""

    from_: Day = Field(alias="from", description="The first night")
    to: Day = Field(description="The morning that they are free again: the day after the last night")
    note: Text = Field(default="", description="For the host; it goes nowhere")


class Sync(Keys):
    """One accommodation on one portal."""

    portal: PortalName = Field(description="The portal's profile, or any other name for the generic one")
    direction: Literal["bidirectional", "export", "import"] = Field(
        description="bidirectional: both ways; export: from here to the portal; import: from the portal to here"
    )
    url: Text | None = Field(
        default=None, repr=False, description="The portal's calendar: https, http, webcal or file. It is a password"
    )
    url_file: Text | None = Field(default=None, description="A file that holds the URL")
    url_env: Text | None = Field(default=None, description="An environment variable that holds the URL")
    paused: Paused = Field(
        default=False,
        description="true: neither sends nor receives, its dates are released on both sides; keep: nothing is pulled, and "
        "no night opens",
    )
    was: SyncName | None = Field(
        default=None, description="An earlier accommodation/sync name, to keep link and history through a rename"
    )
    link_generation: int = Field(default=1, ge=1, le=1_000_000, description="Raise it for a new link")
    interval: Interval | None = Field(default=None, description="Time between two pulls. Default: pull.interval")
    user_agent: Text | None = Field(default=None, description="The User-Agent of the pulls")
    ignore: list[Pattern] = Field(default=[], description="Summaries of events that take no night")
    reservation: list[Pattern] | None = Field(default=None, description="Summaries that mean a reservation")
    block: list[Pattern] | None = Field(default=None, description="Summaries that mean a closure, and no reservation")
    claims: Literal["all", "not_blocks"] = Field(
        default="all", description="not_blocks: events known as blocks take no night"
    )
    dtend: Literal["exclusive", "inclusive"] | None = Field(
        default=None, description="Whether an event's end is the day of departure, or the last night"
    )
    all_day_transparent: Literal["block", "free"] | None = Field(
        default=None, description="Whether an all-day event marked as free takes its nights"
    )
    empty_body: Literal["failure", "empty"] | None = Field(
        default=None, description="What an answer without a byte means"
    )
    echo_lag: Duration | None = Field(default=None, description="How long the portal takes to act on what it has read")
    echo_padding: Annotated[int, Field(ge=0, le=30)] | None = Field(
        default=None, description="Nights that the portal adds around what it imports"
    )
    buffer: Buffer | None = Field(
        default=None, description="Nights closed around every stay and block in this feed. Default: the accommodation's"
    )
    offer: Offer | None = Field(
        default=None, description="What is offered at this portal. Default: as for the accommodation, key by key"
    )
    linked: bool = Field(
        default=False,
        description="true: this portal closes this accommodation by itself when it sells one of its family",
    )
    rules: Literal["free", "close"] | None = Field(
        default=None,
        description="What the portal closes by its own notice or window: free or closed at the others. Default: learned",
    )
    portal_notice: Annotated[Days, Field(le=30)] | None = Field(
        default=None, description="Nights from today on that the portal closes by its own settings"
    )
    portal_window: Annotated[Days, Field(ge=3, le=1000)] | None = Field(
        default=None, description="Nights ahead from which on the portal closes all by its own settings"
    )


class Accommodation(Keys):
    """What can be booked once per night."""

    name: Text | None = Field(default=None, description="For people. Default: the id")
    timezone: Zone = Field(description="IANA name of the zone that it lies in")
    buffer: Buffer = Field(
        default_factory=Buffer, description="Nights closed around every stay and block, in all feeds"
    )
    blocks: list[Block] = Field(default=[], description="Nights that the host takes")
    parts: list[Id] = Field(
        default=[],
        description="Accommodations that this one consists of: it is closed where one of them is taken, and closes them all",
    )
    offer: Offer = Field(default_factory=Offer, description="How near and how far nights are offered, in all feeds")
    website: bool = Field(
        default=False,
        description="true: anybody may see which nights are free and taken, at /website/ID of the feeds listener. "
        "It shows strangers when the house is empty",
    )
    syncs: dict[Id, Sync] = Field(default={}, description="Its portals, each under an id of the host's choice")


class Receiver(Keys):
    """Who is told by a message what needs the host."""

    name: Id = Field(description="Tells the receiver in logs and metrics")
    url: Text | None = Field(
        default=None, repr=False, description="An Apprise URL: ntfy, mail, Telegram, a webhook. It is a password"
    )
    url_file: Text | None = Field(default=None, description="A file that holds the URL")
    url_env: Text | None = Field(default=None, description="An environment variable that holds the URL")
    about: list[Literal["urgent", "problems", "bookings"]] = Field(
        default=["urgent", "problems"],
        description="urgent: a night may be sold twice; problems: what the page shows for as long as its alert waits; "
        "bookings: nights taken and free again",
    )
    language: Literal["en", "de", "es", "fr", "it", "pt"] = Field(default="en", description="Of the messages")


class Heartbeat(Keys):
    """What is fetched for as long as all that must live lives."""

    url: Text | None = Field(default=None, repr=False, description="https or http. It is a password")
    url_file: Text | None = Field(default=None, description="A file that holds the URL")
    url_env: Text | None = Field(default=None, description="An environment variable that holds the URL")
    interval: Interval = _time("5m", "Time between two of them; longer than 0s")


class Calendar(Keys):
    """A calendar for people: it shows who comes and goes, where portals are only told which nights to close."""

    show: Literal["stays", "turnovers"] = Field(
        description="stays: an event a stay, and your own blocks with their note; turnovers: an event a day on which "
        "somebody leaves or arrives"
    )
    accommodations: list[Text] | None = Field(default=None, description="Ids. Default: all")
    language: Literal["en", "de", "es", "fr", "it", "pt"] = Field(default="en", description="Of the events' titles")
    link_generation: int = Field(default=1, ge=1, le=1_000_000, description="Raise it for a new link")


class _Target(Keys):
    name: Id = Field(description="Tells the target in logs and metrics")
    public_url: Origin | None = Field(
        default=None, description="How portals reach what is published: the start of its accommodations' links"
    )
    accommodations: list[Text] | None = Field(default=None, description="Ids. Default: all")


class Folder(_Target):
    """A folder that another program serves or copies."""

    type: Literal["folder"]
    path: Text = Field(description="The folder")


class WebDav(_Target):
    """A WebDAV server, such as a Nextcloud."""

    type: Literal["webdav"]
    url: Origin = Field(description="The folder's URL")
    username: Text | None = None
    username_file: Text | None = None
    username_env: Text | None = None
    password_file: Text | None = Field(default=None, description="A file that holds the password")
    password_env: Text | None = Field(default=None, description="An environment variable that holds the password")


class S3(_Target):
    """Amazon S3, or a store that speaks its protocol."""

    type: Literal["s3"]
    bucket: Text
    prefix: Text = Field(default="", description="What the objects' names begin with")
    region: Text | None = None
    endpoint: Origin | None = Field(default=None, description="The store's URL, where it is not Amazon's")
    access_key_id_file: Text | None = None
    access_key_id_env: Text | None = None
    secret_access_key_file: Text | None = None
    secret_access_key_env: Text | None = None


class Gcs(_Target):
    """Google Cloud Storage."""

    type: Literal["gcs"]
    bucket: Text
    prefix: Text = Field(default="", description="What the objects' names begin with")
    service_account_file: Text | None = Field(
        default=None, description="The service account's key. Default: the platform's own credentials"
    )


class Azure(_Target):
    """Azure Blob Storage."""

    type: Literal["azure"]
    account: Text
    container: Text
    prefix: Text = Field(default="", description="What the blobs' names begin with")
    account_key_file: Text | None = None
    account_key_env: Text | None = None


class FileStore(Keys):
    """A file in the state folder, with nothing to install."""

    type: Literal["sqlite"]


class ServerStore(Keys):
    """A database on a PostgreSQL server."""

    type: Literal["postgresql"]
    dsn_file: Text = Field(
        description="A file that holds the connection string, such as postgresql://icalsyncd:PASSWORD@host/icalsyncd"
    )


Target: TypeAlias = Folder | WebDav | S3 | Gcs | Azure


class File(Keys):
    """The whole of ``config.yaml``."""

    terms: Literal["accepted"] = Field(
        description='`accepted`: the host has read "Terms of use" in the README: availability only, delays, own risk'
    )
    server: Server = Field(default_factory=Server, description="Where the daemon is reached")
    pull: Pull = Field(default_factory=Pull, description="How the portals' calendars are pulled")
    store: Annotated[FileStore | ServerStore, Field(discriminator="type")] = Field(
        default_factory=lambda: FileStore(type="sqlite"),
        json_schema_extra={"default": {"type": "sqlite"}},
        description="Where the state lies. Another one is for the next start, after `icalsyncd store copy`",
    )
    official_only: list[PortalName] = Field(
        default=["airbnb", "booking"],
        description="Portals that iCal is refused for, since they have an official connection; [] allows all",
    )
    publish: list[Annotated[Target, Field(discriminator="type")]] = Field(
        default=[], description="The shared cloud: where the feeds are put for portals that cannot reach this machine"
    )
    notify: list[Receiver] = Field(default=[], description="Who is told by a message what needs the host")
    heartbeat: Heartbeat | None = Field(
        default=None,
        description="What is fetched for as long as all that must live lives, for a monitor that waits for it",
    )
    calendars: dict[Id, Calendar] = Field(
        default={}, description="Calendars for people, each under an id of the host's choice, with a link of its own"
    )
    accommodations: dict[Id, Accommodation] = Field(
        default={}, description="What can be booked, each under an id of the host's choice"
    )
