"""What closes a night shows at once, what frees one shows when it is durable; a disk that fails loses nothing."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from icalsyncd.availability.attribution import settled
from icalsyncd.availability.channel import Channel
from icalsyncd.availability.ledger import Block, Ledger, SyncLedger
from icalsyncd.availability.link import Link
from icalsyncd.calendars.nights import Nights, Stay
from icalsyncd.state.copy import Copies, Copy, Role
from icalsyncd.state.database import Place
from icalsyncd.state.installation import Installation
from icalsyncd.state.journal import STATES_AT_ONCE, Journal
from icalsyncd.state.state import Facts, State
from icalsyncd.state.store import Store
from icalsyncd.state.stored import peek
from icalsyncd.state.view import View, see

TODAY = 740_000
KEY = ("house/s", Role.SNAPSHOT)
INSTALLATION = Installation(b"s" * 32)


def state(*blocked: tuple[int, int], house: str = "house") -> State:
    """The accommodation *house* with one portal, where these nights from today are blocked."""
    blocks = tuple(Block(Stay(TODAY + start, TODAY + end)) for start, end in blocked)
    sync = SyncLedger(Channel("portal", receives=False, sends=True), Link(f"{house}/s"))
    return State(settled(Ledger(TODAY, blocks=blocks, syncs={"s": sync}), 1.0))


def nights(*ranges: tuple[int, int]) -> Nights:
    return Nights.of_stays((TODAY + start, TODAY + end) for start, end in ranges)


@contextlib.contextmanager
def full_disk() -> Iterator[None]:
    """No file of this process can grow past its first page."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


class Desk:
    """A journal at work on a real store, and the view that is made from it."""

    def __init__(self, place: Place) -> None:
        self.place = place
        store = Store(place)
        self.journal = Journal(store, store.load(), lambda: 5.0)
        self.journal.on_change = self._changed
        self.view = View()
        self.seen: list[frozenset[str]] = []
        self._task: asyncio.Task[None] | None = None
        self._news = asyncio.Event()

    async def changed(self) -> None:
        """Wait for the next change of the view."""
        self._news.clear()
        await self._news.wait()

    def _changed(self, ids: frozenset[str]) -> None:
        self.seen.append(ids)
        self._news.set()
        self.view = see(self.view, ids, self.journal.current, self.journal.kept, INSTALLATION)

    def work(self) -> None:
        self._task = asyncio.create_task(self.journal.run())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self.journal.close()

    @property
    def shown(self) -> Nights:
        feed = self.view.feed(("house", "s"))
        assert feed is not None
        return feed.nights


@pytest.fixture
async def desk(place: Place) -> AsyncIterator[Desk]:
    made = Desk(place)
    yield made
    await made.stop()


@pytest.fixture
async def file_desk(tmp_path: Path) -> AsyncIterator[Desk]:
    made = Desk(tmp_path / "state.sqlite3")
    yield made
    await made.stop()


async def test_what_is_put_is_visible_at_once_and_durable_when_it_is_stored(desk: Desk):
    desk.journal.put("house", state((1, 3)))
    assert desk.shown == nights((1, 3))
    desk.work()
    assert await desk.journal.stored()
    assert peek(desk.place).states == {"house": replace(state((1, 3)), facts={"s": Facts()})}


async def test_what_closes_shows_at_once_and_what_frees_only_when_it_is_durable(desk: Desk):
    desk.journal.put("house", state((1, 3)))
    desk.work()
    await desk.journal.stored()
    desk.journal.put("house", state((2, 5)))
    assert desk.shown == nights((1, 5))
    await desk.journal.stored()
    assert desk.shown == nights((2, 5))


@pytest.mark.slow
async def test_a_disk_that_fails_frees_nothing_closes_all_the_same_and_heals_without_a_restart(file_desk: Desk):
    desk = file_desk
    desk.journal.put("house", state((1, 3)), {KEY: b"one"})
    desk.work()
    assert await desk.journal.stored()
    with full_disk():
        desk.journal.put("house", state((5, 7)), {KEY: b"two"})
        assert not await desk.journal.stored()
        assert desk.journal.failing
        assert desk.shown == nights((1, 3), (5, 7))
        desk.journal.put("house", state((6, 9)))
        assert not await desk.journal.stored()
        assert desk.shown == nights((1, 3), (6, 9)), "what was never stored is not kept back"
        assert await desk.journal.body(KEY) == b"two"
    # nobody asks: it tries again by itself
    async with asyncio.timeout(5):
        while desk.journal.failing:
            await desk.changed()
    assert desk.shown == nights((6, 9))
    assert peek(desk.place).states["house"].ledger == state((6, 9)).ledger
    assert await desk.journal.body(KEY) == b"two"


async def test_what_was_put_while_the_disk_failed_is_written_at_the_end(tmp_path: Path):
    desk = Desk(tmp_path / "state.sqlite3")
    desk.work()
    with full_disk():
        desk.journal.put("house", state((1, 3)))
        assert not await desk.journal.stored()
    await desk.stop()
    assert peek(desk.place).states["house"].ledger == state((1, 3)).ledger


async def test_what_is_put_while_a_commit_runs_is_written_by_the_next_one(desk: Desk):
    desk.journal.put("house", state((1, 3)))
    writing = asyncio.create_task(desk.journal._write())
    await asyncio.sleep(0)
    desk.journal.put("house", state((4, 5)), {KEY: b"late"})
    assert await writing
    assert desk.journal.durable["house"] == state((1, 3))
    assert desk.shown == nights((1, 3), (4, 5))
    desk.work()
    assert await desk.journal.stored()
    assert desk.journal.durable["house"] == desk.journal.current["house"] == state((4, 5))
    assert desk.shown == nights((4, 5))
    assert await desk.journal.body(KEY) == b"late"


