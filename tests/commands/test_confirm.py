"""The host's word and a state that was put back, with a daemon and portals on real sockets."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from tests.commands.program import Done, at_a_terminal, icalsyncd
from tests.end_to_end.daemon import Daemon, daemon, nights_of
from tests.end_to_end.portal import Portal, calendar, day

pytestmark = pytest.mark.slow

House = tuple[Daemon, Portal, Portal]


async def _run(running: Daemon, *arguments: object) -> Done:
    return await icalsyncd(*arguments, "--config", running.config, "--state-dir", running.state)


def dates(*days: int) -> set[str]:
    return {day(each).isoformat() for each in days}


async def test_the_hosts_word_is_asked_for_entered_and_shown_until_a_portal_contradicts_it(house: House) -> None:
    running, first, second = house
    first.body = calendar((60, 62))
    await _run(running, "pull")
    await running.feeds()
    # each shows, told of nothing, what the other one shows as well
    first.body = second.body = calendar((30, 33))
    await _run(running, "pull")
    range_of = ("casa-azul", day(30), day(33))
    unasked = await _run(running, "confirm", *range_of, "--by", "holidu")
    assert unasked.code == 2
    assert f"vrbo shows {day(30)} to {day(33)}" in unasked.out
    assert (await _run(running, "confirm", *range_of, "--by", "nobody-at-all", "--yes")).code == 1
    assert (await _run(running, "confirm", "casa-azul", day(33), day(30), "--nobody", "--yes")).code == 2

    done = await _run(running, "confirm", *range_of, "--by", "casa-azul/holidu", "--yes")
    assert done.code == 0, done.err
    told = json.loads((await _run(running, "explain", "casa-azul", day(31), "--json")).out)
    assert (told["overbooked"], told["possible_ghost"], told["said"]["by"]) == (False, False, "holidu")
    assert {claim["sync"]: claim["rule"] for claim in told["claims"]} == {"holidu": "confirmed", "vrbo": "anothers"}
    assert "You said on" in (await _run(running, "explain", "casa-azul", day(31))).out
    assert "you said that it is booked here" in (await _run(running, "history", "casa-azul", day(31))).out
    assert "the host confirmed" in running.words()
    feeds = await running.feeds()
    assert nights_of(feeds["casa-azul/vrbo"]) >= dates(30, 31, 32)

    running.kill()
    await running.up()
    told = json.loads((await _run(running, "explain", "casa-azul", day(31), "--json")).out)
    assert told["said"]["by"] == "holidu"

    def play() -> int:
        command = ("confirm", *map(str, range_of), "--nobody", "--config", running.config, "--state-dir", running.state)
        with at_a_terminal(*command) as session:
            session.expect("Nobody has these nights")
            session.type("y")
            return session.ended()

    assert await asyncio.to_thread(play) == 0
    feeds = await running.feeds()
    assert not nights_of(feeds["casa-azul/vrbo"]) & dates(30, 31, 32)
    assert not nights_of(feeds["casa-azul/holidu"]) & dates(30, 31, 32)
    # an event that differs was not meant
    second.body = calendar((29, 33))
    await _run(running, "pull")
    assert nights_of((await running.feeds())["casa-azul/holidu"]) >= dates(29, 30, 31, 32)


async def test_after_a_restore_an_echo_of_the_backup_that_has_become_a_booking_stays_closed(
    house: House, tmp_path: Path
) -> None:
    running, first, second = house
    for name in ("vrbo", "holidu"):
        await running.fetch(f"casa-azul/{name}")
    second.body = calendar((30, 33), (40, 42))
    await _run(running, "pull")
    assert not nights_of((await running.feeds())["casa-azul/holidu"]) & dates(30, 31, 32), "it is an echo"
    file = tmp_path / "backup"
    assert (await _run(running, "backup", file)).code == 0
    # the first one's guest cancels, the second one drops that, and sells the very same nights
    first.body = calendar((60, 61))
    running.stop()
    async with daemon(tmp_path / "elsewhere") as there:
        there.folder.mkdir()
        there.listen, there.admin = running.listen, running.admin
        there.write(running.config.read_text())
        done = await _run(there, "restore", file)
        assert done.code == 0, done.err
        assert "is not known" in done.out
        await first.close()
        await there.up()
        link = there.links()["casa-azul/holidu"]
        assert (await there.ask("GET", link))[0] == 503, "no feed is told before each portal was pulled anew"
        await first.open()
        await there.until(lambda: there.post("/-/pull"), lambda answer: answer[0] == 200)
        await there.until(lambda: there.get("/-/ready"), lambda answer: answer[0] == 200)
        assert nights_of((await there.feeds())["casa-azul/holidu"]) >= dates(30, 31, 32)
        assert "the state was put back" in there.words()
        assert not (there.state / "restored").exists()
