"""`icalsyncd read`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.commands.program import icalsyncd
from tests.end_to_end.portal import Portal, calendar, day

pytestmark = pytest.mark.slow

STAYS = (
    b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n"
    b"BEGIN:VEVENT\r\nUID:1\r\nDTSTART;VALUE=DATE:20300710\r\nDTEND;VALUE=DATE:20300712\r\n"
    b"SUMMARY:Reserved\r\nEND:VEVENT\r\n"
    b"BEGIN:VEVENT\r\nUID:2\r\nDTSTART;VALUE=DATE:20300801\r\nDTEND;VALUE=DATE:20300802\r\n"
    b"SUMMARY:Anna Muster\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)


async def test_a_file_is_read_by_its_portals_words(tmp_path: Path) -> None:
    file = tmp_path / "calendar.ics"
    file.write_bytes(STAYS)
    done = await icalsyncd("read", file, "--portal", "airbnb", "--timezone", "UTC", "--today", "2030-01-01", "--json")
    assert done.code == 0
    assert json.loads(done.out) == {
        "outcome": "good",
        "reason": None,
        "nights": ["2030-07-10", "2030-07-11", "2030-08-01"],
        "stays": [
            {"check_in": "2030-07-10", "check_out": "2030-07-12", "kind": "reservation"},
            {"check_in": "2030-08-01", "check_out": "2030-08-02", "kind": "unknown"},
        ],
        "problems": [],
    }


async def test_people_read_stays_and_no_guests_name(tmp_path: Path) -> None:
    done = await icalsyncd("read", "-", "--today", "2030-01-01", stdin=STAYS)
    assert done.code == 0
    assert "3 nights taken" in done.out
    assert "2030-07-10  2030-07-12  2       unknown" in done.out
    assert "Anna" not in done.out + done.err


async def test_what_is_no_calendar_fails_with_the_reason() -> None:
    done = await icalsyncd("read", "-", "--json", stdin=b"<html>")
    assert done.code == 1
    assert json.loads(done.out)["outcome"] == "failed"
    assert json.loads(done.out)["reason"] == "not_calendar"


async def test_a_url_is_pulled_as_the_daemon_would(portal: Portal) -> None:
    done = await icalsyncd("read", portal.url, "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["nights"] == [day(offset).isoformat() for offset in (30, 31, 32)]
    portal.body = calendar()[:40]
    failed = await icalsyncd("read", portal.url, "--json")
    assert (failed.code, json.loads(failed.out)["reason"]) == (1, "truncated")


@pytest.mark.parametrize("wrong", [("--timezone", "Mars/Base"), ("--today", "soon")])
async def test_an_option_that_means_nothing_is_refused(wrong: tuple[str, str]) -> None:
    assert (await icalsyncd("read", "-", *wrong, stdin=STAYS)).code == 2


async def test_a_file_that_is_not_there_is_said_to_be() -> None:
    done = await icalsyncd("read", "/nowhere/calendar.ics")
    assert done.code == 1
    assert "No such file" in done.err
