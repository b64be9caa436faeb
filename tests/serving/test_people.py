"""Calendars for people, as phones and strangers see them."""

from __future__ import annotations

import gzip
import json
from datetime import date
from pathlib import Path

import icalendar
import pytest

from tests.commands.program import icalsyncd
from tests.end_to_end.daemon import Daemon, daemon
from tests.end_to_end.portal import Portal, calendar, day, portals

pytestmark = pytest.mark.slow

BLOCK = f"{{from: {day(40)}, to: {day(42)}, note: family}}"
CALENDARS = (
    "calendars:\n  owner: {show: stays}\n  cleaner: {show: turnovers, accommodations: [casa-azul], language: de}\n"
)


def written(made: Daemon, first: Portal, second: Portal, calendars: str = CALENDARS, block: str = BLOCK) -> str:
    return (
        made.head()
        + calendars
        + (
            "accommodations:\n"
            "  casa-azul:\n"
            "    name: Casa Azul\n"
            "    timezone: UTC\n"
            "    buffer: {before: 1, after: 1}\n"
            f"    blocks: [{block}]\n"
            "    syncs:\n"
            f"      holidu: {{portal: holidu, direction: bidirectional, url: '{first.url}/1'}}\n"
            f"      vrbo: {{portal: vrbo, direction: bidirectional, url: '{second.url}/2'}}\n"
            "  finca:\n"
            "    timezone: UTC\n"
            f"    blocks: [{{from: {day(60)}, to: {day(61)}}}]\n"
        )
    )


async def people(made: Daemon) -> dict[str, str]:
    """The link of each calendar."""
    answer = json.loads((await made.get("/-/links"))[1])
    return {row["calendar"]: row["url"] for row in answer["calendars"]}


async def printed(made: Daemon) -> dict[str, str]:
    """The same, as the command prints it."""
    done = await icalsyncd("links", "--json", "--config", made.config, "--state-dir", made.state)
    return {row["calendar"]: row["url"] for row in json.loads(done.out) if "calendar" in row}


async def events(made: Daemon, link: str) -> dict[str, icalendar.Event]:
    """The events of a calendar by title."""
    status, body, _ = await made.ask("GET", link)
    assert status == 200
    return {str(event["SUMMARY"]): event for event in icalendar.Calendar.from_ical(body).walk("VEVENT")}


def days(event: icalendar.Event) -> tuple[date, date]:
    return event["DTSTART"].dt, event["DTEND"].dt


