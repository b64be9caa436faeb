"""How long what disappears from the file is kept, where the file that says so is half-written itself."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from tests.end_to_end.daemon import Daemon, daemon, nights_of
from tests.end_to_end.portal import Portal, calendar, day, portals

WEBSITE = "casa-azul/website"
TAKEN = {day(20).isoformat(), day(21).isoformat()}


def house(*read: Portal) -> str:
    lines = "".join(
        f"      {portal}: {{portal: {portal}, direction: import, url: '{each.url}'}}\n"
        for portal, each in zip(("smoobu", "lodgify"), read, strict=False)
    )
    return (
        "accommodations:\n  casa-azul:\n    timezone: UTC\n    syncs:\n"
        f"      website: {{portal: generic, direction: export}}\n{lines}"
    )


def file(running: Daemon, accommodations: str, delay: str | None) -> str:
    """A config whose `server:` comes last; *delay* None: as far as it goes without it."""
    head = f"terms: accepted\npull: {{allow_private_addresses: true}}\n{accommodations}"
    if delay is None:
        return head
    addresses = f"  listen: 127.0.0.1:{running.listen}\n  admin: 127.0.0.1:{running.admin}\n"
    return f"{head}server:\n{addresses}  removal_delay: {delay}\n"


async def closed(running: Daemon) -> set[str]:
    link = running._links.get(WEBSITE) or running.links()[WEBSITE]
    return nights_of((await running.ask("GET", link, {"Accept": "text/html"}))[1])


async def take_over(running: Daemon, text: str) -> None:
    running.write(text)
    assert (await running.post("/-/reload"))[0] == 200


def an_hour_passes(running: Daemon) -> None:
    """For a daemon that does not run: what has been leaving has been so for an hour longer."""
    with sqlite3.connect(running.state / "state.sqlite3") as db:
        for name, text in db.execute("SELECT name, ledger FROM sync").fetchall():
            record = json.loads(text)
            if record["presence"] == "leaving":
                record["since"] -= 3600
                db.execute("UPDATE sync SET ledger = ? WHERE name = ?", (json.dumps(record), name))
    db.close()


async def begin(running: Daemon, a: Portal, b: Portal) -> None:
    a.body, b.body = calendar((10, 12)), calendar((20, 22))
    running.write(file(running, house(a, b), "7d"))
    await running.up()
    await running.until(lambda: running.get("/-/ready"), lambda answer: answer[0] == 200)


@pytest.mark.slow
@pytest.mark.parametrize("restarted", [False, True])
async def test_half_a_file_does_not_end_what_is_leaving(tmp_path: Path, restarted: bool) -> None:
    async with portals(2) as (a, b), daemon(tmp_path) as running:
        await begin(running, a, b)
        await take_over(running, file(running, house(a), "7d"))
        assert await closed(running) >= TAKEN
        running.kill()
        an_hour_passes(running)
        if restarted:
            # the half-written file is what this start finds; its addresses are the defaults
            running.write(file(running, house(a), "1m"))
        await running.up()
        if not restarted:
            await take_over(running, file(running, house(a), None))
        assert await closed(running) >= TAKEN
        await take_over(running, file(running, house(a), "7d"))
        assert await closed(running) >= TAKEN


@pytest.mark.slow
async def test_a_setting_that_is_gone_counts_on_and_the_host_is_told_and_ends_it(tmp_path: Path) -> None:
    last = day(22).isoformat()
    async with portals(2) as (a, b), daemon(tmp_path) as running:
        a.body, b.body = calendar((10, 12)), calendar((20, 22))
        whole = house(a, b).replace("direction: import", "direction: import, dtend: inclusive")
        running.write(file(running, whole, "30m"))
        await running.up()
        await running.until(lambda: running.get("/-/ready"), lambda answer: answer[0] == 200)
        await take_over(running, file(running, house(a, b), "30m"))
        await running.pull()
        assert last in await closed(running)
        running.kill()
        await running.up()
        assert last in await closed(running)
        [there] = (await running.status())["accommodations"]
        assert [(each["what"], each["sync"]) for each in there["leaving"]] == [
            ("settings", "smoobu"),
            ("settings", "lodgify"),
        ]
        page = (await running.get("/"))[1].decode()
        assert "Settings of casa-azul/lodgify are leaving, no longer in config.yaml" in page
        assert (await running.post("/-/accept?sync=casa-azul/lodgify"))[0] == 200
        taken = await closed(running)
        assert last not in taken
        assert day(12).isoformat() in taken, "the other one goes on waiting"
        assert taken >= TAKEN


@pytest.mark.slow
async def test_what_leaves_together_with_its_delay_is_kept_for_the_delay_before(tmp_path: Path) -> None:
    async with portals(2) as (a, b), daemon(tmp_path) as running:
        await begin(running, a, b)
        await take_over(running, file(running, house(a), "0s"))
        running.kill()
        an_hour_passes(running)
        await running.up()
        assert await closed(running) >= TAKEN
