"""How long it takes to tell bookings from echoes: `python -m tests.benchmarks.attribution`.

One accommodation with 5 syncs, 200 stays over three years, every portal repeating all of them. A pull that brings one new
stay is attributed, and every feed is reckoned anew, in turns with a yardstick: a plain merge of the same nights as sets of
dates. CPU time, medians.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from datetime import date, timedelta
from time import process_time

from icalsyncd.availability.attribution import fetched, pulled
from icalsyncd.availability.channel import Channel
from icalsyncd.availability.ledger import Ledger, SyncLedger
from icalsyncd.availability.link import Link
from icalsyncd.calendars.calendar import Event, Kind
from icalsyncd.calendars.nights import EMPTY, Night, Nights, date_of
from tests.benchmarks.figures import Figure, table

TODAY: Night = date(2026, 3, 1).toordinal()
SYNCS = 5
STAYS = 200
GAP = 5
"""Nights from one arrival to the next: 200 stays fill most of three years."""
ROUNDS = 200


def none_of_ours(uid: str) -> Nights:
    """No portal here keeps our UIDs."""
    return EMPTY


def events(sync: int) -> list[Event]:
    """What one portal shows: its own stays, and all others as it read them."""
    return [
        Event(start, start + 3, Kind.UNKNOWN, f"{sync}-{start}") for start in range(TODAY, TODAY + STAYS * GAP, GAP)
    ]


def accommodation() -> Ledger:
    """The ledger when all portals repeat each other's stays."""
    names = [f"sync-{number}" for number in range(SYNCS)]
    ledger = Ledger(
        TODAY, syncs={name: SyncLedger(Channel(name, receives=True, sends=True), Link(name)) for name in names}
    )
    now = 1000.0
    for number, name in enumerate(names):
        own = events(number)[number::SYNCS]
        ledger = pulled(ledger, name, own, began=now, now=now, ours=none_of_ours)
        now += 1
    for number, name in enumerate(names):
        ledger = fetched(ledger, name, ledger.syncs[name].offered.nights, now=now, looked=True)
        ledger = pulled(ledger, name, events(number), began=now + 1, now=now + 2, ours=none_of_ours)
        now += 3
    return ledger


def by_rules(ledger: Ledger, copy: list[Event]) -> None:
    pulled(ledger, "sync-0", copy, began=5000.0, now=5001.0, ours=none_of_ours)


def by_merging(copies: list[list[Event]]) -> set[date]:
    return {
        date_of(event.check_in) + timedelta(days=day)
        for copy in copies
        for event in copy
        for day in range(event.check_out - event.check_in)
    }


def measure() -> tuple[float, ...]:
    """Median seconds of CPU: a pull that changed, one that did not, and a plain merge."""
    ledger = accommodation()
    same = events(0)
    changed = [*same, Event(TODAY + 4, TODAY + 5, Kind.UNKNOWN, "new")]
    copies = [events(number) for number in range(SYNCS)]
    times: dict[str, list[float]] = {"changed": [], "same": [], "merged": []}
    for _ in range(ROUNDS):
        started = process_time()
        by_rules(ledger, changed)
        times["changed"].append(process_time() - started)
        started = process_time()
        by_rules(ledger, same)
        times["same"].append(process_time() - started)
        started = process_time()
        by_merging(copies)
        times["merged"].append(process_time() - started)
    return tuple(map(statistics.median, times.values()))


def figures() -> Iterator[Figure]:
    changing, unchanged, merging = measure()
    yield Figure(
        f"attribution: {SYNCS} syncs, {STAYS} stays each, 3 years, one of them new",
        f"{changing * 1e3:.1f} ms CPU; with none new {unchanged * 1e3:.2f} ms",
        f"a plain merge as sets of dates {merging * 1e3:.1f} ms",
        "under 10 ms",
        changing < 0.01,
    )


if __name__ == "__main__":
    print(table(figures()))
