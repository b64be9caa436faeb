"""Tonight: who is there, who comes next, who leaves; and the board of all houses."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape

import pytest

from icalsyncd.admin.board import DAYS, Order, Show, Wanted
from icalsyncd.admin.overview import Overview
from icalsyncd.admin.page import page
from icalsyncd.calendars.calendar import Kind
from icalsyncd.calendars.nights import date_of, horizon
from icalsyncd.state.state import State
from tests.admin.scenes import FACTS, STATES, Stays, household, ledger_of, scenes, seen
from tests.admin.worlds import TODAY, world


def house(shown: Stays, kind: Kind = Kind.UNKNOWN) -> Overview:
    """Casa Azul with what its portals show, in days from today; its own block is from the 40th to the 44th."""
    ledger = ledger_of(shown, kind=kind)
    return seen({"casa-azul": State(ledger, dict.fromkeys(ledger.syncs, FACTS))}, {"casa-azul": "Casa Azul"})


def line(overview: Overview) -> str:
    found = re.search(r'<p class="tonight">(.*?)</p>', page(overview))
    assert found
    return unescape(found[1])


# today is Friday, 15 January 2027
@pytest.mark.parametrize(
    ("shown", "said"),
    [
        ({"holidu": ((-2, 1),), "vrbo": ((11, 13),)}, "Tonight: Holidu, until Sat 16 Jan. Next: Vrbo, Tue 26 Jan."),
        ({"holidu": ((3, 6),)}, "Tonight: free, until Mon 18 Jan. Next: Holidu."),
        ({"holidu": ()}, "Tonight: free, until Wed 24 Feb. Next: your own block."),
        (
            {"holidu": ((-2, 0),), "booking": ((0, 2),)},
            "Tonight: Booking.com, until Sun 17 Jan. Next: your own block, Wed 24 Feb. Leaves today: Holidu. "
            "Arrives today: Booking.com.",
        ),
        (
            {"holidu": ((-1, 2), (2, 5))},
            "Tonight: Holidu, until Sun 17 Jan. Next: Holidu, Sun 17 Jan.",
        ),
        (
            {"my-own-site": ((0, 38),)},
            "Tonight: my-own-site, until Mon 22 Feb. Next: your own block, Wed 24 Feb. Arrives today: my-own-site.",
        ),
    ],
)
def test_a_line_says_who_is_there_until_when_and_who_comes_next(shown: Stays, said: str) -> None:
    assert line(house(shown)) == said


def test_a_night_sold_twice_is_said_before_all_else() -> None:
    overview = house({"holidu": ((-1, 2),), "vrbo": ((0, 3),)}, Kind.RESERVATION)
    assert line(overview).startswith("Tonight: Holidu and Vrbo, overbooked.")


def test_the_days_on_which_guests_leave_are_named_with_their_houses() -> None:
    said = re.sub(r"<[^>]+>", " ", page(house({"holidu": ((-2, 0), (4, 7)), "vrbo": ((2, 4),)})))
    said = re.sub(r"\s+", " ", said)
    assert (
        "To clean next today Casa Azul (Holidu leaves) Tue 19 Jan Casa Azul (Vrbo leaves) Fri 22 Jan Casa Azul "
        "(Holidu leaves)" in said
    )


def rows(overview: Overview, **wanted: object) -> list[str]:
    return re.findall(r'id="row-([a-z0-9-]+)"', page(overview, Wanted(**wanted)))  # type: ignore[arg-type]


def troubled() -> Overview:
    """Five houses of which the third is overbooked and the fifth pauses a portal."""
    change = {2: STATES["overbooked"], 4: STATES["paused"]}
    return household(5, lambda number, state: change[number](state) if number in change else state)


def test_houses_in_trouble_come_first_or_all_as_in_the_file() -> None:
    overview = troubled()
    names = list(overview.names)
    assert rows(overview) == [names[2], names[4], names[0], names[1], names[3]]
    assert rows(overview, order=Order.CONFIG) == names
    assert rows(overview, show=Show.TROUBLE) == [names[2], names[4]]


def test_filter_and_search_work_without_script() -> None:
    overview = troubled()
    assert rows(overview, sought="finca") == ["finca-del-mar"]
    free, taken = rows(overview, show=Show.FREE), rows(overview, show=Show.TAKEN)
    assert sorted(free + taken) == sorted(overview.names)
    assert free
    assert taken
    assert "No accommodation is like that." in page(overview, Wanted(sought="nowhere"))
    assert page(overview, Wanted.of({"show": "x", "order": "y", "from": "z", "rows": ""})) == page(overview)


def test_what_needs_the_host_stands_at_its_house_and_once() -> None:
    html = page(troubled())
    assert html.count("are overbooked by holidu and vrbo.</p>") == 1
    start = html.index('id="row-atico-sol"')
    assert start < html.index("are overbooked by holidu and vrbo.") < html.index('id="row-', start + 9)
    assert "3 of 3 well" in html


def bars(html: str) -> set[tuple[str, str]]:
    return set(re.findall(r'<a class="bar (?:[a-z]+)[^"]*" href="([^"]+)" tabindex="-1" aria-label="([^"]+)"', html))


def test_three_years_are_drawn_eight_weeks_at_a_time() -> None:
    overview = household(1)
    end = horizon(TODAY).check_out
    first, seen_days, turns = None, 0, 0
    while True:
        html = page(overview, Wanted(since=first, part=True))
        assert html.count("<b") >= DAYS
        found = re.search(r'rel="next"', html)
        later = re.search(r'data-later="\?(?:[^"]*)from=([0-9-]+)"', html)
        seen_days, turns = seen_days + DAYS, turns + 1
        if not found or later is None:
            break
        first = date_of(TODAY + turns * DAYS)
        assert later[1] == first.isoformat()
    assert TODAY + seen_days >= end
    # what is asked for outside of them is not drawn
    assert page(overview, Wanted(since=date_of(end + 1000), part=True)).count('class="lane ') == 2
    assert page(overview, Wanted(since=date_of(TODAY - 90), part=True)) == page(overview, Wanted(part=True))


def test_a_stay_on_the_edge_of_two_sheets_is_on_both() -> None:
    overview = house({"holidu": ((DAYS - 2, DAYS + 3),)})
    for since in (None, date_of(TODAY + DAYS)):
        said = {words for _, words in bars(page(overview, Wanted(since=since, part=True)))}
        assert "Holidu: Wed 10 Mar to Mon 15 Mar" in said


def test_of_many_houses_only_those_that_were_asked_for_are_sent() -> None:
    overview = world(30, 2)
    html = page(overview, Wanted(rows=frozenset({"house-003", "house-007", "nowhere"})))
    assert re.findall(r'id="row-([a-z0-9-]+)"', html) == ["house-003", "house-007"]
    # in what order all of them stand is told all the same
    assert len(re.findall(r"house-\d\d\d", re.search(r'data-order="([^"]+)"', html)[1])) == 30  # type: ignore[index]


def test_no_house_and_no_sync_is_said_in_words() -> None:
    assert "No accommodations yet:" in page(replace(household(1), view=seen({}, {}).view, names={}))


def test_a_familys_rooms_stand_under_their_house_and_a_house_closed_by_a_room_is_not_free() -> None:
    overview = scenes()["family"]()
    assert rows(overview, order=Order.CONFIG) == ["villa", "suite", "studio", "casa"]
    html = page(overview, Wanted(order=Order.CONFIG))
    assert len(re.findall(r'class="row[^"]* room"', html)) == 2
    lines = [unescape(each) for each in re.findall(r'<p class="tonight">(.*?)</p>', html)]
    assert lines[0] == "Tonight: closed, taken by suite/holidu, until Mon 18 Jan. Next: suite/agoda, Mon 18 Jan."
    assert lines[1] == "Tonight: Holidu, until Mon 18 Jan. Next: Agoda, Mon 18 Jan."
    # nobody cleans where nobody was
    cleaning = html[html.index("To clean next") : html.index('id="pinned"')]
    assert "Suite Norte (Holidu leaves)" in cleaning
    assert "suite/holidu" not in cleaning
