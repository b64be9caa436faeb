"""What a calendar for people remembers: an event is new, changed, as it was, over, or gone."""

from __future__ import annotations

from icalsyncd.availability.link import Link
from icalsyncd.availability.visits import Known
from icalsyncd.calendars.agenda import Entry
from icalsyncd.calendars.nights import Stay
from icalsyncd.state.agenda import (
    BELIEVED,
    KEPT,
    Agenda,
    believed_papers,
    dump_agenda,
    dump_link,
    load_agenda,
    load_link,
    name_of,
)

A, B = Entry("a", Stay(100, 103), "A"), Entry("b", Stay(103, 105), "B")
NOW = 1_800_000_000.0


def changes(agenda: Agenda) -> dict[str, int]:
    return {uid: entry.changed for uid, entry in agenda.shown.items()}


def test_each_event_has_the_time_of_its_own_last_change() -> None:
    first = Agenda().with_entries([A, B], {}, 90, NOW)
    assert changes(first) == {"a": NOW, "b": NOW}
    assert first.with_entries([A, B], {}, 90, NOW + 5) is first
    longer = Entry("b", Stay(103, 106), "B")
    second = first.with_entries([A, longer], {}, 90, NOW + 60)
    assert changes(second) == {"a": NOW, "b": NOW + 60}
    assert second.latest == NOW + 60


def test_no_change_comes_under_an_older_time_than_the_one_before() -> None:
    first = Agenda().with_entries([A], {}, 90, NOW)
    for now in (NOW, NOW - 86400):
        second = first.with_entries([B], {}, 90, now)
        assert changes(second) == {"b": NOW + 1}, "twice in a second, or under a clock that was set back"


def test_what_was_cancelled_goes_and_what_is_over_stays_for_a_while() -> None:
    first = Agenda().with_entries([A, B], {}, 90, NOW)
    assert first.with_entries([B], {}, 102, NOW + 60).shown.keys() == {"b"}, "its last night is still to come"
    assert first.with_entries([B], {}, 103, NOW + 60).shown.keys() == {"a", "b"}
    assert first.with_entries([B], {}, 103 + KEPT, NOW + 60).shown.keys() == {"a", "b"}
    assert first.with_entries([B], {}, 104 + KEPT, NOW + 60).shown.keys() == {"b"}
    assert first.with_entries([B], {}, 102, NOW + 60).latest == NOW + 60, "the document has changed"


def test_it_is_stored_whole_and_what_is_none_is_an_empty_one() -> None:
    agenda = Agenda({"house": (Known("house/x", Stay(1, 2)),)}, {"a": A}, 7)
    assert load_agenda(dump_agenda(agenda)) == agenda
    for text in (
        "",
        "{",
        "[]",
        '{"shown": [[1]], "visits": {}, "latest": 1}',
        '{"shown": [], "visits": 3, "latest": 1}',
    ):
        assert load_agenda(text) == Agenda()
    link = Link(name_of("owner"), 3, ((2, 8.5),), 1, 0)
    assert load_link(dump_link(link), "owner") == link
    assert load_link("null", "owner") == Link("calendar:owner")


def test_what_was_shown_is_believed_where_the_state_is_surely_the_last_one() -> None:
    papers = {"shown/owner": "x", "calendar/owner": "y"}
    assert believed_papers(papers, NOW, NOW + BELIEVED) == papers
    for last in (None, NOW - 1, NOW + 2 * BELIEVED + 1):
        assert believed_papers(papers, last, NOW + BELIEVED) == {"calendar/owner": "y"}
