"""What needs the host, the worst first: the sentences of the page, of `status`, of `/-/well`, and of whatever tells them.

There is no other list. Each says in one sentence which house, portal and nights it is about; its advice stands beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from icalsyncd.admin.concern import Concern
from icalsyncd.admin.crossed import crossed_nights
from icalsyncd.admin.daemon_concerns import of_daemon, of_links, of_nothing, of_telling
from icalsyncd.admin.matters import Matter
from icalsyncd.admin.overview import Overview
from icalsyncd.admin.sentences import clock_time, day
from icalsyncd.admin.sync_concerns import of_pauses, of_sync
from icalsyncd.admin.unsafe import unsafe_nights
from icalsyncd.availability.beside import taken_beside
from icalsyncd.availability.explanation import called
from icalsyncd.availability.families import taking_of
from icalsyncd.availability.ledger import Presence
from icalsyncd.availability.narrowing import takes_back_settings
from icalsyncd.availability.offers import origins
from icalsyncd.availability.taking import LINKS_TOLD
from icalsyncd.availability.wording import overbooked_advice
from icalsyncd.calendars.nights import Nights, Stay, union
from icalsyncd.language import listed, say, say_many
from icalsyncd.state.view import House

_MAX_LISTED: Final = 8


def concerns(overview: Overview) -> list[Concern]:
    """All of them, the worst first."""
    found = [*of_daemon(overview), *of_telling(overview)]
    for accommodation, house in overview.view.houses.items():
        found += _of_house(overview, accommodation, house)
        found += _of_unsafe(overview, accommodation, house)
        found += of_pauses(overview, accommodation, house)
        for sync in overview.syncs_of(accommodation, house):
            found += of_sync(overview, sync)
    found += of_links(overview)
    found += of_nothing(overview)
    return sorted(found, key=lambda concern: concern.weight)


def needs(found: Iterable[Concern]) -> tuple[str, ...]:
    """The verdict on everything: one sentence for each thing that needs the host; none where all is well.

    A note is no need: it may stay for ever.
    """
    return tuple(concern.what for concern in found if concern.matter.needs_host)


def _of_house(overview: Overview, accommodation: str, house: House) -> Iterator[Concern]:
    name = overview.name_of(accommodation)
    yield from _of_blocks(overview, accommodation, house)
    yield from _of_settings(overview, accommodation, house)
    ledger = house.state.ledger
    beside = taken_beside(ledger)
    for having, nights in _by_whom(
        house.trouble.overbooked, {"local": ledger.local, **origins(ledger), **beside}
    ).items():
        names = listed(map(called, having))
        advice = say(
            "{advice} Until then the nights stay closed everywhere.",
            advice=overbooked_advice(having),
        )
        for stretch, told in _told(nights, lambda *found, who=names: _overbooked(name, who, *found)):
            yield Concern(Matter.OVERBOOKED, told, advice, accommodation, nights=stretch)
    for showing, nights in _by_whom(house.trouble.perhaps_two, _claimed(house)).items():
        names = listed(map(called, showing))
        advice = say(
            "One of them may only repeat the other one, or have sold it before it acted on what it was told. Look at these "
            "portals; if two have a guest, cancel one."
        )
        for stretch, told in _told(nights, lambda *found, who=names: _perhaps_two(name, who, *found)):
            yield Concern(Matter.PERHAPS_TWICE, told, advice, accommodation, nights=stretch)
    yield from _of_links_within(overview, accommodation, house)
    often = union(taking.often_linked for taking in ledger.kin.values())
    crossed = crossed_nights(ledger) & house.trouble.possible_ghosts
    if crossed:
        yield Concern(
            Matter.CROSSED,
            say_many(
                "{house}: {count} stay stands in several calendars: look once and confirm.",
                "{house}: {count} stays stand in several calendars: look once and confirm.",
                len(crossed.stays()),
                house=name,
            ),
            say(
                "Portals that read each other do that, and all stays closed meanwhile. Look once who has each stay: "
                "{command}",
                command=f"icalsyncd confirm {accommodation} FROM TO --by SYNC",
            ),
            accommodation,
            nights=crossed,
        )
    for showing, nights in _by_whom(house.trouble.possible_ghosts - crossed - often, _claimed(house)).items():
        names = listed(map(called, showing)) if showing else ""
        advice = say(
            "Look at the portals that show it. The night's own page says what to do where none has a reservation."
        )
        for stretch, told in _told(nights, lambda *found, who=names: _ghost(name, who, *found)):
            yield Concern(Matter.POSSIBLE_GHOST, told, advice, accommodation, nights=stretch)
    if not house.state.ledger.complete:
        waiting = [kin for kin, taking in ledger.kin.items() if not taking.known]
        missing = [
            sync.name
            for sync in overview.syncs_of(accommodation, house)
            if sync.ledger.channel.receives
            and sync.ledger.presence is Presence.ACTIVE
            and sync.ledger.pulled_at is None
            and not sync.ledger.counted_empty
        ]
        yield Concern(
            Matter.NOT_COMPLETE,
            say(
                "{house} is not complete: its feeds answer 503 until {sync} has been pulled once.",
                house=name,
                sync=missing[0],
            )
            if len(missing) == 1 and not waiting
            else say(
                "{house} is not complete: its feeds answer 503 until {kin}, which shares rooms with it, has been pulled.",
                house=name,
                kin=listed([overview.name_of(each) for each in waiting]),
            )
            if waiting and not missing
            else say(
                "{house} is not complete: its feeds answer 503 until every sync has been pulled once.", house=name
            ),
            say(
                "Portals try again later. To go without it: {command}, or pause the sync.",
                command=f"icalsyncd accept {waiting[0] if waiting and not missing else accommodation}",
            ),
            accommodation,
        )


def _of_links_within(overview: Overview, accommodation: str, house: House) -> Iterator[Concern]:
    """Portals that seem to close the accommodation by themselves: one item for a portal, not one for each stay."""
    ledger = house.state.ledger
    for name, stays, nights in taking_of(ledger).links if ledger.kin else ():
        if stays >= LINKS_TOLD:
            yield Concern(
                Matter.POSSIBLE_GHOST,
                say(
                    "{sync} shows {count} stays that its portal shows for one of the same family, too: it may close "
                    "{house} by itself.",
                    sync=f"{accommodation}/{name}",
                    count=stays,
                    house=overview.name_of(accommodation),
                ),
                say(
                    "Look there whether {house} was booked. If not, write {key} at that sync: then such a stay closes "
                    "nothing further.",
                    house=overview.name_of(accommodation),
                    key="linked: true",
                ),
                accommodation,
                name,
                nights=nights,
            )


def _of_unsafe(overview: Overview, accommodation: str, house: House) -> Iterator[Concern]:
    """Nights about to begin that are taken, and open at a portal."""
    for night, portals in unsafe_nights(house.state.ledger, overview.now).items():
        yield Concern(
            Matter.UNSAFE,
            say(
                "{house}: the night of {night} is unsafe: it is taken, and open at {portals}.",
                house=overview.name_of(accommodation),
                night=day(night),
                portals=listed(portals),
            ),
            say("A guest can book it there within hours. Close it at that portal by hand."),
            accommodation,
            nights=Nights((night,)),
        )


def _of_blocks(overview: Overview, accommodation: str, house: House) -> Iterator[Concern]:
    ledger = house.state.ledger
    name = overview.name_of(accommodation)
    command = f"icalsyncd accept {accommodation}"
    for block in ledger.blocks:
        if block.leaving_since is not None and block.stay.check_out > ledger.today:
            until = clock_time(block.leaving_since + overview.removal_delay, overview.now, ledger.timezone)
            yield Concern(
                Matter.LEAVING,
                say_many(
                    "{house}: your own block of the night of {first} is leaving, no longer in {file}: at {time} it opens.",
                    "{house}: your own block of the {count} nights from {first} to {last} is leaving, no longer in {file}: "
                    "at {time} its nights open.",
                    block.stay.check_out - block.stay.check_in,
                    house=name,
                    file=overview.file,
                    time=until,
                    **_dates(block.stay),
                ),
                say(
                    "If that was not meant, put it back before then, and nothing has happened. To open them now: {command}",
                    command=command,
                ),
                accommodation,
                nights=Nights.of_stays((block.stay,)),
            )
    if ledger.parting:
        until = clock_time(ledger.parting.since + overview.removal_delay, overview.now, ledger.timezone)
        gone = [overview.name_of(part) for part in ledger.parts if part not in ledger.parting.parts]
        yield Concern(
            Matter.LEAVING,
            say(
                "{house}: {parts} is leaving, no longer among its parts in {file}: from {time} on they are sold apart.",
                house=name,
                parts=listed(gone),
                file=overview.file,
                time=until,
            ),
            say("If that was not meant, put it back before then. To have it now: {command}", command=command),
            accommodation,
        )
    if ledger.shrinking:
        until = clock_time(ledger.shrinking.since + overview.removal_delay, overview.now, ledger.timezone)
        yield Concern(
            Matter.LEAVING,
            say(
                "{house}: a part of its buffer is leaving: at {time} the nights between open.",
                house=name,
                time=until,
            ),
            say("If that was not meant, put it back before then. To have it now: {command}", command=command),
            accommodation,
        )


def _of_settings(overview: Overview, accommodation: str, house: House) -> Iterator[Concern]:
    """Settings that the config has taken back, and that count on for a while."""
    ledger = house.state.ledger
    for name, sync in ledger.syncs.items():
        if sync.narrowing and sync.presence is Presence.ACTIVE and takes_back_settings(sync):
            until = clock_time(sync.narrowing.since + overview.removal_delay, overview.now, ledger.timezone)
            yield Concern(
                Matter.LEAVING,
                say(
                    "Settings of {sync} are leaving, no longer in {file} as they were: until {time} they count on.",
                    sync=f"{accommodation}/{name}",
                    file=overview.file,
                    time=until,
                ),
                say(
                    "If that was not meant, put them back before then, and nothing has happened. To end them now: {command}",
                    command=f"icalsyncd accept {accommodation}",
                ),
                accommodation,
                name,
            )


def _claimed(house: House) -> dict[str, Nights]:
    """What each portal shows as taken, and the host's own blocks."""
    ledger = house.state.ledger
    shown = {
        name: sync.claimed
        for name, sync in ledger.syncs.items()
        if sync.presence in (Presence.ACTIVE, Presence.LEAVING, Presence.KEPT)
    }
    return {"local": ledger.local, **shown, **taken_beside(ledger)}


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


