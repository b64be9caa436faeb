"""A year of one accommodation's nights as a picture: who took which, since when, and what is wrong with them.

A stay runs from an afternoon to a morning, so the night of a date is drawn from the middle of that day to the middle of
the next one. Each month is a row of half-days, in which the last night reaches half a day into the month after.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from itertools import pairwise
from typing import Final

from icalsyncd.availability.beside import taken_beside
from icalsyncd.availability.claims import Claim
from icalsyncd.availability.ledger import Ledger
from icalsyncd.availability.offers import origins
from icalsyncd.availability.pausing import pauses
from icalsyncd.availability.stamps import Moment
from icalsyncd.calendars.nights import Night, Nights, Stay, date_of, night_of, union
from icalsyncd.state.view import House

MONTHS: Final = 12
LOCAL: Final = "local"
"""The origin of the host's own blocks."""
COLOURS: Final = 8
"""Syncs of one accommodation that have a colour of their own; more share them."""


class Look(StrEnum):
    """How a night is drawn."""

    FREE = "free"
    RELEASED = "released"
    """It is free, but a sync that is paused last showed it as taken."""
    BUFFER = "buffer"
    """It is not taken; some portals are told to close it as a buffer."""
    ECHO = "echo"
    """Portals show it as taken, and all of them only repeat us."""
    KIN = "kin"
    """It is taken at an accommodation of the same family."""
    TAKEN = "taken"
    GHOST = "ghost"
    TWICE = "twice"
    """Somebody has it, and another portal may have sold it as well."""
    OVERBOOKED = "overbooked"


@dataclass(frozen=True, slots=True)
class Taker:
    """Who shows nights as taken."""

    name: str
    """A sync, or :data:`LOCAL`."""
    since: Moment | None
    """None for the host's own blocks."""
    stay: Stay | None = None
    """The event; two that follow each other are two, whoever shows them."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A run of nights of which the same is known."""

    stay: Stay
    look: Look
    takers: tuple[Taker, ...]
    """The origins; of what a pause released, the paused syncs, each since its pause."""
    echoes: tuple[Taker, ...]
    """The syncs that only repeat it."""

    def is_like(self, other: Stretch) -> bool:
        """Whether the same is known of both."""
        return (self.look, self.takers, self.echoes) == (other.look, other.takers, other.echoes)


@dataclass(frozen=True, slots=True)
class Month:
    """One row of the picture."""

    year: int
    number: int
    first: Night
    end: Night
    """The first night of the month after."""


def months(today: Night) -> tuple[Month, ...]:
    """The month of *today* and the eleven after it."""
    start = date_of(today)
    made: list[Month] = []
    for step in range(MONTHS):
        year, month = divmod(start.year * 12 + start.month - 1 + step, 12)
        first = night_of(date(year, month + 1, 1))
        made.append(Month(year, month + 1, first, first + monthrange(year, month + 1)[1]))
    return tuple(made)


def stretches(house: House, window: Stay, since: Night | None = None) -> tuple[Stretch, ...]:
    """All nights of *window* from today on, or from *since*, in order and without gaps, free ones too."""
    ledger = house.state.ledger
    span = Nights.between(max(window.check_in, ledger.today if since is None else since), window.check_out)
    layers = _Layers.of(house, ledger, span)
    edges = {edge for nights in layers.all() for stay in (nights & span).stays() for edge in stay}
    cuts = sorted({*edges, *(edge for stay in span.stays() for edge in stay)})
    made: list[Stretch] = []
    for start, end in pairwise(cuts):
        found = layers.stretch(Stay(start, end))
        if made and made[-1].is_like(found):
            found = replace(found, stay=Stay(made.pop().stay.check_in, end))
        made.append(found)
    return tuple(made)


