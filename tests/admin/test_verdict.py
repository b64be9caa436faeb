"""The verdict: one list of what needs the host, in the same words wherever it is told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path

import pytest

from icalsyncd.serving.verdict import FRESH, Verdict
from tests.commands.program import icalsyncd
from tests.end_to_end.daemon import Daemon, daemon
from tests.end_to_end.portal import Portal, calendar, day, portals

House = tuple[Daemon, Portal, Portal]


def config(home: Daemon, first: Portal, second: Portal, **server: object) -> str:
    return home.head(**server) + (
        "accommodations:\n  casa-azul:\n    name: Casa Azul\n    timezone: UTC\n    syncs:\n"
        f"      holidu: {{portal: holidu, direction: import, url: '{first.url}/1'}}\n"
        f"      vrbo: {{portal: vrbo, direction: import, url: '{second.url}/2'}}\n"
    )


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """A daemon between two portals that are only read, so that nothing needs its host."""
    async with portals(2) as (first, second), daemon(tmp_path) as home:
        first.body, second.body = calendar((30, 33)), calendar((40, 42))
        home.write(config(home, first, second))
        await home.up()
        await home.until(lambda: home.get("/-/ready"), lambda answer: answer[0] == 200)
        yield home, first, second


async def overbook(house: House) -> None:
    home, _, second = house
    second.body = calendar((40, 42), (30, 33, "Reserved - B"))
    status, _ = await home.post("/-/pull")
    assert status == 200


async def at(home: Daemon, port: int, path: str, method: str = "GET", **headers: str) -> tuple[int, str]:
    status, body, _ = await home.ask(method, f"http://127.0.0.1:{port}{path}", headers)
    return status, body.decode()


@pytest.mark.slow
async def test_all_is_well_is_said_alike_everywhere(house: House) -> None:
    home, *_ = house
    assert await at(home, home.admin, "/-/well") == (200, "all is well\n")
    assert json.loads((await home.get("/api/v1/status"))[1])["verdict"] == {"well": True, "needs": []}
    done = await icalsyncd("status", "--config", home.config, "--state-dir", home.state)
    assert (done.code, done.lines[-1]) == (0, "all is well")
    assert "All is well" in (await home.get("/"))[1].decode()


@pytest.mark.slow
async def test_what_needs_the_host_is_said_alike_everywhere(house: House) -> None:
    home, *_ = house
    await overbook(house)
    status, text = await at(home, home.admin, "/-/well")
    assert status == 503
    (need,) = text.splitlines()
    first, last = (f"{each:%a} {each.day} {each:%b}" for each in (day(30), day(33)))
    assert need.startswith(f"Casa Azul: the 3 nights from {first}")
    assert f" to {last}" in need
    assert need.endswith(" are overbooked by holidu and vrbo.")
    verdict = json.loads((await home.get("/api/v1/status"))[1])["verdict"]
    assert verdict == {"well": False, "needs": [need]}
    done = await icalsyncd("status", "--config", home.config, "--state-dir", home.state)
    assert (done.code, done.lines[-1]) == (1, need)
    assert need in unescape((await home.get("/"))[1].decode())


@pytest.mark.slow
async def test_it_names_houses_and_so_no_foreign_page_gets_it(house: House) -> None:
    home, *_ = house
    await overbook(house)
    status, text = await at(home, home.admin, "/-/well", Host="evil.example")
    assert status == 403
    assert "Casa" not in text
    for host in ("localhost", "192.0.2.7:15545", "[2001:db8::7]"):
        assert (await at(home, home.admin, "/-/well", Host=host))[0] == 503


@pytest.mark.slow
async def test_a_monitor_outside_gets_a_status_and_no_word_where_switched_on(house: House) -> None:
    home, first, second = house
    assert (await at(home, home.listen, "/-/healthy"))[0] == 404
    home.write(config(home, first, second, health="true"))
    assert (await home.post("/-/reload"))[0] == 200
    assert await at(home, home.listen, "/-/healthy") == (200, "")
    assert await at(home, home.listen, "/-/healthy", "HEAD") == (200, "")
    for path, method in (("/-/well", "GET"), ("/-/healthy", "POST"), ("/-/ready", "GET")):
        assert (await at(home, home.listen, path, method))[0] == 404
    await overbook(house)
    answer = await home.until(lambda: at(home, home.listen, "/-/healthy"), lambda answer: answer[0] == 503)
    assert answer == (503, "")


async def test_whoever_asks_all_the_time_costs_one_reckoning() -> None:
    moment, reckoned, needs = [0.0], [0], [()]

    async def reckon() -> tuple[str, ...]:
        reckoned[0] += 1
        await asyncio.sleep(0)
        return needs[0]

    verdict = Verdict(reckon, lambda: moment[0])
    assert await asyncio.gather(*(verdict.is_well() for _ in range(50))) == [True] * 50
    needs[0] = ("the roof",)
    moment[0] = FRESH - 0.1
    assert await verdict.is_well()
    moment[0] = FRESH
    assert not await verdict.is_well()
    assert reckoned[0] == 2


async def test_a_verdict_that_cannot_be_reckoned_is_not_well() -> None:
    async def broken() -> tuple[str, ...]:
        raise ValueError

    assert not await Verdict(broken).is_well()