def _told(nights: Nights, sentence: Callable[[Stay, int, int], str]) -> Iterator[tuple[Nights, str]]:
    """The stretches of *nights*, each with its sentence; many together, with one of all."""
    stays = nights.stays()
    if len(stays) > _MAX_LISTED:
        yield nights, sentence(stays[0], len(nights), len(stays))
        return
    for stay in stays:
        yield Nights.of_stays((stay,)), sentence(stay, stay.check_out - stay.check_in, 1)


def _overbooked(house: str, portals: str, stay: Stay, nights: int, stretches: int) -> str:
    if stretches > 1:
        return say(
            "{house}: {nights} nights in {stretches} stretches are overbooked by {portals}, the first on {first}.",
            house=house,
            nights=nights,
            stretches=stretches,
            portals=portals,
            first=day(stay.check_in),
        )
    return say_many(
        "{house}: the night of {first} is overbooked by {portals}.",
        "{house}: the {count} nights from {first} to {last} are overbooked by {portals}.",
        nights,
        house=house,
        portals=portals,
        **_dates(stay),
    )


def _perhaps_two(house: str, portals: str, stay: Stay, nights: int, stretches: int) -> str:
    if stretches > 1:
        return say(
            "{house}: {nights} nights in {stretches} stretches are perhaps booked twice, by {portals}, the first on {first}.",
            house=house,
            nights=nights,
            stretches=stretches,
            portals=portals,
            first=day(stay.check_in),
        )
    return say_many(
        "{house}: the night of {first} is perhaps booked twice, by {portals}.",
        "{house}: the {count} nights from {first} to {last} are perhaps booked twice, by {portals}.",
        nights,
        house=house,
        portals=portals,
        **_dates(stay),
    )


def _ghost(house: str, portals: str, stay: Stay, nights: int, stretches: int) -> str:
    if stretches > 1:
        return say(
            "{house}: {nights} nights in {stretches} stretches are a possible ghost: closed, and perhaps nobody took them, "
            "the first on {first}.",
            house=house,
            nights=nights,
            stretches=stretches,
            first=day(stay.check_in),
        )
    if not portals:
        return say_many(
            "{house}: the night of {first} is a possible ghost that comes and goes.",
            "{house}: the {count} nights from {first} to {last} are a possible ghost that comes and goes.",
            nights,
            house=house,
            **_dates(stay),
        )
    return say_many(
        "{house}: the night of {first} is a possible ghost: closed by {portals}, and perhaps nobody took it.",
        "{house}: the {count} nights from {first} to {last} are a possible ghost: closed by {portals}, and perhaps nobody "
        "took them.",
        nights,
        house=house,
        portals=portals,
        **_dates(stay),
    )


def _dates(stay: Stay) -> dict[str, str]:
    """The dates of a stretch, as sentences have them."""
    return {"first": day(stay.check_in), "last": day(stay.check_out)}
