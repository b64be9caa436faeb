"""The network of portals on real sockets, around the real daemon, which is killed and started again as it goes on."""

from __future__ import annotations

import asyncio
import random
import re
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web

from icalsyncd.calendars.nights import EMPTY, Nights, Stay, night_of, union
from tests.end_to_end.daemon import Daemon, daemon
from tests.end_to_end.portal import Portal as Server
from tests.end_to_end.portal import day
from tests.network.portals import Habits, Portal, Shape, Uids, today

pytestmark = pytest.mark.slow

LAG = 0.05
"""Seconds between two rounds of reading: the portals of this network act at once, as their syncs' `echo_lag` says."""
STEPS = 100
LABELLED = [
    Habits(labels=True, uids=Uids.SAME),
    Habits(labels=True, uids=Uids.EACH_TIME, shape=Shape.BY_NIGHT, clips=True),
    Habits(labels=True, repeats=False, empty_body=True),
]
ALIKE = [
    Habits(uids=Uids.DATES),
    Habits(uids=Uids.EACH_TIME, shape=Shape.MERGED, clips=True),
    Habits(labels=True, uids=Uids.DATES, shape=Shape.BY_NIGHT),
]


@dataclass
class Network:
    """Portals with their servers around one daemon, and what was sold."""

    running: Daemon
    portals: dict[str, Portal]
    servers: dict[str, Server]
    dice: random.Random
    links: dict[str, str] = field(default_factory=dict)
    down: set[str] = field(default_factory=set)
    keys: int = 0
    bookings: int = 0
    kills: int = 0
    known: dict[str, Nights] = field(default_factory=dict)
    """What the daemon had answered to have taken in from each portal."""
    read: dict[str, Nights] = field(default_factory=dict)
    """What of the others' nights it had taken in when each portal last read its feed."""
    twice: Nights = EMPTY
    avoidable: int = 0

    def config(self) -> str:
        syncs = "".join(
            f"      {name}:\n"
            f"        portal: {name}\n"
            "        direction: bidirectional\n"
            f"        url: {server.url}/{name}\n"
            "        echo_lag: 0s\n"
            '        reservation: ["Reserved"]\n'
            '        block: ["Not available"]\n'
            f"        empty_body: {'empty' if self.portals[name].habits.empty_body else 'failure'}\n"
            for name, server in self.servers.items()
        )
        head = self.running.head().replace("  timeout: 10s\n", "  timeout: 10s\n  hold: 0s\n")
        return f"{head}accommodations:\n  house:\n    timezone: UTC\n    syncs:\n{syncs}"

    async def pull(self, name: str | None = None) -> None:
        for report in await self.running.pull(f"house/{name}" if name else None):
            sync = report["sync"].partition("/")[2]
            if report["outcome"] in ("updated", "not_modified"):
                self.known[sync] = self.portals[sync].sold()

    async def fetch(self, name: str) -> None:
        if name in self.down:
            return
        known = union(nights for other, nights in self.known.items() if other != name)
        status, body, _ = await self.running.ask("GET", self.links[f"house/{name}"])
        if status == 200:
            self.portals[name].read(body, time.time())
            self.read[name] = known

    def book(self, name: str) -> None:
        portal = self.portals[name]
        start = self.dice.randrange(2, 45)
        stay = Stay(night_of(day(start)), night_of(day(start + self.dice.randrange(1, 6))))
        nights = Nights.between(*stay)
        if name in self.down or not nights.isdisjoint(portal.closed(time.time())):
            return
        rivals = union(other.sold() & nights for other in self.portals.values() if other is not portal)
        self.avoidable += bool((rivals & self.read.get(name, EMPTY)) - self.twice)
        self.twice |= rivals
        self.keys += 1
        self.bookings += 1
        portal.book(self.keys, stay)

    def cancel(self) -> None:
        sold = [(portal, key) for portal in self.portals.values() for key in portal.bookings]
        if sold:
            portal, key = self.dice.choice(sold)
            portal.cancel(key)
            for name, other in self.portals.items():
                if other is portal:
                    self.known[name] = self.known.get(name, EMPTY) & portal.sold()

    async def kill(self) -> None:
        self.running.kill()
        self.kills += 1
        await self.running.up()

    async def step(self) -> None:
        name = self.dice.choice(list(self.portals))
        match self.dice.choices(["book", "cancel", "pull", "fetch", "outage", "mend"], [8, 3, 8, 8, 1, 4])[0]:
            case "book":
                self.book(name)
            case "cancel":
                self.cancel()
            case "pull":
                await self.pull(name)
            case "fetch":
                await self.fetch(name)
            case "outage":
                self.down.add(name)
            case _:
                self.down.discard(name)

    async def rest(self) -> None:
        """Everything is up, everyone reads and is read, and has time to act."""
        self.down.clear()
        for _ in range(5):
            await self.pull()
            for name in self.portals:
                await self.fetch(name)
            await asyncio.sleep(LAG)

    def truth(self) -> tuple[Nights, Nights, Nights]:
        """The nights that somebody took, those that are taken and open somewhere, and the ghosts."""
        now = time.time()
        taken = union(portal.sold() for portal in self.portals.values()).since(today(now))
        closed = [portal.closed(now).since(today(now)) for portal in self.portals.values()]
        return taken, union(taken - nights for nights in closed), union(closed) - taken

    async def shown(self) -> Nights:
        """The nights of which the host is told that they may be ghosts."""
        (house,) = (await self.running.status())["accommodations"]
        return Nights.of_stays(
            (night_of(day(0).fromisoformat(row["from"])), night_of(day(0).fromisoformat(row["to"])))
            for row in house["nights"]
            if row["possible_ghost"]
        )


