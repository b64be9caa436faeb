"""What needs the host, the worst first: the sentences of the page, of `status`, of `/-/well`, and of whatever tells them.

There is no other list. Each says in one sentence which house, portal and nights it is about; its advice stands beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from icalsyncd.admin.matters import Matter, Weight
from icalsyncd.admin.overview import Overview, SyncRow
from icalsyncd.admin.sentences import absolute, clock_time, counted, is_unread, listed, runs, span, stretch
from icalsyncd.admin.status import state_of
from icalsyncd.availability.explanation import called, overbooked_advice
from icalsyncd.availability.ledger import Presence, SyncLedger
from icalsyncd.availability.narrowing import takes_back_settings
from icalsyncd.availability.offers import origins
from icalsyncd.availability.pausing import pauses
from icalsyncd.calendars.nights import EMPTY, Nights, Stay, date_of
from icalsyncd.state.view import House

INTERVALS_OF_PATIENCE: Final = 2
"""Intervals within which a failing portal mostly recovers without help."""
_MAX_LISTED: Final = 8
_EXPLAINED: Final = (Matter.OVERBOOKED, Matter.POSSIBLE_GHOST)
"""What a night's own page says more of."""


@dataclass(frozen=True, slots=True)
class Concern:
    """One thing that needs a human."""

    matter: Matter
    what: str
    """One sentence, in which the matter's word is."""
    advice: str
    accommodation: str = ""
    """Empty if it is about the whole."""
    sync: str = ""
    """Or the name of a target."""
    nights: Nights = EMPTY
    """The nights that it is about, where it has some; the first of them is to be explained."""
    details: tuple[str, ...] = ()

    @property
    def weight(self) -> Weight:
        """How much it matters."""
        return self.matter.weight


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
                Matter.EMPTY,
                f"Nothing is kept in step yet: there is no sync in {overview.file}.",
                "`icalsyncd add` makes the first.",
            )
        )
    return sorted(found, key=lambda concern: concern.weight)


def needs(found: Iterable[Concern]) -> tuple[str, ...]:
    """The verdict on everything: one sentence for each thing that needs the host; none where all is well.

    A note is no need: it may stay for ever.
    """
    return tuple(concern.what for concern in found if concern.matter.needs_host)


def _of_daemon(overview: Overview) -> Iterator[Concern]:
    if not overview.config.ok:
        yield Concern(
            Matter.REFUSED,
            f"{overview.file} is refused, it has {counted(len(overview.config.problems), 'mistake')}.",
            "The config before it goes on. Correct the file and save it: it is taken over at once.",
            details=overview.config.problems,
        )
    for fault in overview.faults:
        what, _, more = fault.words.partition(". ")
        yield Concern(fault.matter, f"{what.rstrip('.')}.", more or "The log says more.")
    for target in overview.targets:
        if target.failing_since is not None and target.unsent is not None:
            yield Concern(
                Matter.NOT_PUBLISHED,
                f"{counted(target.behind, 'feed')} at {target.name} {'is' if target.behind == 1 else 'are'} old, and not "
                f"published since {absolute(target.failing_since)} ({target.unsent.detail}).",
                "Portals that read them there do not know of nights taken since. It is tried again all the time.",
                sync=target.name,
            )
        if target.overwritten:
            yield Concern(
                Matter.OVERWRITTEN,
                f"{counted(target.overwritten, 'feed')} at {target.name} {'is' if target.overwritten == 1 else 'are'} "
                "overwritten: somebody else writes under our links.",
                "Mostly that is an earlier installation with the same secret: stop it for good. What it writes over ours may "
                "be old.",
                sync=target.name,
            )
        if target.tears:
            yield Concern(
                Matter.TORN,
                f"{target.name} does not move files: a portal that reads in the wrong moment gets a torn feed, a part of it.",
                "Let the server, or the proxy before it, allow MOVE; it is tried again each half hour.",
                sync=target.name,
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
            Matter.OVERBOOKED,
            f"overbooked by {names}",
            f"{overbooked_advice(having)} Until then the nights stay closed everywhere.",
        )
    for showing, nights in _by_whom(house.trouble.possible_ghosts, _claimed(house)).items():
        names = listed(map(called, showing))
        yield from _of_nights(
            name,
            accommodation,
            nights,
            Matter.POSSIBLE_GHOST,
            f"closed by {names}, and perhaps nobody took it: a possible ghost"
            if names
            else "a possible ghost that comes and goes",
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
            Matter.NOT_COMPLETE,
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
                Matter.LEAVING,
                f"{overview.name_of(accommodation)}: your own block of {stretch(block.stay)} is leaving, it is no longer in "
                f"{overview.file}: at {until} its nights open.",
                "If that was not meant, put it back before then, and nothing has happened. "
                f"To open them now: icalsyncd accept {accommodation}",
                accommodation,
                nights=Nights.of_stays((block.stay,)),
            )
    if ledger.shrinking:
        until = clock_time(ledger.shrinking.since + overview.removal_delay, overview.now, ledger.timezone)
        yield Concern(
            Matter.LEAVING,
            f"{overview.name_of(accommodation)}: its buffer is leaving: at {until} it becomes smaller, and the nights "
            "between open.",
            f"If that was not meant, put it back before then. To have it now: icalsyncd accept {accommodation}",
            accommodation,
        )


