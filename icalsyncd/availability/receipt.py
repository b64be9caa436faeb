"""A copy of a portal's calendar, received: admitted, then attributed, as one step from ledger to ledger."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from operator import attrgetter

from icalsyncd.availability.admission import Admission, Admitted, Outcome
from icalsyncd.availability.attribution import Ours, pulled, settled
from icalsyncd.availability.habits import Habits
from icalsyncd.availability.learning import after_copy, rejudged
from icalsyncd.availability.ledger import Ledger, SyncLedger
from icalsyncd.availability.rules import Rules
from icalsyncd.availability.sifting import followed, in_doubt, sifted
from icalsyncd.availability.stamps import Moment
from icalsyncd.calendars.calendar import Event, Good, Partial, nights_in
from icalsyncd.calendars.nights import EMPTY, Night
from icalsyncd.calendars.zones import nights_begun


@dataclass(frozen=True, slots=True)
class Receipt:
    """One copy and the circumstances under which it came in."""

    sync: str
    reading: Good | Partial | None
    """None: the portal says that its calendar is the last good copy still."""
    began: Moment
    """When the pull that brought it began."""
    now: Moment
    hold: float
    """Seconds (`pull.hold`)."""
    ours: Ours
    last_read: tuple[Event, ...] = ()
    """The events of the last good copy; wanted where this one is partial."""
    again: bool = False
    """It is an old copy read anew: nothing is confirmed by it, and nothing held."""
    released: bool = False
    """The host believes it, whatever it lacks."""

    def enter(self, ledger: Ledger) -> tuple[Ledger, Admitted]:
        """The ledger with what this copy says, and what was decided about it."""
        sync = ledger.syncs[self.sync]
        begun = nights_begun(self.now, ledger.timezone, ledger.today)
        if self.released or self.reading is None:
            admitted = Admitted(Outcome.UPDATED, EMPTY, (), None)
        else:
            admitted = Admission(
                sync, self.reading, self.now, ledger.today, begun, self.hold, self.last_read, self.again
            ).decide()
        events = None
        if self.reading is not None:
            events, rules = self._sifted(sync, self.reading.events, admitted, ledger.today)
            if rules != sync.rules:
                ledger = ledger.with_sync(self.sync, replace(sync, rules=rules))
                if rules.nights != sync.rules.nights:
                    ledger = settled(in_doubt(ledger, self.sync, sync.genuine & rules.nights), self.now)
        entered = pulled(
            ledger,
            self.sync,
            events,
            began=self.began,
            now=self.now,
            ours=self.ours,
            retained=admitted.retained,
            good=admitted.outcome is Outcome.UPDATED and not self.again,
        )
        after = entered.syncs[self.sync]
        if admitted.outcome is Outcome.UPDATED and not self.again and self.reading is not None:
            after = replace(after, habits=self._learned(sync, self.reading.events, ledger.today))
        if (after.held, after.broken) != (admitted.held, admitted.broken):
            after = replace(after, held=admitted.held, broken=admitted.broken)
        if self.reading is None and (running := sync.retained & begun):
            # the last good copy lacked a night that had begun, and so it still does
            after = replace(after, retained=running)
        if self.again and sync.pulled_at is not None:
            after = replace(after, pulled_at=sync.pulled_at)
        if after.habits.change != sync.habits.change:
            after = rejudged(after)
        if after.claims != entered.syncs[self.sync].claims:
            return settled(entered.with_sync(self.sync, after), self.now), admitted
        return entered if after is entered.syncs[self.sync] else entered.with_sync(self.sync, after), admitted

    def _learned(self, sync: SyncLedger, events: tuple[Event, ...], today: Night) -> Habits:
        lacking = sync.genuine.since(today) - nights_in(events)
        return after_copy(sync, events, began=self.began, now=self.now, today=today, lacking=lacking)

    def _sifted(
        self, sync: SyncLedger, events: tuple[Event, ...], admitted: Admitted, today: Night
    ) -> tuple[tuple[Event, ...], Rules]:
        """Those of *events* that take nights, and the portal's own rules; a copy that is not believed whole ends none."""
        rules, whole = sync.rules, admitted.outcome is Outcome.UPDATED
        if whole and not self.again:
            rules = followed(sync, events, today=today, now=self.now)
        found = sifted(sync, rules, events, today)
        notice, window = found.notice, found.window
        if not whole:
            notice, window = rules.notice | notice, rules.window | window
        labelled = rules.labelled or found.are_closures
        return found.events, replace(rules, labelled=labelled, notice=notice, window=window)


_all_but_when = attrgetter(*(field.name for field in fields(SyncLedger) if field.name != "pulled_at"))


def is_unchanged(before: Ledger, after: Ledger, name: str) -> bool:
    """Whether *after* differs from *before* in nothing but the time at which the sync *name* was pulled."""
    known = before.syncs[name]
    return (
        known.pulled_at is not None
        and _all_but_when(after.syncs[name]) == _all_but_when(known)
        and all(after.syncs[other] is sync for other, sync in before.syncs.items() if other != name)
    )
