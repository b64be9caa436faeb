"""Whether all that must live does: what the heartbeat says, and stops saying."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, Final

import aiohttp

from icalsyncd.availability.ledger import Presence
from icalsyncd.daemon.hub import Hub

PATIENCE: Final = 10.0
"""Seconds within which the store, and the feeds listener, answer."""
_ALL: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104


async def dead(hub: Hub, tasks: Iterable[asyncio.Task[Any]]) -> str | None:
    """What does not live, in a few words; None where all does."""
    for task in tasks:
        if task.done():
            return f"the task {task.get_name()} is dead"
    if hub.journal.failing is not None:
        return "the state is not stored"
    try:
        async with asyncio.timeout(PATIENCE):
            await hub.journal.ask(lambda: None)
    except TimeoutError:
        return "the store does not answer"
    if hub.clock.doubted is not None:
        return "the clock is doubted"
    if _all_fail(hub):
        return "all pulls fail"
    if not await _listens(hub):
        return "the feeds listener does not answer itself"
    return None


def alive(hub: Hub, tasks: Callable[[], Iterable[asyncio.Task[Any]]]) -> None:
    """Have the heartbeat of *hub* stop where one of *tasks*, or something else, is dead."""

    async def look() -> str | None:
        return await dead(hub, tasks())

    hub.dead = look


def _all_fail(hub: Hub) -> bool:
    pulled = [
        house.state.of(name).outcome
        for house in hub.view.houses.values()
        for name, sync in house.state.ledger.syncs.items()
        if sync.channel.receives and sync.presence is Presence.ACTIVE
    ]
    return bool(pulled) and all(outcome == "failed" for outcome in pulled)


async def _listens(hub: Hub) -> bool:
    listen = hub.accepted.config.server.listen
    if listen is None:
        return True
    host = _ALL.get(listen.host, listen.host)
    url = f"http://{f'[{host}]' if ':' in host else host}:{listen.port}/-/healthy"
    with suppress(aiohttp.ClientError, OSError, TimeoutError):
        timeout = aiohttp.ClientTimeout(total=PATIENCE)
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(url, allow_redirects=False):
            # whatever it says: it speaks
            return True
    return False
