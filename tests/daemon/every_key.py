"""What half a file without each key does to the nights: one row a key, or a few."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tests.end_to_end.portal import calendar, day

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
