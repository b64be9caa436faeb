"""The feeds listener: what the internet sees. It answers links, and gives everything else a bare 404.

A portal that asks for a feed with other nights than it last fetched is pulled before it is answered, so that what its
calendar showed before our news can be told from what it repeats of them. That it may have been told is stored before the
answer is sent.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from email.utils import parsedate_to_datetime
from typing import Final, Protocol

from aiohttp import web, web_response

from icalsyncd import log
from icalsyncd.availability.attribution import fetched, telling
from icalsyncd.availability.nights import Nights
from icalsyncd.availability.stamps import Moment
from icalsyncd.journal import Journal
from icalsyncd.report import Report
from icalsyncd.view import Feed, SyncName, View, is_withheld

LOOK_MOST: Final = 2.0
"""Seconds for which an answer waits for the look at its portal's own calendar."""
STORE_MOST: Final = 2.0
"""Seconds for which an answer waits for a slow disk."""
ANSWER_MOST: Final = 120.0
"""Seconds after which an answer that has not gone out in full is given up."""
_FETCHES_HELD: Final = 8
_READER_KEPT: Final = 120
_SOFTWARE: Final = "icalsyncd"

# no version to anybody, in aiohttp's own answers to malformed requests neither
setattr(web_response, "SERVER_SOFTWARE", _SOFTWARE)  # noqa: B010 (aiohttp does not export the name)


class Tally(Protocol):
    """Where requests are counted."""

    def requested(self, name: SyncName | None, code: int, *, old: bool) -> None:
        """One request was answered with *code*; *name* is None where it led nowhere."""


_Fetch = tuple[Moment, str, web.Response]
"""When, by which User-Agent, and the answer: it may still be on its way."""


