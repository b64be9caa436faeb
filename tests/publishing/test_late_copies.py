"""An older copy never stays over a newer one unnoticed: one that lands late, or one that another writer puts there."""

from __future__ import annotations

import asyncio
import gzip
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from icalsyncd.clock import boottime
from icalsyncd.config.paths import Paths
from icalsyncd.daemon.actions import HostActions
from icalsyncd.daemon.explained import explained
from icalsyncd.publishing.target_status import TargetStatus
from icalsyncd.publishing.targets.storage import MAX_PUT
from icalsyncd.publishing.targets.webdav import MOVE_AGAIN, MOVES_TRIED, WebDavStorage
from icalsyncd.publishing.traces import AFTER_DOUBT, AFTER_START, Traces
from icalsyncd.state.lease import Lease
from icalsyncd.state.publication import REFRESH
from tests.end_to_end.daemon import nights_of
from tests.end_to_end.portal import Portal, calendar, day
from tests.publishing import servers
from tests.publishing.house import nights
from tests.pulling.house import HEAD, A, House, house, sync
from tests.state.test_journal import full_disk


class Published:
    """A house whose feeds are published, and what its clock shows."""

    def __init__(self, made: House, portal: Portal) -> None:
        self.house = made
        self.hub = made.hub
        self.portal = portal
        self.ahead = 0.0
        self.jumped = 0.0
        clock = self.hub.clock
        clock._wall = lambda: time.time() + self.ahead + self.jumped
        clock._boottime = lambda: time.clock_gettime(time.CLOCK_BOOTTIME) + self.ahead

    async def books(self, *stays: tuple[int, int]) -> None:
        """Portal a shows *stays*, and is pulled."""
        self.portal.body = calendar(*stays)
        await self.hub.intake.pull(A)

    def name(self, sync: str = "site") -> str:
        """The file name of a sync's feed."""
        links = self.hub.view.houses["house"].links
        return next(path[1:] for path, target in links.items() if target.name[1] == sync)

    def later(self, seconds: float) -> None:
        """*seconds* pass, and the target is looked at."""
        self.ahead += seconds
        self.hub.publisher.hurry()

    @property
    def status(self) -> TargetStatus:
        return self.hub.publisher.status()[0]

    async def until(self, so: Callable[[], object]) -> None:
        async with asyncio.timeout(20):
            while not so():  # noqa: ASYNC110 (a file in a folder tells nobody)
                await asyncio.sleep(0.01)


@asynccontextmanager
async def published(folder: Path, target: str) -> AsyncIterator[Published]:
    portal = Portal()
    await portal.open()
    head = f"{HEAD}server: {{public_url: 'https://cal.example.org'}}\npublish:\n  - {{name: there, {target}}}\n"
    try:
        async with house(folder, sync("a", portal), head=head) as made:
            found = Published(made, portal)
            made.runs(made.hub.publisher.run())
            yield found
    finally:
        await portal.close()


@pytest.fixture
async def dav() -> AsyncIterator[servers.Faulty]:
    async with servers.faulty() as there:
        there.moves = False
        yield there


def shows(there: servers.Faulty, name: str) -> set[str] | None:
    body = there.files.get(name)
    return nights_of(body) if body is not None else None


