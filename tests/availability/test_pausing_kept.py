"""A pause that keeps what is known: no night opens by it, nor by its end, nor by its loss."""

from __future__ import annotations

from dataclasses import replace

import pytest

from icalsyncd.availability.admission import Admission, Outcome
from icalsyncd.availability.explanation import explain, frees_when
from icalsyncd.availability.ledger import Ledger, Presence
from icalsyncd.availability.missing import Lack
from icalsyncd.availability.offers import blocked
from icalsyncd.availability.pausing import pauses
from icalsyncd.availability.plan import Plan, Seat
from icalsyncd.availability.roster import expire, keep, pause, reconcile, resume
from icalsyncd.availability.wording import words
from icalsyncd.calendars.calendar import Event, Good, Kind
from icalsyncd.calendars.nights import EMPTY
from icalsyncd.state.records import SyncRecord, dump_sync, load_sync
from icalsyncd.state.state import Facts
from tests.availability.house import DAY_ONE, House, nights


def kept() -> House:
    """A sold the nights 10 to 16, B the nights 20 and 21, and A is paused and kept."""
    house = House("A", "B")
    house.shows("A", (10, 17))
    house.shows("B", (20, 22))
    house.ledger = keep(house.ledger, "A", now=house.now)
    return house


def under(ledger: Ledger, now: float, **of_a: bool) -> Ledger:
    """*ledger* under a config that says *of_a* of the sync A; without A where nothing is said."""
    seats = {name: Seat(sync.channel, sync.calendar) for name, sync in ledger.syncs.items()}
    seats = {**seats, "A": replace(seats["A"], **of_a)} if of_a else {"B": seats["B"]}
    return reconcile({"casa": ledger}, {"casa": Plan("UTC", syncs=seats)}, today={"casa": DAY_ONE}, now=now)["casa"]


def test_its_nights_stay_closed_elsewhere_and_its_feed_closes_what_others_sell() -> None:
    house = kept()
    assert house.offer("B") == nights(*range(10, 17))
    house.shows("B", (20, 22), (30, 31))
    assert house.offer("A") == nights(20, 21, 30)


def test_its_feed_opens_nothing_that_others_open() -> None:
    house = kept()
    house.shows("B")
    assert blocked(house.ledger) == nights(*range(10, 17))
    assert house.offer("A") == nights(20, 21)
    house.ledger = resume(house.ledger, "A", now=house.now)
    assert house.offer("A") == EMPTY


def test_it_leaves_nothing_open_and_the_other_pause_does() -> None:
    house = kept()
    assert list(pauses(house.ledger)) == []
    released = pause(house.ledger, "A", now=house.now)
    (found,) = pauses(released)
    assert (found.sold, found.unknown) == (nights(*range(10, 17)), nights(20, 21))


def test_what_a_pause_has_released_is_still_said_to_be_open() -> None:
    house = kept()
    house.ledger = pause(house.ledger, "A", now=house.now)
    house.ledger = keep(house.ledger, "A", now=house.now)
    (found,) = pauses(house.ledger)
    assert (found.sold, found.unknown) == (nights(*range(10, 17)), EMPTY)
    assert house.offer("A") == nights(20, 21)


@pytest.mark.parametrize("vanishes", ["the key", "the sync", "the sync, for a while"])
def test_that_it_vanishes_frees_nothing(vanishes: str) -> None:
    house = kept()
    of_a = {"paused": False} if vanishes == "the key" else {}
    ledger = under(house.ledger, house.now, **of_a)
    for name, sync in house.ledger.syncs.items():
        assert ledger.syncs[name].offered.nights == sync.offered.nights
    assert blocked(ledger) == blocked(house.ledger)
    if vanishes == "the sync, for a while":
        ledger = under(ledger, house.now + 60, paused=True, keeps=True)
        assert ledger.syncs["A"].presence is Presence.KEPT
        assert blocked(ledger) == blocked(house.ledger)


def test_a_sync_taken_out_of_the_config_leaves_after_the_removal_delay_like_any() -> None:
    house = kept()
    ledger = under(house.ledger, house.now)
    assert blocked(expire(ledger, delay=1800, now=house.now + 1799)) == blocked(house.ledger)
    assert blocked(expire(ledger, delay=1800, now=house.now + 1800)) == nights(20, 21)


def test_resumed_the_hold_judges_the_first_copy_against_what_was_kept() -> None:
    house = kept()
    ledger = under(house.ledger, house.now, paused=False)
    sync = ledger.syncs["A"]
    assert sync.presence is Presence.ACTIVE
    assert sync.claimed == nights(*range(10, 17))
    lacking = Good((Event(DAY_ONE + 40, DAY_ONE + 41, Kind.UNKNOWN, ""),))
    admission = Admission(sync, lacking, house.now + 10 * 86_400, DAY_ONE, EMPTY, 21_600.0)
    assert admission.decide().outcome is Outcome.HELD


def test_it_outlives_a_restart() -> None:
    known = kept().ledger.syncs["A"]
    assert load_sync(SyncRecord(*dump_sync(known, Facts())))[0] == known


def test_a_sync_that_begins_so_keeps_nobody_waiting_and_closes_what_others_sold() -> None:
    house = kept()
    seats = {
        "A": Seat(house.ledger.syncs["A"].channel, paused=True, keeps=True),
        "B": Seat(house.ledger.syncs["B"].channel),
    }
    ledger = reconcile({}, {"casa": Plan("UTC", syncs=seats)}, today={"casa": DAY_ONE}, now=0.0)["casa"]
    assert ledger.syncs["A"].presence is Presence.KEPT
    assert [name for name, sync in ledger.syncs.items() if sync.awaited] == ["B"]


def test_the_explanation_says_what_is_kept_and_until_when() -> None:
    house = kept()
    house.shows("B")
    ledger = house.ledger
    sold, opened = explain(ledger, DAY_ONE + 11), explain(ledger, DAY_ONE + 20)
    said = "\n".join(words(ledger, sold, "casa", lambda moment: "12:00"))
    assert "A is paused since 12:00 and kept as it was: what its portal shows since is not known." in said
    assert frees_when(ledger, sold) == "When A is resumed, and its calendar no longer shows it."
    assert "free, but kept closed at A by a pause" in "\n".join(words(ledger, opened, "casa", str))
    assert frees_when(ledger, opened) == "When A is resumed: a pause that keeps opens nothing."


def test_what_it_lacked_before_the_pause_confirms_nothing_after_it() -> None:
    house = House("A", "B")
    house.shows("A", (10, 17))
    sync = house.ledger.syncs["A"]
    lacking = replace(
        sync, held=(Lack(nights(*range(10, 17)), house.now - 86_400, 2),), retained=nights(*range(10, 17))
    )
    house.ledger = keep(house.ledger.with_sync("A", lacking), "A", now=house.now)
    assert house.ledger.syncs["A"].held == lacking.held
    house.ledger = resume(house.ledger, "A", now=house.now)
    resumed = house.ledger.syncs["A"]
    assert (resumed.held, resumed.claimed) == ((), nights(*range(10, 17)))
    first = Admission(resumed, Good(()), house.now, DAY_ONE, EMPTY, 21_600.0).decide()
    assert (first.outcome, first.retained) == (Outcome.HELD, nights(*range(10, 17)))
