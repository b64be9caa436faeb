"""The state on a PostgreSQL server: what fails there frees nothing, closes all the same, and heals without a restart; and a
state that moves to the server and back is the same, byte for byte.
"""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from tests.commands.program import Done, icalsyncd
from tests.end_to_end.conftest import two_houses
from tests.end_to_end.daemon import LOOK, Daemon, daemon, nights_of
from tests.end_to_end.portal import Portal, calendar, day
from tests.postgres import Cluster

pytestmark = pytest.mark.slow

FULL = """
CREATE FUNCTION public.no_room() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$;
CREATE TRIGGER no_room BEFORE UPDATE ON icalsyncd.holder EXECUTE FUNCTION public.no_room();
"""
PASSWORD = "geheimes-wort"


def on_server(running: Daemon, cluster: Cluster, three: list[Portal]) -> str:
    """A config whose state lies on *cluster*, in a new database."""
    file = running.folder / "dsn"
    file.write_text(f"{cluster.database()} password={PASSWORD}\n")
    file.chmod(0o600)
    return f"{two_houses(running, *three)}store: {{type: postgresql, dsn_file: dsn}}\n"


def nights(*offsets: int) -> set[str]:
    return {day(offset).isoformat() for offset in offsets}


async def seen(running: Daemon, link: str) -> set[str]:
    """The nights of the feed at *link*, as a browser sees it, which is no fetch; a start withholds it for a while."""
    answer = await running.until(lambda: running.ask("GET", link, LOOK), lambda given: given[0] != 503)
    assert answer[0] == 200
    return nights_of(answer[1])


async def told(running: Daemon, link: str) -> set[str]:
    """The same as a portal fetches it."""
    status, body, _ = await running.ask("GET", link)
    assert status == 200
    return nights_of(body)


async def command(running: Daemon, *words: object) -> Done:
    return await icalsyncd(*words, "--config", running.config, "--state-dir", running.state)


async def test_a_server_that_is_full_silent_or_gone(tmp_path: Path, own_cluster: Cluster, three: list[Portal]) -> None:
    cluster = own_cluster
    async with daemon(tmp_path) as running, daemon(tmp_path / "second") as second:
        running.write(on_server(running, cluster, three))
        dsn = running.folder.joinpath("dsn").read_text()
        await running.up()
        three[0].body = calendar((10, 12), (60, 62))
        await running.pull()
        links = running.links()
        vrbo = links["casa-azul/vrbo"]
        assert await seen(running, vrbo) == nights(10, 11, 60, 61)
        await told(running, vrbo)
        looked = await command(running, "check", "--plan")
        assert looked.code == 0, looked.err

        async def lacks(first: int, second: int) -> None:
            """One stay is cancelled and another booked while nothing can be stored."""
            three[0].body = calendar((second, second + 2), (60, 62))
            await running.post("/-/pull?sync=casa-azul/holidu")
            assert await seen(running, vrbo) == nights(first, first + 1, second, second + 1, 60, 61), (
                "nothing is freed, and what closes shows"
            )
            assert await running.metric("icalsyncd_state_stored") == 0
            assert (await running.get("/-/healthy"))[0] == 503

        async def heals(taken: int) -> None:
            async def looked() -> tuple[int, bytes]:
                # whoever waits for what came in to be stored has it tried at once
                await running.post("/-/pull?sync=finca/agoda")
                return await running.get("/-/healthy")

            await running.until(looked, lambda answer: answer[0] == 200, 40)
            assert await seen(running, vrbo) == nights(taken, taken + 1, 60, 61)

        cluster.ask(FULL, dsn)
        await lacks(10, 30)
        said = await command(running, "status")
        assert (said.code, "The state is not stored: the disk of the database is full" in said.out) == (1, True), (
            said.out
        )
        cluster.ask("DROP TRIGGER no_room ON icalsyncd.holder", dsn)
        await heals(30)

        stopped = cluster.processes()
        for process in stopped:
            os.kill(process, signal.SIGSTOP)
        await lacks(30, 40)
        # nights 10 and 11 are free, and to say so to whom they were told as taken wants a record; to close does not
        assert await told(running, vrbo) == nights(10, 11, 30, 31, 40, 41, 60, 61)
        for process in stopped:
            os.kill(process, signal.SIGCONT)
        await heals(40)
        assert await told(running, vrbo) == nights(40, 41, 60, 61)

        cluster.stop()
        await lacks(40, 50)
        # it goes down knowing more than the database, and without it no other start is right
        for portal in three:
            await portal.close()
        running.kill()
        running.start()
        assert running.process is not None
        assert running.process.wait(60) == 1
        assert "cannot start" in running.words().splitlines()[-2] + running.words().splitlines()[-1]
        cluster.start()
        await running.up()
        # portals were told more than is stored: each is asked first
        assert "feeds are withheld until each portal was asked" in running.words()
        for portal in three:
            await portal.open()
        await running.pull()
        assert await seen(running, vrbo) == nights(50, 51, 60, 61)
        assert running.links() == links

        second.folder.mkdir(exist_ok=True)
        second.write(two_houses(second, *three) + f"store: {{type: postgresql, dsn_file: {tmp_path}/dsn}}\n")
        await second.up()
        assert b"stands by: another icalsyncd has this database" in (await second.get("/-/healthy"))[1]
        assert second.stop() == 0

        running.write(two_houses(running, *three))
        reloaded = await command(running, "reload")
        assert (reloaded.code, "another store than the one in use" in reloaded.out) == (1, True), reloaded.out
        assert await seen(running, vrbo) == nights(50, 51, 60, 61)
        assert running.stop() == 0
        # half a file is a valid file, and an empty state knows of no night
        await running.up()
        assert await seen(running, vrbo) == nights(50, 51, 60, 61)
        assert "write `store: {type: sqlite}`" in running.words()

        # the database of an installation with another secret would change every link
        assert running.stop() == 0
        second.start()
        assert second.process is not None
        assert second.process.wait(60) == 1
        assert "another secret" in second.words()
        everything_said = running.words() + second.words() + said.out + reloaded.out
        assert not [word for word in (PASSWORD, "user=owner", str(cluster.port)) if word in everything_said]


