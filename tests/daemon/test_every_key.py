"""What half a file, one that lacks a key, does to the nights; and what another value that is written out does.

The keys are those of the schema: one that is new fails here until it is known what it does.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import pytest
from pydantic import BaseModel

from icalsyncd.availability.ledger import Ledger, SyncLedger
from icalsyncd.config import schema
from icalsyncd.config.loading import Accepted, Loaded, parse
from icalsyncd.daemon.hub import Hub
from icalsyncd.state.installation import Installation
from icalsyncd.state.store import Store
from tests.end_to_end.portal import Portal, calendar, day, portals
from tests.pulling.house import House

DELAY = 8 * 86400.0
"""More than any delay of these configs."""
GONE = "(without it)"
"""Instead of a value: the key is not there."""


class Effect(StrEnum):
    """What a save does to the nights that portals must close."""

    REFUSED = "the file cannot run: the config before it goes on"
    NOTHING = "no night changes, now or later"
    CLOSES = "closes nights at once"
    WAITS = "opens nights, and none before the removal delay has passed"
    OPENS = "opens nights at once, since the host has written that out"


@dataclass(frozen=True)
class Row:
    """One key with a value by which it matters, and what becomes of the nights."""

    key: str
    value: Any
    without: Effect
    """Where the key is missing."""
    other: Any = GONE
    """Another value."""
    changed: Effect | None = None
    """What that does; None where there is no row for it."""
    beside: tuple[tuple[str, Any], ...] = ()
    """Keys that are there, too, with their values."""
    also: tuple[tuple[str, Any], ...] = ()
    """What is saved together with the other value."""
    body: bytes | None = None
    """The portal's calendar where it is a special one."""
    feed: str = "site"
    """The sync whose feed is looked at."""
    then: bytes | None = None
    """What its portal sends from the second pull on: a copy that lacks nearly everything."""


R, N, C, W, O = Effect.REFUSED, Effect.NOTHING, Effect.CLOSES, Effect.WAITS, Effect.OPENS  # noqa: E741
SYNC = "accommodations.ID.syncs.ID"
HOUSE = "accommodations.ID"
BLOCK = {"from": day(50).isoformat(), "to": day(53).isoformat()}
TRANSPARENT = calendar((10, 12), (40, 42), extra="TRANSP:TRANSPARENT\r\n")
RECEIVER = (("notify", [{"name": "a", "url": "json://localhost"}]),)
SHOWN = (("calendars.ID.show", "stays"),)
DROPPED = ((f"{SYNC}.claims", "not_blocks"), (f"{SYNC}.block", ["/e/"]))
TOLD = ((f"{SYNC}.direction", "bidirectional"), (f"{HOUSE}.blocks", [BLOCK]))
ATTIC = {"from": day(60).isoformat(), "to": day(61).isoformat()}
ROOMS = (
    ("accommodations.room", {"timezone": "UTC", "blocks": [BLOCK]}),
    ("accommodations.attic", {"timezone": "UTC", "blocks": [ATTIC]}),
)

RULED = ((f"{SYNC}.portal_window", "30d"), (f"{SYNC}.portal", "guesty"))
FAR = calendar((10, 12), (30, 400, "Blocked by Guesty"))
HASH, OTHER_HASH = f"$2b$12${'a' * 53}", f"$2b$12${'b' * 53}"
TLS = (("server.admin_tls", {"cert_file": "cert.pem", "key_file": "key.pem"}),)