async def test_a_copy_that_lands_late_does_not_stay_over_a_newer_one(tmp_path: Path, dav: servers.Faulty) -> None:
    async with published(tmp_path, f"type: webdav, url: '{dav.url}'") as found:
        await found.books((50, 52))
        await found.until(lambda: found.status.last_success)
        name = found.name()
        # the first file's own look is over
        found.later(AFTER_START[0] + 1)
        await found.until(lambda: ("GET", name) in dav.asked)
        dav.breaks = True
        await found.books((50, 52), (10, 12))
        await found.until(lambda: found.status.failing_since)
        dav.breaks = False
        await found.books((50, 52), (10, 14))
        found.later(0)
        await found.until(lambda: found.status.behind == 0 and found.status.unsent is None)
        assert shows(dav, name) == nights((50, 52), (10, 14))
        assert found.status.unsure == 1
        for wait in AFTER_DOUBT:
            dav.files[name] = dict(dav.late)[name]
            assert shows(dav, name) == nights((50, 52), (10, 12))
            found.later(wait + 1)
            await found.until(lambda: shows(dav, name) == nights((50, 52), (10, 14)))
        assert found.status.overwritten == 0
        for wait in AFTER_DOUBT:
            # it may come once more after it came late
            assert found.status.unsure == 1
            looks = dav.asked.count(("GET", name))
            found.later(wait + 1)
            await found.until(lambda before=looks: dav.asked.count(("GET", name)) > before)
            await found.until(lambda: not found.hub.publisher._deliveries["there"]._news)
        await found.until(lambda: found.status.unsure == 0)


async def test_another_writer_of_the_same_links_is_noticed_and_told(
    tmp_path: Path, dav: servers.Faulty, caplog: pytest.LogCaptureFixture
) -> None:
    async with published(tmp_path, f"type: webdav, url: '{dav.url}'") as found:
        await found.books((50, 52), (10, 12))
        await found.until(lambda: found.status.last_success)
        name, ours = found.name(), dav.files[found.name()]
        # what a forgotten clone says, which never saw the second booking
        dav.files[name] = ours.replace(b"DTEND", b"DTEND;X-CLONE=1", 1)
        found.later(REFRESH + 1)
        await found.until(lambda: dav.files[name] == ours)
        assert (found.status.overwritten, found.status.unsure) == (1, 0)
        await found.until(lambda: "written by somebody else" in caplog.text)
        assert name[:-4] not in caplog.text
        # once it is stopped, it is told no more after a day
        found.later(2 * 86400)
        await found.until(lambda: found.status.overwritten == 0)
        assert dav.files[name] == ours


async def test_what_is_seen_to_lie_there_is_not_sent_again(tmp_path: Path, dav: servers.Faulty) -> None:
    async with published(tmp_path, f"type: webdav, url: '{dav.url}'") as found:
        await found.books((10, 12))
        await found.until(lambda: found.status.last_success)
        name = found.name()
        before = len(dav.asked)
        found.later(REFRESH + 1)
        await found.until(lambda: ("GET", name) in dav.asked)
        assert {method for method, _ in dav.asked[before:]} == {"GET"}
        # nor does a start send it, which reads what lies there first
        before = len(dav.asked)
        found.hub.publisher._deliveries["there"]._traces = Traces()
        found.later(0)
        await found.until(lambda: len(dav.asked) > before)
        await found.until(lambda: found.status.last_success is not None)
        assert {method for method, _ in dav.asked[before:]} == {"GET"}
        # what was lost there is there again
        del dav.files[name]
        found.later(REFRESH + 1)
        await found.until(lambda: name in dav.files)
        assert found.status.overwritten == 0


async def test_one_failing_move_is_a_failure_and_not_a_habit() -> None:
    async with servers.faulty() as there:
        target = WebDavStorage(there.url, None, None)
        there.move_answers = [502]
        unsent = await target.put("x.ics", b"one")
        assert unsent is not None
        assert (unsent.detail, target.tears) == ("it answers 502", False)
        assert "x.ics" not in there.files
        assert await target.put("x.ics", b"two") is None
        assert there.asked[-1][0] == "MOVE"
        # behind a proxy that never lets a move through, files get there all the same
        there.move_answers = [502] * (MOVES_TRIED + 1)
        tries = [await target.put("x.ics", b"three") for _ in range(MOVES_TRIED)]
        assert [each is None for each in tries] == [False] * (MOVES_TRIED - 1) + [True]
        assert (there.files, target.tears) == ({"x.ics": b"three"}, True)
        assert await target.put("x.ics", b"four") is None
        assert await target.put("x.ics", b"five") is None
        assert (there.asked[-1][0], target.tears) == ("MOVE", False)
        await target.close()


