"""What has another name is the same sync: it keeps its link and all that is known."""

from __future__ import annotations

from icalsyncd.availability.ledger import Presence
from icalsyncd.availability.roster import GONE_KEPT
from tests.availability.hosts import DELAY, HOUSE, Host, nights, plan, seat, stay, two


def test_a_sync_with_the_same_calendar_under_another_name_is_renamed():
    host = two()
    before = host.sync("a")
    host.write(casa=plan(stay(50, 53), c=seat("A"), b=seat("B")))
    assert host.names() == {"b", "c"}
    assert host.sync("c") == before
    assert host.offer("b") == nights((10, 12), (50, 53))


def test_a_sync_without_a_calendar_is_renamed_by_its_earlier_name():
    host = Host(casa=plan(out=seat(receives=False)))
    link = host.sync("out").link
    host.write(casa=plan(other=seat(receives=False, was="out")))
    assert host.names() == {"other"}
    assert host.sync("other").link == link
    # the word may stay in the config
    host.write(casa=plan(other=seat(receives=False, was="out"), out=seat(receives=False)))
    assert host.sync("other").link == link
    assert host.sync("out").link != link


def test_a_chain_of_renames_that_names_the_first_of_them_finds_it():
    host = Host(casa=plan(one=seat(receives=False)))
    link = host.sync("one").link
    host.write(casa=plan(two=seat(receives=False, was="one")))
    host.write(casa=plan(three=seat(receives=False, was="one")))
    assert (host.names(), host.sync("three").link) == ({"three"}, link)


def test_an_accommodation_that_is_renamed_keeps_links_snapshots_and_service():
    host = two()
    links = {name: host.sync(name).link for name in "ab"}
    told = host.offer("a"), host.offer("b")
    host.write(villa=plan(stay(50, 53), a=seat("A"), b=seat("B")))
    assert {name: host.sync(name, "villa").link for name in "ab"} == links
    assert (host.offer("a", "villa"), host.offer("b", "villa")) == told
    assert host.ledgers["villa"].complete
    assert not host.ledgers[HOUSE].syncs


def test_an_accommodation_that_got_one_sync_from_another_is_not_complete_by_that():
    host = two()
    host.write(casa=plan(b=seat("B")), villa=plan(a=seat("A"), new=seat("N")))
    assert not host.ledgers["villa"].complete


def test_without_a_word_it_is_a_removal_and_a_new_sync():
    host = Host(casa=plan(out=seat(receives=False)))
    host.write(casa=plan(other=seat(receives=False)))
    assert host.names() == {"out", "other"}
    assert host.sync("out").presence is Presence.LEAVING
    assert host.sync("other").link != host.sync("out").link


def test_a_new_sync_under_the_former_name_of_a_renamed_one_gets_a_link_of_its_own():
    host = two()
    link = host.sync("a").link
    host.write(casa=plan(c=seat("A"), b=seat("B")))
    host.write(casa=plan(a=seat("N"), c=seat("A"), b=seat("B")))
    assert host.sync("c").link == link
    assert host.sync("a").link.first_name not in (link.first_name, host.sync("b").link.first_name)


def test_on_a_new_machine_the_config_alone_restores_the_links():
    config = plan(a=seat("N"), b=seat("B"), c=seat("A", was="a"))
    host = two()
    host.write(casa=plan(c=seat("A", was="a"), b=seat("B")))
    host.write(casa=config)
    restored = Host(casa=config)
    assert {name: host.sync(name).link for name in "abc"} == {name: restored.sync(name).link for name in "abc"}


def test_a_sync_that_names_a_living_one_as_its_earlier_self_gets_a_link_of_its_own():
    host = two()
    host.write(casa=plan(stay(50, 53), a=seat("A"), b=seat("B"), c=seat("N", was="a")))
    assert host.sync("a").claimed == nights((10, 12))
    assert host.sync("c").link.first_name != host.sync("a").link.first_name


def test_a_sync_that_is_renamed_to_the_name_of_one_that_has_left_keeps_its_own_link():
    for wait in (60.0, DELAY):
        host = two()
        host.write(casa=plan(stay(50, 53), b=seat("B"))).wait(wait)
        leaving, moving, told = host.sync("a"), host.sync("b"), host.offer("a")
        host.write(casa=plan(stay(50, 53), a=seat("B")))
        assert host.sync("a") == moving
        assert host.sync("a~2") == leaving
        assert host.offer("a~2") == told, "it goes on leaving"
        host.wait(DELAY + GONE_KEPT)
        assert host.names() == {"a"}


def test_a_sync_that_was_renamed_and_vanishes_for_a_moment_is_not_taken_for_the_new_bearer_of_its_name():
    host = Host(casa=plan(a=seat(receives=False)))
    host.write(casa=plan(b=seat(receives=False, was="a")))
    host.write(casa=plan(b=seat(receives=False, was="a"), a=seat(receives=False)))
    links = {name: host.sync(name).link for name in "ab"}
    host.write(casa=plan())
    host.write(casa=plan(b=seat(receives=False, was="a")))
    host.write(casa=plan(b=seat(receives=False, was="a"), a=seat(receives=False)))
    assert {name: host.sync(name).link for name in "ab"} == links
