"""The status page: what a host wants to see at a glance, and the page of one night.

Made on the server, of values only, so that it may be made on any thread. Whatever came from outside is escaped by
jinja2. Nothing is fetched from another host, and nothing works by a style or script in the page itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from icalsyncd import __version__
from icalsyncd.admin.concern import first_night
from icalsyncd.admin.concerns import concerns, needs
from icalsyncd.admin.habits import needed_facts
from icalsyncd.admin.overview import Overview, SyncRow
from icalsyncd.admin.picture import Band, Look, Month, Stretch, Taker, bands, colour_of, months, stretches, year
from icalsyncd.admin.sentences import (
    absolute,
    ago,
    clock_time,
    day,
    is_unread,
    next_pull,
    reading,
    state,
    way,
)
from icalsyncd.admin.status import direction_of, rfc3339, state_of
from icalsyncd.availability.beside import because
from icalsyncd.availability.explanation import (
    IN_WORDS,
    WELL,
    advice,
    called,
    explain,
    frees_when,
    paused_words,
    taken_for,
)
from icalsyncd.calendars.nights import Night, Stay, date_of
from icalsyncd.language import listed, translated, translated_many
from icalsyncd.state.view import House

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""The Content-Security-Policy of the pages."""
STATIC: Final = {
    "/static/page.css": "text/css",
    "/static/page.js": "text/javascript",
    "/static/login.css": "text/css",
    "/static/icon.svg": "image/svg+xml",
}
"""The files that the pages use, and their types."""
IN_FULL_MOST: Final = 8
"""Accommodations that are shown night by night on one page; of more, each is a strip that leads to its own page."""
_LABEL_LEAST: Final = 4
"""Nights of a row in which a name can be read."""


