"""The status page: what a host wants to see at a glance, and the page of one night.

Made on the server, of values only, so that it may be made on any thread. Whatever came from outside is escaped by
jinja2. Nothing is fetched from another host, and nothing works by a style or script in the page itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from icalsyncd.admin.board import Wanted, board
from icalsyncd.admin.concerns import concerns, needs
from icalsyncd.admin.habits import learned, needed_facts, own_rules, portal_name
from icalsyncd.admin.happened import happened
from icalsyncd.admin.overview import Overview, SyncRow
from icalsyncd.admin.picture import Look, Month, Stretch, Taker, colour_of, months, stretches, year
from icalsyncd.admin.sentences import (
    absolute,
    ago,
    badge,
    clock_time,
    day,
    is_unread,
    next_pull,
    reading,
    state,
    way,
)
from icalsyncd.admin.status import direction_of, rfc3339, state_of
from icalsyncd.admin.templates import element, explain_url, templates
from icalsyncd.availability.beside import because
from icalsyncd.availability.explanation import Statement, called, explain, frees_when
from icalsyncd.availability.wording import advice, in_words, paused_words, rule_name, rule_words, taken_for
from icalsyncd.calendars.calendar import Kind
from icalsyncd.calendars.nights import Night, Stay, date_of
from icalsyncd.language import day_of_week, listed, month_of_year, say
from icalsyncd.language import month as month_name
from icalsyncd.state.view import House

if TYPE_CHECKING:
    from markupsafe import Markup

POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""The Content-Security-Policy of the pages."""
IN_FULL_MOST: Final = 2
"""Accommodations whose year is shown night by night on the page of all; of more, each has a page of its own."""
_BETWEEN: Final = re.compile(r">\s*\n\s*<")
_LABEL_LEAST: Final = 4
"""Nights of a row in which a name can be read."""


def page(overview: Overview, wanted: Wanted = Wanted()) -> str:  # noqa: B008 (it is frozen)
    """The status page, or as much of it as is *wanted*."""
    houses = overview.view.houses
    if wanted.only not in houses:
        wanted = replace(wanted, only=None)
    found = concerns(overview)
    shown = board(overview, wanted, found)
    in_full = tuple(name for name in shown.order if wanted.rows is None or name in wanted.rows)
    if len(in_full) > IN_FULL_MOST:
        in_full = ()
    inside = shown.rows if shown.inside and not in_full else ()
    mine = [each for each in found if wanted.only is None or each.accommodation in ("", wanted.only)]
    template = templates().get_template("board.html" if wanted.part else "page.html")
    made = template.render(
        overview=overview,
        wanted=wanted,
        only=wanted.only,
        as_of=_timed(overview),
        needs=len(needs(mine)),
        worst=mine[0].weight.name.lower() if mine else "",
        common=[each for each in mine if not each.accommodation],
        troubled=[(row.id, row.name, row.tone) for row in shown.troubled],
        board=shown,
        folded={row.id: {"name": row.name, "syncs": _syncs(overview, row.id)} for row in inside},
        total=sum(len(house.state.ledger.syncs) for house in houses.values()),
        retrying=sum(1 for sync in overview.syncs() if state_of(sync.ledger, sync.facts) == "failing"),
        houses=[_house(overview, each, houses[each]) for each in in_full] if not wanted.part else [],
    )
    # what stands on lines of its own needs no space between; of 200 houses that is a third of the page
    return _BETWEEN.sub("><", made)


