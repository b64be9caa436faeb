"""Calendars of many events that overlap: judged as one by one, and never each event against each claim."""

from __future__ import annotations

import sys
from collections.abc import Callable
from random import Random
from types import FrameType

import pytest

from icalsyncd.availability import ended
from icalsyncd.availability.attribution import pulled
from icalsyncd.availability.ledger import Ledger
from icalsyncd.availability.runs import Runs
from icalsyncd.calendars.calendar import Event, Kind
from icalsyncd.calendars.nights import EMPTY, Stay, horizon
from tests.availability.house import DAY_ONE, House, Shown, nights, started, uid
from tests.availability.plain_judgement import judged_plainly

NAMES = ("a", "b", "c")
FAR = horizon(DAY_ONE).check_out - DAY_ONE


def _shown(draw: Random, span: int) -> Shown:
    start = draw.choice((draw.randrange(span), draw.randrange(-1, 3)))
    end = draw.choice((start + 1, start + draw.randint(1, 6), start + draw.randint(1, span), FAR - draw.randrange(10)))
    kind = draw.choice((Kind.UNKNOWN, Kind.UNKNOWN, Kind.BLOCK, Kind.RESERVATION))
    ours = draw.choice(("", "", "", uid(start, end), uid(start, start + 2)))
    return (start, end, kind, ours)


def _history(seed: int) -> tuple[House, House, Callable[[], bool]]:
    """Two houses to which the same happens, the second one judged plainly, and what lets one thing more happen."""
    draw = Random(seed)
    padding, span = draw.choice((0, 0, 2)), draw.choice((4, 12, 40))
    pair = started(*NAMES, padding=padding, before=draw.randrange(2)), started(*NAMES, padding=padding)
    pair[1].ledger = pair[0].ledger
    last: dict[str, list[Shown]] = {name: [] for name in NAMES}

    def step() -> bool:
        name = draw.choice(NAMES)
        happens: Callable[[House], None]
        match draw.randrange(8):
            case 0 | 1 | 2 | 3:
                kept = [event for event in last[name] if draw.random() < 0.6]
                offered = [(run.check_in - DAY_ONE, run.check_out - DAY_ONE) for run in _runs(pair[0], name)]
                told = [event for event in offered if draw.random() < 0.5]
                events = [*kept, *told, *(_shown(draw, span) for _ in range(draw.randrange(12)))]
                last[name] = events
                good = draw.random() < 0.7
                retained = nights(*range(draw.randrange(span))) if not good else nights()
                happens = lambda house: house.shows(name, *events, good=good, retained=retained)  # noqa: E731
            case 4 | 5:
                looked = draw.random() < 0.5
                happens = lambda house: house.reads(name, looked=looked)  # noqa: E731
            case 6:
                happens = lambda house: house.publishes(name)  # noqa: E731
            case _:
                hours = draw.choice((1, 5, 30))
                happens = lambda house: house.wait(hours)  # noqa: E731
        happens(pair[0])
        with judged_plainly():
            happens(pair[1])
        return pair[0].ledger == pair[1].ledger

    return *pair, step


def _runs(house: House, name: str) -> tuple[Stay, ...]:
    return house.ledger.syncs[name].offered.nights.stays()


@pytest.mark.parametrize(
    ("seeds", "few"),
    [
        (range(8), 0),
        pytest.param(range(100), 0, marks=pytest.mark.slow),
        pytest.param(range(100), ended.FEW, marks=pytest.mark.slow),
    ],
)
def test_any_history_is_judged_as_when_each_is_compared_with_each(
    seeds: range, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ended, "FEW", few)
    for seed in seeds:
        *_, step = _history(seed)
        for turn in range(30):
            assert step(), f"seed {seed}, turn {turn}"


@pytest.mark.parametrize("seed", range(20))
def test_runs_within_and_padded_are_those_that_a_look_at_each_finds(seed: int) -> None:
    draw = Random(seed)
    runs = [Stay(start, start + draw.randint(1, 5)) for start in (draw.randrange(20) for _ in range(draw.randrange(8)))]
    known = Runs(runs)
    for start in range(22):
        for end in range(start + 1, 25):
            assert known.has_within(start, end) == any(start <= run.check_in and run.check_out <= end for run in runs)
            for padding in (1, 2):
                assert known.has_padded(Stay(start, end), padding) == any(
                    start <= run.check_in <= start + padding and end - padding <= run.check_out <= end for run in runs
                )


def _overlapping(count: int, shift: int) -> list[Event]:
    """Stays of half a year or so, each with other ends, all over one another."""
    return [
        Event(DAY_ONE + 1 + (each * 7 + shift) % 97, DAY_ONE + 160 + (each * 11 + shift) % 89, Kind.UNKNOWN, f"{each}")
        for each in range(count)
    ]


def _calls(count: int) -> int:
    """Calls of functions while *count* stays are taken in where as many others were claimed."""
    house = started("a", "b")
    house.takes(50, 60)
    house.all_read()
    house.ledger = _take(house, _overlapping(count, 0))
    calls = 0

    def counting(frame: FrameType, event: str, argument: object) -> None:
        nonlocal calls
        calls += event == "call"

    sys.setprofile(counting)
    try:
        _take(house, _overlapping(count, 3))
    finally:
        sys.setprofile(None)
    return calls


def _take(house: House, events: list[Event]) -> Ledger:
    house.now += 60
    return pulled(house.ledger, "a", events, began=house.now - 1, now=house.now, ours=lambda text: EMPTY)


@pytest.mark.slow
def test_twice_as_many_events_are_twice_the_work_and_not_four_times() -> None:
    few, many = _calls(150), _calls(300)
    assert many < 2.5 * few
