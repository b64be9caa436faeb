"""A fuzz target for the reader and for what is merged from it, by coverage: `pip install atheris`, then

    python -m tests.calendars.fuzz_read tests/calendars/cases -max_total_time=600 -max_len=4096

from the root of the repository. atheris is no dependency of the tests; without it this file is only the properties.
"""

from __future__ import annotations

import sys

from icalsyncd.availability.channel import Channel
from icalsyncd.availability.ledger import Ledger, SyncLedger
from icalsyncd.availability.link import Link
from icalsyncd.availability.receipt import Receipt
from icalsyncd.calendars.calendar import Event, Failed, Good, Kind, Partial
from icalsyncd.calendars.nights import Nights, horizon
from icalsyncd.calendars.reading import read
from tests.calendars.calendars import SETTINGS, TODAY, crlf, nights_of, plain_event

_WINDOW = Nights.between(*horizon(TODAY))
_GOOD = Nights.between(TODAY + 10, TODAY + 13) | Nights.between(TODAY + 20, TODAY + 22)
_BEFORE = crlf(["BEGIN:VCALENDAR", *plain_event(1, TODAY + 10, TODAY + 13)])
_AFTER = crlf([*plain_event(2, TODAY + 20, TODAY + 22), "END:VCALENDAR"])


_EMPTY = Ledger(today=TODAY, syncs={"site": SyncLedger(Channel("site", receives=True, sends=True), Link("house/site"))})
_KNOWN = Good(tuple(Event(*stay, Kind.UNKNOWN, "") for stay in _GOOD.stays()))
_LEDGER, _ = Receipt("site", _KNOWN, began=0.0, now=1.0, hold=0.0, ours=lambda uid: Nights()).enter(_EMPTY)


def check(body: bytes) -> None:
    """Whatever *body* is: no exception, nothing beyond the horizon, and no event beside it hidden."""
    alone = read(body, SETTINGS, TODAY)
    assert isinstance(alone, Good | Partial | Failed)
    assert nights_of(alone) <= _WINDOW
    between = read(_BEFORE + body + b"\r\n" + _AFTER, SETTINGS, TODAY)
    if not isinstance(between, Failed):
        assert nights_of(between) >= _GOOD
    for reading in (alone, between):
        if not isinstance(reading, Failed):
            merge(reading)


def merge(reading: Good | Partial) -> None:
    """What is read is claimed, and where it was not read whole nothing that was claimed before is freed."""
    receipt = Receipt("site", reading, began=2.0, now=3.0, hold=21600.0, ours=lambda uid: Nights())
    ledger, _ = receipt.enter(_LEDGER)
    claimed = ledger.syncs["site"].claimed
    assert claimed >= nights_of(reading).since(TODAY - 1)
    if isinstance(reading, Partial):
        assert claimed >= _GOOD


def main() -> None:
    import atheris

    atheris.instrument_all()
    atheris.Setup(sys.argv, check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