ROWS = (
    Row("terms", "accepted", R),
    Row("server", {"admin": "127.0.0.1:15546"}, N),
    Row("server.listen", "127.0.0.1:5546", N, "127.0.0.1:5547", N),
    Row("server.admin", "127.0.0.1:15546", N, "127.0.0.1:15547", N),
    Row("server.public_url", "https://one.example", N, "https://two.example", N),
    Row("server.admin_hosts", ["one.example"], N, ["two.example"], N),
    Row("server.proxies", ["10.0.0.0/8"], N, ["10.1.0.0/16"], N),
    Row("server.users", {"anna": HASH}, N, {"anna": OTHER_HASH}, N),
    Row("server.admin_tls", {"cert_file": "cert.pem", "key_file": "key.pem"}, N),
    Row("server.admin_tls.cert_file", "cert.pem", R, "other.pem", N, beside=TLS),
    Row("server.admin_tls.key_file", "key.pem", R, "other.pem", N, beside=TLS),
    Row("server.edit", True, N, False, N),
    Row("server.metrics_hosts", ["one.example"], N, ["two.example"], N),
    Row("server.history", "400d", N, "30d", N),
    Row("server.health", True, N, False, N),
    Row("server.language", "es", N, "de", N),
    Row("server.secret_file", "secret", N, "other", N),
    # what it does beside what leaves is in tests/end_to_end/test_removal_delay.py
    Row("server.removal_delay", "7d", N, "0s", N),
    Row("pull", {"interval": "1h", "allow_private_addresses": True}, N),
    Row("pull.interval", "1h", N, "2h", N),
    Row("pull.timeout", "20s", N, "10s", N),
    Row("pull.max_size", "1MiB", N, "2MiB", N),
    Row("pull.hold", "12h", W, "0s", W, then=calendar()),
    Row("pull.hold", "12h", W, "24h", N, then=calendar()),
    Row("pull.allow_private_addresses", True, N, False, N),
    # another one than the one in use is refused while the daemon runs, and half a file at a start:
    # tests/end_to_end/test_database.py
    Row("store", {"type": "sqlite"}, N),
    Row("official_only", [], N, ["vrbo"], N),
    Row("notify", [{"name": "a", "url": "json://localhost"}], N),
    Row("notify.name", "a", R, "b", N, beside=RECEIVER),
    Row("notify.url", "json://localhost", R, "json://localhost/2", N, beside=RECEIVER),
    Row("notify.url_file", "url", R, "url2", N, beside=(*RECEIVER, ("notify.url", GONE))),
    Row("notify.url_env", "URL", R, "URL2", N, beside=(*RECEIVER, ("notify.url", GONE))),
    Row("notify.about", ["urgent"], N, ["bookings"], N, beside=RECEIVER),
    Row("notify.language", "es", N, "de", N, beside=RECEIVER),
    Row("heartbeat", {"url": "http://localhost/"}, N),
    Row("heartbeat.url", "http://localhost/", R, "http://localhost/2", N),
    Row("heartbeat.url_file", "url", R, "url2", N),
    Row("heartbeat.url_env", "URL", R, "URL2", N),
    Row("heartbeat.interval", "1m", N, "2m", N, beside=(("heartbeat.url", "http://localhost/"),)),
    Row("calendars", {"owner": {"show": "stays"}}, N),
    Row("calendars.ID.show", "stays", R, "turnovers", N),
    Row("calendars.ID.accommodations", ["house"], N, [], N, beside=SHOWN),
    Row("calendars.ID.language", "de", N, "fr", N, beside=SHOWN),
    Row("calendars.ID.link_generation", 2, N, 3, N, beside=SHOWN),
    Row("publish", [{"type": "folder", "name": "cloud", "path": "cloud"}], N),
    Row("accommodations", GONE, W),
    Row(f"{HOUSE}.name", "Casa", N, "Villa", N),
    Row(f"{HOUSE}.website", True, N, False, N),
    Row(f"{HOUSE}.timezone", "UTC", R, "Etc/UTC", N),
    Row(f"{HOUSE}.buffer", {"before": 2, "after": 1}, W, {"before": 1}, W),
    Row(f"{HOUSE}.buffer", {"before": 2, "after": 1}, W, {"before": 3, "after": 1}, C),
    Row(f"{HOUSE}.buffer.before", 2, W, 1, W),
    Row(f"{HOUSE}.buffer.before", 2, W, 3, C),
    Row(f"{HOUSE}.buffer.after", 2, W, 1, W),
    Row(f"{HOUSE}.buffer.after", 2, W, 3, C),
    Row(f"{HOUSE}.blocks", [BLOCK], W, [], W),
    Row(f"{HOUSE}.blocks", [BLOCK], W, [BLOCK, {"from": day(60).isoformat(), "to": day(61).isoformat()}], C),
    Row(f"{HOUSE}.blocks.from", BLOCK["from"], R, day(51).isoformat(), W, beside=((f"{HOUSE}.blocks", [BLOCK]),)),
    Row(f"{HOUSE}.blocks.to", BLOCK["to"], R, day(52).isoformat(), W, beside=((f"{HOUSE}.blocks", [BLOCK]),)),
    Row(f"{HOUSE}.blocks.note", "ours", N, "mine", N, beside=((f"{HOUSE}.blocks", [BLOCK]),)),
    Row(f"{HOUSE}.parts", ["room"], W, ["room", "attic"], C, beside=ROOMS),
    Row(f"{HOUSE}.parts", ["room", "attic"], W, ["room"], W, beside=ROOMS),
    Row(f"{HOUSE}.offer", {"notice": "10d", "window": "40d"}, W, {"window": "40d"}, W),
    Row(f"{HOUSE}.offer.notice", "12d", W, "13d", C),
    Row(f"{HOUSE}.offer.notice", "10d", W, "0d", W),
    Row(f"{HOUSE}.offer.window", "40d", W, "39d", C),
    Row(f"{HOUSE}.offer.window", "40d", W, "41d", W),
    Row(f"{HOUSE}.syncs", GONE, W),
    # the profile of the other portal knows a block by a text that this one's does not
    Row(
        f"{SYNC}.portal",
        "guesty",
        R,
        "airbnb",
        W,
        beside=((f"{SYNC}.claims", "not_blocks"), ("official_only", [])),
        body=calendar((10, 12), (20, 22, "Not available")),
    ),
    Row(f"{SYNC}.direction", "import", R, "export", W, also=((f"{SYNC}.url", GONE),)),
    Row(f"{SYNC}.direction", "import", R, "bidirectional", N),
    Row(f"{SYNC}.url", None, R, "https://other.example/b.ics", N),
    Row(f"{SYNC}.url_file", "url", R, "url2", N, beside=((f"{SYNC}.url", GONE),)),
    Row(f"{SYNC}.url_env", "URL", R, "URL2", N, beside=((f"{SYNC}.url", GONE),)),
    Row(f"{SYNC}.paused", True, C, False, C),
    Row(f"{SYNC}.paused", False, N, True, O),
    Row(f"{SYNC}.was", "house/former", N, "house/older", N),
    Row(f"{SYNC}.link_generation", 2, N, 3, N),
    Row(f"{SYNC}.interval", "1h", N, "2h", N),
    Row(f"{SYNC}.user_agent", "one", N, "two", N),
    Row(f"{SYNC}.ignore", ["Ignored"], C, ["Ignored", "Reserved"], O),
    Row(f"{SYNC}.ignore", ["Ignored", "Reserved"], C, ["Ignored"], C),
    Row(f"{SYNC}.reservation", ["Reserved"], W, ["Another"], W, beside=DROPPED),
    Row(f"{SYNC}.block", ["/e/"], C, ["Closed"], C, beside=(DROPPED[0], (f"{SYNC}.portal", "guesty"))),
    Row(f"{SYNC}.block", ["Closed"], C, ["/e/"], O, beside=(DROPPED[0], (f"{SYNC}.portal", "guesty"))),
    Row(
        f"{SYNC}.block",
        ["Closed"],
        W,
        ["Closed", "Reserved"],
        O,
        beside=(DROPPED[0], (f"{SYNC}.portal", "guesty")),
        body=calendar((10, 12), (20, 22, "Blocked by Guesty"), (30, 32, "Reserved")),
    ),
    Row(f"{SYNC}.claims", "not_blocks", C, "all", C, beside=DROPPED[1:]),
    Row(f"{SYNC}.claims", "all", N, "not_blocks", O, beside=DROPPED[1:]),
    Row(f"{SYNC}.dtend", "inclusive", W, "exclusive", O),
    Row(f"{SYNC}.dtend", "exclusive", N, "inclusive", C),
    Row(f"{SYNC}.all_day_transparent", "free", C, "block", C, body=TRANSPARENT),
    Row(f"{SYNC}.all_day_transparent", "block", N, "free", O, body=TRANSPARENT),
    Row(f"{SYNC}.empty_body", "empty", N, "failure", N),
    Row(f"{SYNC}.empty_body", "failure", N, "empty", N),
    Row(f"{SYNC}.echo_lag", "1h", N, "2h", N),
    Row(f"{SYNC}.echo_padding", 2, N, 1, N),
    Row(f"{SYNC}.buffer", {"before": 2, "after": 1}, W, {"before": 1, "after": 1}, W, beside=TOLD, feed="a"),
    Row(f"{SYNC}.buffer", {"before": 2, "after": 1}, W, {"before": 3, "after": 1}, C, beside=TOLD, feed="a"),
    Row(
        f"{SYNC}.buffer",
        {"before": 0},
        C,
        {"before": 2},
        C,
        beside=(*TOLD, (f"{HOUSE}.buffer", {"before": 2})),
        feed="a",
    ),
    Row(f"{SYNC}.buffer.before", 2, W, 3, C, beside=TOLD, feed="a"),
    Row(f"{SYNC}.buffer.after", 2, W, 3, C, beside=TOLD, feed="a"),
    Row(f"{SYNC}.offer", {"notice": "12d"}, W, {"notice": "13d"}, C, beside=TOLD, feed="a"),
    Row(f"{SYNC}.offer", {"notice": "0d"}, C, {}, C, beside=(*TOLD, (f"{HOUSE}.offer", {"notice": "5d"})), feed="a"),
    Row(f"{SYNC}.offer.notice", "10d", W, "9d", W, beside=TOLD, feed="a"),
    Row(f"{SYNC}.offer.window", "40d", W, "50d", W, beside=TOLD, feed="a"),
    # what it does in a family is in tests/availability/test_links_of_portals.py
    Row(f"{SYNC}.linked", True, N, False, N),
    # what is not known to be a rule is a closure; nights that the portal itself calls closed open at the others by default
    Row(f"{SYNC}.rules", "close", W, "free", O, beside=RULED, body=FAR),
    Row(f"{SYNC}.rules", "free", N, "close", C, beside=RULED, body=FAR),
    Row(f"{SYNC}.portal_window", "30d", N, "90d", N, body=FAR),
    Row(f"{SYNC}.portal_notice", "2d", N, "3d", N),
)
PUBLISHED = {
    "folder": {"path": "cloud"},
    "webdav": {"url": "https://cloud.example", "username": "me", "username_file": "f", "username_env": "URL"}
    | {"password_file": "f", "password_env": "URL"},
    "s3": {"bucket": "b", "prefix": "p", "region": "r", "endpoint": "https://s3.example"}
    | {"access_key_id_file": "f", "access_key_id_env": "URL"}
    | {"secret_access_key_file": "f", "secret_access_key_env": "URL"},
    "gcs": {"bucket": "b", "prefix": "p", "service_account_file": "f"},
    "azure": {"account": "a", "container": "c", "prefix": "p", "account_key_file": "f", "account_key_env": "URL"},
}
"""The keys of each kind of target. What is published says what the feeds say, and these keys only where."""
OF_STORES = {"store.sqlite.type", "store.postgresql.type", "store.postgresql.dsn_file"}
OF_ALL_TARGETS = {"name", "public_url", "accommodations", "type"}


