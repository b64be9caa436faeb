"""A look at a portal's own calendar, right before the portal is told something.

What it showed before our news can then be told from what it repeats of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from icalsyncd import log
from icalsyncd.pulling.report import Report
from icalsyncd.state.view import SyncName

MAX_LOOK: Final = 2.0
"""Seconds for which what is to be told waits for the look."""


class Looks:
    """The looks that are under way: one at a time at a portal, for all who are about to tell it something."""

    def __init__(self, pull: Callable[[SyncName], Awaitable[Report | None]]) -> None:
        """*pull* asks the portal of a sync, None where it may not be asked; how long that takes is its own affair."""
        self._pull = pull
        self._under_way: dict[SyncName, asyncio.Task[bool]] = {}

    async def look(self, name: SyncName) -> bool:
        """Have the portal of *name* pulled: whether its calendar was seen, whole, in time."""
        look = self._under_way.get(name)
        if look is None:
            look = asyncio.create_task(self._see(name), name=f"look {'/'.join(name)}")
            self._under_way[name] = look
            look.add_done_callback(lambda _: self._under_way.pop(name, None))
        # it goes on for those who come later, and for what it finds, whoever has gone meanwhile
        await asyncio.wait((look,), timeout=MAX_LOOK)
        return look.done() and not look.cancelled() and look.result()

    async def _see(self, name: SyncName) -> bool:
        try:
            report = await self._pull(name)
        except Exception:
            # a bug in a pull is no reason not to tell: without a look, what follows is in doubt
            log.exception("a look ended in a bug", sync="/".join(name))
            return False
        return report is not None and report.is_good

    async def close(self) -> None:
        """End those that are under way."""
        looks = list(self._under_way.values())
        for look in looks:
            look.cancel()
        await asyncio.gather(*looks, return_exceptions=True)
