"""Calendars for people, on the listener of the feeds: each under a path and a secret of its own.

Whoever reads one is no portal: nothing is noted of it, and nothing is looked at before it is told. What was shown is
remembered before it is sent, so that no event is ever told under an older change than before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from aiohttp import web

from icalsyncd.availability.ledger import Ledger
from icalsyncd.availability.link import Link
from icalsyncd.availability.stamps import Moment
from icalsyncd.availability.visits import LOCAL, Known, Visit, continued, visits
from icalsyncd.calendars.agenda import Entry, render_agenda, uid_of
from icalsyncd.calendars.nights import Night, Stay, night_of
from icalsyncd.config.people import Calendar
from icalsyncd.config.portals import GENERIC, names, profile
from icalsyncd.config.resolved import Accommodation, Config
from icalsyncd.pace import unsearched
from icalsyncd.serving.conditional import conditional
from icalsyncd.serving.listeners import Handler
from icalsyncd.serving.people_links import PREFIX, calendar_path, link_of
from icalsyncd.serving.titles import WORDS, Guest, Words, marked, stay_title, turnover_title
from icalsyncd.state.agenda import KEPT, LINKS, SHOWN, Agenda, dump_agenda, dump_link, load_agenda
from icalsyncd.state.installation import Installation, path_of
from icalsyncd.state.journal import Journal
from icalsyncd.state.served_feed import Document
from icalsyncd.state.view import House, View

MAX_STORE: Final = 2.0
"""Seconds for which an answer waits for a slow disk."""
_MAX_PATH: Final = 256


@dataclass(frozen=True, slots=True)
class _Made:
    """A document, and what it was made of: while that is the same, so is it."""

    calendar: Calendar
    config: Config
    houses: Mapping[str, House]
    document: Document

    def is_of(self, calendar: Calendar, config: Config, houses: Mapping[str, House]) -> bool:
        return (
            self.calendar == calendar
            and self.config is config
            and self.houses.keys() == houses.keys()
            and all(house.state.ledger is self.houses[each].state.ledger for each, house in houses.items())
        )


class Calendars:
    """The calendars for people of one daemon."""

    def __init__(
        self, view: Callable[[], View], journal: Journal, installation: Installation, now: Callable[[], Moment]
    ) -> None:
        self._view = view
        self._journal = journal
        self._installation = installation
        self._now = now
        self._config: Config | None = None
        self._links: dict[str, Link] = {}
        self._agendas: dict[str, Agenda] = {}
        self._made: dict[str, _Made] = {}
        self._one: dict[str, asyncio.Lock] = {}

    def configure(self, config: Config) -> None:
        """Take *config* over: which calendars there are, and the generation of each link."""
        self._config = config
        wanted = {calendar.id: calendar for calendar in config.calendars}
        self._links = {id: self._links[id] for id in wanted if id in self._links}
        for id, calendar in wanted.items():
            self._keep_link(id, link_of(calendar, self._journal.papers, self._now()))
        # the papers of others stay: a generation that has ended must not work again when the calendar comes back

    def links(self) -> dict[str, str]:
        """The path of each calendar's link, by its id, in the file's order."""
        return {id: calendar_path(self._installation, self._links[id]) for id in self._links}

    def rotate(self, id: str) -> int | None:
        """End the old links of a calendar now: how many; None where there is no such calendar."""
        link = self._links.get(id)
        if link is None:
            return None
        self._keep_link(id, link.without_old())
        return len(link.old)

    def serve(self, answer: Handler) -> Handler:
        """*answer*, and the calendars for people under their own paths."""

        async def answered(request: web.BaseRequest) -> web.StreamResponse:
            path = _path_within(request.path)
            return await (answer(request) if path is None else self._answer(request, path))

        return answered

    async def _answer(self, request: web.BaseRequest, path: str) -> web.Response:
        id = self._paths().get(path) if request.method in ("GET", "HEAD") else None
        if id is None:
            return web.Response(status=404)
        async with self._one.setdefault(id, asyncio.Lock()):
            document = await self._document(id)
        if document is None or not self._journal.may_answer:
            return web.Response(status=503, headers={"Retry-After": "60", "Cache-Control": "no-store"})
        return conditional(request, document, told=True)

    def _paths(self) -> dict[str, str]:
        now = self._now()
        found: dict[str, str] = {}
        for id, link in self._links.items():
            open_still = tuple((number, until) for number, until in link.old if until > now)
            if open_still != link.old:
                self._keep_link(id, link.without_old(open_still))
            for number in (*(number for number, _ in open_still), link.generation):
                found[path_of(self._installation.token(link, number))] = id
        return found

    def _keep_link(self, id: str, link: Link) -> None:
        if self._links.get(id) != link:
            self._links[id] = link
            self._journal.write_down(LINKS + id, dump_link(link))

    async def _document(self, id: str) -> Document | None:
        """The calendar as it is now; None while it is not known what may be lost."""
        config, view = self._config, self._view()
        calendar = next((each for each in config.calendars if each.id == id), None) if config is not None else None
        if config is None or calendar is None:
            return None
        houses = {each: view.houses[each] for each in calendar.accommodations if each in view.houses}
        if any(house.unsure for house in houses.values()):
            return None
        made = self._made.get(id)
        if made is None or not made.is_of(calendar, config, houses):
            before = self._agendas.get(id)
            if before is None:
                before = load_agenda(self._journal.papers.get(SHOWN + id, ""))
            key = self._installation.people_key

            def make() -> tuple[Agenda, Document]:
                with unsearched():
                    after = _shown(calendar, config, houses, before, key, self._now())
                    body = render_agenda(calendar.id, after.shown.values())
                return after, Document(body, float(after.latest))

            after, document = await asyncio.to_thread(make)
            if after is not before:
                self._agendas[id] = after
                self._journal.write_down(SHOWN + id, dump_agenda(after))
                # known before it is sent, so that a start finds it; where the disk fails it goes out all the same
                await self._journal.stored(MAX_STORE)
            made = self._made[id] = _Made(calendar, config, houses, document)
        return made.document


def _path_within(path: str) -> str | None:
    """The last part of *path* where it lies below :data:`PREFIX`, also behind a proxy's; None where it does not."""
    head, _, last = path.rpartition("/")
    return f"/{last}" if len(path) < _MAX_PATH and head.endswith(PREFIX) else None