def keys(model: type[BaseModel] = schema.File, at: str = "") -> Iterator[str]:
    """Each key that may be written, as a path; those of the targets with the target's kind."""
    for name, field in model.model_fields.items():
        path = f"{at}{field.alias or name}"
        yield path
        for below in models_in(field.annotation):
            kind = get_args(below.model_fields["type"].annotation)[0] if "type" in below.model_fields else ""
            yield from keys(
                below, f"{path}.{kind or ('ID' if is_mapping(field.annotation) else '')}.".replace("..", ".")
            )


def is_mapping(annotation: Any) -> bool:
    return get_origin(annotation) is dict


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) in (Annotated, Union, UnionType, dict, list, Literal):
        for each in get_args(annotation):
            yield from models_in(each)


def test_it_is_known_of_each_key_what_half_a_file_without_it_does():
    known = {row.key for row in ROWS}
    known |= OF_STORES
    known |= {f"publish.{kind}.{key}" for kind, own in PUBLISHED.items() for key in (*own, *OF_ALL_TARGETS)}
    assert set(keys()) == known


class Written:
    """A household's file in parts, each key at its path."""

    def __init__(self, row: Row, url: str) -> None:
        self.file: dict[str, Any] = {
            "terms": "accepted",
            "pull": {"allow_private_addresses": True},
            "accommodations": {
                "house": {
                    "timezone": "UTC",
                    "syncs": {
                        "site": {"portal": "generic", "direction": "export"},
                        "a": {"portal": "smoobu", "direction": "import", "url": url},
                    },
                }
            },
        }
        for path, value in row.beside:
            self.set(path, deepcopy(value))
        if row.value not in (GONE, None):
            self.set(row.key, deepcopy(row.value))

    def set(self, path: str, value: Any) -> None:
        at: Any = self.file
        steps = (
            path.replace("syncs.ID", "syncs.a")
            .replace("ID", "house")
            .replace("blocks.", "blocks.0.")
            .replace("notify.", "notify.0.")
            .split(".")
        )
        for step in steps[:-1]:
            at = at[int(step)] if isinstance(at, list) else at.setdefault(step, {})
        if value == GONE:
            at.pop(steps[-1], None)
        else:
            at[steps[-1]] = value

    def read(self, folder: Path, url: str) -> Loaded:
        environ = {"URL": url, "URL2": "https://other.example/c.ics"}
        return parse(json.dumps(self.file), folder / "config.yaml", environ)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "saved" in metafunc.fixturenames:
        made = [(row, GONE, row.without, ()) for row in ROWS]
        made += [(row, row.other, row.changed, row.also) for row in ROWS if row.changed is not None]
        names = [f"{row.key.replace('accommodations.ID.', '')}={row.value}->{value}"[:70] for row, value, _, _ in made]
        metafunc.parametrize("saved", made, ids=names)


