"""The feeds listener: what the internet sees. It answers links, and gives everything else a bare 404.

A portal that asks for a feed with other nights than it last fetched is pulled before it is answered, so that what its
calendar showed before our news can be told from what it repeats of them. That it may have been told is known before the
answer is sent, and stored where the disk takes it within two seconds: a night that must close is worth more than a record.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final

from aiohttp import web, web_response
from aiohttp.hdrs import USER_AGENT

from icalsyncd import log
from icalsyncd.availability.attribution import fetched, opened_by, telling
from icalsyncd.availability.stamps import Moment
from icalsyncd.calendars.nights import Nights
from icalsyncd.serving.conditional import conditional
from icalsyncd.serving.fetches import Fetch, Fetches, RequestTally, is_fetch, manner_of
from icalsyncd.state.journal import Journal
from icalsyncd.state.served_feed import Feed
from icalsyncd.state.state import State
from icalsyncd.state.view import LinkTarget, SyncName, View

MAX_STORE: Final = 2.0
"""Seconds for which an answer waits for a slow disk."""
_READER_KEPT: Final = 120
_MAX_PATH: Final = 256
_SOFTWARE: Final = "icalsyncd"

# no version to anybody, in aiohttp's own answers to malformed requests neither
setattr(web_response, "SERVER_SOFTWARE", _SOFTWARE)  # noqa: B010 (aiohttp does not export the name)


class Feeds:
    """Answers the requests of the feeds listener."""

    def __init__(
        self,
        view: Callable[[], View],
        journal: Journal,
        look: Callable[[SyncName], Awaitable[bool]],
        now: Callable[[], Moment],
        tally: RequestTally,
    ) -> None:
        """*look* has a portal pulled before it is told something: whether its calendar was seen, whole, in time."""
        self._view = view
        self._journal = journal
        self._look_at = look
        self._now = now
        self._tally = tally
        self._fetches = Fetches(tally)

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        view = self._view()
        target = view.links.get(request.raw_path) or _sought(view, request)
        if target is None or request.method not in ("GET", "HEAD"):
            self._tally.requested(None, 404, old=False)
            return web.Response(status=404)
        name = target.name
        outlet = view.houses[name[0]].outlets[name[1]]
        if outlet.withheld or not self._journal.may_answer:
            return self._withhold(target)
        told = outlet.is_told(_agent(request))
        if not told and is_fetch(request.method, request.headers):
            return await self._tell(request, target)
        response = conditional(request, outlet.feed.document, told=told)
        self._fetches.note(target, request, response)
        return response

    async def _tell(self, request: web.BaseRequest, target: LinkTarget) -> web.StreamResponse:
        """Answer a portal that has not been told these nights: look at it, store that it may know, then tell."""
        name = target.name
        looked = await self._look(name)
        state = self._journal.current.get(name[0])
        house = self._view().houses.get(name[0])
        outlet = house.outlets.get(name[1]) if house is not None else None
        if state is None or outlet is None or name[1] not in state.ledger.syncs:
            self._tally.requested(None, 404, old=False)
            return web.Response(status=404)
        if outlet.withheld:
            # it was not, before the look
            return self._withhold(target)
        feed = outlet.feed
        opened = opened_by(state.ledger, name[1], feed.nights)
        self._note_telling(request, name, feed)
        # where the disk fails the answer goes out all the same: a night that must close is worth more than a record
        stored = await (self._journal.confirmed(MAX_STORE) if opened else self._journal.stored(MAX_STORE))
        if not stored and self._journal.is_shared and opened:
            # what opens waits for the record: who goes on from what is stored would take a booking there for an echo
            feed = replace(feed, nights=feed.nights | opened)
            self._note_telling(request, name, feed)
        house = self._view().houses.get(name[0])
        now = house.outlets.get(name[1]) if house is not None else None
        if (now is not None and now.withheld) or not self._journal.may_answer:
            return self._withhold(target)
        response = conditional(request, feed.document, told=False)
        self._tally.requested(name, response.status, old=target.old)
        await response.prepare(request)
        await response.write_eof()
        if _arrived(request):
            fetch = Fetch(self._now(), _agent(request), str(manner_of(request)))
            self._record(name, feed, fetch, looked=looked)
            log.info("fetched", sync="/".join(name), nights=len(feed.nights), looked=looked)
        return response

    def _note_telling(self, request: web.BaseRequest, name: SyncName, feed: Feed) -> None:
        state = self._journal.current.get(name[0])
        if state is not None and name[1] in state.ledger.syncs:
            ledger = telling(state.ledger, name[1], feed.nights, now=self._now(), agent=_agent(request))
            if ledger is not state.ledger:
                self._journal.put(name[0], replace(state, ledger=ledger))

    def _withhold(self, target: LinkTarget) -> web.Response:
        self._tally.requested(target.name, 503, old=target.old)
        # another machine answers soon, where this one may not
        later = "600" if self._journal.may_answer else "60"
        return web.Response(status=503, headers={"Retry-After": later, "Cache-Control": "no-store"})

    async def _look(self, name: SyncName) -> bool:
        """Whether the portal's own calendar was seen, whole, before the answer."""
        sync = self._view().sync(name)
        if sync is None or not sync.channel.receives:
            return True
        return await self._look_at(name)

    def flush(self) -> None:
        """Enter in the ledgers the fetches of unchanged feeds since the last time."""
        noted: dict[str, State] = {}
        now = self._now()
        for name, fetch in self._fetches.take(now):
            state = noted.get(name[0]) or self._journal.current.get(name[0])
            sync = state.ledger.syncs.get(name[1]) if state is not None else None
            if state is None or sync is None or sync.told is None:
                continue
            # a slow reader may be through only after one that came later; what came later lies not in the future
            if sync.last_fetch is not None and fetch.at <= sync.last_fetch <= now:
                continue
            after = _entered(state, name[1], sync.told.nights, fetch, looked=False)
            if sync.silent or _offers(after) != _offers(state):
                # it has its echoes back: that frees nights, and nights are freed by what is stored
                noted.pop(name[0], None)
                # what is put changes its kin, and must not be noted over
                self._journal.note_all(noted)
                noted = {}
                self._journal.put(name[0], after)
            else:
                noted[name[0]] = after
        if noted:
            self._journal.note_all(noted)

    def _record(self, name: SyncName, feed: Feed, fetch: Fetch, *, looked: bool) -> None:
        self._fetches.forget(name)
        state = self._journal.current.get(name[0])
        if state is not None and name[1] in state.ledger.syncs:
            self._journal.put(name[0], _entered(state, name[1], feed.nights, fetch, looked=looked))


