"""What needs the host, the worst first: the sentences of the page, of `status`, of `/-/well`, and of whatever tells them.

There is no other list. Each says in one sentence which house, portal and nights it is about; its advice stands beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from icalsyncd.admin.overview import Overview, SyncRow
from icalsyncd.admin.sentences import (
    absolute,
    ago,
    clock_time,
    counted,
    is_unread,
    listed,
    other_readers,
    runs,
    stretch,
)
from icalsyncd.admin.status import state_of
from icalsyncd.availability.explanation import called, overbooked_advice
from icalsyncd.availability.ledger import Presence, SyncLedger
from icalsyncd.availability.narrowing import takes_back_settings
from icalsyncd.availability.offers import origins
from icalsyncd.availability.pausing import pauses
from icalsyncd.calendars.nights import Night, Nights, Stay, date_of
from icalsyncd.state.view import House

INTERVALS_OF_PATIENCE: Final = 2
"""Intervals within which a failing portal mostly recovers without help."""
_MAX_LISTED: Final = 8


class Weight(IntEnum):
    """How much a concern matters."""

    ALARM = 0
    """A night may be sold twice, or the daemon does not do what its config says."""
    WARNING = 1
    """A portal does not play its part."""
    NOTE = 2
    """Something that the host has begun and not finished."""


@dataclass(frozen=True, slots=True)
class Concern:
    """One thing that needs a human."""

    weight: Weight
    what: str
    advice: str
    accommodation: str = ""
    """Empty if it is about the whole."""
    sync: str = ""
    night: Night | None = None
    """A night to be explained."""
    details: tuple[str, ...] = ()


def concerns(overview: Overview) -> list[Concern]:
    """All of them, the worst first."""
    found = [*_of_daemon(overview)]
    for accommodation, house in overview.view.houses.items():
        found += _of_house(overview, accommodation, house)
        found += _of_pauses(overview, accommodation, house)
        for sync in overview.syncs_of(accommodation, house):
            found += _of_sync(overview, sync)
    found += _of_links(overview)
    if not any(house.state.ledger.syncs for house in overview.view.houses.values()):
        found.append(
            Concern(
                Weight.NOTE,
                f"Nothing is kept in step yet: there is no sync in {overview.file}.",
                "`icalsyncd add` makes the first.",
            )
        )
    return sorted(found, key=lambda concern: concern.weight)


def needs(found: Iterable[Concern]) -> tuple[str, ...]:
    """The verdict on everything: one sentence for each thing that needs the host; none where all is well."""
    return tuple(concern.what for concern in found)


def _of_daemon(overview: Overview) -> Iterator[Concern]:
    if not overview.config.ok:
        yield Concern(
            Weight.ALARM,
            f"{overview.file} cannot be taken over: {counted(len(overview.config.problems), 'mistake')}.",
            "The config before it goes on. Correct the file and save it: it is taken over at once.",
            details=overview.config.problems,
        )
    for fault in overview.faults:
        what, _, more = fault.partition(". ")
        yield Concern(Weight.ALARM, f"{what.rstrip('.')}.", more or "The log says more.")
    for target in overview.targets:
        if target.failing_since is not None and target.unsent is not None:
            yield Concern(
                Weight.ALARM,
                f"{counted(target.behind, 'feed')} at {target.name} {'is' if target.behind == 1 else 'are'} old: "
                f"it took them last before {absolute(target.failing_since)} ({target.unsent.detail}).",
                "Portals that read them there do not know of nights taken since. It is tried again all the time.",
            )
        if target.overwritten:
            yield Concern(
                Weight.ALARM,
                f"Somebody else writes {counted(target.overwritten, 'feed')} at {target.name}, under our links.",
                "Mostly that is an earlier installation with the same secret: stop it for good. What it writes over ours may "
                "be old.",
            )
        if target.tears:
            yield Concern(
                Weight.NOTE,
                f"{target.name} does not move files: a portal that reads in the wrong moment gets a part of a feed.",
                "Let the server, or the proxy before it, allow MOVE; it is tried again each half hour.",
            )


def _of_house(overview: Overview, accommodation: str, house: House) -> Iterator[Concern]:
    name = overview.name_of(accommodation)
    yield from _of_blocks(overview, accommodation, house)
    yield from _of_settings(overview, accommodation, house)
    ledger = house.state.ledger
    for having, nights in _by_whom(house.trouble.overbooked, {"local": ledger.local, **origins(ledger)}).items():
        names = listed(map(called, having))
        yield from _of_nights(
            name,
            accommodation,
            nights,
            Weight.ALARM,
            f"overbooked by {names}",
            f"{overbooked_advice(having)} Until then the nights stay closed everywhere.",
        )
    for showing, nights in _by_whom(house.trouble.possible_ghosts, _claimed(house)).items():
        names = listed(map(called, showing))
        yield from _of_nights(
            name,
            accommodation,
            nights,
            Weight.WARNING,
            f"closed by {names}, and perhaps nobody took it" if names else "perhaps a ghost that comes and goes",
            "Look at the portals that show it. The night's own page says what to do where none has a reservation.",
        )
    if not house.state.ledger.complete:
        missing = [
            sync.name
            for sync in overview.syncs_of(accommodation, house)
            if sync.ledger.channel.receives
            and sync.ledger.presence is Presence.ACTIVE
            and sync.ledger.pulled_at is None
            and not sync.ledger.counted_empty
        ]
        waits = f"{listed(missing)} has been pulled once" if len(missing) == 1 else "every sync has been pulled once"
        yield Concern(
            Weight.WARNING,
            f"{name} is not complete: its feeds answer 503 until {waits}.",
            f"Portals try again later. To go without it: icalsyncd accept {accommodation}, or pause the sync.",
            accommodation,
        )


def _of_blocks(overview: Overview, accommodation: str, house: House) -> Iterator[Concern]:
    ledger = house.state.ledger
    for block in ledger.blocks:
        if block.leaving_since is not None and block.stay.check_out > ledger.today:
            until = clock_time(block.leaving_since + overview.removal_delay, overview.now, ledger.timezone)
            yield Concern(
                Weight.NOTE,
                f"{overview.name_of(accommodation)}: your own block of {stretch(block.stay)} is no longer in "
                f"{overview.file}: at {until} its nights open.",
                "If that was not meant, put it back before then, and nothing has happened. "
                f"To open them now: icalsyncd accept {accommodation}",
                accommodation,
            )
    if ledger.shrinking:
        until = clock_time(ledger.shrinking.since + overview.removal_delay, overview.now, ledger.timezone)
        yield Concern(
            Weight.NOTE,
            f"{overview.name_of(accommodation)}: at {until} its buffer becomes smaller, and the nights between open.",
            f"If that was not meant, put it back before then. To have it now: icalsyncd accept {accommodation}",
            accommodation,
        )


def _of_settings(overview: Overview, accommodation: str, house: House) -> Iterator[Concern]:
    """Settings that the config has taken back, and that count on for a while."""
    ledger = house.state.ledger
    waiting = [
        ("Settings of", f"{accommodation}/{name}", sync.narrowing.since)
        for name, sync in ledger.syncs.items()
        if sync.narrowing and sync.presence is Presence.ACTIVE and takes_back_settings(sync)
    ]
    for what, whose, since in waiting:
        until = clock_time(since + overview.removal_delay, overview.now, ledger.timezone)
        yield Concern(
            Weight.NOTE,
            f"{what} {whose} are no longer in {overview.file} as they were: until {until} they count on.",
            "If that was not meant, put them back before then, and nothing has happened. "
            f"To end them now: icalsyncd accept {accommodation}",
            accommodation,
        )


def _of_pauses(overview: Overview, accommodation: str, house: House) -> Iterator[Concern]:
    ledger = house.state.ledger
    for pause in pauses(ledger):
        what, which = [], []
        if pause.sold:
            which.append(f"sold: {runs(pause.sold)}")
            what.append(f"{counted(len(pause.sold), 'night')} that it sold {_lie(pause.sold)} open everywhere else")
        if pause.unknown:
            which.append(f"taken elsewhere: {runs(pause.unknown)}")
            what.append(f"{counted(len(pause.unknown), 'night')} taken elsewhere {_lie(pause.unknown)} open there")
        if what:
            since = clock_time(pause.since, overview.now, ledger.timezone)
            yield Concern(
                Weight.WARNING,
                f"{accommodation}/{pause.sync} is paused since {since}: {', and '.join(what)} ({'; '.join(which)}).",
                f"Any of them can be sold twice. Once it is safe to resume: icalsyncd resume {accommodation}/{pause.sync}",
                accommodation,
                pause.sync,
            )


def _lie(nights: Nights) -> str:
    return "is" if len(nights) == 1 else "are"


def _claimed(house: House) -> dict[str, Nights]:
    """What each portal shows as taken, and the host's own blocks."""
    ledger = house.state.ledger
    shown = {
        name: sync.claimed
        for name, sync in ledger.syncs.items()
        if sync.presence in (Presence.ACTIVE, Presence.LEAVING, Presence.KEPT)
    }
    return {"local": ledger.local, **shown}


