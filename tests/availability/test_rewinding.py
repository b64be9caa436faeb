"""After the clock was set back nothing that is known lies in the future."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from icalsyncd.availability.ledger import Ledger, Presence
from icalsyncd.availability.rewinding import AWAKE, postponed, rewound
from icalsyncd.availability.roster import GONE_KEPT, OLD_LINK_KEPT, expire, expiries
from icalsyncd.state.records import dump_accommodation, dump_sync_ledger
from tests.state import states

DELAY = 1800.0


@pytest.mark.slow
@settings(max_examples=50, deadline=None)
@given(states.ledgers, states.moments)
def test_no_wait_is_longer_than_one_that_begins_now(ledger: Ledger, now: float):
    moved = rewound(ledger, now)
    assert all(moment <= now + max(DELAY, GONE_KEPT, OLD_LINK_KEPT) for moment in expiries(moved, DELAY))
    assert moved.awake_since <= now
    for sync in moved.syncs.values():
        moments = [
            sync.since,
            *sync.fetches,
            *(moment for moment, _ in sync.offered),
            *(lack.since for lack in sync.held),
        ]
        moments += [moment for stamps in (sync.told, sync.withdrawn, sync.given_up) if stamps for moment, _ in stamps]
        moments += [claim.began for claim in sync.claims]
        assert all(moment <= now for moment in moments)
        if sync.pulled_at is not None:
            assert sync.pulled_at <= now


@pytest.mark.slow
@settings(max_examples=50, deadline=None)
@given(states.ledgers, states.moments)
def test_it_changes_moments_and_nothing_else(ledger: Ledger, now: float):
    moved = rewound(ledger, now)
    assert moved.today == ledger.today
    for name, sync in ledger.syncs.items():
        after = moved.syncs[name]
        assert (after.offered.nights, after.claimed, after.genuine) == (sync.offered.nights, sync.claimed, sync.genuine)


@pytest.mark.slow
@settings(max_examples=50, deadline=None)
@given(states.ledgers)
def test_what_lies_in_the_past_stays_the_same(ledger: Ledger):
    moved = rewound(ledger, 1e12)
    assert moved is ledger
    assert dump_accommodation(moved) == dump_accommodation(ledger)
    assert all(dump_sync_ledger(moved.syncs[name]) == dump_sync_ledger(sync) for name, sync in ledger.syncs.items())


@pytest.mark.slow
@settings(max_examples=50, deadline=None)
@given(states.ledgers, states.moments)
def test_after_a_sleep_nothing_that_leaves_goes_before_half_an_hour(ledger: Ledger, now: float):
    for delay in (600.0, 1800.0, 86400.0):
        awake = postponed(ledger, delay, now)
        soon = expire(awake, delay=delay, now=now + min(delay, AWAKE) - 1.0)
        for name, sync in awake.syncs.items():
            if sync.presence is Presence.LEAVING:
                assert soon.syncs[name].presence is Presence.LEAVING
        assert (soon.before, soon.after) == (awake.before, awake.after)
        assert soon.local == awake.local
