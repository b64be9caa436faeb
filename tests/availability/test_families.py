"""A house and its rooms: whoever books one has its units, and nobody else's."""

from __future__ import annotations

from dataclasses import replace

import pytest

from icalsyncd.availability.beside import takers_beside
from icalsyncd.availability.channel import Channel
from icalsyncd.availability.families import components, rejoined, units_of
from icalsyncd.availability.offers import trouble
from icalsyncd.availability.plan import Plan, Seat
from icalsyncd.availability.roster import expire, reconcile
from icalsyncd.availability.taking import Parting
from icalsyncd.calendars.calendar import Kind
from icalsyncd.calendars.nights import EMPTY, Stay
from tests.availability.family import Family, house_with_rooms
from tests.availability.house import DAY_ONE, nights

STAY = nights(5, 6)


def test_one_with_parts_is_the_units_of_all_its_parts() -> None:
    units = units_of({"finca": ["room", "annex"], "annex": ["a", "b"], "a": [], "b": [], "room": [], "alone": []})
    assert units["finca"] >= units["annex"] > units["a"] == {"a"}
    assert "alone" not in units
    assert not units["room"] & units["annex"]


def test_parts_in_a_circle_come_to_an_end() -> None:
    units = units_of({"a": ["b"], "b": ["a"]})
    assert units["a"] == units["b"] == {"a", "b"}


def test_families_are_what_hangs_together() -> None:
    assert sorted(map(sorted, components([("a", "b"), ("c", "d"), ("b", "e"), ("c",)]))) == [
        ["a", "b", "e"],
        ["c", "d"],
    ]


def test_a_rooms_booking_closes_the_house_and_no_other_room() -> None:
    family = house_with_rooms()
    family.shows("room-1/vrbo", (5, 7, Kind.RESERVATION))
    assert family.closed() == {"finca": STAY, "room-1": STAY}
    assert {sync for sync in family.syncs if family.offer(sync)} == {"finca/airbnb", "finca/vrbo", "room-1/holidu"}


def test_the_houses_booking_closes_every_room() -> None:
    family = house_with_rooms()
    family.shows("finca/airbnb", (5, 7))
    assert set(family.closed()) == {"finca", "room-1", "room-2"}
    # the same portal too: another listing of it
    assert {sync for sync in family.syncs if not family.offer(sync)} == {"finca/airbnb"}


def test_a_cancellation_opens_all_that_was_closed() -> None:
    family = house_with_rooms()
    family.shows("finca/airbnb", (5, 7))
    for sync in family.syncs:
        family.reads(sync)
    family.shows("finca/airbnb")
    assert family.closed() == {}
    assert not any(family.offer(sync) for sync in family.syncs)


def test_sets_that_overlap_close_each_other_and_what_they_do_not_share_stays_open() -> None:
    family = Family(
        {"ab": "x", "bc": "x", "abc": "x", "a": "x", "b": "x", "c": "x"},
        {"ab": "a b", "bc": "b c", "abc": "ab bc"},
    )
    family.begin()
    family.shows("ab/x", (5, 7))
    assert set(family.closed()) == {"ab", "bc", "abc", "a", "b"}
    family.shows("ab/x")
    family.shows("c/x", (5, 7))
    assert set(family.closed()) == {"bc", "abc", "c"}
    family.shows("a/x", (5, 7))
    assert family.overbooked() == set()
    family.shows("bc/x", (6, 7))
    assert family.overbooked() == {"bc", "c"}


@pytest.mark.parametrize("looked", [True, False])
def test_an_echo_at_the_houses_portal_never_reaches_another_room(looked: bool) -> None:
    family = house_with_rooms()
    family.shows("room-1/vrbo", (5, 7))
    for portal in ("airbnb", "vrbo"):
        family.reads(f"finca/{portal}", looked=looked)
        family.shows(f"finca/{portal}", (5, 7))
        assert not family.is_origin(f"finca/{portal}")
    assert "room-2" not in family.closed()
    # and it keeps nothing closed once the guest has cancelled
    family.shows("room-1/vrbo")
    for _ in range(3):
        for portal in ("airbnb", "vrbo"):
            family.reads(f"finca/{portal}")
            family.shows(f"finca/{portal}", *([(5, 7)] if family.offer(f"finca/{portal}") else []))
    assert family.closed() == {}


