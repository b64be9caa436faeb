"""A daemon that is cut off from its database, or stood still, tells no portal what another machine may know better."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from yarl import URL

from icalsyncd.state.commit import Commit
from icalsyncd.state.database import Server, StoreHeld
from icalsyncd.state.store import Store
from tests.commands.program import icalsyncd
from tests.end_to_end.conftest import two_houses
from tests.end_to_end.daemon import LOOK, Daemon, daemon, nights_of
from tests.end_to_end.portal import Portal, calendar, day
from tests.postgres import Cluster
from tests.state.proxy import Wire, wire_to

pytestmark = pytest.mark.slow


def nights(*offsets: int) -> set[str]:
    return {day(offset).isoformat() for offset in offsets}


def set_up(running: Daemon, dsn: str, three: list[Portal], **more: object) -> None:
    """A daemon with a short lease, whose state lies at *dsn*."""
    running.program = "tests.end_to_end.short_lease"
    running.folder.mkdir(exist_ok=True)
    file = running.folder / "dsn"
    file.write_text(dsn + "\n")
    file.chmod(0o600)
    running.write(f"{two_houses(running, *three, **more)}store: {{type: postgresql, dsn_file: dsn}}\n")


def stands_by(answer: tuple[int, bytes]) -> bool:
    return answer[1].startswith(b"stands by")


def over(wire: Wire, cluster: Cluster, dsn: str) -> str:
    """The database *dsn* as it is reached over *wire*."""
    return dsn.replace(f"port={cluster.port}", f"port={wire.port}")


async def answers(running: Daemon, link: str, wanted: Callable[[int], bool], patience: float = 20.0) -> None:
    """Wait until the feed at *link*, as a portal asks for it, has a status that is *wanted*."""

    async def status() -> int:
        return (await running.ask("GET", link))[0]

    await running.until(status, wanted, patience)


async def told(running: Daemon, link: str, headers: dict[str, str] | None = None) -> set[str]:
    status, body, _ = await running.ask("GET", link, headers)
    assert status == 200
    return nights_of(body)


async def test_who_is_cut_off_closes_then_is_silent_and_stores_nothing_over_another(
    tmp_path: Path, cluster: Cluster, three: list[Portal]
) -> None:
    dsn = cluster.database()
    with wire_to(cluster.port) as wire:
        async with daemon(tmp_path) as running:
            place = tmp_path / "place"
            place.mkdir()
            publish = (
                f"publish: [{{name: place, type: folder, path: '{place}', public_url: 'https://cal.example.org'}}]\n"
            )
            set_up(running, over(wire, cluster, dsn), three)
            await running.up()
            three[0].body = calendar((10, 12), (60, 62))
            await running.pull()
            links = running.links()
            vrbo = links["casa-azul/vrbo"]
            assert await told(running, vrbo) == nights(10, 11, 60, 61)
            assert await running.metric("icalsyncd_lease_held") == 1
            assert await running.metric("icalsyncd_lease_epoch") == 1
            assert await running.metric("icalsyncd_lease_takeovers_total") == 0

            # 10 and 11 are free, and that is stored; 30 and 31 are taken
            three[0].body = calendar((30, 32), (60, 62))
            await running.pull("casa-azul/holidu")
            assert await told(running, vrbo, LOOK) == nights(30, 31, 60, 61)
            wire.stalls = True
            assert await told(running, vrbo) == nights(10, 11, 30, 31, 60, 61), "nobody has confirmed that this is ours"
            await answers(running, vrbo, lambda status: status == 503)
            status, body, headers = await running.ask("GET", vrbo)
            assert (status, headers["Retry-After"]) == (503, "60")
            assert (await running.ask("GET", vrbo, LOOK))[0] == 503
            assert await running.metric("icalsyncd_lease_held") == 0
            status, body = await running.get("/-/well")
            assert status == 503
            assert b"another machine may have taken over" in body
            wire.stalls = False
            await answers(running, vrbo, lambda status: status == 200)
            assert await told(running, vrbo) == nights(30, 31, 60, 61)
            assert await running.metric("icalsyncd_lease_epoch") == 1, "nobody has taken it meanwhile"

            # it stands still for longer than its lease, and another machine takes over
            running.write(running.config.read_text() + publish)
            await running.until(lambda: running.metric("icalsyncd_publish_behind_feeds"), lambda behind: behind == 0)
            published = {path.name: path.read_bytes() for path in place.iterdir()}
            three[0].body = calendar((60, 62))
            assert running.process is not None
            running.process.send_signal(signal.SIGSTOP)
            other = tmp_path / "other"
            other.mkdir()
            store = await opened(Server(dsn, other))
            assert store.lease is not None
            assert (store.lease.epoch, store.lease.takeovers) == (2, 1)
            asked = [asyncio.create_task(running.ask("GET", vrbo, headers)) for headers in (None, LOOK)]
            await asyncio.sleep(0.1)
            running.process.send_signal(signal.SIGCONT)
            assert [(await answer)[0] for answer in asked] == [503, 503]
            await running.until(lambda: running.get("/-/healthy"), stands_by)
            assert "another icalsyncd has taken the database since" in running.words()
            assert {path.name: path.read_bytes() for path in place.iterdir()} == published
            store.commit(Commit(time.time()))
            store.close(well=True)


async def test_one_of_two_answers_whatever_becomes_of_the_other(
    tmp_path: Path, own_cluster: Cluster, three: list[Portal]
) -> None:
    cluster, dsn = own_cluster, own_cluster.database()
    async with daemon(tmp_path / "north") as north, daemon(tmp_path / "south") as south:
        for each in (north, south):
            set_up(each, dsn, three, secret_file=tmp_path / "secret")
        await north.up()
        three[0].body = calendar((10, 12), (60, 62))
        await north.pull()
        link = north.links()["casa-azul/vrbo"]

        def at(each: Daemon) -> str:
            return str(URL(link).with_port(each.listen))

        assert await told(north, at(north)) == nights(10, 11, 60, 61)

        await south.up()
        assert stands_by(await south.get("/-/healthy"))
        assert (await south.get("/-/ready"))[0] == 503
        assert await south.metric("icalsyncd_lease_held") == 0
        status, _, headers = await south.ask("GET", at(south))
        assert (status, headers["Retry-After"]) == (503, "60")
        asked = await icalsyncd("status", "--config", south.config, "--state-dir", south.state)
        assert (asked.code, "another icalsyncd has this database" in asked.out + asked.err) == (1, True), asked

        # it dies, and what it had told is known to the other
        north.kill()
        await answers(south, at(south), lambda status: status == 200)
        assert await told(south, at(south)) == nights(10, 11, 60, 61)
        assert await south.metric("icalsyncd_lease_takeovers_total") == 1
        assert await south.metric("icalsyncd_lease_epoch") == 2
        three[0].body = calendar((30, 32), (60, 62))
        await south.pull()

        # it is stopped, and gives back what it has
        await north.up()
        assert stands_by(await north.get("/-/healthy"))
        assert south.stop() == 0
        await answers(north, at(north), lambda status: status == 200)
        assert await told(north, at(north)) == nights(30, 31, 60, 61)
        assert await north.metric("icalsyncd_lease_takeovers_total") == 1
        assert await north.metric("icalsyncd_lease_epoch") == 3

        # it stands still for longer than its lease, while another night is sold
        await south.up()
        assert north.process is not None
        north.process.send_signal(signal.SIGSTOP)
        await answers(south, at(south), lambda status: status == 200)
        three[0].body = calendar((30, 32), (40, 42), (60, 62))
        await south.pull()
        assert await told(south, at(south)) == nights(30, 31, 40, 41, 60, 61)
        asked_while_stopped = asyncio.create_task(north.ask("GET", at(north)))
        await asyncio.sleep(0.1)
        north.process.send_signal(signal.SIGCONT)
        assert (await asked_while_stopped)[0] == 503
        await north.until(lambda: north.get("/-/healthy"), stands_by)
        assert (await north.ask("GET", at(north)))[0] == 503

        # the database is started anew, and whoever had it goes on
        cluster.stop(signal.SIGINT)
        cluster.start()
        await answers(south, at(south), lambda status: status == 200)
        assert await south.metric("icalsyncd_lease_takeovers_total") == 2
        assert await told(south, at(south)) == nights(30, 31, 40, 41, 60, 61)
        assert stands_by(await north.get("/-/healthy"))
        assert south.stop() == 0
        assert north.stop() == 0
        for each in (north, south):
            assert "Traceback" not in each.words()


async def opened(server: Server) -> Store:
    """The store as another machine opens it, once the lease of the one that has it is out."""
    end = time.monotonic() + 30
    while True:
        try:
            return Store(server)
        except StoreHeld:
            assert time.monotonic() < end
            await asyncio.sleep(0.2)
