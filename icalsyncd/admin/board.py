"""All houses on one scale: a row a house, some weeks of nights at a time, the houses in trouble first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final, NamedTuple
from urllib.parse import urlencode

from icalsyncd.admin.concern import Concern
from icalsyncd.admin.overview import Overview
from icalsyncd.admin.picture import Look, Stretch, colour_of, stretches
from icalsyncd.admin.status import state_of
from icalsyncd.admin.templates import explain_url
from icalsyncd.admin.tonight import Tonight, bookings, cleanings, title, tonight
from icalsyncd.availability.ledger import Presence
from icalsyncd.calendars.nights import Night, Stay, date_of, horizon, night_of
from icalsyncd.language import day_of_week, listed, month_of_year, say, weekday_letter
from icalsyncd.state.view import House

DAYS: Final = 56
"""Nights that are drawn at a time."""
_SYNCS_SHOWN: Final = 100
"""Syncs of a page that are unfolded in place; of more, each house's are on its own page."""
_MAX_SOUGHT: Final = 100
_FAR: Final = 80
"""Half days from which on what is said of a bar has more room to its left."""


class Order(StrEnum):
    """In which order the houses stand."""

    TROUBLE = "trouble"
    CONFIG = "config"


class Show(StrEnum):
    """Which houses are shown."""

    ALL = "all"
    TROUBLE = "trouble"
    FREE = "free"
    TAKEN = "taken"
    CHANGES = "changes"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a page was asked for, beside the place."""

    only: str | None = None
    """One accommodation by itself."""
    order: Order = Order.TROUBLE
    show: Show = Show.ALL
    sought: str = ""
    """A part of a name, in lower case."""
    since: date | None = None
    """The first day that is drawn; None for today."""
    rows: frozenset[str] | None = None
    """The accommodations whose rows are wanted; None for all of them."""
    part: bool = False
    """The board alone is wanted."""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Wanted:
        """What *query* asks for; what it does not understand is not asked for."""
        rows = query.get("rows")
        return cls(
            query.get("accommodation"),
            Order(query["order"]) if query.get("order") in set(Order) else Order.TROUBLE,
            Show(query["show"]) if query.get("show") in set(Show) else Show.ALL,
            query.get("q", "")[:_MAX_SOUGHT].strip().lower(),
            _day(query.get("from", "")),
            frozenset(rows.split(",")) if rows else None,
            query.get("part") == "board",
        )

    def url(self, since: date | None) -> str:
        """The same from another day on."""
        asked = {"accommodation": self.only, "q": self.sought}
        asked["order"] = self.order.value if self.order is not Order.TROUBLE else None
        asked["show"] = self.show.value if self.show is not Show.ALL else None
        asked["from"] = since.isoformat() if since is not None else None
        return f"?{urlencode({key: value for key, value in asked.items() if value})}"


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class Bar:
    """A run of nights of which the same is known, as it is drawn."""

    classes: str
    label: str
    words: str
    url: str


@dataclass(frozen=True, slots=True)
class Day:
    """One column of the scale."""

    letter: str
    number: int
    month: str
    """The month's name where it begins here, or the scale does."""
    weekend: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One accommodation."""

    id: str
    name: str
    tonight: Tonight
    concerns: tuple[Concern, ...]
    bars: tuple[Bar, ...]
    syncs: int
    well: int
    """Those of its syncs that need nobody."""
    find: str
    """What a search looks in, in lower case."""
    is_room: bool
    """It stands under the house that it is a part of."""

    @property
    def tone(self) -> str:
        """How much the worst of it matters; empty where all is well."""
        return min(each.weight for each in self.concerns).name.lower() if self.concerns else ""


class Troubled(NamedTuple):
    """A house that needs the host."""

    id: str
    name: str
    tone: str


@dataclass(frozen=True, slots=True)
class Board:
    """The houses that are shown, and the days."""

    first: date
    days: tuple[Day, ...]
    rows: tuple[Row, ...]
    """Those that were asked for."""
    order: tuple[str, ...]
    """All that are shown."""
    troubled: tuple[Troubled, ...]
    """Those that need the host, wherever they stand."""
    cleanings: list[tuple[str, str]]
    """The next days on which guests leave, and where."""
    total: int
    today: int
    """Where today stands among the days, from 0; negative where it is before them."""
    earlier: str | None
    later: str | None
    inside: bool
    """Whether the syncs stand in their houses' rows."""

    @property
    def weekday(self) -> int:
        """That of the first day, 0 for Monday."""
        return self.first.weekday()


