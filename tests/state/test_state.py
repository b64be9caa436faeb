"""What is remembered beside a ledger, and when it must be forgotten."""

from __future__ import annotations

from dataclasses import replace

import pytest

from icalsyncd.availability.attribution import pulled
from icalsyncd.availability.channel import Channel
from icalsyncd.availability.plan import Plan, Seat
from icalsyncd.availability.roster import expire, pause, reconcile, resume
from icalsyncd.calendars.calendar import Event, Kind
from icalsyncd.calendars.nights import EMPTY
from icalsyncd.state.copy import Copies, Copy, ReadAs, Validators
from icalsyncd.state.schedule import Attempts
from icalsyncd.state.state import Facts, State

TODAY = 740_000
SEAT = Seat(Channel("portal", receives=True, sends=True), "calendar")
KNOWN = Facts(
    attempts=Attempts(last=9.0),
    last_success=9.0,
    outcome="updated",
    copies=Copies(Copy(ReadAs("settings", TODAY), "calendar", Validators('"tag"', None))),
    feed_changed=1.0,
    reader="portal/1.0",
)


@pytest.fixture
def state() -> State:
    """A sync that has been pulled, with all that is known of it."""
    ledger = reconcile({}, {"casa": Plan("UTC", syncs={"s": SEAT, "t": SEAT})}, today={"casa": TODAY}, now=1.0)["casa"]
    events = [Event(TODAY + 10, TODAY + 12, Kind.UNKNOWN, "")]
    ledger = pulled(ledger, "s", events, began=9.0, now=9.0, ours=lambda uid: EMPTY)
    return State(ledger, {"s": KNOWN})


def test_a_paused_sync_has_no_copy_and_no_validators_that_could_bring_one_back(state: State):
    facts = state.with_ledger(pause(state.ledger, "s", now=20.0), 20.0).of("s")
    assert facts.copies == Copies()
    assert facts.outcome == "never"
    assert (facts.last_success, facts.reader, facts.attempts.last) == (9.0, "portal/1.0", 9.0)


def test_a_resumed_sync_is_due_at_once(state: State):
    paused = state.with_ledger(pause(state.ledger, "s", now=20.0), 20.0)
    assert paused.with_ledger(resume(paused.ledger, "s", now=30.0), 30.0).of("s").attempts == Attempts()


def test_a_sync_that_left_for_good_has_no_copy(state: State):
    ledger = reconcile({"casa": state.ledger}, {}, today={}, now=20.0)["casa"]
    leaving = state.with_ledger(ledger, 20.0)
    assert leaving.of("s").copies == KNOWN.copies, "it may come back"
    assert leaving.with_ledger(expire(ledger, delay=30.0, now=50.0), 50.0).of("s").copies == Copies()


def test_a_feed_was_modified_when_its_nights_changed_and_at_no_other_time(state: State):
    later = state.with_ledger(pause(state.ledger, "s", now=20.0), 20.0)
    assert later.of("s").feed_changed == 1.0, "the feed of s held nothing before either"
    assert later.of("t").feed_changed == 20.0
    again = later.with_ledger(replace(later.ledger, complete=True), 30.0)
    assert again.facts == later.facts


def test_the_facts_of_a_sync_that_is_no_more_go(state: State):
    ledger = replace(state.ledger, syncs={"t": state.ledger.syncs["t"]})
    assert "s" not in state.with_ledger(ledger, 20.0).facts