@lru_cache(maxsize=1)
def templates() -> Environment:
    """The templates of all pages."""
    # two megabytes that are not needed until the host first looks
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("icalsyncd.admin", "data"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals.update(version=__version__, say=_say, say_many=_say_many, listed=listed)
    return made


def _say(sentence: str, /, **values: object) -> Markup:
    """A sentence for a template: what stands in it is text, but for what is markup of ours already."""
    from markupsafe import escape

    return escape(translated(sentence)).format(**values)


def _say_many(one: str, many: str, count: int, /, **values: object) -> Markup:
    """The same for a number of things."""
    from markupsafe import escape

    return escape(translated_many(one, many, count)).format(count=count, **values)


@lru_cache(maxsize=len(STATIC))
def static(path: str) -> bytes:
    """The file behind one of the paths of :data:`STATIC`."""
    return files("icalsyncd.admin").joinpath("data", path.rpartition("/")[2]).read_bytes()


def page(overview: Overview, only: str | None = None) -> str:
    """The status page; of one accommodation if *only* names it."""
    if only not in overview.view.houses:
        only = None
    shown = [only] if only is not None else sorted(overview.view.houses)
    in_full = len(shown) <= IN_FULL_MOST
    found = concerns(overview)
    return (
        templates()
        .get_template("page.html")
        .render(
            overview=overview,
            only=only,
            now=rfc3339(overview.now),
            now_words=absolute(overview.now),
            concerns=found,
            needs=needs(found),
            well=WELL,
            first_night=first_night,
            explain_url=_explain_url,
            total=sum(len(house.state.ledger.syncs) for house in overview.view.houses.values()),
            retrying=sum(1 for sync in overview.syncs() if state_of(sync.ledger, sync.facts) == "failing"),
            houses=[_house(overview, each, overview.view.houses[each], in_full=in_full) for each in shown],
            in_full=in_full,
        )
    )


def night_page(
    overview: Overview, accommodation: str, night: Night, past: Sequence[Mapping[str, str]] = ()
) -> str | None:
    """Why a night is taken or free, and what happened to it; None where there is no such accommodation."""
    house = overview.view.houses.get(accommodation)
    if house is None:
        return None
    ledger = house.state.ledger
    found = explain(ledger, night, overview.note_of(accommodation, night), house.shown)
    look = stretches(house, Stay(night, night + 1))[0].look if night >= ledger.today else None

    def when(moment: float) -> dict[str, str | None]:
        return {
            "short": f"{ago(moment, overview.now)}",
            "local": clock_time(moment, overview.now, ledger.timezone),
            "at": rfc3339(moment),
        }

    return (
        templates()
        .get_template("night.html")
        .render(
            accommodation=accommodation,
            name=overview.name_of(accommodation),
            day=day(night),
            morning=day(night + 1),
            headline=_headline(look, found.origins),
            look=(look or Look.FREE).value,
            colours=colour_of(ledger),
            found=found,
            rules=IN_WORDS,
            because=because,
            names=overview.names,
            taken_for=taken_for,
            past=past,
            date_of=date_of,
            paused_words=paused_words,
            kinds={"reservation": "a reservation", "block": "a block", "unknown": "taken"},
            when=when,
            frees_when=frees_when(ledger, found),
            advice=[line.strip() for line in advice(ledger, found, accommodation) if line.strip()],
            before=_explain_url(accommodation, date_of(night - 1).isoformat()) if night > ledger.today else None,
            after=_explain_url(accommodation, date_of(night + 1).isoformat()),
        )
    )


@dataclass(frozen=True, slots=True)
class _Cell:
    """One night of the picture."""

    classes: str
    label: str
    url: str
    words: str
    tabbed: bool


def _house(overview: Overview, accommodation: str, house: House, *, in_full: bool) -> dict[str, Any]:
    ledger = house.state.ledger
    colours = colour_of(ledger)
    window = year(ledger.today)
    rows = months(ledger.today)
    made: dict[str, Any] = {
        "id": accommodation,
        "name": overview.name_of(accommodation),
        "zone": ledger.timezone,
        "ready": ledger.complete,
        "taken": len(house.blocked.since(ledger.today)),
        "local": bool(ledger.local.since(ledger.today)),
        "syncs": [_sync(overview, sync, colours[sync.name]) for sync in overview.syncs_of(accommodation, house)],
    }
    if in_full:
        shown = stretches(house, window)
        words = [_words(stretch, overview, ledger.timezone) for stretch in shown]
        made["looks"] = {stretch.look.value for stretch in shown}
        made["months"] = [_row(row, shown, words, colours, accommodation, ledger.today) for row in rows]
        return made
    drawn = bands(house, window)
    made["looks"] = {band.look.value for band in drawn}
    made["bands"] = [(_band_class(band, colours), _shape(band, window)) for band in drawn]
    made["marks"] = "".join(f"M{row.first - window.check_in} 0V12" for row in rows[1:])
    made["names"] = [(f"{date(row.year, row.number, 1):%b}", row.end - row.first) for row in rows]
    made["length"] = window.check_out - window.check_in
    return made


def _row(
    row: Month, shown: tuple[Stretch, ...], words: list[str], colours: dict[str, int], accommodation: str, today: Night
) -> dict[str, Any]:
    first = date(row.year, row.number, 1)
    cells: list[_Cell] = []
    arriving = ""
    for stretch, said in zip(shown, words, strict=True):
        start, end = max(stretch.stay.check_in, row.first), min(stretch.stay.check_out, row.end)
        if stretch.stay.check_in < row.first <= stretch.stay.check_out and stretch.look is not Look.FREE:
            last = " last" if stretch.stay.check_out == row.first else ""
            arriving = f"{_classes(stretch, colours)}{last}"
        if start >= end:
            continue
        look = _classes(stretch, colours)
        label = _label(stretch) if end - start >= _LABEL_LEAST else ""
        for night in range(start, end):
            when = date_of(night)
            ends = (("first", stretch.stay.check_in), ("last", stretch.stay.check_out - 1))
            edges = "" if stretch.look is Look.FREE else "".join(f" {end}" for end, at in ends if night == at)
            weekend = " weekend" if when.weekday() in (4, 5) else ""
            now = " today" if night == today else ""
            cells.append(
                _Cell(
                    f"d{when.day} {look}{edges}{weekend}{now}",
                    label if night == start else "",
                    _explain_url(accommodation, when.isoformat()),
                    f"{day(night)}: {said}",
                    # one stop of the Tab key a stretch; the arrow keys go night by night
                    stretch.look is not Look.FREE and night == start,
                )
            )
    past = max(0, min(today, row.end) - row.first)
    return {
        "short": f"{first:%b}",
        "long": f"{first:%B %Y}",
        "year": row.year,
        "past": past,
        "arriving": arriving,
        "cells": cells,
    }


def _band_class(band: Band, colours: dict[str, int]) -> str:
    return f"{band.look.value} c{colours[band.name]}" if band.name else band.look.value


def _shape(band: Band, window: Stay) -> str:
    """The stays as one SVG path, each from the middle of the day of arrival to the middle of the day of departure."""
    return "".join(f"M{start - window.check_in}.5 1h{end - start}v10h{start - end}z" for start, end in band.stays)


def _sync(overview: Overview, sync: SyncRow, colour: int) -> dict[str, Any]:
    ledger, facts = sync.ledger, sync.facts
    word = state_of(ledger, facts)
    return {
        "id": f"sync-{sync.accommodation}-{sync.name}",
        "name": sync.name,
        "whole": sync.whole,
        "portal": ledger.channel.portal,
        "direction": direction_of(ledger),
        "way": way(direction_of(ledger)),
        "colour": colour,
        "state": word,
        "sentence": f"{state(overview, sync)} {next_pull(overview, sync)}".rstrip(),
        "attempt": absolute(facts.attempts.last) if facts.attempts.last is not None else None,
        "reading": reading(overview, sync),
        "late": is_unread(overview, sync),
        "facts": needed_facts(sync, late=is_unread(overview, sync)),
        "fetched": absolute(ledger.last_fetch) if ledger.last_fetch is not None else None,
        "link": overview.links.get(sync.key),
        "old": clock_time(max(until for _, until in ledger.link.old), overview.now, sync.house.state.ledger.timezone)
        if ledger.link.old
        else None,
        "line": overview.lines.get(sync.key),
        "path": f"accommodations.{sync.accommodation}.syncs.{sync.name}",
    }


def _classes(stretch: Stretch, colours: dict[str, int]) -> str:
    """How a stretch is drawn, in the words of the style sheet."""
    by = stretch.takers or stretch.echoes
    made = stretch.look.value
    if by:
        made += f" c{colours.get(by[0].name, 0)}"
    if len(by) > 1:
        made += f" with{colours.get(by[1].name, 0)}"
    if stretch.takers and stretch.echoes:
        made += " echoed"
    return made


def _label(stretch: Stretch) -> str:
    return " + ".join(_called(taker) for taker in stretch.takers or stretch.echoes)


def _words(stretch: Stretch, overview: Overview, zone: str) -> str:
    """Who and since when."""
    repeated = f"; repeated by {listed(each.name for each in stretch.echoes)}" if stretch.echoes else ""
    said = listed([_dated(taker, overview, zone) for taker in stretch.takers]) if stretch.takers else ""
    match stretch.look:
        case Look.FREE:
            return "free"
        case Look.RELEASED:
            paused = [
                f"{taker.name} (paused since {clock_time(taker.since or 0.0, overview.now, zone)})"
                for taker in stretch.takers
            ]
            return f"open, though {listed(paused)} last showed it as taken"
        case Look.BUFFER:
            return "free, closed at some portals as a buffer"
        case Look.ECHO:
            return f"free; {listed([_dated(each, overview, zone) for each in stretch.echoes])} only repeats us"
        case Look.KIN:
            return f"closed: taken by {said}{repeated}"
        case Look.TAKEN:
            return said + repeated
        case Look.GHOST:
            return f"possible ghost: {said or 'it comes and goes'}{repeated}"
        case Look.OVERBOOKED:
            return f"OVERBOOKED: {said}{repeated}"


def _dated(taker: Taker, overview: Overview, zone: str) -> str:
    if taker.since is None:
        return _called(taker)
    return f"{taker.name} since {clock_time(taker.since, overview.now, zone)}"


def _called(taker: Taker) -> str:
    return called(taker.name)


def _headline(look: Look | None, origins: tuple[str, ...]) -> str:
    names = listed(map(called, origins)) if origins else ""
    match look:
        case None:
            return "This night has passed"
        case Look.OVERBOOKED:
            return f"Overbooked: {names}"
        case Look.GHOST:
            seen = "closed, and perhaps nobody took it" if names else "open now, it comes and goes"
            return f"A possible ghost: {seen}"
        case Look.KIN:
            return f"Closed: taken by {names}"
        case Look.TAKEN:
            return f"Taken: {names}" if names else "Taken"
        case Look.RELEASED:
            return "Open, though a portal that is paused last showed it as taken"
        case Look.BUFFER:
            return "Free, but closed as a buffer"
        case Look.ECHO | Look.FREE:
            return "Free"


def _explain_url(accommodation: str, night: str) -> str:
    return f"explain?accommodation={quote(accommodation)}&night={night}"