@pytest.mark.slow
async def test_a_stop_in_the_middle_of_a_commit_loses_nothing(place: Place):
    desk = Desk(place)
    desk.work()
    for number in range(20):
        desk.journal.put(f"house-{number}", state((number, number + 1)))
    await asyncio.sleep(0.0005)
    await desk.stop()
    assert len(peek(desk.place).states) == 20


async def test_stored_waits_for_what_was_put_before_it_and_for_no_more(desk: Desk):
    assert await desk.journal.stored(), "nothing is to be stored"
    desk.journal.put("house", state((1, 3)))
    assert not await desk.journal.stored(patience=0.05), "nobody writes yet"
    desk.work()
    waiting = asyncio.create_task(desk.journal.stored())
    await asyncio.sleep(0)
    desk.journal.note("other", state())
    assert await waiting


async def test_a_note_is_no_news_and_is_written_with_the_next_commit(desk: Desk):
    desk.journal.put("house", state((1, 3)))
    desk.work()
    await desk.journal.stored()
    desk.seen.clear()
    noted = state((1, 3)).with_facts("s", Facts(reader="someone"))
    desk.journal.note("house", noted)
    assert not desk.seen
    desk.journal.put("other", state())
    await desk.journal.stored()
    assert peek(desk.place).states["house"].of("s").reader == "someone"


async def test_many_that_are_put_together_are_seen_and_stored_together(desk: Desk):
    desk.journal.put_all({"house": state((1, 3)), "other": state((4, 5))})
    assert desk.seen == [frozenset(("house", "other"))]
    desk.work()
    await desk.journal.stored()
    assert peek(desk.place).states.keys() == {"house", "other"}


async def test_an_accommodation_that_is_dropped_is_gone_from_view_and_file(desk: Desk):
    desk.journal.put("house", state((1, 3)).with_facts("s", Facts(copies=Copies(Copy()))), {KEY: b"body"})
    desk.work()
    await desk.journal.stored()
    desk.journal.put("house", None)
    assert desk.view.houses == {}
    assert await desk.journal.stored()
    assert "house" not in desk.journal.durable
    assert peek(desk.place).states == {}
    assert await desk.journal.body(KEY) is None


async def test_a_copy_whose_sync_is_paused_before_it_was_written_is_not_kept(desk: Desk):
    owned = state((1, 3)).with_facts("s", Facts(copies=Copies(Copy())))
    desk.journal.put("house", owned, {KEY: b"a guest's name"})
    desk.journal.put("house", state((1, 3)))
    desk.work()
    assert await desk.journal.stored()
    assert await desk.journal.body(KEY) is None
    if isinstance(desk.place, Path):
        assert b"guest" not in desk.place.read_bytes()


async def test_a_copy_goes_with_its_sync_through_a_rename_before_it_was_written(desk: Desk):
    owned = state((1, 3)).with_facts("s", Facts(copies=Copies(Copy())))
    desk.journal.put("house", owned, {KEY: b"body"})
    desk.journal.put_all({"house": None, "villa": owned})
    desk.work()
    assert await desk.journal.stored()
    assert await desk.journal.body(KEY) == b"body"


async def test_what_is_dropped_while_it_is_being_written_is_gone_after_a_stop(place: Place):
    desk = Desk(place)
    desk.work()
    busy = threading.Event()
    asked = asyncio.ensure_future(desk.journal.ask(lambda: busy.wait(60)))
    desk.journal.put("house", state((1, 3)))
    for _ in iter(lambda: len(desk.journal.kept), 2):
        await asyncio.sleep(0)
    desk.journal.put("house", None)
    busy.set()
    await asked
    await desk.stop()
    assert peek(desk.place).states == {}
    store = Store(place)
    assert list(store._db.execute("SELECT count(*) FROM sync")) == [(0,)]
    store.close()


async def test_the_mark_of_the_installation_is_stored_with_the_next_commit(desk: Desk):
    desk.journal.mark = ("mark", 4.0)
    desk.journal.put("house", state())
    desk.work()
    await desk.journal.stored()
    stored = peek(desk.place)
    assert (stored.installation, stored.secret_since, stored.last_commit) == ("mark", 4.0, 5.0)


async def test_a_night_that_is_being_written_as_taken_is_not_shown_free_before_that_is_over(desk: Desk):
    desk.journal.put("house", state())
    desk.work()
    assert await desk.journal.stored()
    desk.journal.put("house", state((1, 3)))
    for _ in range(1000):
        if len(desk.journal.kept) == 2:
            break
        await asyncio.sleep(0)
    assert len(desk.journal.kept) == 2
    # the commit is under way: a start may find these nights taken
    desk.journal.put("house", state())
    assert desk.shown == nights((1, 3))
    assert await desk.journal.stored()
    assert desk.shown == nights()


async def test_what_frees_in_the_midst_of_a_large_commit_waits_for_its_own(desk: Desk):
    names = [f"house-{number}" for number in range(3 * STATES_AT_ONCE)]
    for name in names:
        desk.journal.put(name, state((1, 3), house=name))
    shown: list[Nights] = []
    seen = desk.journal.on_change

    def free_one(ids: frozenset[str]) -> None:
        seen(ids)
        (late,) = {names[0], names[-1]} - ids or {""}
        if late and not shown:
            desk.journal.on_change = seen
            desk.journal.put(late, state(house=late))
            feed = desk.view.feed((late, "s"))
            assert feed is not None
            shown.append(feed.nights)

    desk.journal.on_change = free_one
    desk.work()
    assert await desk.journal.stored()
    assert shown == [nights((1, 3))]
