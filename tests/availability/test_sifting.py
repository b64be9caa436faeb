"""What a portal closes by its own settings is no booking: its inner edge moves with the days."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from icalsyncd.availability.admission import Outcome
from icalsyncd.availability.attribution import tick
from icalsyncd.availability.explanation import explain
from icalsyncd.availability.ledger import Ledger, SyncLedger
from icalsyncd.availability.offers import trouble
from icalsyncd.availability.receipt import Receipt
from icalsyncd.availability.sifting import closing, export_end
from icalsyncd.availability.wording import words
from icalsyncd.calendars.calendar import Event, Good, Kind
from icalsyncd.calendars.nights import EMPTY, Nights
from tests.availability.house import DAY_ONE, HOUR, House, started

END = 400
"""Days ahead up to which the portal shows its window."""
R, B, U = Kind.RESERVATION, Kind.BLOCK, Kind.UNKNOWN


class Stage(House):
    """Portal p closes what its settings say, and q reads what that comes to."""

    def __init__(self, **channel: Any) -> None:
        super().__init__("p", "q")
        self.ledger = started("p", "q").ledger
        self.now = 12 * HOUR
        sync = self.ledger.syncs["p"]
        self.ledger = self.ledger.with_sync("p", replace(sync, channel=replace(sync.channel, **channel)))

    @property
    def day(self) -> int:
        return self.ledger.today - DAY_ONE

    @property
    def p(self) -> SyncLedger:
        return self.ledger.syncs["p"]

    def shows_on(self, day: int, *events: tuple[int, int, Kind], hour: float = 12, again: bool = False) -> Outcome:
        """It is *day*, and p's calendar holds *events*, counted from the first day."""
        self.now = (day * 24 + hour) * HOUR
        self.ledger = tick(self.ledger, now=self.now, today=DAY_ONE + day)
        read = Good(tuple(Event(DAY_ONE + start, DAY_ONE + end, kind, "") for start, end, kind in events))
        receipt = Receipt("p", read, self.now, self.now, 6 * HOUR, lambda _: EMPTY, again=again)
        self.ledger, admitted = receipt.enter(self.ledger)
        return admitted.outcome

    def told(self) -> Nights:
        """What q is told, from today on, counted from the first day."""
        return Nights(night - DAY_ONE for night in self.offer("q").since(self.ledger.today))


def window(day: int, at: int = 100, kind: Kind = U) -> tuple[int, int, Kind]:
    return day + at, day + END, kind


def moving(days: int = 4, kind: Kind = U, **channel: Any) -> Stage:
    """A window of 100 days, seen on so many days, and a booking."""
    stage = Stage(**channel)
    for day in range(days):
        stage.shows_on(day, (20, 23, kind), window(day, kind=kind))
    return stage


def test_a_window_is_a_closure_until_it_has_moved_on_three_days() -> None:
    stage = moving(3)
    assert stage.told() == Nights.between(20, 23) | Nights.between(102, 2 + END)
    stage.shows_on(3, (20, 23, U), window(3))
    assert stage.told() == Nights.between(20, 23)
    assert stage.p.rules.window == Nights.between(DAY_ONE + 103, DAY_ONE + 3 + END)


def test_a_closure_whose_inner_edge_stands_still_stays_closed_though_its_outer_edge_moves() -> None:
    stage = Stage()
    for day in range(6):
        stage.shows_on(day, (90, day + END, U))
        assert stage.told() == Nights.between(90, day + END)
    (claim,) = stage.p.claims
    # from the day on which the end of the export was seen to move as well; where the profile knows it, from the first
    assert claim.began < 3 * 24 * HOUR
    known = Stage(horizon=END)
    for day in range(4):
        known.shows_on(day, (90, day + END, U))
    assert known.p.claims[0].began < 24 * HOUR


def test_an_owner_who_closes_the_rest_of_the_season_ends_the_rule() -> None:
    stage = moving(5)
    # from night 104 on: the edge would move beyond it
    stage.shows_on(5, (20, 23, U), (104, 5 + END, U))
    stage.shows_on(6, (20, 23, U), (104, 6 + END, U))
    assert Nights.between(104, 6 + END) <= stage.told()
    assert not stage.p.rules.window