class Feeds:
    """Answers the requests of the feeds listener."""

    def __init__(
        self,
        view: Callable[[], View],
        journal: Journal,
        look: Callable[[SyncName], Awaitable[Report | None]],
        now: Callable[[], Moment],
        tally: Tally,
    ) -> None:
        self._view = view
        self._journal = journal
        self._look_at = look
        self._now = now
        self._tally = tally
        self._seen: defaultdict[SyncName, deque[_Fetch]] = defaultdict(lambda: deque(maxlen=_FETCHES_HELD))
        """The last fetches of each unchanged feed that the ledger has not been told of yet."""
        self._looks: dict[SyncName, asyncio.Task[Report | None]] = {}

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        view = self._view()
        path = _path(request)
        target = view.target(path[path.rfind("/") + 1 : -4]) if path.endswith(".ics") and len(path) < 256 else None
        if target is None or request.method not in ("GET", "HEAD"):
            self._tally.requested(None, 404, old=False)
            return web.Response(status=404)
        name = target.name
        house = view.houses[name[0]]
        feed, sync = house.feeds[name[1]], house.state.ledger.syncs[name[1]]
        if is_withheld(house, name[1]):
            self._tally.requested(name, 503, old=target.old)
            return web.Response(status=503, headers={"Retry-After": "600", "Cache-Control": "no-store"})
        if not _counts(request):
            return self._response(request, feed, name, old=target.old)
        if sync.told is not None and sync.told.nights == feed.nights:
            response = self._response(request, feed, name, old=target.old, unchanged=True)
            self._seen[name].append((self._now(), request.headers.get("User-Agent", ""), response))
            return response
        return await self._tell(request, name, old=target.old)

    async def _tell(self, request: web.BaseRequest, name: SyncName, *, old: bool) -> web.StreamResponse:
        """Answer a portal that has not been told these nights: look at it, store that it may know, then tell."""
        looked = await self._look(name)
        state = self._journal.current.get(name[0])
        feed = self._view().feed(name)
        if state is None or feed is None or name[1] not in state.ledger.syncs:
            self._tally.requested(None, 404, old=False)
            return web.Response(status=404)
        ledger = telling(state.ledger, name[1], feed.nights)
        if ledger is not state.ledger:
            self._journal.put(name[0], replace(state, ledger=ledger))
        # where the disk fails the answer goes out all the same: a night that must close is worth more than a record
        await self._journal.stored(STORE_MOST)
        response = self._response(request, feed, name, old=old)
        await response.prepare(request)
        await response.write_eof()
        if _arrived(request):
            self._record(name, feed, self._now(), request.headers.get("User-Agent", ""), looked=looked)
            log.info("fetched", sync="/".join(name), nights=len(feed.nights), looked=looked)
        return response

    async def _look(self, name: SyncName) -> bool:
        """Whether the portal's own calendar was seen, whole, before the answer."""
        sync = self._view().sync(name)
        if sync is None or not sync.channel.receives:
            return True
        look = self._looks.get(name)
        if look is None:
            look = asyncio.ensure_future(self._look_at(name))
            self._looks[name] = look
            look.add_done_callback(lambda done: self._looks.pop(name, None))
        try:
            report = await asyncio.wait_for(asyncio.shield(look), LOOK_MOST)
        except TimeoutError:
            return False
        except Exception as problem:
            # a bug in a pull is no reason not to answer: without a look, what follows is in doubt
            log.bug("a look ended in a bug", problem, sync="/".join(name))
            return False
        return report is not None and report.is_good

    def _response(
        self,
        request: web.BaseRequest,
        feed: Feed,
        name: SyncName,
        *,
        old: bool,
        unchanged: bool = False,
    ) -> web.Response:
        asked = request.headers
        zipped = "gzip" in asked.get("Accept-Encoding", "")
        headers = (feed.zipped_headers if zipped else feed.headers).copy()
        if _is_known(asked, feed, unchanged=unchanged):
            # of the body that is not sent nothing is said but which one it is (RFC 9110 §15.4.5)
            headers.popall("Content-Type")
            headers.popall("Content-Encoding", None)
            response = web.Response(status=304, headers=headers)
        else:
            response = web.Response(body=feed.zipped if zipped else feed.body, headers=headers)
        self._tally.requested(name, response.status, old=old)
        return response

    def flush(self) -> None:
        """Enter in the ledgers the fetches of unchanged feeds that came in, and were answered, since the last time."""
        now = self._now()
        for name, fetches in list(self._seen.items()):
            # an answer that has not gone out in full has no length
            gone = [fetch for fetch in fetches if fetch[2].body_length]
            state = self._journal.current.get(name[0])
            sync = state.ledger.syncs.get(name[1]) if state is not None else None
            if gone and sync is not None and sync.told is not None:
                at, agent, _ = gone[-1]
                # a slow reader may be through only after one that came later
                if sync.last_fetch is None or at > sync.last_fetch:
                    self._enter(name, sync.told.nights, at, agent, looked=False, durable=False)
            underway = [fetch for fetch in fetches if not fetch[2].body_length and now - fetch[0] < ANSWER_MOST]
            if underway:
                self._seen[name] = deque(underway, maxlen=_FETCHES_HELD)
            else:
                del self._seen[name]

    def _record(self, name: SyncName, feed: Feed, at: Moment, agent: str, *, looked: bool) -> None:
        self._seen.pop(name, None)
        self._enter(name, feed.nights, at, agent, looked=looked, durable=True)

    def _enter(self, name: SyncName, nights: Nights, at: Moment, agent: str, *, looked: bool, durable: bool) -> None:
        state = self._journal.current.get(name[0])
        if state is None or name[1] not in state.ledger.syncs:
            return
        ledger = fetched(state.ledger, name[1], nights, now=at, looked=looked)
        facts = replace(state.of(name[1]), reader=_reader(agent))
        # a portal that was silent has its echoes back: that frees nights, and nights are freed by what is stored
        enter = self._journal.put if durable or state.ledger.syncs[name[1]].silent else self._journal.note
        enter(name[0], state.with_ledger(ledger, at).with_facts(name[1], facts))


def _path(request: web.BaseRequest) -> str:
    """The path that was asked for, without its query."""
    raw = request.raw_path
    # hardly any reader writes our links in a way of its own, and to undo that takes its time
    return request.path if "%" in raw or not raw.startswith("/") else raw.partition("?")[0]


def _counts(request: web.BaseRequest) -> bool:
    """Whether a request, once answered, is a fetch: no HEAD, no part of the feed, and no browser."""
    if request.method != "GET":
        return False
    headers = request.headers
    return "Range" not in headers and "text/html" not in headers.get("Accept", "")


def _is_known(asked: Mapping[str, str], feed: Feed, *, unchanged: bool) -> bool:
    """Whether the reader has this very feed (RFC 9110 §13).

    A time alone is believed only where the portal is known to have fetched these nights: two feeds may share a second.
    """
    wanted = asked.get("If-None-Match")
    if wanted is not None:
        tags = {tag.strip().removeprefix("W/") for tag in wanted.split(",")}
        return feed.tag in tags or feed.zipped_tag in tags
    since = asked.get("If-Modified-Since")
    if since is None or not unchanged:
        return False
    try:
        return int(feed.modified) <= parsedate_to_datetime(since).timestamp()
    except ValueError:
        return False


def _arrived(request: web.BaseRequest) -> bool:
    """Whether an answer that was written went out, as far as can be told from here."""
    return request.transport is not None and not request.transport.is_closing()


def _reader(agent: str) -> str:
    """A User-Agent as it can be kept and shown."""
    agent = agent[:_READER_KEPT]
    return agent if agent.isprintable() else "".join(char if char.isprintable() else "?" for char in agent)
