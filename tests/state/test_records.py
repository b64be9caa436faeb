"""What is stored is what is read back: every field, and every value that it may have."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from icalsyncd.availability.channel import Channel, Narrowing
from icalsyncd.availability.claims import Claim
from icalsyncd.availability.habits import Habits
from icalsyncd.availability.ledger import Block, Ledger, Standing, SyncLedger
from icalsyncd.availability.link import Link
from icalsyncd.availability.missing import Broken, Lack
from icalsyncd.availability.rules import Edge, Rules
from icalsyncd.availability.stamps import Stamps
from icalsyncd.availability.taking import Parting, Shrinking
from icalsyncd.calendars.settings import ReadSettings, Summaries
from icalsyncd.state.copy import Copies, Copy, ReadAs, Validators
from icalsyncd.state.records import dump_accommodation, dump_sync, load_accommodation, load_sync
from icalsyncd.state.schedule import Attempts
from icalsyncd.state.state import Facts
from tests.state import states

NOTHING = SyncLedger(Channel("", receives=False, sends=False), Link(""))


@pytest.mark.slow
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(states.syncs, states.facts)
def test_a_sync_is_read_back_as_it_was_stored(sync: SyncLedger, facts: Facts):
    assert load_sync(dump_sync(sync, facts)) == (sync, facts)


@pytest.mark.slow
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(states.syncs, states.facts)
def test_claims_that_an_earlier_version_stored_with_a_column_more_are_read(sync: SyncLedger, facts: Facts):
    stored = dump_sync(sync, facts)
    longer = json.dumps([[*row, "740000+1"] for row in json.loads(stored.claims)])
    assert load_sync(stored._replace(claims=longer)) == (sync, facts)


BEFORE = dict(line.split("\t") for line in Path(__file__).with_name("facts_before.tsv").read_text().splitlines())
"""Facts as the version before wrote them, by what had happened."""


@pytest.mark.parametrize(
    ("what", "snapshot", "waiting", "conditional"),
    [
        ("never pulled", False, False, False),
        ("good", True, False, True),
        ("failed after a good one", True, False, False),
        ("partial after a good one", True, True, True),
        ("partial, the first", False, True, True),
        ("failed after a partial one", False, True, False),
        ("paused", False, False, False),
    ],
)
def test_facts_of_the_version_before(what: str, snapshot: bool, waiting: bool, conditional: bool):
    stored = dump_sync(NOTHING, Facts())._replace(facts=BEFORE[what])
    _, facts = load_sync(stored)
    last = facts.copies.last
    assert (facts.copies.snapshot is not None, facts.copies.waiting is not None) == (snapshot, waiting)
    assert (last is not None and last.validators is not None) == conditional
    assert last is None or last.read_as.day == 739_944
    assert dump_sync(NOTHING, facts).facts == BEFORE[what], "the version before can go on with it, too"


@pytest.mark.slow
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(states.ledgers)
def test_an_accommodation_is_read_back_as_it_was_stored(ledger: Ledger):
    shuffled = dict(reversed(ledger.syncs.items()))
    loaded = load_accommodation(dump_accommodation(ledger), shuffled)
    assert loaded == ledger
    assert list(loaded.syncs) == list(ledger.syncs), "the order of the syncs, too"


def test_a_portal_that_was_told_nothing_is_not_one_that_never_fetched():
    for told in (None, Stamps(), Stamps(((0.0, states.Nights()),))):
        sync = replace(NOTHING, told=told)
        assert load_sync(dump_sync(sync, Facts()))[0] == sync


@pytest.mark.parametrize("field", ["muted_until", "pulled_at"])
def test_the_first_moment_of_all_is_not_never(field: str):
    sync = replace(NOTHING, **{field: 0.0})
    assert getattr(load_sync(dump_sync(sync, Facts()))[0], field) == 0.0


def test_what_is_at_its_default_takes_no_room():
    assert sum(map(len, dump_sync(NOTHING, Facts()))) < 400


# A field that is added later and forgotten in the records would be at its default in all that is read back.
@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "strategy"),
    [
        (SyncLedger, states.syncs),
        (Facts, states.facts),
        (Ledger, states.ledgers),
        (Claim, states.claims),
        (Channel, states.channels),
        (ReadSettings, states.read_settings),
        (Summaries, states.summaries),
        (Link, states.links),
        (Block, st.builds(Block, states.stays, states.moments)),
        (Broken, st.builds(Broken, st.frozensets(states.texts), states.moments, states.counts, states.nights)),
        (Lack, st.builds(Lack, states.nights, states.moments, states.counts)),
        (Narrowing, st.builds(Narrowing, states.channels, states.moments)),
        (Parting, st.builds(Parting, states.some(states.texts), states.moments)),
        (Shrinking, st.builds(Shrinking, states.counts, states.counts, states.moments)),
        (Standing, st.builds(Standing, st.sampled_from(states.Presence), states.moments)),
        (Rules, states.rules),
        (Habits, states.habits),
        (Edge, states.edges),
        (Stamps, states.stamps),
        (Attempts, st.builds(Attempts, states.moments, states.counts, states.moments)),
        (Copies, states.copies),
        (Copy, states.copy),
        (ReadAs, st.builds(ReadAs, states.texts, states.counts)),
        (Validators, st.builds(Validators, states.texts, states.texts)),
    ],
)
def test_no_field_is_left_out_of_the_stored_states(kind: type, strategy: st.SearchStrategy[object]):
    stored = [field.name for field in fields(kind) if not field.metadata.get("follows")]
    varied: dict[str, set[str]] = {name: set() for name in stored}

    @settings(max_examples=40, database=None, suppress_health_check=list(HealthCheck))
    @given(strategy)
    def collect(value: object) -> None:
        for name, seen in varied.items():
            seen.add(repr(getattr(value, name)))

    collect()
    assert all(len(seen) > 1 for seen in varied.values()), {name for name, seen in varied.items() if len(seen) == 1}