async def test_what_a_save_does_to_the_nights(saved: tuple[Row, Any, Effect, Any], tmp_path: Path) -> None:
    row, value, effect, also = saved
    body = row.body or calendar((10, 12), (20, 22, "Closed"), (30, 32, "Reserved"), (34, 35, "Ignored"))
    async with portals(1) as (a,):
        a.body = body
        for name, url in (("url", a.url), ("url2", "https://other.example/c.ics"), ("secret", "s" * 64)):
            (tmp_path / name).write_text(url)
        whole, half = Written(row, a.url), Written(row, a.url)
        half.set(row.key, value)
        for path, other in also:
            half.set(path, other)
        first, second = whole.read(tmp_path, a.url), half.read(tmp_path, a.url)
        assert isinstance(first, Accepted), first
        if effect is Effect.REFUSED:
            assert not isinstance(second, Accepted)
            return
        assert isinstance(second, Accepted), second
        await _save(row, a, first, second, effect, tmp_path, added=value != GONE)


async def _save(
    row: Row, a: Portal, first: Accepted, second: Accepted, effect: Effect, folder: Path, *, added: bool
) -> None:
    async with at_work(first, folder) as made:
        await made.hub.intake.pull(("house", "a"))
        if row.then is not None:
            a.body = row.then
            for _ in range(3):
                await made.hub.intake.pull(("house", "a"))
            pass_time(made, 7 * 3600.0, held=True)
        before = await made.shown(row.feed)
        await save(made, second)
        now = await made.shown(row.feed)
        check(effect, before, now)
        if effect in (Effect.NOTHING, Effect.WAITS):
            # in two steps: the whole file comes back, and nothing has happened
            await save(made, first)
            assert await made.shown(row.feed) == before
            ledger = made.journal.current["house"].ledger
            assert ledger.shrinking is None
            assert ledger.parting is None
            # another value may have added something that goes again with it
            assert added or not any(sync.narrowing for sync in ledger.syncs.values())
            await save(made, second)
    # this start finds the half file
    async with at_work(second, folder) as made:
        await save(made, second)
        check(effect, before, await made.shown(row.feed))
        pass_time(made, DELAY)
        made.hub.deadlines.attend("house")
        await made.quiet()
        await made.hub.intake.pull(("house", "a"))
        later = await made.shown(row.feed) if "house" in made.hub.view.houses else set()
    match effect:
        case Effect.WAITS:
            assert later < before, "this row proves nothing: the change opens no night"
        case Effect.NOTHING:
            assert later == before
        case _:
            assert later == now


