"""How long a feed waits while the daemon does something large: `python -m tests.benchmarks.waiting`.

One feed is asked for every two milliseconds meanwhile, over a kept connection; what it waits beyond the usual is how long
the event loop stood still, or waited for another thread.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from tests.benchmarks.figures import Figure, table
from tests.benchmarks.portals import portals
from tests.benchmarks.process import Running, applied, daemon, household, write

MANY = 250
"""Accommodations of four syncs each: a thousand."""


@dataclass(frozen=True)
class Waits:
    """How long answers took, sorted, in seconds."""

    taken: list[float]

    @property
    def most(self) -> float:
        return self.taken[-1]

    def share(self, part: float) -> float:
        return self.taken[int((len(self.taken) - 1) * part)]


def waits(running: Running, work: Callable[[], object], accommodations: int, pause: float = 0.002) -> Waits:
    """Ask for feeds, *pause* seconds apart, while *work* is done on a thread of this process."""
    links = [running.link(f"house-{house}/portal-0") for house in range(0, accommodations, -(-accommodations // 50))]

    async def ask() -> list[float]:
        taken: list[float] = []
        async with aiohttp.ClientSession() as session:

            async def once() -> None:
                start = time.perf_counter()
                link = links[len(taken) % len(links)]
                async with session.get(link, headers={"Accept": "text/html", "Accept-Language": "en"}) as answer:
                    await answer.read()
                taken.append(time.perf_counter() - start)

            await once()
            taken.clear()
            doing = asyncio.create_task(asyncio.to_thread(work))
            while not doing.done():
                await once()
                await asyncio.sleep(pause)
            await doing
        return taken

    return Waits(sorted(asyncio.run(ask())))


def large() -> Iterator[Figure]:
    """A calendar of 10,000 events arrives."""
    with portals() as port, tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        text = household(port, 2, syncs=2, behaviour="stamps")
        with daemon(folder, text) as running:
            running.until("/-/ready", (200,))

            def arrive() -> None:
                write(folder, running.listen, running.admin, text.replace("/stamps/20/1/1-0", "/crowd/10000/1/1-0"))
                time.sleep(6)

            quiet, waited = waits(running, lambda: time.sleep(3), 2), waits(running, arrive, 2)
            yield Figure(
                "a calendar of 10,000 events arrives",
                f"a feed waits {waited.most * 1e3:.0f} ms at most",
                f"{quiet.most * 1e3:.0f} ms without it",
                "20 ms",
                waited.most <= 0.02,
            )


def thousand() -> Iterator[Figure]:
    """The larger things that a daemon of 1,000 syncs does."""
    with portals() as port, tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        text = household(port, MANY)
        with daemon(folder, text) as running:
            running.until("/-/ready", (200,))
            time.sleep(5)

            def get(path: str) -> None:
                for _ in range(10):
                    with urllib.request.urlopen(f"http://127.0.0.1:{running.admin}{path}", timeout=60) as answer:
                        answer.read()

            quiet = waits(running, lambda: time.sleep(3), MANY)
            beside = f"{quiet.most * 1e3:.0f} ms without it"
            works: tuple[tuple[str, Callable[[], object], float | None], ...] = (
                ("/metrics of 1,000 syncs is scraped", lambda: get("/metrics"), 0.010),
                ("the status page of 1,000 syncs is made", lambda: get("/"), None),
                ("the status of 1,000 syncs is asked for as JSON", lambda: get("/api/v1/status"), None),
                (
                    "a save that concerns none of 1,000 syncs",
                    lambda: applied(running, text.replace("hold: 0s", "hold: 1s")),
                    None,
                ),
                (
                    "a save that changes every feed of 1,000",
                    lambda: applied(running, text.replace("Europe/Madrid", "Europe/Madrid\n    buffer: {before: 1}")),
                    None,
                ),
            )
            for words, work, most in works:
                waited = waits(running, work, MANY)
                yield Figure(
                    words,
                    f"a feed waits {waited.most * 1e3:.0f} ms at most",
                    beside,
                    f"{most * 1e3:.0f} ms" if most else "-",
                    most is None or waited.most <= most,
                )


def figures() -> Iterator[Figure]:
    yield from large()
    yield from thousand()


if __name__ == "__main__":
    print(table(figures()))
