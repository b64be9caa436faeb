"""What is learned of portals from what they were told and what came back, and what it changes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from icalsyncd.availability.admission import Outcome
from icalsyncd.availability.attribution import fetched, tick
from icalsyncd.availability.claims import Rule
from icalsyncd.availability.habits import Habits
from icalsyncd.availability.learning import is_sticky
from icalsyncd.availability.ledger import SyncLedger
from icalsyncd.availability.receipt import Receipt
from icalsyncd.calendars.calendar import Event, Good, Kind
from icalsyncd.calendars.nights import EMPTY, Nights
from tests.availability.house import DAY_ONE, HOUR, House, started


class Street(House):
    """Portal q sells, and p repeats after its own fashion."""

    def __init__(self, **channel: Any) -> None:
        super().__init__("p", "q")
        self.ledger = started("p", "q").ledger
        self.now = HOUR
        sync = self.ledger.syncs["p"]
        self.ledger = self.ledger.with_sync("p", replace(sync, channel=replace(sync.channel, **channel)))

    @property
    def p(self) -> SyncLedger:
        return self.ledger.syncs["p"]

    @property
    def habits(self) -> Habits:
        return self.p.habits

    def copy(self, name: str, *stays: tuple[int, int], after: float = 0.5) -> Outcome:
        """*after* so many hours a copy comes in."""
        self.now += after * HOUR
        self.ledger = tick(self.ledger, now=self.now, today=DAY_ONE + int(self.now // (24 * HOUR)))
        read = Good(tuple(Event(DAY_ONE + start, DAY_ONE + end, Kind.UNKNOWN, "") for start, end in stays))
        receipt = Receipt(name, read, self.now, self.now, 0.0, lambda _: EMPTY)
        self.ledger, admitted = receipt.enter(self.ledger)
        return admitted.outcome

    def turn(self, day: int, comes_back: tuple[int, int] | None, *, drops_after: float = 1) -> None:
        """Q sells two nights and gives them back; p shows them so, and drops them."""
        self.copy("q", (day, day + 2))
        self.reads("p")
        back = ((comes_back[0] + day, comes_back[1] + day + 2),) if comes_back else ()
        self.copy("p", *back)
        self.copy("q")
        self.reads("p")
        # the pulls until then
        for _ in range(int(drops_after) - 1):
            self.copy("p", *back, after=1)
        self.copy("p", after=1)

    def told(self, name: str) -> Nights:
        return Nights(night - DAY_ONE for night in self.offer(name).since(self.ledger.today))


def test_where_it_reads_unseen_it_is_learned_from_what_lies_there() -> None:
    street = Street()
    street.publishes("p")
    assert street.p.delay == 54 * HOUR
    for day in (40, 44, 48, 52):
        for shown in (((day, day + 2),), ()):
            street.copy("q", *shown)
            street.publishes("p")
            street.copy("p", after=3)
            street.copy("p", *shown, after=1)
    assert street.habits.shows == (4 * HOUR,) * 4
    assert street.habits.soon_drops == 3 * HOUR
    assert street.p.delay == 54 * HOUR


def test_the_lag_is_at_least_what_was_seen_and_the_host_s_word_counts_more() -> None:
    slow, given = Street(), Street(lag_is_given=True)
    for street in (slow, given):
        assert street.p.delay == 6 * HOUR
        street.turn(40, (0, 0), drops_after=10)
        assert street.habits.drops == (10 * HOUR,)
    assert slow.p.delay == 12.5 * HOUR
    assert given.p.delay == 6 * HOUR
    # a fast one does not hurry us: a slow day may come
    fast = Street()
    fast.turn(40, (0, 0))
    assert fast.p.delay == 6 * HOUR


def test_behind_a_booking_of_its_own_nothing_is_learned_of_when_it_let_go() -> None:
    street = Street()
    street.copy("q", (40, 42))
    street.reads("p")
    street.copy("p", (40, 42))
    street.copy("q")
    street.reads("p")
    street.copy("p", (39, 44))
    street.copy("p", (39, 44), after=20)
    street.copy("p", after=10)
    assert not street.habits.drops


def test_an_echo_of_a_slow_portal_is_none_only_after_what_was_learned() -> None:
    street = Street()
    street.turn(40, (0, 0), drops_after=10)
    street.copy("q", (60, 62))
    street.reads("p")
    street.copy("p", (60, 62))
    street.copy("q")
    street.reads("p")
    street.copy("p", (60, 62), after=8)
    assert street.rules("p", 60) == {Rule.TOLD}
    assert not street.told("q")
    street.copy("p", (60, 62), after=5)
    assert street.rules("p", 60) == {Rule.OUTLIVED}


def test_a_portal_that_never_opens_again_is_known_within_five_withdrawals() -> None:
    street = Street()
    shown: list[tuple[int, int]] = []
    for times in range(5):
        day = 40 + 10 * times
        street.copy("q", (day, day + 2))
        street.reads("p")
        shown.append((day, day + 2))
        street.copy("p", *shown)
        street.copy("q")
        street.reads("p")
        street.copy("p", *shown, after=1)
    assert not is_sticky(street.p)
    street.copy("p", *shown, after=26)
    assert is_sticky(street.p)
    # what stays there is taken for no booking beyond doubt
    assert street.possible_ghosts == Nights(DAY_ONE + day for start, end in shown for day in range(start, end))
    assert street.told("q") == Nights.of_stays(shown)
    # once it has let go of one it is not
    street.copy("p", *shown[1:], after=1)
    assert not is_sticky(street.p)


@pytest.mark.parametrize("change", [(-1, -1), (0, 1), (-1, 1)])
def test_what_a_portal_always_makes_of_what_it_was_told_is_an_echo_as_a_whole(change: tuple[int, int]) -> None:
    street = Street()
    for times in range(4):
        assert street.habits.change is None
        street.turn(40 + 10 * times, change)
    assert street.habits.change == change
    street.copy("q", (90, 93))
    street.reads("p")
    street.copy("p", (90 + change[0], 93 + change[1]))
    assert {rule for day in range(89, 94) for rule in street.rules("p", day)} == {Rule.PADDED}
    assert not street.told("q")
    # it goes with the booking, and nothing of it becomes an origin meanwhile
    street.copy("p", (90 + change[0], 93 + change[1]), after=20)
    assert not street.told("q")
    street.copy("q")
    street.reads("p")
    street.copy("p")
    assert not street.taken


def test_a_booking_beside_its_echo_is_a_booking_though_both_look_alike() -> None:
    street = Street()
    for times in range(4):
        street.turn(40 + 10 * times, (-1, -1))
    street.copy("q", (90, 91))
    street.reads("p")
    street.copy("p", (89, 90))
    assert not street.told("q")
    street.copy("p", (89, 90), (89, 90))
    assert street.told("q") == Nights.between(89, 90)
    # and the other way round: the booking was there first
    other = Street()
    for times in range(4):
        other.turn(40 + 10 * times, (-1, -1))
    other.copy("p", (89, 90))
    other.copy("q", (90, 91))
    other.reads("p")
    other.copy("p", (89, 90), (89, 90))
    assert other.told("q") == Nights.between(89, 90)


def test_what_comes_back_now_so_now_so_changes_nothing() -> None:
    street = Street()
    for times, change in enumerate(((-1, -1), (0, 0), (0, 1), (-1, -1), (0, 0), (-1, 1))):
        street.turn(40 + 10 * times, change)
    assert street.habits.change is None


def test_two_copies_free_a_night_where_copies_go_back() -> None:
    street = Street()
    own = ((20, 23), (40, 42), (60, 62))
    for missing in range(3):
        street.copy("p", *own)
        street.copy("p", *(stay for place, stay in enumerate(own) if place != missing))
    assert street.told("q") == Nights.between(20, 23) | Nights.between(40, 42)
    street.copy("p", *own)
    assert street.habits.goes_back
    everything = street.told("q")
    street.copy("p", *own[1:])
    assert street.told("q") == everything
    street.copy("p", *own[1:])
    assert street.told("q") == everything - Nights.between(20, 23)


def test_a_stay_that_is_cancelled_for_good_teaches_no_going_back() -> None:
    street = Street()
    for times in range(5):
        street.copy("p", (40 + times, 41 + times), (80, 82), after=14)
    assert not street.habits.goes_back
    assert not any(street.habits.came_back)


def test_the_rhythm_is_known_from_the_third_reading_on() -> None:
    street = Street()
    assert street.habits.rhythm is None
    for hours in (2.0, 2.0, 5.0):
        street.now += hours * HOUR
        street.ledger = fetched(street.ledger, "p", street.offer("p"), now=street.now, looked=True)
    rhythm = street.habits.rhythm
    assert rhythm is not None
    assert rhythm[1] == 5 * HOUR


def test_what_is_kept_is_bounded() -> None:
    street = Street()
    for times in range(40):
        street.turn(30 + 5 * times, (0, 0))
    habits = street.habits
    for kept in (
        habits.gaps,
        habits.awaited,
        habits.shows,
        habits.changes,
        habits.forms,
        habits.drops,
        habits.vanished,
    ):
        assert len(kept) <= 16
    assert len(habits.undropped.entries) <= 16