def check(effect: Effect, before: set[int], now: set[int]) -> None:
    match effect:
        case Effect.NOTHING | Effect.WAITS:
            assert now == before
        case Effect.CLOSES:
            assert now > before
        case Effect.OPENS:
            assert now < before
        case Effect.REFUSED:
            raise AssertionError


class at_work:  # noqa: N801 (it reads as the function that it stands for)
    """A hub under a config, for as long as the block runs."""

    def __init__(self, accepted: Accepted, folder: Path) -> None:
        self.house = House(
            Hub(accepted, Installation(b"s" * 32), Store(folder / "state.sqlite3")),
            folder,
        )

    async def __aenter__(self) -> House:
        await self.house.hub.begin()
        self.house.runs(self.house.hub.journal.run())
        return self.house

    async def __aexit__(self, *_: object) -> None:
        for task in self.house.tasks:
            task.cancel()
        await self.house.hub.end()


async def save(made: House, accepted: Accepted) -> None:
    """The host saves a config, and each portal is pulled under it."""
    await made.hub.apply(accepted)
    await made.quiet()
    await made.hub.intake.pull(("house", "a"))
    await made.quiet()


def pass_time(made: House, seconds: float, *, held: bool = False) -> None:
    """What waits has waited for *seconds* longer; *held*: only what a suspicious copy lacked."""
    state = made.journal.current["house"]
    ledger = state.ledger
    syncs = {name: _older(sync, seconds, held=held) for name, sync in ledger.syncs.items()}
    older: Ledger = replace(ledger, syncs=syncs)
    if not held:
        blocks = tuple(
            replace(block, leaving_since=block.leaving_since - seconds) if block.leaving_since is not None else block
            for block in ledger.blocks
        )
        shrinking = ledger.shrinking and replace(ledger.shrinking, since=ledger.shrinking.since - seconds)
        parting = ledger.parting and replace(ledger.parting, since=ledger.parting.since - seconds)
        older = replace(older, blocks=blocks, shrinking=shrinking, parting=parting)
    made.journal.put("house", replace(state, ledger=older))


def _older(sync: SyncLedger, seconds: float, *, held: bool) -> SyncLedger:
    if held:
        return replace(sync, held=tuple(replace(lack, since=lack.since - seconds) for lack in sync.held))
    narrowing = sync.narrowing and replace(sync.narrowing, since=sync.narrowing.since - seconds)
    return replace(sync, since=sync.since - seconds, narrowing=narrowing)