def test_the_rooms_echoes_of_the_houses_booking_do_not_keep_it_closed() -> None:
    family = house_with_rooms()
    family.shows("finca/airbnb", (5, 7))
    for sync in ("room-1/vrbo", "room-1/holidu", "room-2/airbnb", "room-2/vrbo", "finca/vrbo"):
        family.reads(sync)
        family.shows(sync, (5, 7))
    assert family.overbooked() == set()
    assert not family.offer("finca/airbnb")
    family.shows("finca/airbnb")
    assert family.closed() == {}


def test_a_booking_at_the_house_that_the_portal_was_not_told_of_is_overbooked() -> None:
    family = house_with_rooms()
    family.shows("room-1/vrbo", (5, 7))
    family.shows("finca/airbnb", (6, 8))
    assert family.overbooked() == {"finca", "room-1"}
    assert family.closed()["room-2"] == nights(6, 7)
    # whoever cancels does not open what the other has
    family.shows("room-1/vrbo")
    assert family.closed()["room-1"] == nights(6, 7)
    assert family.overbooked() == set()


def test_two_rooms_on_the_same_nights_are_two_bookings() -> None:
    family = house_with_rooms()
    family.shows("room-1/vrbo", (5, 7))
    family.shows("room-2/vrbo", (5, 7))
    assert family.overbooked() == set()
    assert family.ghosts() == set()


def test_what_both_showed_at_the_first_pull_is_a_possible_ghost_at_all_that_it_closes() -> None:
    family = Family({"finca": "x", "room-1": "x", "room-2": "x"}, {"finca": "room-1 room-2"})
    family.shows("finca/x", (5, 7))
    family.shows("room-1/x", (5, 7))
    family.shows("room-2/x")
    assert family.ghosts() == {"finca", "room-1", "room-2"}
    assert family.overbooked() == set()
    assert family.closed()["room-2"] == STAY


def test_blocks_and_buffers_close_the_kin() -> None:
    family = house_with_rooms(after=1)
    family.blocks("room-1", (5, 7))
    assert family.offer("finca/vrbo") == nights(5, 6, 7)
    assert not family.offer("room-2/vrbo")
    family.blocks("room-1")
    family.blocks("finca", (5, 7))
    assert family.offer("room-2/vrbo") == nights(5, 6, 7)


def test_no_feed_of_the_family_is_complete_before_all_its_kin_were_pulled() -> None:
    family = Family({"finca": "x", "room-1": "x", "room-2": "x"}, {"finca": "room-1 room-2"})
    family.shows("room-1/x")
    family.shows("room-2/x")
    assert not any(ledger.complete for ledger in family.ledgers.values())
    family.shows("finca/x")
    assert all(ledger.complete for ledger in family.ledgers.values())


def test_of_two_in_doubt_that_share_a_unit_one_stands_in() -> None:
    family = house_with_rooms()
    family.blocks("room-1", (5, 7))
    for sync in ("finca/vrbo", "room-1/vrbo"):
        family.reads(sync, looked=False)
        family.shows(sync, (5, 7))
    family.blocks("room-1")
    standing = [sync for sync in ("finca/vrbo", "room-1/vrbo") if family.is_origin(sync)]
    assert len(standing) == 1
    for _ in range(4):
        for sync in ("finca/vrbo", "room-1/vrbo"):
            family.reads(sync)
            family.shows(sync, *([(5, 7)] if family.offer(sync) else []))
    assert family.closed() == {}


def test_parts_that_are_new_close_and_parts_that_are_gone_open() -> None:
    family = Family({"finca": "x", "room-1": "x"}, {})
    family.begin()
    family.shows("room-1/x", (5, 7))
    assert "finca" not in family.closed()
    family.consists("finca", "room-1")
    assert family.offer("finca/x") == STAY
    family.consists("finca", "")
    assert not family.offer("finca/x")
    assert not family.ledgers["room-1"].kin


def test_a_single_house_knows_nothing_of_families() -> None:
    family = Family({"finca": "x", "room-1": "x", "alone": "x"}, {"finca": "room-1"})
    assert not family.ledgers["alone"].units
    assert not family.ledgers["alone"].kin