def test_a_booking_inside_the_window_or_beside_it_is_a_booking() -> None:
    stage = moving()
    stage.shows_on(4, (20, 23, U), (101, 103, U), (110, 112, U), window(4))
    assert stage.told() == Nights.between(20, 23) | Nights.between(101, 103) | Nights.between(110, 112)
    # merged with the window it cannot be told from a closure
    stage.shows_on(5, (20, 23, U), (103, 5 + END, U))
    assert stage.told() >= Nights.between(103, 5 + END)


def test_a_night_on_the_edge_that_has_not_moved_yet_today_stays_closed() -> None:
    stage = moving()
    stage.shows_on(4, (20, 23, U), window(3), hour=1)
    assert stage.told() == Nights.between(20, 23) | Nights.between(103, 104)
    stage.shows_on(4, (20, 23, U), window(4), hour=3)
    assert stage.told() == Nights.between(20, 23)
    # a portal whose day begins later moves it every day at that hour
    stage.shows_on(5, (20, 23, U), window(4), hour=1)
    assert stage.told() == Nights.between(20, 23)


def test_a_labelled_window_cut_by_reservations_is_one_still() -> None:
    stage = moving(4, B)
    stage.shows_on(4, (20, 23, B), (104, 110, B), (110, 113, R), (113, 4 + END, B))
    assert stage.told() == Nights.between(20, 23) | Nights.between(110, 113)
    stage.shows_on(5, (20, 23, B), (105, 110, R), (110, 5 + END, B))
    assert stage.told() == Nights.between(20, 23) | Nights.between(105, 110)


def test_a_notice_without_labels_closes_at_the_others_and_is_no_booking() -> None:
    stage = Stage()
    for day in range(5):
        stage.shows_on(day, (day, day + 2, U), (20, 23, U))
        # a night that has begun is over at the next noon
        assert stage.told() == Nights.between(day, day + 2) | Nights.between(20, 23)
    assert stage.p.genuine.since(stage.ledger.today) == Nights.between(DAY_ONE + 20, DAY_ONE + 23)
    assert closing(stage.p) == stage.p.rules.notice == Nights.between(DAY_ONE + 4, DAY_ONE + 6)
    # no other portal's claim contests it, and nothing begins anew
    assert not trouble(stage.ledger).possible_ghosts
    assert len(stage.p.claims) == 1


def test_a_notice_of_a_portal_that_labels_its_reservations_is_free_elsewhere() -> None:
    stage = Stage()
    for day in range(5):
        stage.shows_on(day, (day, day + 2, B), (20, 23, R))
    assert stage.told() == Nights.between(20, 23)
    stage.shows_on(5, (5, 6, B), (6, 8, R), (20, 23, R))
    assert stage.told() == Nights.between(6, 8) | Nights.between(20, 23)


def test_what_was_claimed_before_a_notice_reached_it_stays_claimed() -> None:
    stage = Stage()
    for day in range(4):
        stage.shows_on(day, (day, day + 2, B), (7, 9, B))
    assert stage.told() == Nights.between(7, 9)
    for day in range(4, 8):
        # once they touch, the portal shows one closure for both, and in the end it ends where the notice does
        stage.shows_on(day, *(((day, day + 2, B), (7, 9, B)) if day < 5 else ((day, 9, B),)))
        assert Nights.between(7, 9) <= stage.told()
    assert stage.told() == Nights.between(7, 9)
    stage.shows_on(8, (8, 10, B))
    assert stage.told() == Nights.between(8, 9)


def test_a_window_never_hides_the_loss_of_all_bookings() -> None:
    stage = Stage()
    for day in range(4):
        stage.shows_on(day, (20, 30, U), (40, 50, U), window(day))
    assert stage.shows_on(4, window(4)) is Outcome.HELD
    assert stage.told() == Nights.between(20, 30) | Nights.between(40, 50)


def test_the_window_is_let_go_without_a_hold() -> None:
    stage = moving(3)
    assert stage.shows_on(3, (20, 23, U), window(3)) is Outcome.UPDATED


