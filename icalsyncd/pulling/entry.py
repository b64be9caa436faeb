"""What a calendar that came in leaves in the state: values, from what it says and what was decided about it.

Arrival (what came) ─▶ Decision (the ledger under it) ─▶ Entry (what is put)
                                                    └──▶ Report (for whoever asked)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from icalsyncd.availability.admission import Admitted, Outcome
from icalsyncd.availability.ledger import Ledger, SyncLedger
from icalsyncd.availability.offers import blocked
from icalsyncd.availability.receipt import is_unchanged
from icalsyncd.availability.stamps import Moment
from icalsyncd.calendars.calendar import Good, Partial
from icalsyncd.pulling.errand import Errand
from icalsyncd.pulling.order import Failure
from icalsyncd.pulling.report import PullOutcome, Report
from icalsyncd.state.copy import BodyKey, Copies, Copy
from icalsyncd.state.schedule import Attempts, after_failure
from icalsyncd.state.state import Facts, State


@dataclass(frozen=True, slots=True)
class Arrival:
    """A calendar that came in, or was read anew. Its parts are of one answer, and are entered together."""

    reading: Good | Partial | None
    """What it says; None where that is what the last good copy said."""
    copy: Copy | None
    """It, as it is to be remembered; None where it is the very copy that is stored: "not modified"."""
    body: bytes | None = field(default=None, repr=False)
    """Its body, where that is to be stored; None where the one that lies there says the same."""
    over: Copy | None = None
    """The stored copy that it rests on: without that, it says nothing. None where it stands for itself."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided about an arrival, and from what. It holds for that state and for no later one."""

    before: State
    ledger: Ledger
    admitted: Admitted


@dataclass(frozen=True, slots=True)
class Entry:
    """What is put: a sync's facts, the ledger, and the body of its copy, all at once."""

    before: State
    ledger: Ledger
    facts: Facts
    bodies: Mapping[BodyKey, bytes | None] = field(default_factory=dict, repr=False)

    def is_only_times(self, name: str) -> bool:
        """Nothing that a feed or a verdict rests on is new of the sync *name*: it may be stored later."""
        return not self.bodies and is_unchanged(self.before.ledger, self.ledger, name)


def entry_of_pull(errand: Errand, arrival: Arrival, decision: Decision, now: Moment) -> Entry:
    """What a pull leaves that brought *arrival*."""
    name, before, admitted = errand.name[1], decision.before, decision.admitted
    known, after, facts = before.ledger.syncs[name], decision.ledger.syncs[name], before.of(name)
    copies = _copies_after(facts.copies, arrival, admitted)
    differs = known.claims is not after.claims and _shown(known) != _shown(after)
    return Entry(
        before,
        decision.ledger,
        replace(
            facts,
            attempts=Attempts(now),
            last_success=facts.last_success if admitted.outcome is Outcome.HELD else now,
            last_change=now if differs else facts.last_change,
            last_whole=facts.last_whole if arrival.copy is None or errand.asked is not None else now,
            outcome=_outcome(arrival, admitted),
            reason=None,
            detail="",
            failing_since=None,
            copies=copies,
            problems=arrival.reading.problems if arrival.reading is not None else facts.problems,
        ),
        copies.bodies(known.link.first_name, facts.copies, arrival.body) if arrival.body is not None else {},
    )


def entry_of_rereading(errand: Errand, arrival: Arrival, decision: Decision) -> Entry:
    """What a stored copy leaves that was read anew, *arrival* being what it says now."""
    name, before = errand.name[1], decision.before
    facts, copy = before.of(name), arrival.copy
    if copy is None or arrival.body is None:
        raise ValueError("a copy that is read anew has a body")
    if not errand.released:
        facts = replace(facts, copies=facts.copies.with_last(copy))
        return Entry(before, decision.ledger, facts)
    copies = Copies(copy)
    owner = before.ledger.syncs[name].link.first_name
    return Entry(
        before,
        decision.ledger,
        replace(facts, copies=copies, outcome=Outcome.UPDATED.value),
        copies.bodies(owner, facts.copies, arrival.body),
    )


def facts_after_failure(errand: Errand, facts: Facts, failure: Failure, now: Moment) -> Facts:
    """What a pull leaves that failed: the copies stay, and the next pull goes without conditions."""
    copies, attempts = facts.copies, facts.attempts
    if copies.last is not None:
        # "not modified" would stand for what failed, where that had a body
        copies = copies.with_last(replace(copies.last, validators=None))
    return replace(
        facts,
        attempts=after_failure(
            attempts,
            at=now,
            reason=failure.reason,
            retry_after=failure.retry_after,
            interval=errand.sync.interval,
        ),
        outcome="failed",
        reason=failure.reason,
        detail=failure.detail,
        failing_since=facts.failing_since if facts.failing_since is not None else now,
        copies=copies,
    )


def report_of(errand: Errand, arrival: Arrival, decision: Decision) -> Report:
    """How a pull ended that brought *arrival*."""
    before, ledger, name = decision.before.ledger, decision.ledger, errand.name[1]
    known, after = before.syncs[name], ledger.syncs[name]
    touched, same = known.claims is not after.claims, is_unchanged(before, ledger, name)
    return Report(
        errand.sync.name,
        _outcome(arrival, decision.admitted),
        None,
        nights=len(after.claimed.since(ledger.today)),
        new=len((after.claimed - known.claimed).since(ledger.today)) if touched else 0,
        freed=0 if same else len((blocked(before) - blocked(ledger)).since(ledger.today)),
        kept=after.retained.since(ledger.today),
    )


def report_of_failure(errand: Errand, state: State, failure: Failure) -> Report:
    """How a pull ended that failed."""
    claimed = state.ledger.syncs[errand.name[1]].claimed.since(state.ledger.today)
    return Report(errand.sync.name, "failed", failure.reason, nights=len(claimed), new=0, freed=0)


def _copies_after(copies: Copies, arrival: Arrival, admitted: Admitted) -> Copies:
    if arrival.copy is None:
        return copies
    if arrival.body is None:
        return copies.with_last(arrival.copy)
    # whatever it says, it is what the validators stand for from now on, and what is read when it is read anew
    return Copies(arrival.copy) if admitted.outcome is Outcome.UPDATED else copies.with_waiting(arrival.copy)


def _outcome(arrival: Arrival, admitted: Admitted) -> PullOutcome:
    return "not_modified" if arrival.copy is None else admitted.outcome.value


def _shown(sync: SyncLedger) -> list[object]:
    """What tells whether a calendar changed: the nights and kinds of its events."""
    return [(claim.stay, claim.kind, claim.nights) for claim in sync.claims]