async def test_a_server_that_cannot_move_is_asked_for_it_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async with servers.faulty() as there:
        target = WebDavStorage(there.url, None, None)
        there.move_answers = [405]
        assert await target.put("x.ics", b"one") is None
        assert await target.put("x.ics", b"two") is None
        assert (there.asked[-1], target.tears) == (("PUT", "x.ics"), True)
        loop, now = asyncio.get_running_loop(), asyncio.get_running_loop().time
        monkeypatch.setattr(loop, "time", lambda: now() + MOVE_AGAIN)
        assert await target.put("x.ics", b"three") is None
        monkeypatch.undo()
        assert (there.asked[-1][0], target.tears) == ("MOVE", False)
        assert there.files == {"x.ics": b"three"}
        await target.close()


async def test_a_target_that_fails_is_tried_at_once_when_the_host_does_something(
    tmp_path: Path, dav: servers.Faulty
) -> None:
    async with published(tmp_path, f"type: webdav, url: '{dav.url}'") as found:
        dav.status = 503
        await found.books((10, 12))
        delivery = found.hub.publisher._deliveries["there"]
        for failures in range(1, 8):
            found.hub.publisher.hurry()
            await found.until(lambda failures=failures: delivery._failures >= failures)
        # the next try of its own is a minute away
        assert delivery._pause() == 60
        dav.status = 0
        await found.hub.apply(found.hub.accepted)
        await found.until(lambda: shows(dav, found.name()) == nights((10, 12)))


def lies(folder: Path, name: str) -> set[str] | None:
    return nights_of((folder / name).read_bytes()) if (folder / name).exists() else None


