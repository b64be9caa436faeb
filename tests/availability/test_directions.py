"""A new calendar, a direction that is given up, and links that are made anew."""

from __future__ import annotations

from icalsyncd.availability.link import Link
from icalsyncd.availability.roster import GONE_KEPT, OLD_LINK_KEPT
from tests.availability.hosts import DELAY, HOUSE, nights, plan, seat, stay, two


def test_a_new_calendar_keeps_the_claims_of_the_old_one_until_a_copy_of_it_comes():
    host = two()
    host.write(casa=plan(stay(50, 53), a=seat("other"), b=seat("B")))
    assert host.sync("a").claimed == nights((10, 12))
    assert host.sync("a").calendar == "other"


def test_a_direction_that_no_longer_sends_gives_up_its_feed_as_one_that_leaves():
    host = two()
    told = host.offer("a")
    host.write(casa=plan(stay(50, 53), a=seat("A", sends=False), b=seat("B"))).wait(DELAY - 1)
    assert host.offer("a") == told
    host.wait(1)
    sync = host.sync("a")
    assert not sync.channel.sends
    assert sync.muted_until == host.now + GONE_KEPT
    assert sync.claimed == nights((10, 12))
    host.wait(GONE_KEPT)
    assert host.sync("a").muted_until is None


def test_a_direction_that_no_longer_receives_gives_up_its_claims_as_one_that_leaves():
    host = two()
    host.write(casa=plan(stay(50, 53), a=seat(receives=False), b=seat("B"))).wait(DELAY - 1)
    assert host.offer("b") == nights((10, 12), (50, 53))
    host.wait(1)
    assert host.offer("b") == nights((50, 53))
    assert host.offer("a") == nights((20, 22), (50, 53))
    assert not host.sync("a").channel.receives


def test_a_direction_that_is_back_in_time_was_never_given_up():
    host = two()
    before = host.ledgers[HOUSE]
    host.write(casa=plan(stay(50, 53), a=seat("A", sends=False), b=seat(receives=False))).wait(DELAY - 1)
    host.write(casa=plan(stay(50, 53), a=seat("A"), b=seat("B"))).wait(DELAY)
    assert host.ledgers[HOUSE] == before


def test_each_direction_that_is_given_up_has_the_whole_delay():
    host = two()
    told = host.offer("a")
    host.write(casa=plan(stay(50, 53), a=seat(receives=False), b=seat("B"))).wait(DELAY - 1)
    host.write(casa=plan(stay(50, 53), a=seat("A", sends=False), b=seat("B"))).wait(DELAY - 1)
    assert host.offer("a") == told
    assert host.sync("a").claimed == nights((10, 12))


def test_a_direction_waits_while_its_sync_is_leaving():
    host = two()
    host.write(casa=plan(stay(50, 53), a=seat(receives=False), b=seat("B"))).wait(DELAY - 1)
    host.write(casa=plan(stay(50, 53), b=seat("B"))).wait(DELAY - 1)
    host.write(casa=plan(stay(50, 53), a=seat("A"), b=seat("B"))).wait(DELAY)
    assert host.sync("a").claimed == nights((10, 12))


def test_a_direction_that_sends_anew_is_told_at_once():
    host = two()
    host.write(casa=plan(stay(50, 53), a=seat("A", sends=False), b=seat("B"))).wait(DELAY)
    host.write(casa=plan(stay(50, 53), a=seat("A"), b=seat("B")))
    assert host.sync("a").muted_until is None
    assert host.offer("a") == nights((20, 22), (50, 53))


def test_an_old_link_works_seven_days_more():
    host = two()
    for generation, other in ((2, 1), (1, 2)):
        host.write(casa=plan(a=seat("A", generation=generation), b=seat("B")))
        assert host.sync("a").link.generation == generation
        assert host.sync("a").link.old == ((other, host.now + OLD_LINK_KEPT),)
    host.wait(OLD_LINK_KEPT - 1)
    assert host.sync("a").link.old
    host.wait(1)
    assert not host.sync("a").link.old


def test_a_link_that_has_ended_does_not_work_again_when_its_generation_is_written_once_more():
    host = two()
    host.write(casa=plan(a=seat("A", generation=2), b=seat("B")))
    host.wait(OLD_LINK_KEPT)
    host.write(casa=plan(a=seat("A"), b=seat("B")))
    assert host.sync("a").link == Link("casa/a", 2, (), ended=1, refused=1)
    host.write(casa=plan(a=seat("A", generation=2), b=seat("B")))
    assert host.sync("a").link == Link("casa/a", 2, (), ended=1)
    host.write(casa=plan(a=seat("A", generation=3), b=seat("B")))
    assert host.sync("a").link.generation == 3
    host.write(casa=plan(a=seat("A", generation=2), b=seat("B")))
    assert host.sync("a").link.generation == 2, "it has not ended yet"
