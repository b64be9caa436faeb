"""Stories of portals in which a hub that believed too much told a taken night free; on the daemon, from outside."""

from __future__ import annotations

import json

import pytest

from tests.commands.program import icalsyncd
from tests.end_to_end.daemon import Daemon, nights_of
from tests.end_to_end.portal import Portal, calendar, day

pytestmark = pytest.mark.slow

HOLIDU, VRBO = "casa-azul/holidu", "casa-azul/vrbo"


def days(start: int, end: int) -> set[str]:
    return {day(offset).isoformat() for offset in range(start, end)}


async def reads(running: Daemon, sync: str, agent: str = "") -> set[str]:
    """What a portal reads, after its own calendar was looked at."""
    status, body, _ = await running.ask("GET", running.links()[sync], {"User-Agent": agent} if agent else None)
    assert status == 200
    return nights_of(body)


async def sold_and_repeated(running: Daemon, repeats: Portal, sells: Portal) -> None:
    """Vrbo sells 10 to 13, and Holidu has read that and shows it."""
    sells.body = calendar((10, 13))
    await running.pull(VRBO)
    assert await reads(running, HOLIDU) == days(10, 13)
    repeats.body = calendar((10, 13))
    await running.pull(HOLIDU)
    assert await reads(running, VRBO) == set()


async def test_tonight_stays_taken_where_the_portal_is_a_day_ahead(running: Daemon, three: list[Portal]) -> None:
    ahead, _, _ = three
    ahead.body = calendar((0, 3))
    await running.pull(HOLIDU)
    ahead.body = calendar((1, 3))
    await running.pull(HOLIDU)
    assert await reads(running, VRBO) == days(0, 3)


async def test_who_else_reads_a_link_hides_no_second_guest(running: Daemon, three: list[Portal]) -> None:
    broken, sells, _ = three
    for agent in ("HoliduBot/1.0", "Google-Calendar-Importer") * 3:
        await reads(running, HOLIDU, agent)
        # enters what was read, as each minute does
        await running.status()
    said = (await running.get("/"))[1].decode()
    assert "Google-Calendar-Importer" in said
    assert "HoliduBot" in said
    # the portal reads no more; what reads on is another
    sells.body = calendar((10, 13))
    await running.pull(VRBO)
    assert await reads(running, HOLIDU, "Google-Calendar-Importer") == days(10, 13)
    broken.body = calendar((10, 13))
    await running.pull(HOLIDU)
    _, said = await running.get(f"/api/v1/explain?accommodation=casa-azul&night={day(10)}")
    explained = json.loads(said)
    assert explained["overbooked"] or explained["perhaps_two"], explained
    sells.body = calendar()
    await running.pull(VRBO)
    await running.post("/-/accept?sync=" + VRBO)
    assert await reads(running, VRBO) == days(10, 13)


async def test_after_a_restore_nothing_that_is_shown_is_told_free(running: Daemon, three: list[Portal]) -> None:
    repeats, sells, _ = three
    await sold_and_repeated(running, repeats, sells)
    backup = running.folder / "backup.tar"
    asked = ("--config", running.config, "--state-dir", running.state)
    assert (await icalsyncd("backup", backup, *asked)).code == 0
    sells.body = repeats.body = calendar()
    await running.pull(VRBO)
    await reads(running, HOLIDU)
    await running.pull(HOLIDU)
    # sold at Holidu, and told to Vrbo
    repeats.body = calendar((10, 13))
    await running.pull(HOLIDU)
    running.stop()
    done = await icalsyncd("restore", backup, "--replace", *asked)
    assert done.code == 0, done.err
    await running.up()
    await running.until(lambda: running.get("/-/ready"), lambda answer: answer[0] == 200)
    await running.pull()
    assert await reads(running, VRBO) == days(10, 13)


async def test_nights_sold_again_where_the_echo_stood_are_told_free_to_nobody(
    running: Daemon, three: list[Portal]
) -> None:
    repeats, sells, _ = three
    await sold_and_repeated(running, repeats, sells)
    sells.body = calendar()
    await running.pull(VRBO)
    await running.post("/-/accept?sync=" + VRBO)
    # the guest has moved to Holidu before that was pulled again: nobody can tell his stay from the echo
    await reads(running, HOLIDU)
    await running.pull(HOLIDU)
    assert await reads(running, VRBO) == days(10, 13)
