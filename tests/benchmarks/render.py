"""What it costs to write a feed of 100 stays, beside icalendar: `python -m tests.benchmarks.render`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import icalendar

from icalsyncd.calendars.feed import Signature, render
from icalsyncd.calendars.nights import Nights, date_of
from tests.benchmarks.figures import Figure, medians, table
from tests.calendars.calendars import TODAY

SIGNATURE = Signature(b"k" * 32, "casa-azul")
STAYS = Nights.of_stays((TODAY + 5 * number, TODAY + 5 * number + 3) for number in range(100))


def by_icalendar() -> bytes:
    calendar = icalendar.Calendar()
    calendar.add("PRODID", "-//icalsyncd//icalsyncd//EN")
    calendar.add("VERSION", "2.0")
    for stay in STAYS.stays():
        event = icalendar.Event()
        event.add("UID", SIGNATURE.uid(stay))
        event.add("DTSTAMP", datetime(2026, 1, 1, tzinfo=UTC))
        event.add("DTSTART", date_of(stay.check_in))
        event.add("DTEND", date_of(stay.check_out))
        event.add("SUMMARY", "Unavailable")
        calendar.add_component(event)
    return calendar.to_ical()


def figures() -> Iterator[Figure]:
    ours = medians({"ours": lambda: render(STAYS, SIGNATURE), "icalendar": by_icalendar}, 15)
    ratio = ours["icalendar"] / ours["ours"]
    yield Figure(
        "render a feed of 100 stays",
        f"{ours['ours'] * 1e3:.2f} ms",
        f"icalendar {ours['icalendar'] * 1e3:.1f} ms, {ratio:.0f} times",
        "50 times faster",
        ratio >= 50,
    )


if __name__ == "__main__":
    print(table(figures()))
