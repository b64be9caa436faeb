"""The picture of a year: every night once, by whom and since when."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from icalsyncd.admin.page import night_page, page
from icalsyncd.admin.picture import LOCAL, Look, Stretch, months, stretches, year
from icalsyncd.availability.attribution import fetched, pulled
from icalsyncd.availability.channel import Channel
from icalsyncd.availability.ledger import Ledger
from icalsyncd.availability.offers import offers
from icalsyncd.availability.plan import Plan, Seat
from icalsyncd.availability.roster import reconcile
from icalsyncd.calendars.calendar import Event, Kind
from icalsyncd.calendars.nights import EMPTY, Stay, night_of
from icalsyncd.state.state import State
from icalsyncd.state.view import House, View, see
from tests.admin.worlds import INSTALLATION, NOW, TODAY, world


def told(ledger: Ledger, name: str, *stays: tuple[int, int], at: float, kind: Kind = Kind.UNKNOWN) -> Ledger:
    """*ledger* after a pull of *name* that shows *stays*, in days from today."""
    events = tuple(Event(TODAY + start, TODAY + end, kind, f"{start}@portal.example") for start, end in stays)
    return pulled(ledger, name, events, began=at, now=at, ours=lambda uid: EMPTY, retained=EMPTY, good=True)


def ledger_of(*, after: int = 0, blocks: tuple[Stay, ...] = ()) -> Ledger:
    seats = {name: Seat(Channel(name, receives=True, sends=True), calendar=name) for name in ("holidu", "vrbo")}
    plan = Plan(timezone="UTC", after=after, blocks=blocks, syncs=seats)
    return reconcile({}, {"casa": plan}, today={"casa": TODAY}, now=NOW - 9000)["casa"]


def house_of(ledger: Ledger) -> House:
    return see(View(), ["casa"], {"casa": State(ledger)}, [{}], INSTALLATION).houses["casa"]


def looks(ledger: Ledger) -> list[tuple[int, int, str, tuple[str, ...], tuple[str, ...]]]:
    def plain(stretch: Stretch) -> tuple[int, int, str, tuple[str, ...], tuple[str, ...]]:
        return (
            stretch.stay.check_in - TODAY,
            stretch.stay.check_out - TODAY,
            stretch.look.value,
            tuple(taker.name for taker in stretch.takers),
            tuple(taker.name for taker in stretch.echoes),
        )

    return [plain(each) for each in stretches(house_of(ledger), Stay(TODAY, TODAY + 30)) if each.look is not Look.FREE]


def test_every_night_from_today_on_is_in_it_once() -> None:
    house = world(1, 5).view.houses["house-000"]
    window = year(TODAY)
    nights = [night for each in stretches(house, window) for night in range(*each.stay)]
    assert nights == list(range(TODAY, window.check_out))


def test_it_is_the_month_of_today_and_the_eleven_after_it() -> None:
    rows = months(night_of(date(2027, 3, 31)))
    assert [(row.year, row.number) for row in rows][:2] == [(2027, 3), (2027, 4)]
    assert [(row.year, row.number) for row in rows][-1] == (2028, 2)
    assert rows[-1].end - rows[-1].first == 29


def test_a_stay_is_drawn_in_the_colour_of_who_took_it_with_its_buffer() -> None:
    ledger = told(told(ledger_of(after=1), "holidu", (3, 6), at=NOW - 500), "vrbo", at=NOW - 400)
    assert looks(ledger) == [(3, 6, "taken", ("holidu",), ()), (6, 7, "buffer", (), ())]


def test_a_block_of_the_host_is_no_portals() -> None:
    assert looks(ledger_of(blocks=(Stay(TODAY + 2, TODAY + 4),))) == [(2, 4, "taken", (LOCAL,), ())]


def test_an_echo_is_seen_beside_what_it_repeats() -> None:
    ledger = told(told(ledger_of(), "holidu", (3, 6), at=NOW - 500), "vrbo", at=NOW - 400)
    ledger = fetched(ledger, "vrbo", offers(ledger)["vrbo"], now=NOW - 300, looked=True)
    ledger = told(ledger, "vrbo", (3, 6), at=NOW - 200)
    assert looks(ledger) == [(3, 6, "taken", ("holidu",), ("vrbo",))]


def test_nights_sold_twice_are_overbooked_by_both() -> None:
    ledger = told(ledger_of(), "holidu", (3, 8), at=NOW - 500, kind=Kind.RESERVATION)
    ledger = told(ledger, "vrbo", (6, 10), at=NOW - 400, kind=Kind.RESERVATION)
    assert looks(ledger) == [
        (3, 6, "taken", ("holidu",), ()),
        (6, 8, "overbooked", ("holidu", "vrbo"), ()),
        (8, 10, "taken", ("vrbo",), ()),
    ]


def perhaps_sold_twice() -> Ledger:
    """Vrbo has read that three nights are taken, and shows an event over the last of them and two more."""
    ledger = told(told(ledger_of(), "holidu", (3, 6), at=NOW - 500), "vrbo", at=NOW - 400)
    ledger = fetched(ledger, "vrbo", offers(ledger)["vrbo"], now=NOW - 300, looked=True)
    return told(ledger, "vrbo", (5, 8), at=NOW - 200)


def test_what_is_perhaps_booked_twice_is_marked_and_called_so() -> None:
    ledger = perhaps_sold_twice()
    assert looks(ledger) == [
        (3, 5, "taken", ("holidu",), ()),
        (5, 6, "twice", ("holidu",), ("vrbo",)),
        (6, 8, "taken", ("vrbo",), ()),
    ]
    overview = replace(world(1, 1), view=see(View(), ["casa"], {"casa": State(ledger)}, [{}], INSTALLATION))
    html = page(overview)
    assert "holidu and vrbo, perhaps booked twice: " in html.lower()
    assert "perhaps booked twice: holidu since" in html
    assert '<i class="swatch twice"></i>perhaps booked twice' in html
    night = night_page(overview, "casa", TODAY + 5) or ""
    assert "Taken, and perhaps booked twice: holidu</h2>" in night
    # the host can say who has it
    assert 'data-act="confirm"' in night


def test_what_may_be_a_ghost_is_shown_as_one() -> None:
    ledger = told(told(ledger_of(), "holidu", (3, 6), at=NOW - 500), "vrbo", (3, 6), at=NOW - 400)
    assert [look for _, _, look, _, _ in looks(ledger)] == ["ghost"]


def test_two_stays_that_follow_each_other_are_two_whoever_shows_them() -> None:
    ledger = told(told(ledger_of(), "holidu", (3, 6), (6, 8), at=NOW - 500), "vrbo", at=NOW - 400)
    assert looks(ledger) == [(3, 6, "taken", ("holidu",), ()), (6, 8, "taken", ("holidu",), ())]


def test_a_night_reaches_half_a_day_into_the_next_month() -> None:
    last = night_of(date.fromordinal(TODAY).replace(day=28)) + 10
    first_of_next = night_of(date.fromordinal(last).replace(day=1))
    offset = first_of_next - TODAY
    ledger = told(told(ledger_of(), "holidu", (offset - 2, offset), at=NOW - 500), "vrbo", at=NOW - 400)
    view = see(View(), ["casa"], {"casa": State(ledger)}, [{}], INSTALLATION)
    html = page(replace(world(1, 1), view=view))
    assert html.count('class="morning taken c1 last"') == 1