def _tone(concerned: Sequence[Concern]) -> str:
    return min(each.weight for each in concerned).name.lower() if concerned else ""


def board(overview: Overview, wanted: Wanted, found: list[Concern]) -> Board:
    """What *wanted* asks for; *found* are all concerns."""
    houses = overview.view.houses
    names = [*(name for name in overview.names if name in houses)]
    names += sorted(name for name in houses if name not in overview.names)
    if wanted.only is not None:
        names = [name for name in names if name == wanted.only]
    today = min((houses[name].state.ledger.today for name in names), default=night_of(date.today()))  # noqa: DTZ011
    last = horizon(today).check_out
    first = min(max(night_of(wanted.since), today), last - DAYS) if wanted.since is not None else today
    by_house: dict[str, list[Concern]] = {}
    for concern in found:
        by_house.setdefault(concern.accommodation, []).append(concern)
    known = {name: bookings(houses[name].state.ledger) for name in names}
    lines = {name: tonight(houses[name], known[name]) for name in names}
    kept = [name for name in names if _is_shown(overview, name, wanted, lines[name], by_house.get(name))]
    families = _families(houses, kept)
    if wanted.order is Order.TROUBLE:
        # a stable sort: those that are equal stay as in the config, and a family stays together
        families.sort(
            key=lambda family: min((each.weight for name in family for each in by_house.get(name, ())), default=9)
        )
    kept = [name for family in families for name in family]
    rooms = {name for family in families for name in family[1:]}
    rows = tuple(
        _row(
            overview,
            name,
            houses[name],
            Stay(first, first + DAYS),
            lines[name],
            by_house.get(name, []),
            is_room=name in rooms,
        )
        for name in kept
        if wanted.rows is None or name in wanted.rows
    )
    return Board(
        date_of(first),
        tuple(_days(first)),
        rows,
        tuple(kept),
        tuple(Troubled(name, overview.name_of(name), tone) for name in kept if (tone := _tone(by_house.get(name, ())))),
        cleanings(((overview.name_of(name), known[name]) for name in kept), today),
        len(names),
        today - first,
        wanted.url(date_of(max(first - DAYS, today)) if first - DAYS > today else None) if first > today else None,
        wanted.url(date_of(first + DAYS)) if first + DAYS < last else None,
        sum(len(houses[name].state.ledger.syncs) for name in names) <= _SYNCS_SHOWN,
    )


def _families(houses: Mapping[str, House], kept: list[str]) -> list[list[str]]:
    """The houses that are *kept*, in order, each with its rooms behind it."""
    inside = {part for name in kept for part in houses[name].state.ledger.parts}
    placed: set[str] = set()

    def take(name: str) -> list[str]:
        if name in placed or name not in kept:
            return []
        placed.add(name)
        return [name, *(room for part in houses[name].state.ledger.parts for room in take(part))]

    # those that are nobody's part first; the rest is what a config that goes in circles leaves
    order = (*(each for each in kept if each not in inside), *kept)
    return [family for name in order if (family := take(name))]


def _is_shown(overview: Overview, name: str, wanted: Wanted, line: Tonight, concerned: list[Concern] | None) -> bool:
    if wanted.sought and wanted.sought not in _find(overview, name):
        return False
    match wanted.show:
        case Show.ALL:
            return True
        case Show.TROUBLE:
            return bool(concerned)
        case Show.FREE:
            return not line.taken
        case Show.TAKEN:
            return line.taken
        case Show.CHANGES:
            return line.changes


