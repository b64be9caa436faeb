"""What is worked out by difference where nothing of an accommodation's own is touched is what is worked out in full."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from icalsyncd.availability import bystanders
from icalsyncd.availability.bystanders import Changes
from icalsyncd.availability.families import taking_of
from icalsyncd.availability.ledger import Ledger
from icalsyncd.availability.offers import offers, trouble
from icalsyncd.calendars.calendar import Kind
from tests.availability.family import Family, house_with_rooms
from tests.availability.house import nights
from tests.network.families import Families, family, play
from tests.network.simulation import channels


def is_as_in_full(ledgers: dict[str, Ledger]) -> None:
    for ledger in ledgers.values():
        anew = replace(ledger)
        assert {name: ledger.syncs[name].offered.nights for name in offers(anew)} == offers(anew)
        assert trouble(ledger) == trouble(anew)
        assert ledger.kin == {kin: taking_of(replace(ledgers[kin])) for kin in ledger.kin}


class Checked(Families):
    """The daemon's rules, and after each step a look at all of the family."""

    def _change(self, name: str, make: Callable[[Ledger], Ledger]) -> None:
        for ledger in self.ledgers.values():
            trouble(ledger)
        super()._change(name, make)
        is_as_in_full(self.ledgers)


@pytest.mark.slow
def test_all_of_a_history_is_as_in_full() -> None:
    made = family(0, outages=True, days=1)
    play(made, Checked(channels(made.story), made.parts))


def judged_anew(family: Family, step: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """At how many of the kin what they take was judged anew in a *step*, by their portals."""
    found: set[str] = set()
    look = Changes.touching_nothing

    def looked(self: Changes, ledger: Ledger, told: dict[str, object]) -> object:
        if (answer := look(self, ledger, told)) is None:  # type: ignore[arg-type]
            found.add(" ".join(ledger.syncs))
        return answer

    with monkeypatch.context() as patched:
        patched.setattr(bystanders.Changes, "touching_nothing", looked)
        step()
    return found


def test_only_where_something_of_its_own_is_touched_is_a_room_judged_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    family = house_with_rooms()
    family.shows("room-1/holidu", (5, 7))
    assert judged_anew(family, lambda: family.shows("finca/airbnb", (10, 12)), monkeypatch) == set()
    assert judged_anew(family, lambda: family.shows("finca/airbnb", (6, 8)), monkeypatch) == {"vrbo holidu"}


@pytest.mark.parametrize("after", [0, 2])
def test_what_another_of_the_kin_closes_as_well_stays_closed(after: int) -> None:
    family = Family({"finca": "x", "room": "x", "annex": "y"}, {"finca": "room annex"}, after=after)
    family.begin()
    family.shows("room/x", (5, 7, Kind.RESERVATION))
    family.shows("annex/y", (6, 9, Kind.RESERVATION))
    family.shows("room/x")
    is_as_in_full(family.ledgers)
    assert family.offer("finca/x") == nights(*range(6, 9 + after))


def test_a_possible_ghost_begins_and_ends_at_the_kin_too() -> None:
    family = Family({"finca": "x", "room": "x y"}, {"finca": "room"})
    family.begin()
    for sync in ("room/x", "room/y"):
        family.shows(sync, (5, 7))
    is_as_in_full(family.ledgers)
    assert family.ghosts() == set()
    family.begin()
    is_as_in_full(family.ledgers)
