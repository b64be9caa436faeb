"""What leaves the config and comes back: a half-written file frees nothing, and no link is ever given twice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icalsyncd.availability.ledger import Ledger, Presence
from icalsyncd.availability.offers import offers
from icalsyncd.availability.plan import Plan
from icalsyncd.availability.roster import GONE_KEPT, hasten, reconcile, renames
from icalsyncd.calendars.nights import EMPTY
from tests.availability.hosts import DAY, DELAY, HOUSE, TODAY, Host, nights, plan, seat, stay, two

# leaving


def test_a_sync_that_leaves_stays_as_it_was_until_the_delay_has_passed():
    host = two()
    told = host.offer("a"), host.offer("b")
    host.write(casa=plan(stay(50, 53), b=seat("B"))).wait(DELAY - 1)
    assert host.sync("a").presence is Presence.LEAVING
    assert (host.offer("a"), host.offer("b")) == told


def test_after_the_delay_its_claims_go_and_its_feed_is_empty_for_seven_days_and_then_it_is_forgotten():
    host = two()
    host.write(casa=plan(stay(50, 53), b=seat("B"))).wait(DELAY)
    assert host.sync("a").presence is Presence.GONE
    assert host.offer("a") == EMPTY
    assert host.offer("b") == nights((50, 53))
    host.wait(GONE_KEPT - 1)
    assert host.offer("a") == EMPTY
    host.wait(1)
    assert host.names() == {"b"}


def test_a_sync_that_is_back_in_time_never_left():
    host = two()
    before = host.ledgers[HOUSE]
    host.write(casa=plan(stay(50, 53), b=seat("B"))).wait(DELAY - 1)
    host.write(casa=plan(stay(50, 53), a=seat("A"), b=seat("B"))).wait(10 * DAY)
    assert host.ledgers[HOUSE] == before


def test_a_sync_that_comes_back_after_the_delay_begins_without_a_snapshot_and_keeps_link_and_history():
    host = two()
    link, fetches = host.sync("a").link, host.sync("a").fetches
    host.write(casa=plan(stay(50, 53), b=seat("B"))).wait(2 * DAY)
    host.write(casa=plan(stay(50, 53), a=seat("A"), b=seat("B")))
    back = host.sync("a")
    assert (back.presence, back.claims, back.pulled_at) == (Presence.ACTIVE, (), None)
    assert (back.link, back.fetches) == (link, fetches)
    assert host.offer("a") == nights((20, 22), (50, 53))


def test_what_a_portal_sold_is_its_own_after_its_sync_had_left():
    host = Host(casa=plan(a=seat("A"), b=seat("B")))
    host.shows("a", (10, 12)).shows("b", (10, 12)).reads("a")
    host.write(casa=plan(b=seat("B"))).wait(DELAY)
    host.write(casa=plan(a=seat("A"), b=seat("B")))
    # it was told of these nights before it left, since both had sold them
    host.shows("a", (10, 12))
    assert host.offer("b") == nights((10, 12))


def test_a_whole_accommodation_that_leaves_stays_as_it_was():
    host = two()
    told = host.offer("a"), host.offer("b")
    host.write().wait(DELAY - 1)
    assert (host.offer("a"), host.offer("b")) == told
    host.wait(1)
    assert host.offer("a") == host.offer("b") == host.taken() == EMPTY
    host.wait(GONE_KEPT)
    assert host.ledgers[HOUSE].syncs == {}


def test_a_file_that_is_written_again_and_again_does_not_put_off_the_end():
    host = two()
    for _ in range(3):
        host.write(casa=plan(stay(50, 53), b=seat("B"))).wait(DELAY / 3)
    assert host.sync("a").presence is Presence.GONE


def test_a_block_that_leaves_counts_until_the_delay_has_passed():
    host = two()
    host.write(casa=plan(a=seat("A"), b=seat("B"))).wait(DELAY - 1)
    assert host.taken() == nights((10, 12), (20, 22), (50, 53))
    host.wait(1)
    assert host.taken() == nights((10, 12), (20, 22))


def test_a_block_that_is_moved_closes_its_new_nights_at_once_and_its_old_ones_until_the_delay_has_passed():
    host = two()
    host.write(casa=plan(stay(51, 55), a=seat("A"), b=seat("B")))
    assert nights((50, 55)) <= host.offer("a")
    host.wait(DELAY)
    assert host.offer("a") == nights((20, 22), (51, 55))


def test_buffers_grow_at_once_and_shrink_after_the_delay():
    host = two()
    host.write(casa=plan(stay(50, 53), before=1, after=2, a=seat("A"), b=seat("B")))
    wide = nights((19, 24), (49, 55)) | nights((9, 10), (12, 14))
    assert host.offer("a") == wide
    host.write(casa=plan(stay(50, 53), before=1, a=seat("A"), b=seat("B"))).wait(DELAY - 1)
    assert host.offer("a") == wide
    host.wait(1)
    assert host.offer("a") == nights((19, 22), (49, 53), (9, 10))


def test_a_stored_sync_that_the_file_lacks_at_boot_leaves_like_any():
    host = two()
    stored = host.ledgers
    host = Host(casa=plan(stay(50, 53), b=seat("B")))
    host.ledgers = reconcile(stored, {HOUSE: plan(stay(50, 53), b=seat("B"))}, today={HOUSE: TODAY}, now=host.now)
    assert host.sync("a").presence is Presence.LEAVING
    assert host.offer("b") == nights((10, 12), (50, 53))


def test_a_config_that_changes_nothing_leaves_every_ledger_as_it_is():
    host = two()
    before = dict(host.ledgers)
    host.write(casa=plan(stay(50, 53), a=seat("A"), b=seat("B")))
    assert host.ledgers[HOUSE] is before[HOUSE]


# pause


def test_a_paused_sync_neither_sends_nor_receives():
    host = two()
    host.write(casa=plan(stay(50, 53), a=seat("A", paused=True), b=seat("B")))
    assert host.offer("a") == EMPTY
    assert host.offer("b") == nights((50, 53))
    host.reads("a")
    host.write(casa=plan(stay(50, 53), a=seat("A"), b=seat("B")))
    resumed = host.sync("a")
    assert (resumed.claims, resumed.pulled_at, len(resumed.fetches)) == ((), None, 2)
    assert host.offer("a") == nights((20, 22), (50, 53))


def test_a_sync_that_leaves_while_paused_stays_paused():
    host = two()
    paused = plan(stay(50, 53), a=seat("A", paused=True), b=seat("B"))
    host.write(casa=paused).wait(60)
    before = host.sync("a")
    host.write(casa=plan(stay(50, 53), b=seat("B"))).wait(DELAY - 1)
    assert host.offer("a") == EMPTY
    host.write(casa=paused)
    assert host.sync("a") == before, "also since when it is paused"
    host.write(casa=plan(stay(50, 53), b=seat("B"))).wait(DELAY)
    assert (host.sync("a").presence, host.offer("a")) == (Presence.GONE, EMPTY)


def test_a_sync_that_comes_back_resumed_has_been_resumed():
    host = two()
    host.write(casa=plan(a=seat("A", paused=True), b=seat("B")))
    host.write(casa=plan(b=seat("B"))).wait(60)
    host.write(casa=plan(a=seat("A"), b=seat("B")))
    assert host.sync("a").presence is Presence.ACTIVE
    assert host.offer("a") == nights((20, 22), (50, 53))


# complete


def test_an_accommodation_is_complete_when_each_sync_that_receives_has_been_pulled():
    host = Host(casa=plan(out=seat(receives=False), a=seat("A"), b=seat("B"), c=seat("C", paused=True)))
    assert not host.ledgers[HOUSE].complete
    assert not host.shows("a").ledgers[HOUSE].complete
    assert host.shows("b").ledgers[HOUSE].complete
    host.write(casa=plan(a=seat("A"), b=seat("B"), c=seat("C"), d=seat("D")))
    assert host.ledgers[HOUSE].complete, "one that was complete stays served"


def test_a_half_written_file_completes_nothing():
    whole = plan(a=seat("A"), b=seat("B"))
    host = Host(casa=whole).shows("a")
    host.write(casa=plan(a=seat("A")))
    host.write(casa=whole)
    assert not host.ledgers[HOUSE].complete
    host = Host(casa=plan())
    host.write(casa=whole)
    assert not host.ledgers[HOUSE].complete


def test_a_sync_that_is_gone_for_good_is_not_waited_for():
    host = Host(casa=plan(a=seat("A"), b=seat("B"))).shows("a")
    host.write(casa=plan(a=seat("A"))).wait(DELAY)
    assert host.ledgers[HOUSE].complete


# accept


def accepted(host: Host, name: str | None) -> Host:
    host.ledgers[HOUSE] = hasten(host.ledgers[HOUSE], name, now=host.now)
    return host


def test_accept_ends_a_leaving_at_once():
    host = two()
    host.write(casa=plan(b=seat("B")))
    accepted(host, "a")
    assert host.sync("a").presence is Presence.GONE
    assert host.offer("b") == nights((50, 53)), "the block was not asked for"
    accepted(host, None)
    assert host.offer("b") == EMPTY
    before = host.ledgers[HOUSE]
    assert accepted(host, None).ledgers[HOUSE] == before, "what is gone stays for its seven days"


def test_accept_ends_what_a_direction_and_smaller_buffers_wait_for():
    host = Host(casa=plan(after=2, a=seat("A"), b=seat("B"))).shows("a", (10, 12)).shows("b", (20, 22))
    host.write(casa=plan(a=seat(receives=False), b=seat("B")))
    accepted(host, None)
    assert host.offer("b") == EMPTY
    assert host.offer("a") == nights((20, 22))


def test_accept_counts_a_sync_that_was_never_pulled_as_empty():
    host = Host(casa=plan(a=seat("A"), b=seat("B"))).shows("a")
    accepted(host, "b")
    assert host.ledgers[HOUSE].complete
    assert host.sync("b").counted_empty


# properties

MANY: Mapping[str, Plan] = {
    "casa": plan(
        stay(50, 53),
        stay(60, 64),
        before=1,
        after=1,
        a=seat("A"),
        b=seat("B"),
        p=seat("P", paused=True),
        out=seat(receives=False),
    ),
    "villa": plan(stay(5, 8), a=seat("VA"), b=seat("VB", sends=False)),
}


def many() -> Host:
    host = Host(**MANY)
    host.shows("a", (10, 12), (30, 33)).shows("b", (20, 22)).reads("a").reads("b").reads("out").reads("p")
    host.shows("b", (10, 12), (20, 22), (41, 42)).reads("a")
    return host.shows("a", (1, 3), house="villa").shows("b", (2, 4), house="villa").reads("a", house="villa")


@st.composite
def half_written(draw: st.DrawFn) -> dict[str, Plan]:
    """The config as a hand may leave it for a moment: any part of it is not there."""
    written: dict[str, Plan] = {}
    for name, whole in MANY.items():
        if draw(st.integers(0, 3)):
            syncs = {each: kept for each, kept in whole.syncs.items() if draw(st.booleans())}
            blocks = tuple(block for block in whole.blocks if draw(st.booleans()))
            before, after = draw(st.sampled_from(((whole.before, whole.after), (0, 0))))
            written[name] = replace(whole, syncs=syncs, blocks=blocks, before=before, after=after)
    return written


@pytest.mark.slow
@given(st.lists(half_written(), min_size=1, max_size=4), st.data())
def test_whatever_is_missing_from_the_file_for_less_than_the_delay_no_feed_ever_changes(
    writings: list[dict[str, Plan]], data: st.DataObject
):
    host = many()
    before = dict(host.ledgers)
    told = {name: offers(ledger) for name, ledger in before.items()}
    left = DELAY
    for written in writings:
        host.write(**written)
        assert {name: offers(ledger) for name, ledger in host.ledgers.items()} == told
        waited = data.draw(st.floats(0, left / 2))
        left -= waited
        host.wait(waited)
        assert {name: offers(ledger) for name, ledger in host.ledgers.items()} == told
    host.write(**MANY)
    assert host.ledgers == before
    host.wait(DELAY)
    assert host.ledgers == before


NAMES = ("a", "b", "c")
seats = st.builds(
    seat,
    st.sampled_from(("U", "V", "W", "X")),
    receives=st.booleans(),
    sends=st.booleans(),
    paused=st.booleans(),
    was=st.sampled_from(("", "", "a", "b", "casa/a", "villa/b")),
    generation=st.integers(1, 3),
)
edited = st.dictionaries(
    st.sampled_from(("casa", "villa")), st.dictionaries(st.sampled_from(NAMES), seats).map(lambda syncs: plan(**syncs))
)


def links(ledgers: Iterable[Ledger]) -> list[str]:
    return [sync.link.first_name for ledger in ledgers for sync in ledger.syncs.values()]


@pytest.mark.slow
@given(st.lists(st.tuples(edited, st.sampled_from((0.0, 60.0, DELAY, 8 * DAY))), max_size=8))
def test_no_two_syncs_ever_have_the_same_link_and_nothing_that_is_due_stays_undone(
    edits: list[tuple[dict[str, Plan], float]],
):
    host = Host()
    for plans, wait in edits:
        known = set(links(host.ledgers.values()))
        moved = renames(host.ledgers, plans)
        assert len(set(moved.values())) == len(moved), "no sync becomes two"
        host.write(**plans)
        made = links(host.ledgers.values())
        assert len(made) == len(set(made))
        assert known <= set(made), "no link is lost by writing the config"
        for name, written in plans.items():
            assert written.syncs.keys() <= host.ledgers[name].syncs.keys()
        host.wait(wait)
        for name, ledger in host.ledgers.items():
            for each, sync in ledger.syncs.items():
                if name not in plans or each not in plans[name].syncs:
                    assert sync.presence in (Presence.LEAVING, Presence.GONE)
