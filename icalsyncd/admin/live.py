"""Tells open pages which houses have changed, by server-sent events: the page then asks for what it shows of them.

Nobody tells this room of a change: while a page listens, what is known is compared, twice a second, with what it was. That
costs a glance at each house, and misses nothing. A page that is closed is noticed at the next word, a daemon that ends at
once, since its streams end with it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from icalsyncd.state.view import House

EVERY: Final = 0.5
"""Seconds between two looks."""
MOST: Final = 16
"""Pages that are told at the same time; others ask from time to time."""
BEAT: Final = 15.0
"""Seconds after which something is said though nothing has changed."""
_HEADERS: Final = {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    # proxies that collect answers are to pass this one on
    "X-Accel-Buffering": "no",
}


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known at one moment, as far as pages show it."""

    houses: Mapping[str, House]
    whole: object
    """All that belongs to no house; compared for equality."""

    def changed(self, before: Seen) -> list[str] | None:
        """The houses that differ from *before*; an empty list: all may; None: nothing does."""
        if self.whole != before.whole or self.houses.keys() != before.houses.keys():
            return []
        return [name for name, house in self.houses.items() if _differs(house, before.houses[name])] or None


def _differs(house: House, before: House) -> bool:
    """Whether a house looks different; times of pulls and fetches alone do not count, the page asks for those at leisure."""
    if house is before:
        return False
    if house.state.ledger is not before.state.ledger or house.unsure != before.unsure:
        return True
    return any(
        (house.state.of(name).outcome, house.state.of(name).failing_since)
        != (before.state.of(name).outcome, before.state.of(name).failing_since)
        for name in house.state.ledger.syncs
    )


class Live:
    """The open streams of one daemon."""

    def __init__(self, seen: Callable[[], Seen], every: float = EVERY) -> None:
        """*seen* tells what is known now, *every* in seconds how often it is asked while somebody listens."""
        self._seen = seen
        self._every = every
        self._open = 0
        self._closing = asyncio.Event()

    def close(self) -> None:
        """End all streams, and begin no more."""
        self._closing.set()

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one page, for as long as it listens."""
        if self._open >= MOST or self._closing.is_set():
            return web.Response(status=503, headers={"Retry-After": "60", "Cache-Control": "no-store"})
        if request.method == "HEAD":
            return web.Response(headers=_HEADERS)
        stream = web.StreamResponse(headers=_HEADERS)
        self._open += 1
        try:
            await stream.prepare(request)
            await stream.write(b"retry: 2000\n\n")
            await self._tell(request, stream)
        except ConnectionError:
            # the page was closed
            return stream
        finally:
            self._open -= 1
        return stream

    async def _tell(self, request: web.BaseRequest, stream: web.StreamResponse) -> None:
        loop = asyncio.get_running_loop()
        before, said = self._seen(), loop.time()
        while not await self._closes() and request.transport is not None and not request.transport.is_closing():
            now = self._seen()
            changed = now.changed(before)
            if changed is not None:
                await stream.write(f"data: {json.dumps(changed)}\n\n".encode())
                before, said = now, loop.time()
            elif loop.time() - said >= BEAT:
                await stream.write(b":\n\n")
                said = loop.time()

    async def _closes(self) -> bool:
        try:
            await asyncio.wait_for(self._closing.wait(), self._every)
        except TimeoutError:
            return False
        return True
