"""The daemon of a household, ten syncs, and of a manager, ten thousand: `python -m tests.benchmarks.household`."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import aiohttp

from tests.benchmarks.figures import Figure, table
from tests.benchmarks.portals import portals
from tests.benchmarks.process import Running, daemon, household, write

MANAGED = 2500
WATCHED = 45.0


def applied(running: Running, text: str, patience: float = 60.0) -> float:
    """Seconds from the save of the file until its config runs."""
    log = running.folder / "log"
    before = log.read_text().count("the config was taken over")
    start = time.monotonic()
    write(running.folder, running.listen, running.admin, text)
    while log.read_text().count("the config was taken over") == before:
        assert time.monotonic() < start + patience
        time.sleep(0.01)
    return time.monotonic() - start


async def answers(running: Running, seconds: float, accommodations: int) -> list[float]:
    """How long feeds took to be answered, sorted."""
    links = [
        running.link(f"house-{house}/portal-0") for house in range(0, accommodations, max(1, accommodations // 50))
    ]
    taken: list[float] = []
    end = time.monotonic() + seconds
    async with aiohttp.ClientSession() as session:
        while time.monotonic() < end:
            start = time.perf_counter()
            async with session.get(links[len(taken) % len(links)], headers={"Accept": "text/html"}) as answer:
                await answer.read()
            taken.append(time.perf_counter() - start)
            await asyncio.sleep(0.02)
    return sorted(taken)


def small() -> Iterator[Figure]:
    """A host's ten syncs."""
    with portals() as port, tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        text = household(port, 5, syncs=2, behaviour="stamps")
        with daemon(folder, text) as running:
            running.until("/-/ready", (200,))
        starts = []
        for _ in range(3):
            start = time.monotonic()
            with daemon(folder, text) as running:
                starts.append(time.monotonic() - start)
        ready = statistics.median(starts)
        yield Figure("start of 10 syncs", f"{ready:.2f} s", "wall clock", "under 1 s to ready", ready < 1)
        with daemon(folder, text) as running:
            time.sleep(12)
            before = running.cpu()
            time.sleep(30)
            idle = (running.cpu() - before) / 30
            yield Figure("idle, 10 syncs", f"{idle:.2%} of a core", "30 s", "under 0.3 %", idle < 0.003)
            memory = running.memory()
            yield Figure("memory of 10 syncs", f"{memory:.0f} MiB", "resident", "under 60 MiB", memory < 60)
            saves = [applied(running, text + f"# {number}\n") for number in range(5)]
            save = statistics.median(saves)
            yield Figure("save to applied, 10 syncs", f"{save:.2f} s", "wall clock", "0.3 s", save <= 0.3)


def managed() -> Iterator[Figure]:
    """Ten thousand syncs, all pulled once a minute, every calendar changed every time."""
    with portals() as port, tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        with daemon(folder, household(port, MANAGED, interval="60s")) as running:
            running.until("/-/ready", (200,))
            time.sleep(20)
            before, start = running.cpu(), time.monotonic()
            taken = asyncio.run(answers(running, WATCHED, MANAGED))
            share = (running.cpu() - before) / (time.monotonic() - start)
            slow = taken[int(len(taken) * 0.99)]
            yield Figure(
                "10,000 syncs, each pulled and changed every 60 s",
                f"{share:.0%} of a core",
                "-",
                "half a core",
                share <= 0.5,
            )
            yield Figure(
                "feeds meanwhile",
                f"p99 {slow * 1e3:.0f} ms",
                f"median {statistics.median(taken) * 1e3:.1f} ms",
                "p99 under 50 ms",
                slow < 0.05,
            )
            memory = running.memory()
            yield Figure("memory of 10,000 syncs", f"{memory:.0f} MiB", "resident", "under 400 MiB", memory < 400)
        start = time.monotonic()
        text = household(port, MANAGED)
        with daemon(folder, household(port, MANAGED)) as running:
            ready, spent = time.monotonic() - start, running.cpu()
            yield Figure(
                "boot with 10,000 syncs stored", f"{ready:.1f} s", f"{spent:.1f} s of CPU", "under 5 s", ready < 5
            )
            time.sleep(15)
            save = applied(running, text.replace("hold: 0s", "hold: 1s"))
            yield Figure("save to applied, 10,000 syncs", f"{save:.2f} s", "-", "3 s", save <= 3)


def large() -> Iterator[Figure]:
    """A calendar of 10,000 events arrives while feeds are asked for."""
    with portals() as port, tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        text = household(port, 2, syncs=2, behaviour="stamps")
        with daemon(folder, text) as running:
            running.until("/-/ready", (200,))
            quiet = asyncio.run(answers(running, 4, 2))
            write(folder, running.listen, running.admin, text.replace("/stamps/20/1/1-0", "/crowd/10000/1/1-0"))
            taken = asyncio.run(answers(running, 8, 2))
            yield Figure(
                "a calendar of 10,000 events arrives",
                f"a feed waits {taken[-1] * 1e3:.0f} ms at most",
                f"{quiet[-1] * 1e3:.0f} ms without it",
                "20 ms",
                taken[-1] <= 0.02,
            )


def figures() -> Iterator[Figure]:
    yield from small()
    yield from large()
    yield from managed()


if __name__ == "__main__":
    print(table(figures()))
