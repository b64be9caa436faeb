"""What it costs to remember and to tell: `python -m tests.benchmarks.telling`.

The history's share of a pull is the CPU time in which it is told and appended, beside that of all threads. A double
booking in a portal's answer is timed until a receiver, which speaks ntfy, has the message.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from time import process_time, thread_time
from typing import TypeVar

from icalsyncd import log
from icalsyncd.config.secret import Secret
from icalsyncd.notifying.message import trial
from icalsyncd.notifying.post import give
from icalsyncd.state import store
from tests.benchmarks import process
from tests.benchmarks.figures import Figure, table
from tests.benchmarks.portals import portals
from tests.benchmarks.pulls import household, hub_of
from tests.end_to_end.daemon import daemon
from tests.end_to_end.portal import calendar
from tests.end_to_end.portal import portals as told_portals
from tests.notifying.receivers import Receiver, receiving

ROUNDS = 5
BOOKINGS = 7

T = TypeVar("T")


async def _shares(port: int) -> tuple[float, float]:
    """CPU seconds of a pull and its commit, and those of them in which the history is told and appended."""
    spent = [0.0]

    def timed(work: Callable[..., T]) -> Callable[..., T]:
        def doing(*arguments: object, **named: object) -> T:
            start = thread_time()
            try:
                return work(*arguments, **named)
            finally:
                spent[0] += thread_time() - start

        return doing

    events, append = store.events, store.append
    store.events = timed(lambda *arguments: list(events(*arguments)))  # type: ignore[assignment]
    store.append = timed(append)
    try:
        with tempfile.TemporaryDirectory() as made:
            # forty stays, and one more or less at each pull: a night is taken, or free again
            hub = hub_of(household(port, "changes").replace("/changes/50/", "/changes/40/"), Path(made))
            await hub.begin()
            writing = asyncio.create_task(hub.journal.run())
            names = [(sync.accommodation, sync.id) for sync in hub.accepted.config.syncs()]
            for number in range(ROUNDS + 2):
                if number == 2:
                    spent[0], start = 0.0, process_time()
                for name in names:
                    await hub.intake.pull(name)
                await hub.journal.stored()
            whole = process_time() - start
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
            await hub.end()
    finally:
        store.events, store.append = events, append
    pulls = ROUNDS * len(names)
    return whole / pulls, spent[0] / pulls


def history() -> Iterator[Figure]:
    """The share of a pull that it costs to remember what happened."""
    with portals() as port:
        whole, kept = asyncio.run(_shares(port))
    yield Figure(
        "the history's share of a pull that changes nights",
        f"{kept / whole:.1%}: {kept * 1e6:.0f} µs CPU",
        f"the pull and its commit {whole * 1e3:.2f} ms CPU",
        "under 5 %",
        kept / whole < 0.05,
    )


async def _told() -> tuple[list[float], list[float]]:
    """Seconds from the beginning of a pull, whose answer has a double booking, until it ends, and until it is told."""
    pulled, told = [], []
    with tempfile.TemporaryDirectory() as made:
        async with told_portals(2) as (first, second), receiving("ntfy") as (phone,), daemon(Path(made)) as home:
            assert isinstance(phone, Receiver)
            first.body, second.body = calendar(*((10 * n, 10 * n + 3) for n in range(3, 20))), calendar()
            home.write(
                home.head() + f"notify:\n  - {{name: phone, url: '{phone.url}'}}\n"
                "accommodations:\n  casa:\n    timezone: UTC\n    syncs:\n"
                f"      a: {{portal: holidu, direction: import, url: '{first.url}/1'}}\n"
                f"      b: {{portal: vrbo, direction: import, url: '{second.url}/2'}}\n"
            )
            await home.up()
            await home.until(lambda: home.get("/-/ready"), lambda answer: answer[0] == 200)
            for number in range(BOOKINGS):
                stays = [(10 * n, 10 * n + 3, "Reserved") for n in range(3, 4 + number)]
                second.body = calendar(*stays)  # type: ignore[arg-type]
                start = time.monotonic()
                await home.pull("casa/b")
                pulled.append(time.monotonic() - start)
                await phone.until(number + 1)
                told.append(time.monotonic() - start)
    return pulled, told


_ALONE = "import os, resource; from icalsyncd.notifying import messenger; out = os.dup(1); messenger.main(); "
_ALONE += "os.write(out, str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss).encode())"


async def _given() -> tuple[float, float]:
    """Seconds that a message takes by itself, and the resident MiB of its process at most."""
    async with receiving("ntfy") as (phone,):
        start = time.monotonic()
        assert await give(Secret(phone.url), trial("en")) is None
        taken = time.monotonic() - start
        alone = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _ALONE, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        message = {"url": phone.url, "title": "a", "body": "b", "urgent": False}
        said, _ = await alone.communicate(json.dumps(message).encode())
    return taken, int(said) / 1024


def messages() -> Iterator[Figure]:
    """How soon a double booking is told, and what that costs."""
    pulled, told = asyncio.run(_told())
    yield Figure(
        "from a double booking in a portal's answer to the message at its receiver",
        f"{statistics.median(told):.1f} s, {max(told):.1f} s at most",
        f"the pull {statistics.median(pulled) * 1e3:.0f} ms",
        "under 5 s",
        max(told) < 5,
    )
    taken, most = asyncio.run(_given())
    yield Figure(
        "a message: its process",
        f"{taken:.1f} s, {most:.0f} MiB for as long as it runs",
        "nothing of it stays",
        "-",
        True,
    )


def memory() -> Iterator[Figure]:
    """What a daemon that tells costs while nothing is to be told."""
    resident = {}
    with portals() as port:
        text = process.household(port, 5, syncs=2, behaviour="stamps")
        telling = (
            "notify: [{name: phone, url: 'ntfy://127.0.0.1:9/a-topic'}]\n"
            "heartbeat: {url: 'http://127.0.0.1:9/ping', interval: 5m}\n"
        )
        for name, more in (("without", ""), ("with", telling)):
            with tempfile.TemporaryDirectory() as made:
                # the second start is that of a host: everything is known already
                for _ in range(2):
                    with process.daemon(Path(made), more + text) as running:
                        running.until("/-/ready", (200,))
                        time.sleep(12)
                        resident[name] = running.memory()
    yield Figure(
        "idle memory with `notify:` and `heartbeat:`",
        f"{resident['with']:.1f} MiB",
        f"without {resident['without']:.1f} MiB",
        "at most 2 MiB more",
        resident["with"] <= resident["without"] + 2,
    )


def figures() -> Iterator[Figure]:
    """All of them."""
    log.configure(None, 40)
    yield from history()
    yield from messages()
    yield from memory()


if __name__ == "__main__":
    print(table(figures()))