def _timed(overview: Overview) -> Markup:
    """The moment of the page, as markup that a program can read too: in the houses' zone where they have but one."""
    zones = {house.state.ledger.timezone for house in overview.view.houses.values()}
    local = datetime.fromtimestamp(overview.now, ZoneInfo(zones.pop() if len(zones) == 1 else "UTC"))
    words = f"{say('{day}, {time}', day=day_of_week(local.date()), time=f'{local:%H:%M:%S}')} {local:%Z}"
    return element("time", words, id="as-of", datetime=str(rfc3339(overview.now)))


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
            overview=overview,
            accommodation=accommodation,
            night=date_of(night).isoformat(),
            name=overview.name_of(accommodation),
            day=day(night),
            morning=day(night + 1),
            headline=_headline(look, found.origins),
            look=(look or Look.FREE).value,
            colours=colour_of(ledger),
            found=found,
            in_words=in_words,
            rule_name=rule_name,
            rule_words=rule_words,
            happened={what: happened(what) for what in {event["what"] for event in past}},
            because=because,
            names=overview.names,
            taken_for=taken_for,
            past=past,
            date_of=date_of,
            paused_words=paused_words,
            shown=lambda claim: _shown(claim, when),
            when=when,
            frees_when=frees_when(ledger, found),
            advice=advice(ledger, found, accommodation),
            before=explain_url(accommodation, date_of(night - 1).isoformat()) if night > ledger.today else None,
            after=explain_url(accommodation, date_of(night + 1).isoformat()),
        )
    )


def _shown(claim: Statement, when: Callable[[float], dict[str, str | None]]) -> str:
    """What a portal shows, in one sentence."""
    since = when(claim.since)
    values = {
        "portal": claim.sync,
        "first": day_of_week(date_of(claim.stay.check_in)),
        "last": day_of_week(date_of(claim.stay.check_out)),
        "time": since["local"],
        "ago": since["short"],
    }
    match claim.kind:
        case Kind.RESERVATION:
            return say("{portal} shows {first} to {last} as a reservation since {time} ({ago})", **values)
        case Kind.BLOCK:
            return say("{portal} shows {first} to {last} as a block since {time} ({ago})", **values)
        case Kind.UNKNOWN:
            return say("{portal} shows {first} to {last} as taken since {time} ({ago})", **values)


@dataclass(frozen=True, slots=True)
class _Cell:
    """One night of the picture."""

    classes: str
    label: str
    url: str
    words: str
    tabbed: bool


def _house(overview: Overview, accommodation: str, house: House) -> dict[str, Any]:
    ledger = house.state.ledger
    colours = colour_of(ledger)
    shown = stretches(house, year(ledger.today))
    words = [_words(stretch, overview, ledger.timezone) for stretch in shown]
    return {
        "id": accommodation,
        "name": overview.name_of(accommodation),
        "zone": ledger.timezone,
        "ready": ledger.complete,
        "taken": len(house.blocked.since(ledger.today)),
        "local": bool(ledger.local.since(ledger.today)),
        "syncs": _syncs(overview, accommodation),
        "looks": {stretch.look.value for stretch in shown},
        "months": [_row(row, shown, words, colours, accommodation, ledger.today) for row in months(ledger.today)],
    }


def _syncs(overview: Overview, accommodation: str) -> list[dict[str, Any]]:
    house = overview.view.houses[accommodation]
    colours = colour_of(house.state.ledger)
    return [_sync(overview, sync, colours[sync.name]) for sync in overview.syncs_of(accommodation, house)]


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
                    explain_url(accommodation, when.isoformat()),
                    f"{day(night)}: {said}",
                    # one stop of the Tab key a stretch; the arrow keys go night by night
                    stretch.look is not Look.FREE and night == start,
                )
            )
    past = max(0, min(today, row.end) - row.first)
    return {
        "short": month_name(first),
        "long": month_of_year(first),
        "number": row.number,
        "year": row.year,
        "past": past,
        "arriving": arriving,
        "cells": cells,
    }


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
        "badge": badge(word),
        "sentence": f"{state(overview, sync)} {next_pull(overview, sync)}".rstrip(),
        "attempt": absolute(facts.attempts.last) if facts.attempts.last is not None else None,
        "reading": reading(overview, sync),
        "late": is_unread(overview, sync),
        "learned_of": say("What we have learned of {portal}", portal=portal_name(sync)),
        "learned": learned(sync),
        "facts": (
            *own_rules(sync, sync.house.state.ledger.today),
            *needed_facts(sync, late=is_unread(overview, sync)),
        ),
        "fetched": absolute(ledger.last_fetch) if ledger.last_fetch is not None else None,
        "link": overview.links.get(sync.key),
        "old": clock_time(max(until for _, until in ledger.link.old), overview.now, sync.house.state.ledger.timezone)
        if ledger.link.old
        else None,
        "place": f"{overview.file}:{overview.lines[sync.key]}"
        if sync.key in overview.lines
        else f"{overview.file}: accommodations.{sync.accommodation}.syncs.{sync.name}",
    }


