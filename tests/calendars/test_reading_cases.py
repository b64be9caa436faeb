"""Every decided case has a calendar of its own, and reads as it was decided."""

from __future__ import annotations

from collections import defaultdict

import pytest

from icalsyncd.calendars.calendar import Failed, Good, Partial
from icalsyncd.calendars.reading import read
from tests.calendars.calendars import CASES, TODAY, Case, cases, nights_of, outcome_of, rows, runs_of


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.file)
def test_a_case_reads_as_it_was_decided(case: Case) -> None:
    reading = read(case.body, case.settings, TODAY)
    assert (outcome_of(reading), runs_of(reading)) == (case.outcome, case.nights)
    if case.told:
        assert not isinstance(reading, Failed)
        assert any(case.told in problem for problem in reading.problems)
    if isinstance(reading, Partial):
        assert reading.problems
        assert all(broken.fingerprint for broken in reading.broken)


def test_every_case_is_there_and_every_file_is_used() -> None:
    assert {case.number for case in cases()} == set(range(1, 125))
    assert sorted(case.file for case in cases()) == sorted(path.name for path in CASES.glob("*.ics"))


def test_what_changes_with_each_fetch_changes_nothing() -> None:
    alike = defaultdict(list)
    for case in cases():
        if case.same:
            reading = read(case.body, case.settings, TODAY)
            assert isinstance(reading, Good)
            alike[case.same].append(rows(reading.events))
    assert len(alike) == 2
    for readings in alike.values():
        assert len(readings) == 2
        assert readings[0] == readings[1]


def test_a_uid_that_stays_hides_no_change() -> None:
    before, after = (case for case in cases() if case.number == 67)
    assert nights_of(read(before.body, before.settings, TODAY)) != nights_of(read(after.body, after.settings, TODAY))


def test_a_loss_shows_in_nights_and_not_in_events() -> None:
    before, after = (read(case.body, case.settings, TODAY) for case in cases() if case.number == 108)
    assert isinstance(before, Good)
    assert isinstance(after, Good)
    assert len(after.events) > len(before.events) * 0.7
    assert len(nights_of(after)) < len(nights_of(before)) * 0.1


def test_no_word_of_a_calendar_is_in_a_problem_or_a_detail() -> None:
    for case in cases():
        reading = read(case.body, case.settings, TODAY)
        told = reading.detail if isinstance(reading, Failed) else " ".join(reading.problems)
        for private in ("Reserv", "portal.example", "case-", "lost", "Warning", "login", "rate limit"):
            assert private not in told