@pytest.mark.slow
async def test_nights_close_there_while_the_clock_is_doubted_and_none_opens(tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.mkdir()
    async with published(tmp_path, f"type: folder, path: '{place}'") as found:
        await found.books((50, 52), (10, 12))
        await found.until(lambda: lies(place, found.name()) == nights((50, 52), (10, 12)))
        found.jumped = 20 * 86400
        assert found.hub.clock.doubted
        # one is booked, and one cancelled
        await found.books((50, 52), (30, 32))
        await found.until(lambda: lies(place, found.name()) == nights((50, 52), (10, 12), (30, 32)))
        # what is stored by now is another feed, and has been looked at
        await found.hub.journal.stored()
        served = found.hub.view.feed(("house", "site"))
        assert served is not None
        assert len(served.nights) == 4
        await asyncio.sleep(0.3)
        assert lies(place, found.name()) == nights((50, 52), (10, 12), (30, 32))
        found.jumped = 0
        found.hub.publisher.hurry()
        await found.until(lambda: lies(place, found.name()) == nights((50, 52), (30, 32)))


async def test_a_link_that_came_back_meanwhile_is_not_deleted(tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.mkdir()
    async with published(tmp_path, f"type: folder, path: '{place}'") as found:
        await found.books((50, 52), (10, 12))
        await found.until(lambda: found.status.last_success)
        delivery = found.hub.publisher._deliveries["there"]
        (link,) = [link for link in delivery.known() if f"{delivery._file(link)}" == found.name()]
        assert await delivery._delete(link) is None
        assert lies(place, found.name()) == nights((50, 52), (10, 12))
        # one that leads nowhere any more is
        (place / delivery._file(("house/gone", 1))).write_bytes(b"")
        assert await delivery._delete(("house/gone", 1)) is None
        assert not (place / delivery._file(("house/gone", 1))).exists()


async def test_a_stop_in_the_breath_of_a_change_is_not_lost(tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.mkdir()
    async with published(tmp_path, f"type: folder, path: '{place}'") as found:
        await found.books((10, 12))
        await found.until(lambda: found.status.last_success)
        publisher = found.hub.publisher
        await asyncio.sleep(0.05)
        publisher.news(None)
        (task,) = publisher._tasks.values()
        # the waiter has been told, and has not run yet
        await asyncio.sleep(0)
        task.cancel()
        async with asyncio.timeout(5):
            await asyncio.wait((task,))
        assert task.cancelled()


def leased(now: Callable[[], float] = boottime) -> Lease:
    """A lease that lasts for long."""
    lease = Lease(now)
    lease.renewed(now(), 1e6)
    return lease


async def _mistakes() -> tuple[str, ...]:
    return ()


@pytest.mark.slow
async def test_where_another_machine_may_go_on_nothing_opens_there_without_a_record(tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.mkdir()
    async with published(tmp_path, f"type: folder, path: '{place}'") as found:
        found.hub.journal.lease = leased()
        await found.books((50, 52), (10, 12))
        await found.until(lambda: lies(place, found.name()) == nights((50, 52), (10, 12)))
        place.rename(tmp_path / "away")
        await found.books((50, 52), (30, 32))
        assert await found.hub.journal.stored()
        with full_disk():
            await found.books((50, 52), (30, 32), (40, 42))
            await found.until(lambda: found.hub.journal.failing)
            (tmp_path / "away").rename(place)
            found.hub.publisher.hurry()
            await found.until(lambda: nights((40, 42)) - lies(place, found.name()) == nights())
            assert lies(place, found.name()) == nights((50, 52), (10, 12), (30, 32), (40, 42))
        await found.until(lambda: lies(place, found.name()) == nights((50, 52), (30, 32), (40, 42)))


async def test_nothing_is_written_without_the_lease_or_while_another_may_still_write(tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.mkdir()
    uptime = 1000.0
    lease = leased(lambda: uptime)
    async with published(tmp_path, f"type: folder, path: '{place}'") as found:
        await found.books((10, 12))
        await found.until(lambda: lies(place, found.name()) == nights((10, 12)))
        publisher = found.hub.publisher
        (delivery,), (task,) = publisher._deliveries.values(), publisher._tasks.values()
        # what follows is one round after the other
        task.cancel()
        await asyncio.wait((task,))
        found.hub.journal.lease = lease
        # taken from a daemon that may still be sending a file
        lease.taken_at = uptime
        await found.books((10, 12), (30, 32))
        await delivery._round()
        assert lies(place, found.name()) == nights((10, 12))
        uptime += MAX_PUT + 0.1
        await delivery._round()
        assert lies(place, found.name()) == nights((10, 12), (30, 32))
        # cut off for longer than the lease lasts: it knows more, and may say nothing
        uptime += 1e6
        await found.books((10, 12), (30, 32), (50, 52))
        await delivery._round()
        assert lies(place, found.name()) == nights((10, 12), (30, 32))
        assert delivery.status().behind > 0
        lease.renewed(uptime, 1e6)
        await delivery._round()
        assert lies(place, found.name()) == nights((10, 12), (30, 32), (50, 52))


@pytest.mark.slow
async def test_on_a_full_disk_nights_close_there_and_what_is_explained_is_what_lies_there(tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.mkdir()
    async with published(tmp_path, f"type: folder, path: '{place}'") as found:
        await found.books((50, 52), (10, 12))
        await found.until(lambda: lies(place, found.name()) == nights((50, 52), (10, 12)))
        actions = HostActions(found.hub, Paths(tmp_path / "config.yaml", tmp_path), _mistakes)
        with full_disk():
            await found.books((50, 52), (30, 32))
            await found.until(lambda: lies(place, found.name()) == nights((50, 52), (10, 12), (30, 32)))
            await found.until(lambda: found.hub.journal.failing)
            told = explained(found.hub, "house", day(10).toordinal())
            assert isinstance(told, dict)
            assert "site" in told["kept_closed"]
            assert told["frees_when"].startswith("When the state can be stored")
            page = await actions.night_page("house", day(10).toordinal(), "en")
            assert isinstance(page, bytes)
            assert "When the state can be stored" in gzip.decompress(page).decode()
        await found.until(lambda: lies(place, found.name()) == nights((50, 52), (30, 32)))
        told = explained(found.hub, "house", day(10).toordinal())
        assert isinstance(told, dict)
        assert told["kept_closed"] == []