def test_half_a_file_without_the_group_in_the_middle_opens_nothing_before_its_delay() -> None:
    seat = Seat(Channel("x", receives=True, sends=True), calendar="")
    plans = {
        "finca": Plan("UTC", syncs={"x": seat}, parts=("annex",)),
        "annex": Plan("UTC", parts=("room",)),
        "room": Plan("UTC", blocks=(Stay(DAY_ONE + 5, DAY_ONE + 7),)),
    }
    days = dict.fromkeys(plans, DAY_ONE)
    whole = reconcile({}, plans, today=days, now=0.0)
    assert whole["finca"].syncs["x"].offered.nights == STAY
    half = {"finca": replace(plans["finca"], parts=()), "room": plans["room"]}
    after = reconcile(whole, half, today=days, now=1.0)
    assert after["finca"].syncs["x"].offered.nights == STAY
    assert (after["finca"].parting, after["annex"].parting) == (Parting((), 1.0), Parting((), 1.0))
    # the whole file comes back, and nothing has happened
    assert reconcile(after, plans, today=days, now=2.0)["finca"].parting is None
    # or it does not
    expired = {name: expire(ledger, delay=60.0, now=61.0) for name, ledger in after.items()}
    expired |= rejoined(expired, 61.0, expired)
    assert not expired["finca"].syncs["x"].offered.nights


def house_and_room_booked_twice() -> Family:
    """The house's portal, which shows neighbouring stays as one, has two stays of its own; room b has the first one too."""
    family = Family({"house": "x", "a": "y", "b": "z", "c": "z"}, {"house": "a b c"})
    family.begin()
    family.shows("house/x", (5, 9))
    family.shows("b/z", (5, 7, Kind.RESERVATION))
    family.reads("house/x")
    # the second stay is cancelled: what is left may be the first one, or what the portal was told of room b
    family.shows("house/x", (5, 7))
    return family


def test_a_doubt_closes_what_the_one_who_has_the_night_does_not_cover() -> None:
    family = house_and_room_booked_twice()
    assert set(family.closed()) == {"house", "a", "b", "c"}
    assert family.offer("a/y") == family.offer("c/z") == STAY
    assert family.ghosts() == {"a", "c"}
    assert {name for name, ledger in family.ledgers.items() if trouble(ledger).perhaps_two} == {"house", "b"}
    assert takers_beside(family.ledgers["a"], STAY.hull[0]) == ("house/x",)
    # whoever has the night itself is not told of it
    assert family.offer("b/z") == EMPTY
    # nor does it end with the next event in which it may be
    family.shows("c/z", (7, 9, Kind.RESERVATION))
    family.reads("house/x")
    family.shows("house/x", (5, 9))
    assert family.offer("a/y") == STAY


@pytest.mark.parametrize("booked", [True, False])
def test_the_doubt_ends_when_its_portal_may_say_that_the_night_is_free(booked: bool) -> None:
    family = house_and_room_booked_twice()
    family.shows("b/z")
    assert family.offer("house/x") == EMPTY
    assert set(family.closed()) == {"house", "a", "b", "c"}
    family.reads("house/x")
    family.shows("house/x", *([(5, 7)] if booked else []))
    family.wait(7)
    family.shows("house/x", *([(5, 7)] if booked else []))
    assert family.closed() == (dict.fromkeys(("house", "a", "b", "c"), STAY) if booked else {})
    assert family.ghosts() == set()


def test_of_two_doubts_that_meet_one_portal_is_told_that_the_night_is_free() -> None:
    family = Family({"ab": "x", "bc": "y", "a": "z", "b": "z", "c": "z"}, {"ab": "a b", "bc": "b c"})
    family.begin()
    for sync in ("ab/x", "bc/y"):
        family.shows(sync, (5, 9))
    family.shows("b/z", (5, 7, Kind.RESERVATION))
    for sync in ("ab/x", "bc/y"):
        family.reads(sync)
        family.shows(sync, (5, 7))
    family.shows("b/z")
    assert set(family.closed()) == {"ab", "bc", "a", "b", "c"}
    for _ in range(3):
        for sync in ("ab/x", "bc/y"):
            family.reads(sync)
            family.shows(sync, *([(5, 7)] if family.offer(sync) else []))
    assert family.closed() == {}


def test_an_echo_beside_another_event_on_the_same_nights_closes_the_other_rooms() -> None:
    family = Family({"house": "x", "a": "y", "b": "z"}, {"house": "a b"})
    family.begin()
    family.shows("b/z", (5, 7, Kind.RESERVATION))
    family.reads("house/x")
    # a guest took the house before its portal acted on what it had read
    family.shows("house/x", (5, 7))
    assert family.offer("a/y") == EMPTY
    family.shows("house/x", (5, 7), (5, 6), (6, 7))
    assert family.offer("a/y") == STAY
    assert family.ghosts() == {"a"}
