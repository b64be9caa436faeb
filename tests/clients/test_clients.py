"""Calendars for people in the programs that people have, and a calendar of the owner's own as a sync.

The programs are in an environment of their own, which `make clients` makes; where it was not made, they are skipped by name.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.daemon import Daemon, daemon, free_port, nights_of
from tests.end_to_end.portal import Portal, calendar, day, portals

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
CLIENTS = Path(os.environ.get("ICALSYNCD_CLIENTS", ROOT / ".clients"))
HERE = Path(__file__).parent


@pytest.fixture(autouse=True)
def clients() -> None:
    """Skip by name what was not installed; fail where the whole suite is required."""
    if not (CLIENTS / ".ready").exists() or shutil.which("node") is None:
        why = "needs `make clients`: khal, vdirsyncer, ical, Radicale, schemathesis, and ical.js on node"
        if os.environ.get("ICALSYNCD_REQUIRE_ALL"):
            pytest.fail(why, pytrace=False)
        pytest.skip(why)


async def run(
    *command: str | Path, stdin: bytes = b"", patience: float = 60, cwd: Path | None = None, **environment: str
) -> str:
    """What a client prints; it must succeed."""
    process = await asyncio.create_subprocess_exec(
        *map(str, command),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=cwd,
        env={**os.environ, "LC_ALL": "C.UTF-8", "TZ": "UTC", **environment},
    )
    out, err = await asyncio.wait_for(process.communicate(stdin), patience)
    assert process.returncode == 0, out.decode() + err.decode()
    return out.decode()


def house(made: Daemon, first: Portal, second: Portal) -> str:
    return made.head() + (
        "calendars:\n"
        "  owner: {show: stays, language: fr}\n"
        "accommodations:\n"
        "  casa-azul:\n"
        "    name: 'Casa Azul; \\, la casa más bonita de toda la costa, con vistas al mar – 海の家'\n"
        "    timezone: UTC\n"
        "    syncs:\n"
        f"      holidu: {{portal: holidu, direction: import, url: '{first.url}/1'}}\n"
        f"      vrbo: {{portal: vrbo, direction: import, url: '{second.url}/2'}}\n"
    )


@asynccontextmanager
async def subscribed(folder: Path) -> AsyncIterator[tuple[Daemon, Portal, str]]:
    """A daemon with an owner's calendar, one of its portals, and the calendar's link."""
    async with portals(2) as (first, second), daemon(folder) as made:
        first.body, second.body = calendar((10, 13), (13, 15), (20, 21)), calendar((15, 16))
        made.write(house(made, first, second))
        await made.up()
        await made.until(lambda: made.get("/-/ready"), lambda answer: answer[0] == 200)
        (row,) = json.loads((await made.get("/-/links"))[1])["calendars"]
        yield made, first, row["url"]


NAME = "Casa Azul; \\, la casa más bonita de toda la costa, con vistas al mar – 海の家"
STAYS = [
    (f"{NAME} : Holidu, 3 nuits", day(10), day(13)),
    (f"{NAME} : Holidu, 2 nuits", day(13), day(15)),
    (f"{NAME} : Vrbo, 1 nuit", day(15), day(16)),
    (f"{NAME} : Holidu, 1 nuit", day(20), day(21)),
]


async def test_subscribers_show_what_comes_what_changes_and_what_goes(tmp_path: Path) -> None:
    async with subscribed(tmp_path) as (made, first, link):
        readers = {
            "ical": (CLIENTS / "bin/python", HERE / "read_with_ical.py"),
            "ical.js": ("node", HERE / "read_with_ical_js.mjs", CLIENTS / "package.json"),
        }
        vdir = tmp_path / "vdir"
        (tmp_path / "vdirsyncer").write_text(
            f'[general]\nstatus_path = "{tmp_path}/status"\n'
            '[pair owner]\na = "link"\nb = "disk"\ncollections = null\nconflict_resolution = "a wins"\n'
            f'[storage link]\ntype = "http"\nurl = "{link}"\n'
            f'[storage disk]\ntype = "filesystem"\npath = "{vdir}"\nfileext = ".ics"\n'
        )
        (tmp_path / "khal").write_text(
            f"[calendars]\n[[owner]]\npath = {vdir}\nreadonly = True\n"
            f"[sqlite]\npath = {tmp_path}/khal.db\n"
            "[locale]\nlocal_timezone = UTC\ndefault_timezone = UTC\n"
            "timeformat = %H:%M\ndateformat = %Y-%m-%d\nlongdateformat = %Y-%m-%d\n"
            "datetimeformat = %Y-%m-%d %H:%M\nlongdatetimeformat = %Y-%m-%d %H:%M\n"
        )
        (tmp_path / "home").mkdir()

        async def read(with_what: str) -> list[dict[str, Any]]:
            found: list[dict[str, Any]] = json.loads(
                await run(*readers[with_what], stdin=(await made.ask("GET", link))[1])
            )
            return found

        async def agenda() -> list[str]:
            sync = (CLIENTS / "bin/vdirsyncer", "-c", tmp_path / "vdirsyncer")
            await run(*sync, "discover", HOME=str(tmp_path / "home"))
            await run(*sync, "sync", HOME=str(tmp_path / "home"))
            said = await run(
                *(CLIENTS / "bin/khal", "-c", tmp_path / "khal", "list", "--once", "--notstarted"),
                *("--day-format", "", "--format", "{start-date} {end-date} {title}", day(1).isoformat(), "60d"),
                HOME=str(tmp_path / "home"),
            )
            return said.splitlines()

        before = {}
        for reader in readers:
            shown = await read(reader)
            assert [(event["title"], event["from"], event["to"]) for event in shown] == [
                (title, str(start), str(end)) for title, start, end in STAYS
            ], reader
            before[reader] = {event["title"]: event for event in shown}
        # khal shows the last day of an event, not the day after it
        assert await agenda() == [f"{start} {day_before(end)} {title}" for title, start, end in STAYS]

        first.body = calendar((10, 14), (20, 21))
        await made.pull()
        changed = [
            (f"{NAME} : Holidu, 4 nuits", day(10), day(14)),
            (f"{NAME} : Vrbo, 1 nuit", day(15), day(16)),
            (f"{NAME} : Holidu, 1 nuit", day(20), day(21)),
        ]
        for reader in readers:
            shown = await read(reader)
            assert [(event["title"], event["from"], event["to"]) for event in shown] == [
                (title, str(start), str(end)) for title, start, end in changed
            ], reader
            grown, was = shown[0], before[reader][STAYS[0][0]]
            assert grown["uid"] == was["uid"]
            assert grown["sequence"] > was["sequence"]
            assert grown["modified"] > was["modified"]
            assert shown[1] == before[reader][STAYS[2][0]]
        assert await agenda() == [f"{start} {day_before(end)} {title}" for title, start, end in changed]


def day_before(end: Any) -> str:
    return str(end.fromordinal(end.toordinal() - 1))


async def test_what_the_owner_enters_in_a_radicale_closes_nights_and_opens_them(tmp_path: Path) -> None:
    port = free_port()
    (tmp_path / "users").write_text("me:s3cret\n")
    (tmp_path / "radicale").write_text(
        f"[server]\nhosts = 127.0.0.1:{port}\n[auth]\ntype = htpasswd\nhtpasswd_filename = {tmp_path}/users\n"
        f"htpasswd_encryption = plain\ndelay = 0\n[storage]\nfilesystem_folder = {tmp_path}/collections\n"
    )
    with (tmp_path / "radicale.log").open("wb") as log:
        server = subprocess.Popen([CLIENTS / "bin/radicale", "--config", tmp_path / "radicale"], stderr=log)
    place = f"http://127.0.0.1:{port}/me/blocks"
    known = {"Authorization": "Basic " + base64.b64encode(b"me:s3cret").decode()}
    try:
        async with daemon(tmp_path) as made:
            made.write(
                made.head() + "accommodations:\n  casa-azul:\n    timezone: UTC\n    syncs:\n"
                "      site: {portal: generic, direction: export}\n"
                "      phone: {portal: phone, direction: import, url_file: phone.url}\n"
            )
            (tmp_path / "phone.url").write_text(f"http://me:s3cret@127.0.0.1:{port}/me/blocks/\n")

            async def calendar_is_there() -> bool:
                try:
                    return (await made.ask("MKCALENDAR", place, known))[0] in (201, 405)
                except OSError:
                    return False

            await made.until(calendar_is_there)
            await made.up()
            await enter(place, known, "one", f"VALUE=DATE:{day(10):%Y%m%d}", f"VALUE=DATE:{day(12):%Y%m%d}")
            await enter(place, known, "other", f"VALUE=DATE:{day(30):%Y%m%d}", f"VALUE=DATE:{day(31):%Y%m%d}")
            # of some hours of one day: no night
            await enter(place, known, "two", f"{day(20):%Y%m%d}T090000Z", f"{day(20):%Y%m%d}T110000Z")
            (pulled,) = await made.pull()
            assert (pulled["outcome"], pulled["nights"]) == ("updated", 3)
            link = made.links()["casa-azul/site"]
            assert nights_of((await made.ask("GET", link))[1]) == {str(day(10)), str(day(11)), str(day(30))}
            assert (await made.ask("DELETE", f"{place}/one.ics", known))[0] == 200
            (pulled,) = await made.pull()
            assert pulled["freed"] == 2, pulled
            assert nights_of((await made.ask("GET", link))[1]) == {str(day(30))}
            # the last of them looks like a fault of the server: it waits, as the recipe says, and the owner may end that
            assert (await made.ask("DELETE", f"{place}/other.ics", known))[0] == 200
            assert (await made.pull())[0]["outcome"] == "held"
            assert (await made.post("/-/accept?sync=casa-azul/phone"))[0] == 200
            assert nights_of((await made.ask("GET", link))[1]) == set()
            assert "s3cret" not in made.words()
    finally:
        server.terminate()
        server.wait(10)


async def enter(place: str, known: dict[str, str], name: str, start: str, end: str) -> None:
    """Put an event into the calendar, as a phone does."""
    import aiohttp

    stamps = [
        f"{key}{';' if each.startswith('VALUE') else ':'}{each}" for key, each in (("DTSTART", start), ("DTEND", end))
    ]
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//phone//EN", "BEGIN:VEVENT", f"UID:{name}"]
    lines += ["DTSTAMP:20260101T000000Z", *stamps, "SUMMARY:for us", "END:VEVENT", "END:VCALENDAR", ""]
    body = "\r\n".join(lines)
    async with (
        aiohttp.ClientSession() as session,
        session.put(
            f"{place}/{name}.ics", data=body.encode(), headers={**known, "Content-Type": "text/calendar"}
        ) as answer,
    ):
        assert answer.status == 201, await answer.text()
