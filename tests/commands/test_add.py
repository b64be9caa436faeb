"""`icalsyncd add`, at a real terminal and without one."""

from __future__ import annotations

import asyncio
import json

import pytest

from tests.commands.household import CONFIG, Home
from tests.commands.program import at_a_terminal
from tests.end_to_end.portal import Portal

pytestmark = pytest.mark.slow

GIVEN = ("--portal", "agoda", "--accommodation", "casa-azul", "--name", "agoda", "--direction")


async def test_the_wizard_asks_in_a_channel_managers_order_and_prints_the_link(home: Home, portal: Portal) -> None:
    home.config.unlink()
    home.make_secret()

    def play() -> tuple[int, str]:
        with at_a_terminal("add", *home.where) as session:
            session.expect("Portal: ")
            session.type("airbnb")
            session.expect("official connection")
            session.expect("Portal: ")
            session.type("holidu")
            session.expect("Accommodation: ")
            session.type("Casa Azul")
            session.expect("an id has lower-case letters")
            session.type("casa-azul")
            session.expect("Time zone of casa-azul.*Europe/Madrid: ")
            session.type("")
            session.expect("an answer is needed")
            session.type("Spain")
            session.expect("not a time zone")
            session.type("Europe/Madrid")
            session.expect("Terms of use(.|\n)*yes/no")
            session.type("yes")
            session.expect(r"Name of the sync \[holidu\]")
            session.type("")
            session.expect("portal give you a calendar URL(.|\n)*Which way")
            session.type("bi")
            session.expect("Start of the links")
            session.type("cal.example.org")
            session.expect("must be an http or https URL")
            session.type("http://0.0.0.0:5545")
            session.expect("no portal can reach that")
            session.type("https://cal.example.org")
            session.expect("URL of the calendar that Holidu")
            session.type("calendar.ics")
            session.expect("URL of the calendar that Holidu")
            session.type("https://127.0.0.1:1/never.ics")
            session.expect("could not be read: address_refused")
            session.expect("all the same")
            session.type("y")
            session.expect(r"https://cal.example.org/.*\.ics")
            return session.ended(), session.shown

    code, shown = await asyncio.to_thread(play)
    assert code == 0
    assert "Paste it at Holidu" in shown
    (row,) = json.loads((await home.run("links", "--json")).out)
    assert row["url"] in shown
    assert (row["accommodation"], row["sync"]) == ("casa-azul", "holidu")


async def test_a_machine_in_a_real_place_offers_its_time_zone(home: Home) -> None:
    home.config.unlink()

    def play() -> None:
        with at_a_terminal("add", "--portal", "agoda", *home.where, TZ="Europe/Lisbon") as session:
            session.expect("Accommodation: ")
            session.type("casa-azul")
            session.expect(r"Time zone of casa-azul.*\[Europe/Lisbon\]: ")
            session.type("")
            session.expect("Do you accept that")

    await asyncio.to_thread(play)


async def test_a_refusal_at_the_end_repeats_the_answers(home: Home) -> None:
    shared = "    syncs: &shared\n      holidu: {portal: holidu, direction: export}\n"
    text = (
        "terms: accepted\naccommodations:\n  casa-azul:\n    timezone: UTC\n"
        + shared
        + "  finca: {timezone: UTC, syncs: *shared}\n"
    )
    home.write(text)
    done = await home.run("add", *GIVEN, "export")
    assert done.code == 1
    assert "icalsyncd add --portal agoda --accommodation casa-azul --name agoda --direction export" in done.err
    assert home.config.read_text() == text


async def test_what_to_choose_at_the_portal_is_said_before_its_url_is_asked_for(home: Home) -> None:
    home.write("terms: accepted\nofficial_only: []\naccommodations: {casa-azul: {timezone: UTC}}\n")

    def play() -> None:
        with at_a_terminal("add", "--portal", "booking", "--direction", "import", *home.where) as session:
            session.expect("Accommodation")
            session.type("casa-azul")
            session.expect("Name of the sync")
            session.type("")
            session.expect("Choose there first: .*Only reserved dates(.|\n)*URL of the calendar that Booking.com")

    await asyncio.to_thread(play)


async def test_what_is_known_of_the_portal_is_told_with_the_link(home: Home, portal: Portal) -> None:
    given = ("--portal", "tripadvisor", "--accommodation", "casa-azul", "--name", "tripadvisor")
    done = await home.run("add", *given, "--direction", "bidirectional", "--url", portal.url)
    assert done.code == 0, done.err
    assert "once in two hours" in done.out
    assert "To have Tripadvisor read the link at once" in done.out


async def test_the_calendar_is_pulled_once_and_what_it_would_change_is_shown(home: Home, portal: Portal) -> None:
    done = await home.run("add", *GIVEN, "bidirectional", "--url", portal.url)
    assert done.code == 0, done.err
    assert portal.asked == 1
    assert "The calendar was read: 3 nights" in done.out
    assert "New for holidu: 3 nights" in done.out
    assert (await home.run("check")).code == 0


async def test_comments_and_layout_of_the_config_stay(home: Home, portal: Portal) -> None:
    assert (await home.run("add", *GIVEN, "bidirectional", "--url", "-", stdin=portal.url.encode())).code == 0
    written = home.config.read_text()
    added = [line for line in written.splitlines() if line not in CONFIG.splitlines()]
    assert [line.strip().partition(":")[0] for line in added] == ["agoda", "portal", "direction", "url"]
    assert [line for line in written.splitlines() if line not in added] == CONFIG.splitlines()


async def test_a_calendar_that_cannot_be_read_is_not_written_unasked(home: Home, portal: Portal) -> None:
    portal.body = b"<html>"
    done = await home.run("add", *GIVEN, "import", "--url", portal.url)
    assert done.code == 1
    assert "not_calendar" in done.out
    assert home.config.read_text() == CONFIG
    assert (await home.run("add", *GIVEN, "import", "--url", portal.url, "--yes")).code == 0


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (("--portal", "booking"), "official connection"),
        (("--portal", "agoda", "--accommodation", "casa-azul", "--name", "holidu"), "already"),
        (("--portal", "agoda", "--accommodation", "casa-azul"), "--direction is missing"),
        (("--portal", "holidu", "--accommodation", "casa-azul"), "--name is missing"),
        ((*GIVEN, "export", "--url", "https://portal.example/x.ics"), "needs no URL"),
    ],
)
async def test_what_cannot_be_is_refused_and_nothing_written(home: Home, given: tuple[str, ...], words: str) -> None:
    done = await home.run("add", *given)
    assert done.code == 2
    assert words in done.err
    assert home.config.read_text() == CONFIG


async def test_a_url_is_never_repeated_in_what_is_said(home: Home) -> None:
    done = await home.run("add", *GIVEN, "import", "--url", "https://portal.example/secret-key.ics")
    assert done.code == 1
    assert "same calendar" in done.err or "vrbo" in done.err
    assert "secret-key" not in done.out + done.err
