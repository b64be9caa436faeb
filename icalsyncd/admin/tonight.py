"""Who is in a house tonight, who comes next, who leaves: what a glance at the page must tell."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from icalsyncd.admin.picture import LOCAL
from icalsyncd.availability.beside import taken_beside
from icalsyncd.availability.explanation import called
from icalsyncd.availability.ledger import Ledger
from icalsyncd.availability.offers import origins
from icalsyncd.calendars.nights import Night, Stay, date_of
from icalsyncd.config.portals import GENERIC, profile
from icalsyncd.language import day_of_week, day_of_year, listed, say
from icalsyncd.state.view import House

_YEAR_NAMED: Final = 300
"""Nights ahead from which on a date is said with its year."""
DAYS_OF_CLEANING: Final = 3


@dataclass(frozen=True, slots=True)
class Booking:
    """One stay that somebody took."""

    stay: Stay
    by: str
    """A sync, or :data:`~icalsyncd.admin.picture.LOCAL`."""


@dataclass(frozen=True, slots=True)
class Tonight:
    """One accommodation, as it stands tonight."""

    words: str
    taken: bool
    changes: bool
    """Somebody arrives or leaves today."""


def title(sync: str) -> str:
    """What a sync is called where there is little room: its portal's name where it is named after it, else its id."""
    known = profile(sync)
    return called(sync) if known.id == GENERIC or sync == LOCAL else known.name.partition(",")[0]


def bookings(ledger: Ledger) -> tuple[Booking, ...]:
    """All stays that were taken and are not over, in order, each event by itself."""
    found = [Booking(block.stay, LOCAL) for block in ledger.blocks]
    own = origins(ledger)
    for name, sync in ledger.syncs.items():
        for claim in sync.claims:
            found += [Booking(stay, name) for stay in (claim.nights & own[name]).stays()]
    return tuple(
        sorted((each for each in found if each.stay.check_out >= ledger.today), key=lambda each: (each.stay, each.by))
    )


def tonight(house: House, known: tuple[Booking, ...]) -> Tonight:
    """Who is there, until when, and who comes next; *known* are its bookings."""
    ledger = house.state.ledger
    today = ledger.today
    beside = taken_beside(ledger)
    # what its family takes closes it, too, but nobody of them is here
    kin = [Booking(stay, name) for name, nights in beside.items() for stay in nights.stays() if stay.check_out > today]
    everything = sorted((*known, *kin), key=lambda each: (each.stay, each.by))
    here = [each for each in known if each.stay.check_in <= today < each.stay.check_out]
    until = max((each.stay.check_out for each in here), default=today)
    closed = [each for each in kin if each.stay.check_in <= today]
    until = until if here else max((each.stay.check_out for each in closed), default=today)
    coming = [each for each in everything if each.stay.check_in > today and each.stay.check_in >= until]
    if closed and not here:
        said = [say("Tonight: closed, taken by {who}, until {day}.", who=_who(closed), day=_date(until, today))]
    else:
        said = [_now(house, here, coming, until)]
    if (here or closed) and coming:
        said.append(say("Next: {who}, {day}.", who=title(coming[0].by), day=_date(coming[0].stay.check_in, today)))
    left = [each for each in known if each.stay.check_out == today]
    arrived = [each for each in here if each.stay.check_in == today]
    if left:
        said.append(say("Leaves today: {who}.", who=_who(left)))
    if arrived:
        said.append(say("Arrives today: {who}.", who=_who(arrived)))
    return Tonight(" ".join(said), bool(here or closed), bool(left or arrived))


def _now(house: House, here: list[Booking], coming: list[Booking], until: Night) -> str:
    today = house.state.ledger.today
    if here and today in house.trouble.overbooked:
        return say("Tonight: {who}, overbooked.", who=_who(here))
    if here:
        return say("Tonight: {who}, until {day}.", who=_who(here), day=_date(until, today))
    if today in house.trouble.possible_ghosts:
        return say("Tonight: closed, and perhaps nobody took it.")
    if coming:
        first = coming[0]
        return say(
            "Tonight: free, until {day}. Next: {who}.", day=_date(first.stay.check_in, today), who=title(first.by)
        )
    return say("Tonight: free. Nothing is booked.")


def cleanings(houses: Iterable[tuple[str, tuple[Booking, ...]]], today: Night) -> list[tuple[str, str]]:
    """The next days on which guests leave, and which *houses*, by name and bookings: when a cleaner is needed."""
    found: dict[Night, dict[str, list[Booking]]] = {}
    for name, known in houses:
        for each in known:
            if each.by != LOCAL:
                found.setdefault(each.stay.check_out, {}).setdefault(name, []).append(each)
    return [
        (
            say("today") if day == today else _date(day, today),
            ", ".join(say("{house} ({who} leaves)", house=name, who=_who(leaving)) for name, leaving in left.items()),
        )
        for day, left in sorted(found.items())[:DAYS_OF_CLEANING]
    ]


def _who(these: Iterable[Booking]) -> str:
    return listed(dict.fromkeys(title(each.by) for each in these))


def _date(night: Night, today: Night) -> str:
    day = date_of(night)
    return day_of_year(day) if night - today > _YEAR_NAMED else day_of_week(day)
