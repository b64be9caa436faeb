"""What one pull costs in all, beside the bare fetch of the same bytes: `python -m tests.benchmarks.pulls`.

The daemon's own hub does the pulls, on a state file, 16 at once: fetch, read, attribute, commit, render, swap. The bare
fetch is one aiohttp session for all, with a new connection for each, since pulls are half an hour apart, that drops the
body. Both run in this process, in turns, and are measured in CPU seconds of all its threads; the portals run in another.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from time import process_time

import aiohttp

from icalsyncd import log
from icalsyncd.config import loading
from icalsyncd.daemon.hub import Hub
from icalsyncd.state.installation import Installation
from icalsyncd.state.store import Store
from tests.benchmarks.figures import Figure, table
from tests.benchmarks.portals import PORTALS, portals, url

AT_ONCE = 16
ACCOMMODATIONS = 30
SYNCS = 4
ROUNDS = 5
BEHAVIOURS = {
    "changes": ("the calendar changed", 12),
    "stamps": ("the same nights, new DTSTAMPs", 4),
    "known": ("304", 2),
}


def household(port: int, behaviour: str) -> str:
    """A config of 30 accommodations with four portals each."""
    lines = [
        "terms: accepted",
        "official_only: []",
        "pull: {allow_private_addresses: true, hold: 0s}",
        "accommodations:",
    ]
    for house in range(ACCOMMODATIONS):
        lines += [f"  house-{house}:", "    timezone: Europe/Madrid", "    syncs:"]
        for sync in range(SYNCS):
            number = 2 + house * SYNCS + sync
            where = url(port, behaviour, number, f"{house}-{sync}", offset=1 + 5 * sync)
            lines.append(f"      portal-{sync}: {{portal: {PORTALS[sync]}, direction: bidirectional, url: '{where}'}}")
    return "\n".join(lines) + "\n"


def hub_of(text: str, folder: Path) -> Hub:
    accepted = loading.parse(text, folder / "config.yaml", {})
    assert isinstance(accepted, loading.Accepted), accepted
    return Hub(accepted, Installation(b"s" * 32), Store(folder / "state.sqlite3"))


async def spent(works: list[Callable[[], Awaitable[object]]]) -> float:
    """CPU seconds of one of *works*, done 16 at once."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(work: Callable[[], Awaitable[object]]) -> None:
        async with gate:
            await work()

    start = process_time()
    await asyncio.gather(*map(one, works))
    return (process_time() - start) / len(works)


async def compare(port: int, behaviour: str, rounds: int = ROUNDS) -> tuple[list[float], list[float]]:
    """The CPU seconds of a pull and of a bare fetch, one number each a round."""
    with tempfile.TemporaryDirectory() as folder:
        hub = hub_of(household(port, behaviour), Path(folder))
        await hub.begin()
        writing = asyncio.create_task(hub.journal.run())
        names = [(sync.accommodation, sync.id) for sync in hub.accepted.config.syncs()]
        urls = [f"{sync.url.reveal()}?bare" for sync in hub.accepted.config.syncs() if sync.url is not None]
        headers = {"If-None-Match": '"a-body-of-ours"'} if behaviour == "known" else {}
        pulls: list[float] = []
        fetches: list[float] = []
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0, force_close=True)) as session:

            async def pull(name: tuple[str, str]) -> None:
                report = await hub.intake.pull(name)
                assert report is not None
                assert report.is_good, report

            async def fetch(where: str) -> None:
                async with session.get(where, headers=headers) as response:
                    await response.read()

            async def pull_all() -> None:
                pulls.append(await spent([lambda name=name: pull(name) for name in names]))  # type: ignore[misc]
                await hub.journal.stored()

            await pull_all()
            pulls.clear()
            for _ in range(rounds):
                await pull_all()
                fetches.append(await spent([lambda where=where: fetch(where) for where in urls]))  # type: ignore[misc]
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
        await hub.end()
    return pulls, fetches


def figures() -> Iterator[Figure]:
    log.configure(None, 40)
    with portals() as port:
        for behaviour, (words, most) in BEHAVIOURS.items():
            pulls, fetches = asyncio.run(compare(port, behaviour))
            ours, theirs = statistics.median(pulls), statistics.median(fetches)
            yield Figure(
                f"a pull: {words}",
                f"{ours * 1e3:.2f} ms CPU, {1 / ours:.0f} a second on one core",
                f"bare fetch {theirs * 1e3:.2f} ms, {ours / theirs:.1f} times",
                f"at most {most} times",
                ours <= most * theirs,
            )


if __name__ == "__main__":
    print(table(figures()))