def _by_whom(nights: Nights, sources: Mapping[str, Nights]) -> dict[tuple[str, ...], Nights]:
    """*nights* by those of *sources* that hold them."""
    found: dict[tuple[str, ...], Nights] = {}
    left = nights
    while left:
        first = left.stays()[0].check_in
        having = tuple(name for name, held in sources.items() if first in held)
        same = left
        for name, held in sources.items():
            same = same & held if name in having else same - held
        found[having] = same
        left = left - same
    return found


def _of_nights(
    name: str, accommodation: str, nights: Nights, weight: Weight, what: str, advice: str
) -> Iterator[Concern]:
    stays = nights.stays()
    if len(stays) > _MAX_LISTED:
        said = f"{name}: {len(nights)} nights in {len(stays)} stretches are {what}, the first {stretch(stays[0])}."
        yield Concern(weight, said, advice, accommodation, night=stays[0].check_in)
        return
    for stay in stays:
        yield Concern(
            weight, f"{name}: {stretch(stay)} {_are(stay)} {what}.", advice, accommodation, night=stay.check_in
        )


def _are(stay: Stay) -> str:
    return "is" if stay.check_out - stay.check_in == 1 else "are"


def _of_sync(overview: Overview, sync: SyncRow) -> Iterator[Concern]:
    ledger, facts, now = sync.ledger, sync.facts, overview.now
    zone = sync.house.state.ledger.timezone
    where = (sync.accommodation, sync.name)
    if ledger.link.refused:
        yield Concern(
            Weight.WARNING,
            f"{sync.whole} keeps its link: `link_generation: {ledger.link.refused}` has ended, and does not work again.",
            f"Write `link_generation: {ledger.link.generation}` for the link that it has, "
            f"or {max(ledger.link.ended, ledger.link.generation) + 1} for a new one.",
            *where,
        )
    match state_of(ledger, facts):
        case "failing" if facts.failing_since is not None:
            if now - facts.failing_since > INTERVALS_OF_PATIENCE * overview.intervals.get(sync.key, 0.0):
                since = clock_time(facts.failing_since, now, zone)
                yield Concern(
                    Weight.WARNING,
                    f"{sync.whole} has been failing since {since}: {facts.detail or facts.reason}.",
                    "What it said last counts until it answers again. Look whether its URL still works.",
                    *where,
                )
        case "held":
            yield Concern(
                Weight.WARNING,
                f"{sync.whole} is held: its calendar suddenly lacks {counted(len(ledger.retained), 'night')}: "
                f"{runs(ledger.retained)}.",
                f"Look at the portal. If they are free indeed: icalsyncd accept {sync.whole}",
                *where,
            )
        case "partial":
            yield Concern(
                Weight.WARNING,
                f"{sync.whole} is partly unreadable, and frees no night until it is whole{_kept(ledger.retained)}.",
                "Look at the portal's calendar for what is unusual in it.",
                *where,
                details=facts.problems[:_MAX_LISTED],
            )
        case "leaving" if ledger.presence is Presence.LEAVING:
            until = clock_time(ledger.since + overview.removal_delay, now, zone)
            yield Concern(
                Weight.WARNING,
                f"{sync.whole} is no longer in {overview.file}: at {until} its nights open{_its(ledger, sync.house)}.",
                "If that was not meant, put it back before then, and nothing has happened.",
                *where,
            )
        case "paused" if ledger.presence is Presence.KEPT:
            since = clock_time(ledger.since, now, zone)
            yield Concern(
                Weight.NOTE,
                f"{sync.whole} is paused since {since} and kept as it was: what its portal sells since is not known.",
                f"Its nights stay closed elsewhere, and its feed opens none. To go on: icalsyncd resume {sync.whole}",
                *where,
            )
        case _:
            pass
    if ledger.narrowing and ledger.presence is Presence.ACTIVE:
        until = clock_time(ledger.narrowing.since + overview.removal_delay, now, zone)
        yield Concern(
            Weight.NOTE,
            f"{sync.whole} gives up a direction at {until}.",
            f"If that was not meant, put it back before then. To have it now: icalsyncd accept {sync.whole}",
            *where,
        )
    if several := other_readers(sync):
        yield Concern(Weight.WARNING, *several, *where)
    if is_unread(overview, sync) and ledger.surely_read_at is not None:
        yield Concern(
            Weight.WARNING,
            f"The portal of {sync.whole} last read its link {ago(ledger.surely_read_at, now)}{_untold(ledger, sync.house)}.",
            "It does not know of nights taken since. Look whether the link is still entered there.",
            *where,
        )


