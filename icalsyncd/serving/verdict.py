"""The verdict for a monitor outside: 200 or 503, without a word, on the listener that the internet sees.

It is there only where the host has switched it on. Whoever asks in vain gets the same 404 as for anything else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Final

from aiohttp import web

from icalsyncd import log
from icalsyncd.serving.listeners import Handler

PATH: Final = "/-/healthy"
FRESH: Final = 5.0
"""Seconds for which a verdict is given again: a stranger who asks all the time costs one reckoning in that time."""


class Verdict:
    """Whether all is well, reckoned when asked."""

    def __init__(self, needs: Callable[[], Awaitable[tuple[str, ...]]], now: Callable[[], float] = monotonic) -> None:
        """*needs* says what needs the host."""
        self._needs = needs
        self._now = now
        self._reckoning: asyncio.Task[bool] | None = None
        self._begun = 0.0

    async def is_well(self) -> bool:
        """Whether nothing needs the host; a verdict that cannot be reckoned is a bad one."""
        if self._reckoning is None or (self._reckoning.done() and self._now() - self._begun >= FRESH):
            self._begun = self._now()
            self._reckoning = asyncio.ensure_future(self._reckon())
        return await asyncio.shield(self._reckoning)

    async def _reckon(self) -> bool:
        try:
            return not await self._needs()
        except Exception as problem:
            log.bug("the verdict ended in a bug", problem)
            return False


def with_verdict(answer: Handler, wanted: Callable[[], bool], verdict: Verdict) -> Handler:
    """*answer*, and the verdict at :data:`PATH` while it is *wanted*."""

    async def answered(request: web.BaseRequest) -> web.StreamResponse:
        if wanted() and request.path == PATH and request.method in ("GET", "HEAD"):
            return web.Response(status=200 if await verdict.is_well() else 503, headers={"Cache-Control": "no-store"})
        return await answer(request)

    return answered
