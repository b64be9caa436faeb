"""Whether a copy of a calendar is believed: taken over, held, or taken over in part.

    reading ──▶ partial? ──▶ nothing claimed before is freed, until the same events came broken often enough
            ├─▶ suspicious? ─▶ the genuine nights that it lacks are held, until copies agree
            └─▶ a night that has begun is kept until it is over

What a copy adds counts at once in every case; only what it would free is ever kept back.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, assert_never

from icalsyncd.availability.ledger import SyncLedger
from icalsyncd.availability.missing import Broken, Lack
from icalsyncd.availability.stamps import Moment
from icalsyncd.calendars.calendar import Event, Good, Partial, nights_in
from icalsyncd.calendars.nights import EMPTY, Night, Nights, union

CONFIRMATIONS: Final = 3
"""Pulls in a row that must agree before what they lack, or cannot read, is believed."""
SUSPICIOUS_SHARE: Final = 0.9
"""Of 39,653 pairs of consecutive fetches of live feeds, all seven that lost this share of nights were glitches."""
SUSPICIOUS_NIGHTS: Final = 5
"""A loss of fewer nights than this is an ordinary cancellation, unless nothing is left."""
CLOSURE: Final = 90
"""A stretch of so many nights ahead is a season's closure or a booking window, and is weighed apart: beside it the loss
of every booking would be a small share."""


class Outcome(StrEnum):
    """What became of a copy that was read."""

    UPDATED = "updated"
    PARTIAL = "partial"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class Admitted:
    """What is to be done with a copy."""

    outcome: Outcome
    retained: Nights
    """Nights claimed before that stay claimed though the copy lacks them."""
    held: tuple[Lack, ...]
    broken: Broken | None


@dataclass(frozen=True, slots=True)
class Admission:
    """Decides about one copy. It takes all it needs as fields, the time too, and touches nothing."""

    sync: SyncLedger
    reading: Good | Partial
    now: Moment
    today: Night
    begun: Nights
    """Nights that have begun in the accommodation's zone and are not over."""
    hold: float
    """Seconds over which a suspicious copy must repeat itself (`pull.hold`); 0: never hold."""
    last_read: tuple[Event, ...] = ()
    """The events of the last good copy: which nights were last read from events that are broken now."""
    again: bool = False
    """The copy was read before and no pull brought it now: it confirms nothing, and it is not held."""

    def decide(self) -> Admitted:
        """Accept, hold, or take over in part."""
        present = nights_in(self.reading.events)
        match self.reading:
            case Good():
                return self._weigh(present, broken=None, kept=EMPTY)
            case Partial():
                lacking = self.sync.claimed - present
                broken = self._broken(self.reading, lacking)
                if not self._is_believed(broken):
                    return Admitted(Outcome.PARTIAL, lacking, _narrowed(self.sync.held, lacking), broken)
                return self._weigh(present, broken=broken, kept=self._last_read_from(self.reading, broken) & lacking)
            case _:
                assert_never(self.reading)

    def _broken(self, reading: Partial, lacking: Nights) -> Broken:
        """What could not be read, counted. Where some of it can be read again, the rest goes on being counted."""
        fingerprints = frozenset(event.fingerprint for event in reading.broken)
        before = self.sync.broken
        if before is None or not fingerprints <= before.fingerprints:
            return Broken(fingerprints, self.now, 0 if self.again else 1, lacking)
        times = before.times if self.again else before.times + 1
        return Broken(fingerprints, min(before.since, self.now), times, before.lost & lacking)

    def _is_believed(self, broken: Broken) -> bool:
        """Whether what can be read beside *broken* is believed."""
        # a copy that is read anew is as old as the pull that brought it: waiting does not confirm it
        seen = self.sync.pulled_at if self.again and self.sync.pulled_at is not None else self.now
        return broken.times >= CONFIRMATIONS and seen - broken.since >= self.hold

    def _last_read_from(self, reading: Partial, broken: Broken) -> Nights:
        """The nights last read from the events that are broken now."""
        uids = {event.uid for event in reading.broken}
        read = [event for event in self.last_read if event.uid and event.uid in uids]
        nights = nights_in(tuple(read))
        if uids <= {event.uid for event in read}:
            return nights
        # one of them cannot be told by its UID: it had no other nights than those that were gone when it broke
        return nights | broken.lost

    def _weigh(self, present: Nights, *, broken: Broken | None, kept: Nights) -> Admitted:
        # portals drop a stay on its last evening, each by its own midnight: a night that has begun tells nothing, and stays
        running = (self.sync.retained if self.again else self.sync.genuine) & self.begun - present
        ahead = self.sync.genuine.since(self.today) - self.begun
        missing = ahead - present - kept
        held: tuple[Lack, ...] = ()
        if self.again:
            held = _narrowed(self.sync.held, missing)
        elif self.hold:
            # a night once held waits for its confirmations, though the rest has come back by now
            waiting = union(lack.nights for lack in self.sync.held)
            held = self._confirmed(missing if self._is_suspicious(missing, ahead) else missing & waiting)
        if self.sync.habits.goes_back and not self.again:
            # its copies are older ones now and then: what one lacks is free when the next one lacks it too
            kept |= missing - self.sync.habits.lacked
        whole = Outcome.HELD if held else Outcome.UPDATED
        outcome = Outcome.PARTIAL if broken else whole
        return Admitted(outcome, kept | running | union(lack.nights for lack in held), held, broken)

    def _is_suspicious(self, missing: Nights, ahead: Nights) -> bool:
        """Whether *missing* are nearly all of the stays among the nights *ahead*, or of the long closures."""
        stays = ahead & union(
            claim.nights if self.sync.silent else claim.genuine
            for claim in self.sync.claims
            if claim.stay.check_out - max(claim.stay.check_in, self.today) < CLOSURE
        )
        return _is_nearly_all(missing & stays, stays) or _is_nearly_all(missing - stays, ahead - stays)

    def _confirmed(self, missing: Nights) -> tuple[Lack, ...]:
        """The nights that stay held after one more copy lacked all of *missing*."""
        lacks = [
            Lack(lack.nights, min(lack.since, self.now), lack.times + 1) for lack in _narrowed(self.sync.held, missing)
        ]
        fresh = missing - union(lack.nights for lack in lacks)
        if fresh:
            lacks.append(Lack(fresh, self.now, 1))
        return tuple(lack for lack in lacks if lack.times < CONFIRMATIONS or self.now - lack.since < self.hold)


def _is_nearly_all(missing: Nights, ahead: Nights) -> bool:
    if len(missing) < SUSPICIOUS_NIGHTS:
        return bool(missing) and missing == ahead
    return len(missing) >= SUSPICIOUS_SHARE * len(ahead)


def _narrowed(lacks: tuple[Lack, ...], nights: Nights) -> tuple[Lack, ...]:
    return tuple(Lack(left, lack.since, lack.times) for lack in lacks if (left := lack.nights & nights))