def _untold(sync: SyncLedger, house: House) -> str:
    told = sync.told.nights if sync.told is not None else Nights()
    nights = (sync.offered.nights - told).since(house.state.ledger.today)
    return f", and does not know of {runs(nights)}" if nights else ""


def _its(sync: SyncLedger, house: House) -> str:
    nights = sync.genuine.since(house.state.ledger.today)
    return f": {runs(nights)}" if nights else ""


def _kept(nights: Nights) -> str:
    return f"; kept: {runs(nights)}" if nights else ""


def _of_links(overview: Overview) -> Iterator[Concern]:
    unread = [
        sync.whole
        for sync in overview.syncs()
        if sync.key in overview.links
        and sync.ledger.presence is Presence.ACTIVE
        and sync.ledger.channel.sends
        and not sync.ledger.published
        and (sync.ledger.last_fetch or 0.0) < (overview.secret_since or 0.0)
    ]
    if unread:
        shown = unread[:_MAX_LISTED] + ([f"{len(unread) - _MAX_LISTED} more"] if len(unread) > _MAX_LISTED else [])
        yield Concern(
            Weight.NOTE,
            f"{counted(len(unread), 'link')} not read by {'its portal' if len(unread) == 1 else 'their portals'} yet: "
            f"{listed(shown)}.",
            "Copy each link below and paste it where the portal asks for a calendar to import.",
        )


def first_night(concern: Concern) -> str | None:
    """The date of the night that a concern is about."""
    return date_of(concern.night).isoformat() if concern.night is not None else None