async def everything(running: Daemon, until: str = "3") -> tuple[object, ...]:
    """What must be the same after a move: feeds, links, history to a moment, and why nights are closed."""
    past = []
    for accommodation in ("casa-azul", "finca"):
        status, body = await running.get(f"/api/v1/history?accommodation={accommodation}")
        assert status == 200
        past += [event for event in json.loads(body) if event["at"] <= until]
    verdicts = []
    for offset in (10, 20, 30, 40):
        status, body = await running.get(f"/api/v1/explain?accommodation=casa-azul&night={day(offset).isoformat()}")
        assert status == 200
        verdicts.append(body)
    links = running.links()
    feeds = [await running.ask("GET", link, LOOK) for link in links.values()]
    return max(event["at"] for event in past), [body for _, body, _ in feeds], links, past, verdicts


async def test_a_state_moves_to_a_server_and_back(tmp_path: Path, cluster: Cluster, three: list[Portal]) -> None:
    async with daemon(tmp_path) as running:
        server, file = on_server(running, cluster, three), two_houses(running, *three)
        running.write(file)
        await running.up()
        three[0].body = calendar((10, 12), (20, 22, "Reserved"))
        three[1].body = calendar((20, 21), (30, 33))
        three[2].body = calendar((40, 44))
        await running.pull()
        for link in running.links().values():
            await told(running, link)
        await running.until(
            lambda: running.get("/api/v1/history?accommodation=casa-azul"), lambda got: b"read our" in got[1]
        )
        busy = await command(running, "store", "copy", "--to", f"file://{tmp_path}/dsn")
        assert (busy.code, "a daemon runs on" in busy.err) == (1, True)
        for portal in three:
            await portal.close()
        before = await everything(running)
        moment = str(before[0])
        assert running.stop() == 0
        dsn = tmp_path.joinpath("dsn").read_text().strip()

        copied = await command(running, "store", "copy", "--to", f"file://{tmp_path}/dsn")
        assert copied.code == 0, copied.err
        assert "2 accommodations, 3 syncs" in copied.out
        running.write(server)
        await running.up()
        assert await everything(running, moment) == before
        assert running.stop() == 0

        back = await command(running, "store", "copy", "--to", "sqlite", "--replace")
        assert back.code == 0, back.err
        running.write(file)
        await running.up()
        assert await everything(running, moment) == before
        assert running.stop() == 0

        said = running.words() + "".join(done.out + done.err for done in (busy, copied, back))
        assert not [word for word in (PASSWORD, dsn, "user=owner") if word in said]