def _shown(
    calendar: Calendar, config: Config, houses: Mapping[str, House], before: Agenda, key: bytes, now: Moment
) -> Agenda:
    entries: list[Entry] = []
    known: dict[str, tuple[Known, ...]] = {}
    for id, house in houses.items():
        ledger = house.state.ledger
        listed = _Listed(calendar, id, ledger, config.accommodation(id), key)
        current = continued(visits(ledger, house.trouble), before.visits.get(id, ()), ledger.today)
        known[id] = tuple(Known(visit.source, stay) for visit, stay in current if visit.source != LOCAL)
        entries += listed.turnovers(current) if calendar.turnovers else listed.stays(current)
        if not ledger.complete:
            entries.append(listed.incomplete())
    today = min((house.state.ledger.today for house in houses.values()), default=0)
    return before.with_entries(entries, known, today, now)


class _Listed:
    """The events of one accommodation in one calendar."""

    def __init__(self, calendar: Calendar, id: str, ledger: Ledger, written: Accommodation | None, key: bytes) -> None:
        self._calendar = calendar
        self._id = id
        self._ledger = ledger
        self._key = key
        self._words: Words = WORDS[calendar.language]
        self._house = written.name if written is not None else id
        self._notes = {
            Stay(night_of(block.from_), night_of(block.to)): block.note for block in (written.blocks if written else ())
        }

    def stays(self, current: list[tuple[Visit, Stay]]) -> Iterator[Entry]:
        """An event a stay."""
        seen: dict[tuple[str, Night], int] = {}
        for visit, stay in sorted(current, key=lambda each: (each[0].source, each[1])):
            if stay.check_out <= self._ledger.today - KEPT:
                continue
            number = seen[visit.source, stay.check_in] = seen.get((visit.source, stay.check_in), 0) + 1
            uid = self._uid("stay", visit.source, str(stay.check_in), str(number))
            title = stay_title(self._words, self._house, self._guest(visit), stay.check_out - stay.check_in)
            yield Entry(uid, stay, self._marked(title, visit))

    def turnovers(self, current: list[tuple[Visit, Stay]]) -> Iterator[Entry]:
        """An event a day with a departure or an arrival, from today on: what is over stays as it was shown."""
        days: dict[Night, tuple[list[Visit], list[Visit]]] = {}
        for visit, stay in sorted(current, key=lambda each: (each[1], each[0].source)):
            for side, day in enumerate((stay.check_out, stay.check_in)):
                if day >= self._ledger.today:
                    days.setdefault(day, ([], []))[side].append(visit)
        for day, (leaving, arriving) in days.items():
            title = turnover_title(
                self._words, self._house, *(list(map(self._guest, side)) for side in (leaving, arriving))
            )
            troubled = [*leaving, *arriving]
            worst = replace(
                troubled[0],
                overbooked=any(visit.overbooked for visit in troubled),
                possible_ghost=any(visit.possible_ghost for visit in troubled),
            )
            yield Entry(self._uid("turnover", str(day)), Stay(day, day + 1), self._marked(title, worst))

    def incomplete(self) -> Entry:
        """What says that more may be taken than is shown."""
        today = self._ledger.today
        title = self._words.incomplete.format(house=self._house)
        return Entry(self._uid("incomplete"), Stay(today, today + 1), title)

    def _uid(self, *parts: str) -> str:
        return uid_of(self._key, self._calendar.id, self._id, *parts)

    def _marked(self, title: str, visit: Visit) -> str:
        return marked(self._words, title, overbooked=visit.overbooked, possible_ghost=visit.possible_ghost)

    def _guest(self, visit: Visit) -> Guest:
        if visit.sync == LOCAL:
            return Guest("", note=self._notes.get(visit.stay, ""))
        portal = self._ledger.syncs[visit.sync].channel.portal
        known = portal in names() and portal != GENERIC
        alike = sum(1 for sync in self._ledger.syncs.values() if sync.channel.portal == portal) > 1
        called = (
            visit.sync if portal == GENERIC or alike else profile(portal).name.partition(",")[0] if known else portal
        )
        return Guest(called, visit.closed)
