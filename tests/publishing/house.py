"""A house whose feeds are published, and what lies there."""

from __future__ import annotations

import asyncio
import time

import aiohttp

from tests.end_to_end.daemon import Daemon, nights_of
from tests.end_to_end.portal import Portal, day


def config(
    running: Daemon, portals: list[Portal], publish: str, *, listen: str = "", removal: str = "30m", **server: object
) -> str:
    """Two syncs of one accommodation, published as *publish* says; it begins with a `- `."""
    head = running.head(removal_delay=removal, **server)
    if listen:
        head = head.replace(f"listen: 127.0.0.1:{running.listen}", f"listen: {listen}")
    return (
        f"{head}publish:\n{publish}"
        "accommodations:\n"
        "  casa-azul:\n"
        "    timezone: UTC\n"
        "    syncs:\n"
        f"{sync('holidu', portals[0])}"
        f"{sync('vrbo', portals[1])}"
    )


def sync(name: str, portal: Portal, more: str = "") -> str:
    """One bidirectional sync, with its portal's name."""
    return f"      {name}:\n        portal: {name}\n        direction: bidirectional\n        url: {portal.url}\n{more}"


async def links(running: Daemon) -> dict[str, str]:
    """The link of each sync; the portals, which live in this process, go on answering meanwhile."""
    return await asyncio.to_thread(running.links)


async def link_of(running: Daemon, name: str) -> str:
    """The link of one sync."""
    return (await links(running))[name]


def name_of(link: str) -> str:
    """The file name under which a feed lies wherever it is published."""
    return link.rpartition("/")[2]


def nights(*stays: tuple[int, int]) -> set[str]:
    """The nights of half-open ranges of days from today."""
    return {day(offset).isoformat() for stay in stays for offset in range(*stay)}


async def get(url: str, **headers: str) -> tuple[int, bytes, dict[str, str]]:
    """A GET as a portal makes it."""
    timeout = aiohttp.ClientTimeout(5)
    async with aiohttp.ClientSession(timeout=timeout) as session, session.get(url, headers=headers) as answer:
        return answer.status, await answer.read(), dict(answer.headers)


async def until_published(url: str, wanted: set[str], patience: float = 10.0) -> float:
    """Wait until the feed at *url* closes exactly *wanted*; how many seconds that took."""
    start = time.monotonic()
    seen: object = None
    while time.monotonic() - start < patience:
        try:
            status, body, _ = await get(url)
            seen = nights_of(body) if status == 200 else status
        except (aiohttp.ClientError, TimeoutError) as error:
            seen = type(error).__name__
        if seen == wanted:
            return time.monotonic() - start
        await asyncio.sleep(0.02)
    raise AssertionError(f"not published in {patience} s; last seen: {seen}")