def _of_settings(overview: Overview, accommodation: str, house: House) -> Iterator[Concern]:
    """Settings that the config has taken back, and that count on for a while."""
    ledger = house.state.ledger
    waiting = [
        (name, f"{accommodation}/{name}", sync.narrowing.since)
        for name, sync in ledger.syncs.items()
        if sync.narrowing and sync.presence is Presence.ACTIVE and takes_back_settings(sync)
    ]
    for name, whose, since in waiting:
        until = clock_time(since + overview.removal_delay, overview.now, ledger.timezone)
        yield Concern(
            Matter.LEAVING,
            f"Settings of {whose} are leaving, no longer in {overview.file} as they were: until {until} they count on.",
            "If that was not meant, put them back before then, and nothing has happened. "
            f"To end them now: icalsyncd accept {accommodation}",
            accommodation,
            name,
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
                Matter.PAUSED,
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
    name: str, accommodation: str, nights: Nights, matter: Matter, what: str, advice: str
) -> Iterator[Concern]:
    stays = nights.stays()
    if len(stays) > _MAX_LISTED:
        said = f"{name}: {len(nights)} nights in {len(stays)} stretches are {what}, the first {stretch(stays[0])}."
        yield Concern(matter, said, advice, accommodation, nights=nights)
        return
    for stay in stays:
        said = f"{name}: {stretch(stay)} {_are(stay)} {what}."
        yield Concern(matter, said, advice, accommodation, nights=Nights.of_stays((stay,)))


def _are(stay: Stay) -> str:
    return "is" if stay.check_out - stay.check_in == 1 else "are"


def _of_sync(overview: Overview, sync: SyncRow) -> Iterator[Concern]:
    ledger, facts, now = sync.ledger, sync.facts, overview.now
    zone = sync.house.state.ledger.timezone
    where = (sync.accommodation, sync.name)
    if ledger.link.refused:
        yield Concern(
            Matter.LINK_ENDED,
            f"{sync.whole} keeps its link: that of `link_generation: {ledger.link.refused}` has ended, and does not "
            "work again.",
            f"Write `link_generation: {ledger.link.generation}` for the link that it has, "
            f"or {max(ledger.link.ended, ledger.link.generation) + 1} for a new one.",
            *where,
        )
    match state_of(ledger, facts):
        case "failing" if facts.failing_since is not None:
            if now - facts.failing_since > INTERVALS_OF_PATIENCE * overview.intervals.get(sync.key, 0.0):
                since = clock_time(facts.failing_since, now, zone)
                yield Concern(
                    Matter.FAILING,
                    f"{sync.whole} has been failing since {since}: {facts.detail or facts.reason}.",
                    "What it said last counts until it answers again. Look whether its URL still works.",
                    *where,
                )
        case "held":
            yield Concern(
                Matter.HELD,
                f"{sync.whole} is held: its calendar suddenly lacks {counted(len(ledger.retained), 'night')}: "
                f"{runs(ledger.retained)}.",
                f"Look at the portal. If they are free indeed: icalsyncd accept {sync.whole}",
                *where,
            )
        case "partial":
            yield Concern(
                Matter.PARTIAL,
                f"{sync.whole} is partial, partly unreadable, and frees no night until it is whole{_kept(ledger.retained)}.",
                "Look at the portal's calendar for what is unusual in it.",
                *where,
                details=facts.problems[:_MAX_LISTED],
            )
        case "leaving" if ledger.presence is Presence.LEAVING:
            until = clock_time(ledger.since + overview.removal_delay, now, zone)
            yield Concern(
                Matter.LEAVING,
                f"{sync.whole} is leaving, it is no longer in {overview.file}: at {until} its nights "
                f"open{_its(ledger, sync.house)}.",
                "If that was not meant, put it back before then, and nothing has happened.",
                *where,
            )
        case "paused" if ledger.presence is Presence.KEPT:
            since = clock_time(ledger.since, now, zone)
            yield Concern(
                Matter.KEPT,
                f"{sync.whole} is paused since {since} and kept as it was: what its portal sells since is not known.",
                f"Its nights stay closed elsewhere, and its feed opens none. To go on: icalsyncd resume {sync.whole}",
                *where,
            )
        case _:
            pass
    if ledger.narrowing and ledger.presence is Presence.ACTIVE:
        until = clock_time(ledger.narrowing.since + overview.removal_delay, now, zone)
        yield Concern(
            Matter.LEAVING,
            f"{sync.whole} is leaving one way: at {until} it gives up a direction.",
            f"If that was not meant, put it back before then. To have it now: icalsyncd accept {sync.whole}",
            *where,
        )
    if is_unread(overview, sync) and ledger.last_fetch is not None:
        yield Concern(
            Matter.NOT_READ,
            f"The portal of {sync.whole} has not read its link for {span(now - ledger.last_fetch)}"
            f"{_untold(ledger, sync.house)}.",
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
            Matter.NEVER_READ,
            f"{counted(len(unread), 'link')} never read by {'its portal' if len(unread) == 1 else 'their portals'}: "
            f"{listed(shown)}.",
            "Copy each link below and paste it where the portal asks for a calendar to import.",
        )


def first_night(concern: Concern) -> str | None:
    """The date of the night that a concern is about."""
    first = next(iter(concern.nights), None) if concern.matter in _EXPLAINED else None
    return date_of(first).isoformat() if first is not None else None
