"""What a config takes back from a sync, and how it counts on for a while.

A half-written file is valid too, and lacks some of its keys. So what the host writes out counts at once, and what the
config no longer says counts on until the removal delay has passed: the direction, how the calendar is read, how the
portal repeats what it imports, how long a suspicious copy is held. The whole file comes back, and nothing has happened.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import fields, replace
from typing import Any

from icalsyncd.availability.channel import Channel, Narrowing
from icalsyncd.availability.ledger import Presence, SyncLedger
from icalsyncd.availability.stamps import Moment
from icalsyncd.calendars.settings import ReadSettings, Summaries


def channelled(sync: SyncLedger, wanted: Channel, said: Set[str], now: Moment) -> SyncLedger:
    """*sync* under a config that wants *wanted*; *said* are the settings that the host has written out for it."""
    kept = _kept(sync, wanted, said)
    muted_until = None if kept.sends else sync.muted_until
    if kept == wanted:
        return replace(sync, channel=wanted, narrowing=None, muted_until=muted_until)
    before = sync.narrowing
    waited = _taken_back(sync.channel, before.channel) if before is not None else frozenset()
    # what waits already waits no longer because something else changes; what is new to wait does, for all of it
    goes_on = before is not None and _taken_back(kept, wanted) <= waited
    since = before.since if before is not None and goes_on else now
    return replace(sync, channel=kept, narrowing=Narrowing(wanted, since), muted_until=muted_until)


def gives_up_direction(sync: SyncLedger) -> bool:
    """Whether *sync* is to send or to receive no longer."""
    return sync.narrowing is not None and _direction(sync.narrowing.channel) != _direction(sync.channel)


def takes_back_settings(sync: SyncLedger) -> bool:
    """Whether settings of *sync* count on that the config no longer says."""
    wanted = sync.narrowing.channel if sync.narrowing is not None else sync.channel
    return replace(wanted, receives=sync.channel.receives, sends=sync.channel.sends) != sync.channel


def _kept(sync: SyncLedger, wanted: Channel, said: Set[str]) -> Channel:
    """What counts under a config that wants *wanted*."""
    before = sync.channel
    wanted = replace(
        wanted,
        # while it waits, the larger of the two buffers counts
        buffer=before.buffer,
        offer_notice=max(before.offer_notice, wanted.offer_notice),
        offer_window=min(
            (each.offer_window for each in (before, wanted) if each.offer_window is not None), default=None
        ),
    )
    receives = wanted.receives or (before.receives and sync.presence in (Presence.ACTIVE, Presence.KEPT))
    sends = wanted.sends or before.sends
    if not receives:
        return replace(wanted, sends=sends)
    return replace(
        wanted,
        receives=receives,
        sends=sends,
        lag=wanted.lag if "lag" in said else before.lag,
        lag_is_given=wanted.lag_is_given if "lag" in said else before.lag_is_given,
        padding=wanted.padding if "padding" in said else max(before.padding, wanted.padding),
        hold=max(before.hold, wanted.hold),
        rules=wanted.rules if "rules" in said else before.rules,
        notice=wanted.notice if "notice" in said else before.notice,
        window=wanted.window if "window" in said else before.window,
        read=_still_read(before.read, wanted.read, said),
    )


def _still_read(before: ReadSettings | None, wanted: ReadSettings | None, said: Set[str]) -> ReadSettings | None:
    if before is None or wanted is None or before == wanted:
        return wanted
    counts: dict[str, Any] = {"timezone": wanted.timezone}
    for name in said & {each.name for each in fields(wanted)}:
        was, now = getattr(before, name), getattr(wanted, name)
        # a list that has become shorter may be one that is half-written
        counts[name] = _with(now, was) if isinstance(now, Summaries) else now
    return replace(before, **counts)


def _with(summaries: Summaries, more: Summaries) -> Summaries:
    missing = tuple(pattern for pattern in more.patterns if pattern not in summaries.patterns)
    if not missing and more.texts <= summaries.texts:
        return summaries
    return Summaries(summaries.texts | more.texts, (*summaries.patterns, *missing))


def _taken_back(kept: Channel, wanted: Channel) -> frozenset[tuple[str, object]]:
    """What waits, and what it is to become."""
    found: set[tuple[str, object]] = {
        (each.name, getattr(wanted, each.name))
        for each in fields(Channel)
        if each.name != "read" and getattr(kept, each.name) != getattr(wanted, each.name)
    }
    if kept.read is not None and wanted.read is not None:
        found |= {
            (each.name, getattr(wanted.read, each.name))
            for each in fields(ReadSettings)
            if getattr(kept.read, each.name) != getattr(wanted.read, each.name)
        }
    return frozenset(found)


def _direction(channel: Channel) -> tuple[bool, bool]:
    return channel.receives, channel.sends
