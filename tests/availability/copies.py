"""Copies of one portal's calendar, one after the other, for the tests of what is believed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from icalsyncd.availability.admission import Outcome
from icalsyncd.availability.channel import Channel
from icalsyncd.availability.ledger import Ledger, SyncLedger
from icalsyncd.availability.link import Link
from icalsyncd.availability.receipt import Receipt
from icalsyncd.calendars.calendar import Broken, Event, Good, Kind, Partial
from icalsyncd.calendars.nights import EMPTY, Nights

TODAY = 740_000
HOUR = 3600.0
HOLD = 6 * HOUR

Range = tuple[int, int]


class Copies:
    """One portal whose calendar is pulled again and again; days are counted from today."""

    def __init__(self, hold: float = HOLD) -> None:
        channel = Channel("portal", receives=True, sends=True)
        self.ledger = Ledger(TODAY, syncs={"s": SyncLedger(channel, Link("house/s"))})
        self.hold = hold
        self.now = (TODAY - date(1970, 1, 1).toordinal()) * 24 * HOUR + 13 * HOUR
        self.snapshot: tuple[Event, ...] = ()
        self.last: Good | Partial = Good(())

    def after(self, hours: float) -> Copies:
        self.now += hours * HOUR
        return self

    def shows(self, *ranges: Range, kind: Kind = Kind.UNKNOWN) -> Outcome:
        """A whole copy comes in."""
        return self._comes(Good(tuple(event(*each, kind=kind) for each in ranges)))

    def breaks(self, *ranges: Range, broken: Iterable[str | Range]) -> Outcome:
        """A copy comes in of which *broken* cannot be read: events by their nights, or texts without a UID."""
        marks = (
            Broken(each, "") if isinstance(each, str) else Broken(f"broken {each}", event(*each).uid) for each in broken
        )
        return self._comes(Partial(tuple(event(*each) for each in ranges), ("broken",), tuple(marks)))

    def reread(self, reading: Good | Partial | None = None) -> Outcome:
        """The last copy is read anew."""
        return self._take(reading or self.last, again=True)

    def is_not_modified(self) -> None:
        """The portal says that its calendar is the last good copy still."""
        receipt = Receipt("s", None, self.now, self.now, self.hold, lambda uid: EMPTY)
        self.ledger, _ = receipt.enter(self.ledger)

    def release(self) -> None:
        """The host believes the last copy."""
        receipt = Receipt(
            "s", self.last, self.now, self.now, self.hold, lambda uid: EMPTY, self.snapshot, again=True, released=True
        )
        self.ledger, _ = receipt.enter(self.ledger)

    def next_day(self, days: int = 1, hours: float = 0) -> Copies:
        self.ledger = replace(self.ledger, today=self.ledger.today + days)
        return self.after(hours or 24 * days)

    @property
    def sync(self) -> SyncLedger:
        return self.ledger.syncs["s"]

    @property
    def claimed(self) -> Nights:
        return self.sync.claimed

    def _comes(self, reading: Good | Partial) -> Outcome:
        self.last = reading
        outcome = self._take(reading, again=False)
        if outcome is Outcome.UPDATED:
            self.snapshot = reading.events
        return outcome

    def _take(self, reading: Good | Partial, *, again: bool) -> Outcome:
        receipt = Receipt("s", reading, self.now, self.now, self.hold, lambda uid: EMPTY, self.snapshot, again)
        self.ledger, made = receipt.enter(self.ledger)
        return made.outcome


def event(start: int, end: int, kind: Kind = Kind.UNKNOWN) -> Event:
    return Event(TODAY + start, TODAY + end, kind, f"{start}-{end}@portal")


def nights(*ranges: Range) -> Nights:
    return Nights.of_stays((TODAY + start, TODAY + end) for start, end in ranges)


def season(count: int) -> list[Range]:
    """So many stays of one night, with free nights between them."""
    return [(2 * number, 2 * number + 1) for number in range(count)]