async def test_people_see_who_comes_and_goes_and_no_more(tmp_path: Path) -> None:
    async with portals(2) as (first, second), daemon(tmp_path) as made:
        first.body = calendar((10, 13, "Reserved: Anna Guest"), (13, 15, "Reserved: Bert Guest"), (20, 23))
        second.body = calendar((15, 16))
        made.write(written(made, first, second))
        await made.up()
        await made.until(lambda: made.get("/-/ready"), lambda answer: answer[0] == 200)
        second.body = calendar((15, 16), (22, 25))
        await made.pull()
        links = await people(made)
        assert links.keys() == {"owner", "cleaner"}
        assert await printed(made) == links

        # stays that touch are apart, blocks have their note, what is overbooked is marked, and no guest has a name
        owner = await events(made, links["owner"])
        assert {title: days(event) for title, event in owner.items()} == {
            "Casa Azul: Holidu, 3 nights": (day(10), day(13)),
            "Casa Azul: Holidu, 2 nights": (day(13), day(15)),
            "Casa Azul: Vrbo, 1 night": (day(15), day(16)),
            "OVERBOOKED: Casa Azul: Holidu, 3 nights": (day(20), day(23)),
            "OVERBOOKED: Casa Azul: Vrbo, 3 nights": (day(22), day(25)),
            "Casa Azul: own block (family), 2 nights": (day(40), day(42)),
            "finca: own block, 1 night": (day(60), day(61)),
        }
        cleaner = await events(made, links["cleaner"])
        assert {title: days(event)[0] for title, event in cleaner.items()} == {
            "Casa Azul: Holidu reist an": day(10),
            "Casa Azul: Holidu reist ab, Holidu reist an": day(13),
            "Casa Azul: Holidu reist ab, Vrbo reist an": day(15),
            "Casa Azul: Vrbo reist ab": day(16),
            "ÜBERBUCHT: Casa Azul: Holidu reist an": day(20),
            "ÜBERBUCHT: Casa Azul: Vrbo reist an": day(22),
            "ÜBERBUCHT: Casa Azul: Holidu reist ab": day(23),
            "ÜBERBUCHT: Casa Azul: Vrbo reist ab": day(25),
            "Casa Azul: eigene Sperre beginnt": day(40),
            "Casa Azul: eigene Sperre endet": day(42),
        }
        for link in links.values():
            body = (await made.ask("GET", link))[1]
            assert b"Guest" not in body
            assert b"portal.example" not in body

        # a reader is no portal: nothing is noted of it, whatever it calls itself
        status = await made.status()
        assert [sync["last_fetch"] for each in status["accommodations"] for sync in each["syncs"]] == [None, None]

        # HTTP as for a feed
        link = links["owner"]
        _, body, headers = await made.ask("GET", link)
        assert (await made.ask("GET", link, {"If-None-Match": headers["ETag"]}))[0] == 304
        assert (await made.ask("GET", link, {"If-Modified-Since": headers["Last-Modified"]}))[0] == 304
        assert gzip.decompress((await made.ask("GET", link, {"Accept-Encoding": "gzip"}))[1]) == body
        assert (await made.ask("HEAD", link))[1] == b""
        assert (await made.ask("GET", link + "?x=1"))[1] == body

        # neither is found where the others lie
        base = f"http://127.0.0.1:{made.listen}"
        portal = made.links()["casa-azul/holidu"].rpartition("/")[2]
        person = link.rpartition("/")[2]
        for lost in (f"{base}/{person}", f"{base}/people/{portal}", f"{base}/people/", f"{base}/people/x.ics"):
            assert (await made.ask("GET", lost))[:2] == (404, b"")
        assert (await made.ask("POST", link))[0] == 404

        # neither is taken for a portal's calendar
        bad = written(made, first, second).replace(f"{first.url}/1", link)
        made.write(bad)
        status_of_reload, said = await made.post("/-/reload")
        assert status_of_reload == 422
        assert b"this is a link of this daemon" in said
        made.write(written(made, first, second))

        # the page shows it, the log does not
        page = (await made.get("/"))[1]
        assert all(each.encode() in page for each in links.values())
        assert person not in made.words()

        # a change shows under its own UID, with a later SEQUENCE; what did not change stays as it was
        first.body = calendar((10, 14), (20, 21))
        await made.pull()
        changed = await events(made, link)
        grown = changed["Casa Azul: Holidu, 4 nights"]
        was = owner["Casa Azul: Holidu, 3 nights"]
        assert grown["UID"] == was["UID"]
        assert grown["SEQUENCE"] > was["SEQUENCE"]
        assert grown["LAST-MODIFIED"].dt > was["LAST-MODIFIED"].dt
        assert "Casa Azul: Holidu, 2 nights" not in changed
        for title in ("Casa Azul: Vrbo, 1 night", "finca: own block, 1 night"):
            assert changed[title].to_ical() == owner[title].to_ical()
        # which began while another portal claimed it, so that it may be no booking
        resolved = changed["Possible ghost: Casa Azul: Vrbo, 3 nights"]
        assert resolved["UID"] == owner["OVERBOOKED: Casa Azul: Vrbo, 3 nights"]["UID"]
        assert resolved["SEQUENCE"] > was["SEQUENCE"]

        # through a restart nothing changes
        _, before, _ = await made.ask("GET", link)
        backup = tmp_path / "backup"
        assert (await icalsyncd("backup", backup, "--config", made.config, "--state-dir", made.state)).code == 0
        made.stop()
        await made.up()
        assert (await made.ask("GET", link))[1] == before

        # after an older state was put back, what is shown comes under a later change than all that was shown before
        first.body = calendar((10, 12), (20, 21))
        await made.pull()
        latest = max(event["SEQUENCE"] for event in (await events(made, link)).values())
        made.stop()
        done = await icalsyncd("restore", backup, "--replace", "--config", made.config, "--state-dir", made.state)
        assert done.code == 0, done.err
        first.body = calendar((10, 14), (20, 21))
        await made.up()
        await made.pull()
        await made.until(lambda: made.get("/-/ready"), lambda answer: answer[0] == 200)
        restored = await events(made, link)
        assert {event["UID"] for event in restored.values()} == {event["UID"] for event in changed.values()}
        assert min(event["SEQUENCE"] for event in restored.values()) > latest

        # a link of its own: a new one beside the old one, until the host ends that
        made.write(written(made, first, second, CALENDARS.replace("stays}", "stays, link_generation: 2}")))
        assert (await made.post("/-/reload"))[0] == 200
        renewed = (await people(made))["owner"]
        assert renewed != link
        assert (await people(made))["cleaner"] == links["cleaner"]
        assert [(await made.ask("GET", each))[0] for each in (link, renewed)] == [200, 200]
        done = await icalsyncd("rotate", "owner", "--now", "--config", made.config, "--state-dir", made.state)
        assert done.code == 0, done.err
        assert [(await made.ask("GET", each))[0] for each in (link, renewed)] == [404, 200]
        assert (await icalsyncd("rotate", "nobody", "--now", "--state-dir", made.state)).code == 1
        # the one that was ended does not come back when the generation is lowered, nor by half a file
        made.write(written(made, first, second, ""))
        assert (await made.post("/-/reload"))[0] == 200
        assert [(await made.ask("GET", each))[0] for each in (link, renewed)] == [404, 404]
        made.write(written(made, first, second))
        assert (await made.post("/-/reload"))[0] == 200
        assert (await people(made))["owner"] == renewed
        assert [(await made.ask("GET", each))[0] for each in (link, renewed)] == [404, 200]
        # without the daemon the links are the same
        made.stop()
        assert (await printed(made))["owner"] == renewed


async def test_where_a_portal_was_never_read_the_calendar_says_so(tmp_path: Path) -> None:
    async with portals(2) as (first, second), daemon(tmp_path) as made:
        await second.close()
        first.body = calendar((10, 13))
        made.write(written(made, first, second))
        await made.up()
        link = (await people(made))["owner"]
        await made.until(lambda: made.pull("casa-azul/holidu"))
        shown = await events(made, link)
        assert "Casa Azul: Holidu, 3 nights" in shown
        assert days(shown["Casa Azul: incomplete, not every portal was read yet"]) == (day(0), day(1))
        await second.open()
        await made.pull()
        assert not [title for title in await events(made, link) if "incomplete" in title]