def test_the_host_says_what_a_rule_means() -> None:
    closed = moving(rules="close")
    assert closed.told() == Nights.between(20, 23) | Nights.between(103, 3 + END)
    free = Stage(rules="free")
    for day in range(4):
        free.shows_on(day, (day, day + 2, U), (20, 23, U))
    assert free.told() == Nights.between(20, 23)


def test_the_host_says_what_the_rule_is() -> None:
    stage = Stage(window=100, notice=2)
    stage.shows_on(0, (0, 2, B), (20, 23, R), window(0, kind=B))
    assert stage.told() == Nights.between(20, 23)
    # a portal that counts from tomorrow
    stage.shows_on(0, (0, 3, B), (20, 23, R), window(1, kind=B))
    assert stage.told() == Nights.between(20, 23)
    # unlabelled, and not seen to move: a closure as far as anybody can tell
    unsure = Stage(window=100)
    unsure.shows_on(0, (20, 23, U), window(0))
    assert unsure.told() == Nights.between(20, 23) | Nights.between(100, END)
    assert not unsure.p.claimed & Nights.between(DAY_ONE + 100, DAY_ONE + END)


def test_what_a_portal_only_repeats_of_another_ones_rule_is_not_its_own() -> None:
    stage = Stage()
    stage.ledger = stage.ledger.with_sync("q", replace(stage.ledger.syncs["q"], channel=stage.p.channel))
    for day in range(5):
        at = DAY_ONE + day
        told = replace(stage.p, in_force=(Nights.between(at, at + 2),))
        stage.ledger = stage.ledger.with_sync("p", told)
        stage.shows_on(day, (day, day + 2, U), (20, 23, U))
    assert not stage.p.rules.notice


def test_a_booking_elsewhere_at_the_very_edge_is_no_reason_to_begin_anew() -> None:
    stage = Stage()
    for day in range(4):
        if day == 2:
            told = Nights.between(DAY_ONE + 102, DAY_ONE + 104)
            stage.ledger = stage.ledger.with_sync("p", replace(stage.p, in_force=(told,)))
        stage.shows_on(day, (20, 23, U), window(day))
    assert stage.told() == Nights.between(20, 23)


def test_a_copy_that_is_not_believed_ends_no_rule() -> None:
    stage = Stage(rules="close")
    for day in range(4):
        stage.shows_on(day, (20, 30, U), (40, 50, U), window(day))
    assert stage.shows_on(4) is Outcome.HELD
    assert Nights.between(104, 3 + END) <= stage.told()


def test_a_stored_copy_that_is_read_on_another_day_teaches_nothing() -> None:
    stage = moving(3)
    before = stage.p.rules.windows
    stage.shows_on(3, (20, 23, U), window(3), again=True)
    assert stage.p.rules.windows == before


def test_the_end_of_an_export_is_where_the_profile_says_until_it_is_seen() -> None:
    stage = Stage(horizon=549)
    assert export_end(stage.p, DAY_ONE) == DAY_ONE + 545
    for day in range(5):
        stage.shows_on(day, (90, day + END, U))
    assert export_end(stage.p, DAY_ONE + 4) == DAY_ONE + 4 + END - 4
    assert export_end(Stage().p, DAY_ONE) is None


def test_the_host_is_told_what_closes_the_night() -> None:
    stage = moving()
    night = DAY_ONE + 200
    found = explain(stage.ledger, night)
    said = "\n".join(words(stage.ledger, found, "casa", str))
    assert "p's own booking window closes it there: that is no booking, and not told to the others" in said
    assert "free, but closed by p's own booking window" in said
    assert not found.taken
    assert not found.buffered


def test_a_pause_forgets_the_nights_and_keeps_what_was_learned() -> None:
    stage = moving()
    from icalsyncd.availability.roster import pause

    paused: Ledger = pause(stage.ledger, "p", now=stage.now)
    assert not paused.syncs["p"].rules.nights
    assert paused.syncs["p"].rules.windows == stage.p.rules.windows
