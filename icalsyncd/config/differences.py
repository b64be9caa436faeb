"""Which settings of two configs differ, by the keys under which the host wrote them; never their values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Final

from icalsyncd.calendars.settings import ReadSettings
from icalsyncd.config.resolved import Config, Pull, Server, Sync

_KEYS: Final = {
    "drop_blocks": "claims",
    "dtend_inclusive": "dtend",
    "transparent_blocks": "all_day_transparent",
    "empty_is_valid": "empty_body",
    "private_addresses": "allow_private_addresses",
}
"""Settings that have another name in the file."""
_OWN_RULES: Final = {"rules": "rules", "notice": "portal_notice", "window": "portal_window"}
"""What the host wrote of a portal's own rules, and its key."""
_ELSEWHERE: Final = frozenset(
    {
        "accommodation",
        "id",
        "portal",
        "direction",
        "url",
        "paused",
        "keeps",
        "was",
        "link_generation",
        "timezone",
        "read",
        "own_rules",
        "said",
    }
)
"""What changes in the ledgers, and is told there."""


def differences(before: Config, after: Config) -> Iterator[tuple[str, str]]:
    """Each setting that differs: of what (a sync's name, or a key of the file), and its own key."""
    for key in _differing(before.server, after.server):
        yield "server", key
    for key in _differing(before.pull, after.pull):
        yield "pull", key
    if before.official_only != after.official_only:
        yield "official_only", ""
    if (before.store.on_server, before.store.dsn) != (after.store.on_server, after.store.dsn):
        yield "store", ""
    if before.publish != after.publish:
        yield "publish", ""
    if before.telling.receivers != after.telling.receivers:
        yield "notify", ""
    if before.telling.heartbeat != after.telling.heartbeat:
        yield "heartbeat", ""
    if before.calendars != after.calendars:
        yield "calendars", ""
    known_houses = {each.id: each for each in before.accommodations}
    for house in after.accommodations:
        if (was := known_houses.get(house.id)) is not None:
            for key in ("name", "website"):
                if getattr(was, key) != getattr(house, key):
                    yield house.id, key
    for sync in after.syncs():
        known = before.sync(sync.name)
        if known is None:
            continue
        for key in _differing(known, sync):
            yield sync.name, key
        for key in _differing(known.read, sync.read):
            yield sync.name, key
        for key in _OWN_RULES:
            if getattr(known.own_rules, key) != getattr(sync.own_rules, key):
                yield sync.name, _OWN_RULES[key]


def _differing(
    before: Server | Pull | Sync | ReadSettings, after: Server | Pull | Sync | ReadSettings
) -> Iterator[str]:
    for field in fields(after):
        if field.name not in _ELSEWHERE and getattr(before, field.name) != getattr(after, field.name):
            yield _KEYS.get(field.name, field.name)
