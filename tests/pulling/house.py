"""One accommodation with two portals, pulled over real sockets and stored in a real file, inside the test's own loop."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from aiohttp import web

from icalsyncd.availability.ledger import Presence
from icalsyncd.config.loading import Accepted, parse
from icalsyncd.daemon.hub import Hub
from icalsyncd.state.installation import Installation
from icalsyncd.state.journal import Journal
from icalsyncd.state.state import Facts
from icalsyncd.state.store import Store
from tests.end_to_end.portal import Portal, day

A, B = ("house", "a"), ("house", "b")
HEAD = "terms: accepted\npull: {timeout: 20s, allow_private_addresses: true}\n"
SYNCS = "accommodations:\n  house:\n    timezone: UTC\n    syncs:\n      site: {portal: generic, direction: export}\n"


def sync(name: str, portal: Portal, more: str = "") -> str:
    """The config's line of one portal that reads and is read."""
    kind = {"a": "smoobu", "b": "lodgify"}[name]
    return f"      {name}: {{portal: {kind}, direction: bidirectional, url: '{portal.url}'{more}}}\n"


def config(*syncs: str, head: str = HEAD) -> str:
    return head + SYNCS + "".join(syncs)


def accepted(text: str, folder: Path) -> Accepted:
    loaded = parse(text, folder / "config.yaml", {})
    assert isinstance(loaded, Accepted), loaded
    return loaded


@dataclass
class House:
    """A hub at work, without listeners and without rounds."""

    hub: Hub
    folder: Path
    tasks: list[asyncio.Task[Any]] = field(default_factory=list)

    def runs(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Let *work* run until the house is closed."""
        task = asyncio.create_task(work)
        self.tasks.append(task)
        return task

    async def save(self, *syncs: str, head: str = HEAD) -> None:
        """The host saves another config, and it is taken over; what it has read anew is read."""
        await self.hub.apply(accepted(config(*syncs, head=head), self.folder))

    async def quiet(self) -> None:
        """Wait until nothing runs in the background."""
        while self.hub._background:
            await asyncio.gather(*self.hub._background)

    async def tomorrow(self) -> None:
        """Midnight: the day of the accommodation goes on, and its copies are read anew."""
        state = self.hub.journal.current["house"]
        later = replace(state, ledger=replace(state.ledger, today=state.ledger.today + 1))
        self.hub.journal.put("house", later)
        for name in (A, B):
            await self.hub.intake.reread(name)

    async def shown(self, name: str = "site") -> set[int]:
        """The nights, as days from today, that the feed of a sync closes."""
        await self.hub.journal.stored()
        feed = self.hub.view.feed(("house", name))
        assert feed is not None
        return {night - day(0).toordinal() for night in feed.nights}

    async def gone(self, name: str) -> None:
        """Let time do its work until the sync has left."""
        deadlines = asyncio.create_task(self.hub.deadlines.run())
        async with asyncio.timeout(10):
            while (
                known := self.journal.current["house"].ledger.syncs.get(name)
            ) and known.presence is not Presence.GONE:
                await self.journal.stored()
                await asyncio.sleep(0)
        deadlines.cancel()
        await asyncio.gather(deadlines, return_exceptions=True)

    def facts(self, name: str) -> Facts:
        return self.hub.journal.current["house"].of(name)

    @property
    def journal(self) -> Journal:
        return self.hub.journal


@asynccontextmanager
async def house(folder: Path, *syncs: str, head: str = HEAD) -> AsyncIterator[House]:
    """The house under a config with *syncs*; nothing is pulled yet."""
    hub = Hub(accepted(config(*syncs, head=head), folder), Installation(b"s" * 32), Store(folder / "state.sqlite3"))
    made = House(hub, folder)
    await hub.begin()
    made.runs(hub.journal.run())
    try:
        yield made
    finally:
        for task in made.tasks:
            task.cancel()
        await asyncio.gather(*made.tasks, return_exceptions=True)
        await hub.end()


class Gate:
    """What a portal does with requests: it keeps tags, and can be slow."""

    def __init__(self, portal: Portal) -> None:
        self.portal = portal
        portal.answer = self._answer
        self.answered: list[int] = []
        self.under_way = 0
        self.most = 0
        """The most requests that were ever under way at once."""
        self.status = 200
        self.came = asyncio.Event()
        self.open = asyncio.Event()
        self.open.set()

    def shut(self) -> None:
        """Let the next request wait until :attr:`open` is set; :attr:`came` tells when it is there."""
        self.came.clear()
        self.open.clear()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        body, status = self.portal.body, self.status
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        self.came.set()
        try:
            await self.open.wait()
        finally:
            self.under_way -= 1
        tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        if status == 200 and request.headers.get("If-None-Match") == tag:
            status = 304
        self.answered.append(status)
        if status != 200:
            return web.Response(status=status, headers={"Retry-After": "3600"} if status == 429 else {})
        return web.Response(body=body, content_type="text/calendar", headers={"ETag": tag})
