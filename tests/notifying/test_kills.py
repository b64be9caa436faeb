"""A thousand matters through kills and outages: none is lost, none out of order, and what comes twice is counted."""

from __future__ import annotations

import asyncio
import random
import shutil
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import aiohttp
import pytest

from icalsyncd.calendars.nights import Nights
from icalsyncd.config.secret import Secret
from icalsyncd.config.telling import Receiver
from icalsyncd.notifying import courier
from icalsyncd.notifying.message import MAX_LINES, Message
from icalsyncd.notifying.notifier import Notifier
from icalsyncd.notifying.outbox import Outbox, Seeing
from icalsyncd.notifying.post import NotTaken, Why
from icalsyncd.state.journal import Journal
from icalsyncd.state.outbox import About
from icalsyncd.state.store import Store
from tests.notifying.receivers import Receiver as Server
from tests.notifying.receivers import receiving

MATTERS = 1_000
KILLS = 12


class Tally:
    def messaged(self, receiver: str, why: Why | None) -> None:
        pass


def given_by(session: aiohttp.ClientSession) -> Callable[[Secret | None, Message], Awaitable[NotTaken | None]]:
    """Gives messages as Apprise does, without a process for each."""

    async def give(url: Secret | None, message: Message) -> NotTaken | None:
        assert url is not None
        told = {"title": message.title, "message": message.body}
        with suppress(aiohttp.ClientError, TimeoutError, OSError):
            async with session.post(url.reveal(), json=told) as answer:
                return None if answer.status == 200 else NotTaken(Why.REFUSED)
        return NotTaken(Why.REFUSED)

    return give


class Life:
    """A daemon's part that tells, from a start to a kill."""

    def __init__(self, folder: Path, server: Server, session: aiohttp.ClientSession) -> None:
        self.folder = folder
        self.store = Store(folder / "state.sqlite3")
        self.journal = Journal(self.store, self.store.load(), lambda: 1.0)
        outbox = Outbox(self.store.outbox(), self.journal.post)
        self.notifier = Notifier(outbox, self.journal.stored, lambda: 1.0, Tally(), given_by(session))
        self.writing = asyncio.create_task(self.journal.run())
        url = Secret(f"http://127.0.0.1:{server.port}/")
        self.notifier.configure([Receiver("phone", url, frozenset({About.URGENT}), "en")])

    async def killed(self, folder: Path) -> Path:
        """The state folder as a kill at this moment leaves it; what still runs here goes on into nothing."""
        shutil.copytree(self.folder, folder)
        await self.notifier.close()
        self.writing.cancel()
        await asyncio.gather(self.writing, return_exceptions=True)
        await self.journal.close()
        return folder


def matter(number: int) -> Seeing:
    nights = Nights.between(10 * number, 10 * number + 3)
    return Seeing("overbooked", ("casa", "", ""), About.URGENT, 0.0, {"en": f"matter {number:04}"}, nights)


@pytest.mark.slow
async def test_none_of_a_thousand_matters_is_lost_or_out_of_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(courier, "GATHERED", dict.fromkeys(About, 0.0))
    monkeypatch.setattr(courier, "RETRY_FIRST", 0.01)
    monkeypatch.setattr(courier, "MAX_RETRY", 0.05)
    chance = random.Random(18)
    folder = tmp_path / "0"
    folder.mkdir()
    timeout = aiohttp.ClientTimeout(total=0.3)
    async with receiving("json") as (server,), aiohttp.ClientSession(timeout=timeout) as session:
        life = Life(folder, server, session)
        begun: list[Seeing] = []
        kills = 0
        while len(begun) < MATTERS or kills < KILLS:
            begun += [matter(number) for number in range(len(begun), min(MATTERS, len(begun) + chance.randint(1, 40)))]
            life.notifier.outbox.see(begun, 1.0, all_known=True)
            server.status = chance.choice((200, 200, 500, 429))
            server.hangs = chance.random() < 0.1
            if chance.random() < 0.15:
                await server.close()
                await asyncio.sleep(0.02)
                await server.open()
            # between two turns of the loop, in a commit, in the midst of an answer: wherever it happens to be
            for _ in range(chance.randint(1, 40)):
                await asyncio.sleep(chance.choice((0.0, 0.001)))
            if chance.random() < 0.3 or len(begun) == MATTERS:
                kills += 1
                life = Life(await life.killed(tmp_path / str(kills)), server, session)
                # the next start finds the same nights overbooked
                life.notifier.outbox.see(begun, 1.0, all_known=True)
        server.status, server.hangs = 200, False
        async with asyncio.timeout(60):
            while life.notifier.outbox.waiting("phone"):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        await life.killed(tmp_path / "end")
    said = [line for each in server.told for line in each.lines]
    first = list(dict.fromkeys(said))
    assert first == [f"matter {number:04}" for number in range(MATTERS)]
    repeated = len(said) - len(first)
    print(f"{MATTERS} matters in {len(server.told)} messages, {kills} kills, {repeated} told again")
    # one message may come again for each kill, and one for each answer that came too late
    assert repeated <= MAX_LINES * (server.asked - len(server.told) + kills)