def _classes(stretch: Stretch, colours: dict[str, int]) -> str:
    """How a stretch is drawn, in the words of the style sheet."""
    by = stretch.takers or stretch.echoes
    made = stretch.look.value
    if by:
        made += f" c{colours[by[0].name]}"
    if len(by) > 1:
        made += f" with{colours[by[1].name]}"
    if stretch.takers and stretch.echoes:
        made += " echoed"
    return made


def _label(stretch: Stretch) -> str:
    return " + ".join(_called(taker) for taker in stretch.takers or stretch.echoes)


def _words(stretch: Stretch, overview: Overview, zone: str) -> str:
    """Who and since when."""
    takers = listed([_dated(taker, overview, zone) for taker in stretch.takers]) if stretch.takers else ""
    echoes = listed(each.name for each in stretch.echoes) if stretch.echoes else ""
    match stretch.look:
        case Look.FREE:
            return say("free")
        case Look.RELEASED:
            return say("open, though a pause released what is shown as taken by {who}", who=takers)
        case Look.BUFFER:
            return say("free, closed at some portals as a buffer")
        case Look.ECHO:
            return say(
                "free; only repeated by {who}", who=listed([_dated(each, overview, zone) for each in stretch.echoes])
            )
        case Look.KIN:
            return say("closed: taken by {who}", who=takers)
        case Look.TAKEN:
            return say("{who}; repeated by {others}", who=takers, others=echoes) if echoes else takers
        case Look.GHOST if not takers:
            return say("possible ghost: it comes and goes")
        case Look.GHOST if echoes:
            return say("possible ghost: {who}; repeated by {others}", who=takers, others=echoes)
        case Look.GHOST:
            return say("possible ghost: {who}", who=takers)
        case Look.TWICE:
            everybody = [_dated(each, overview, zone) for each in (*stretch.takers, *stretch.echoes)]
            return say("perhaps booked twice: {who}", who=listed(everybody))
        case Look.OVERBOOKED if echoes:
            return say("OVERBOOKED: {who}; repeated by {others}", who=takers, others=echoes)
        case Look.OVERBOOKED:
            return say("OVERBOOKED: {who}", who=takers)


def _dated(taker: Taker, overview: Overview, zone: str) -> str:
    if taker.since is None:
        return _called(taker)
    return say("{who} since {time}", who=taker.name, time=clock_time(taker.since, overview.now, zone))


def _called(taker: Taker) -> str:
    return called(taker.name)


def _headline(look: Look | None, origins: tuple[str, ...]) -> str:
    names = listed(map(called, origins)) if origins else ""
    match look:
        case None:
            return say("This night has passed")
        case Look.OVERBOOKED:
            return say("Overbooked: {who}", who=names)
        case Look.TWICE if names:
            return say("Taken, and perhaps booked twice: {who}", who=names)
        case Look.GHOST:
            return (
                say("A possible ghost: closed, and perhaps nobody took it")
                if names
                else say("A possible ghost: open now, it comes and goes")
            )
        case Look.KIN:
            return say("Closed: taken by {who}", who=names)
        case Look.TAKEN | Look.TWICE:
            return say("Taken: {who}", who=names) if names else say("Taken")
        case Look.RELEASED:
            return say("Open, though a portal that is paused last showed it as taken")
        case Look.BUFFER:
            return say("Free, but closed as a buffer")
        case Look.ECHO | Look.FREE:
            return say("Free")