@asynccontextmanager
async def network(folder: Path, habits: list[Habits], seed: int) -> AsyncIterator[Network]:
    """A network of portals with *habits*, everyone pulled and told once."""
    portals = {f"site-{number}": Portal(f"site-{number}", each) for number, each in enumerate(habits)}
    servers = {name: Server() for name in portals}
    async with daemon(folder) as running:
        played = Network(running, portals, servers, random.Random(seed))
        for name, server in servers.items():

            async def answer(request: web.Request, name: str = name) -> web.StreamResponse:
                if name in played.down:
                    return web.Response(status=503)
                return web.Response(body=portals[name].calendar(time.time()), content_type="text/calendar")

            server.answer = answer
            await server.open()
        running.write(played.config())
        await running.up()
        await running.until(lambda: running.get("/-/ready"), lambda answer: answer[0] == 200)
        played.links = running.links()
        await played.rest()
        try:
            yield played
        finally:
            for server in servers.values():
                await server.close()


@pytest.mark.parametrize(("habits", "seed"), [(LABELLED, 1), (ALIKE, 2), (ALIKE, 3)])
async def test_at_rest_what_is_taken_is_closed_and_what_nobody_took_is_open(
    tmp_path: Path, habits: list[Habits], seed: int
) -> None:
    async with network(tmp_path, habits, seed) as played:
        for number in range(STEPS):
            await played.step()
            if number % 15 == 0:
                await played.kill()
        await played.rest()
        taken, opened, ghosts = played.truth()
        story = f"{played.bookings} bookings, {played.kills} kills, {len(played.twice)} nights sold twice"
        assert played.bookings > 8, story
        assert not opened, f"taken, and open somewhere: {opened} ({story})\n{played.running.words()}"
        assert played.avoidable == 0, story
        if habits is LABELLED:
            assert not ghosts, f"{ghosts} ({story})"
        assert ghosts <= played.twice, f"{ghosts} ({story})"
        assert ghosts <= await played.shown(), "a ghost of which the host is not told"
        assert taken


async def test_a_lost_state_opens_nothing_that_is_taken_and_shows_what_is_doubtful(tmp_path: Path) -> None:
    async with network(tmp_path, ALIKE, 5) as played:
        for number, name in enumerate(played.portals):
            played.portals[name].book(number, Stay(night_of(day(10 + 5 * number)), night_of(day(13 + 5 * number))))
        await played.rest()
        played.running.kill()
        for file in played.running.state.glob("state.sqlite3*"):
            file.unlink()
        for server in played.servers.values():
            await server.close()
        await played.running.up()
        for name in played.portals:
            status, _, _ = await played.running.ask("GET", played.links[f"house/{name}"])
            assert status == 503, "nobody is told that nights are free of which nothing is known"
        for server in played.servers.values():
            await server.open()
        await played.rest()
        taken, opened, ghosts = played.truth()
        assert not opened
        assert not ghosts
        assert len(taken) == 9


async def test_a_host_who_does_what_explain_says_is_rid_of_a_possible_ghost(tmp_path: Path) -> None:
    """Two portals each hold a night only because of the other, and the daemon has lost what it knew of that."""
    alike = [Habits(uids=Uids.DATES), Habits(uids=Uids.EACH_TIME)]
    async with network(tmp_path, alike, 7) as played:
        first = next(iter(played.portals.values()))
        first.book(1, Stay(night_of(day(10)), night_of(day(13))))
        await played.rest()
        played.running.kill()
        for file in played.running.state.glob("state.sqlite3*"):
            file.unlink()
        await played.running.up()
        await played.rest()
        first.cancel(1)
        await played.rest()
        _, opened, ghosts = played.truth()
        assert not opened
        assert len(ghosts) == 3, "nothing that we see can tell these from two bookings"
        assert ghosts == await played.shown()
        said = command(played.running, "explain", "house", day(10).isoformat()).stdout
        assert "Possible ghost" in said
        (advice,) = re.findall(r"icalsyncd (confirm \S+ \S+ \S+ --nobody)", said)
        done = command(played.running, *advice.split(), "--yes")
        assert done.returncode == 0, done.stderr
        await played.rest()
        await played.rest()
        _, opened, ghosts = played.truth()
        assert not opened
        assert not ghosts
        assert not await played.shown()


def command(running: Daemon, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "icalsyncd", *words, "--config", running.config, "--state-dir", running.state],
        capture_output=True,
        text=True,
        timeout=30,
    )