def colour_of(ledger: Ledger) -> dict[str, int]:
    """A number from 1 to :data:`COLOURS` for each sync, 0 for the host's own blocks, and for who takes nights at the kin."""
    return dict.fromkeys((LOCAL, *taken_beside(ledger)), 0) | {
        name: index % COLOURS + 1 for index, name in enumerate(ledger.syncs)
    }


Since = tuple[tuple[Taker, Nights], ...]


@dataclass(frozen=True, slots=True)
class _Layers:
    """The sets of nights that a picture is made of."""

    local: Since
    taken: dict[str, Since]
    repeated: dict[str, Since]
    overbooked: Nights
    twice: Nights
    """Perhaps booked twice."""
    ghosts: Nights
    closed: Nights
    released: dict[str, Since]
    beside: dict[str, Since]
    """What the kin take, by their origins."""

    @classmethod
    def of(cls, house: House, ledger: Ledger, span: Nights) -> _Layers:
        taken: dict[str, Since] = {}
        repeated: dict[str, Since] = {}
        found = origins(ledger)
        for name, sync in ledger.syncs.items():
            own = found[name] & span
            taken[name] = _since(name, sync.claims, own)
            repeated[name] = _since(name, sync.claims, (sync.claimed & span) - own)
        blocks = ((Taker(LOCAL, None, each.stay), Nights.between(*each.stay) & span) for each in ledger.blocks)
        return cls(
            tuple((taker, nights) for taker, nights in blocks if nights),
            taken,
            repeated,
            house.trouble.overbooked,
            house.trouble.perhaps_two,
            house.trouble.possible_ghosts,
            union(feed.nights for feed in house.feeds.values()),
            {pause.sync: ((Taker(pause.sync, pause.since), pause.sold & span),) for pause in pauses(ledger)},
            {origin: ((Taker(origin, None), nights & span),) for origin, nights in taken_beside(ledger).items()},
        )

    def all(self) -> Iterator[Nights]:
        yield from (self.overbooked, self.twice, self.ghosts, self.closed)
        by_name = (self.taken, self.repeated, self.released, self.beside)
        for layer in (self.local, *(layer for layers in by_name for layer in layers.values())):
            yield from (nights for _, nights in layer)

    def stretch(self, stay: Stay) -> Stretch:
        night = stay.check_in
        takers = (*_at({LOCAL: self.local}, night)[:1], *_at(self.taken, night))
        beside = _at(self.beside, night)
        echoes = _at(self.repeated, night)
        if not (takers or beside) and night not in self.ghosts and (before := _at(self.released, night)):
            return Stretch(stay, Look.RELEASED, before, echoes)
        look = self._look(night, takers, echoes)
        if beside and look in (Look.ECHO, Look.BUFFER, Look.FREE):
            look = Look.KIN
        return Stretch(stay, look, (*takers, *beside), echoes)

    def _look(self, night: Night, takers: tuple[Taker, ...], echoes: tuple[Taker, ...]) -> Look:
        if night in self.overbooked:
            return Look.OVERBOOKED
        if night in self.twice:
            return Look.TWICE
        if night in self.ghosts:
            return Look.GHOST
        if takers:
            return Look.TAKEN
        if echoes:
            return Look.ECHO
        return Look.BUFFER if night in self.closed else Look.FREE


def _since(name: str, claims: Iterable[Claim], nights: Nights) -> Since:
    """*nights*, each under the oldest claim on it."""
    found: list[tuple[Taker, Nights]] = []
    left = nights
    for claim in sorted(claims, key=lambda claim: claim.began):
        if not left:
            break
        here = claim.nights & left
        if here:
            found.append((Taker(name, claim.began, claim.stay), here))
            left = left - here
    return tuple(found)


def _at(layers: dict[str, Since], night: Night) -> tuple[Taker, ...]:
    return tuple(taker for layer in layers.values() for taker, nights in layer if night in nights)


def year(today: Night) -> Stay:
    """The nights of the picture, half-open: from the first of this month on."""
    rows = months(today)
    return Stay(rows[0].first, rows[-1].end)