def _find(overview: Overview, name: str) -> str:
    return f"{overview.name_of(name)} {name}".lower()


def _days(first: Night) -> Iterator[Day]:
    for offset in range(DAYS):
        day = date_of(first + offset)
        # a name needs room: at the very end of its month it would stand in the next one's
        named = day.day == 1 or (offset == 0 and (day + timedelta(days=6)).month == day.month)
        yield Day(weekday_letter(day), day.day, month_of_year(day) if named else "", day.weekday() in (4, 5))


def _row(
    overview: Overview, name: str, house: House, window: Stay, line: Tonight, concerned: list[Concern], *, is_room: bool
) -> Row:
    syncs = [*overview.syncs_of(name, house)]
    # what is paused, leaves or waits is not well either
    well = sum(1 for sync in syncs if state_of(sync.ledger, sync.facts) == "ok")
    counting = [sync for sync in syncs if sync.ledger.presence is not Presence.GONE]
    return Row(
        name,
        overview.name_of(name),
        line,
        tuple(concerned),
        tuple(_bars(name, house, window)),
        len(counting),
        well,
        _find(overview, name),
        is_room,
    )


def _bars(name: str, house: House, window: Stay) -> Iterator[Bar]:
    colours = colour_of(house.state.ledger)
    # the night before the first day ends on its morning
    seen = Stay(window.check_in - 1, window.check_out)
    for each in stretches(house, seen, since=house.state.ledger.today - 1):
        if each.look is not Look.FREE:
            yield _bar(name, each, window, colours)


def _bar(name: str, each: Stretch, window: Stay, colours: dict[str, int]) -> Bar:
    # in half days: a night is drawn from the middle of its day to that of the next
    start = max(0, 2 * (each.stay.check_in - window.check_in) + 1)
    end = min(2 * DAYS, 2 * (each.stay.check_out - window.check_in) + 1)
    by = (*each.takers, *each.echoes) if each.look is Look.TWICE else each.takers or each.echoes
    label = listed(title(taker.name) for taker in by) if by else ""
    # names of its own: the rules of a night in a picture of months would be looked at for each bar, too
    classes = f"b-{each.look.value}{f' c{colours[by[0].name]}' if by else ''} s{start} n{end - start}"
    if each.takers and each.echoes:
        classes += " b-echoed"
    if start:
        classes += " begins"
    if start > _FAR:
        classes += " far"
    if end < 2 * DAYS:
        classes += " ends"
    first = min(max(each.stay.check_in, window.check_in), each.stay.check_out - 1)
    # the whole event, where it is one: what is drawn may be cut off
    stay = by[0].stay or each.stay if len(by) == 1 and each.look is Look.TAKEN else each.stay
    return Bar(
        classes,
        label,
        say(
            "{what}: {first} to {last}",
            what=_what(each.look, label),
            first=day_of_week(date_of(stay.check_in)),
            last=day_of_week(date_of(stay.check_out)),
        ),
        explain_url(name, date_of(first).isoformat()),
    )


def _what(look: Look, who: str) -> str:
    match look:
        case Look.BUFFER:
            return say("buffer")
        case Look.GHOST:
            return say("{who}, possible ghost", who=who) if who else say("possible ghost")
        case Look.TWICE:
            return say("{who}, perhaps booked twice", who=who)
        case Look.OVERBOOKED:
            return say("{who}, overbooked", who=who)
        case Look.ECHO:
            return say("{who}, only repeated", who=who)
        case Look.RELEASED:
            return say("{who}, released by a pause", who=who)
        case Look.KIN:
            return say("closed: taken by {who}", who=who)
        case Look.TAKEN | Look.FREE:
            return who