def _entered(state: State, name: str, nights: Nights, fetch: Fetch, *, looked: bool) -> State:
    """*state* after the portal of sync *name* has read a feed that holds *nights*."""
    ledger = fetched(state.ledger, name, nights, now=fetch.at, looked=looked, agent=fetch.agent)
    after = state.with_ledger(ledger, fetch.at)
    if ledger.syncs[name].fetches == state.ledger.syncs[name].fetches:
        return after  # it is known not to be the portal
    return after.with_facts(name, replace(state.of(name), reader=_reader(fetch.agent), manner=_reader(fetch.manner)))


def _offers(state: State) -> list[Nights]:
    return [sync.offered.nights for sync in state.ledger.syncs.values()]


def _agent(request: web.BaseRequest) -> str:
    return request.headers.get(USER_AGENT, "")


def _sought(view: View, request: web.BaseRequest) -> LinkTarget | None:
    """Where a path leads that is not a link as we write it: with a query, behind a proxy's prefix, or percent-encoded."""
    path = request.path
    return view.links.get(path[path.rfind("/") :]) if len(path) < _MAX_PATH else None


def _arrived(request: web.BaseRequest) -> bool:
    """Whether an answer that was written went out, as far as can be told from here."""
    return request.transport is not None and not request.transport.is_closing()


def _reader(agent: str) -> str:
    """What a reader says of itself, as it can be kept and shown."""
    agent = agent[:_READER_KEPT]
    return agent if agent.isprintable() else "".join(char if char.isprintable() else "?" for char in agent)
