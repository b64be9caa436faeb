"""Histories: who wants which nights when, who cancels, when portals read, and what fails.

A history is made from a seed before anything is played, so that several hubs can be compared over the same one.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from icalsyncd.calendars.nights import Stay, night_of
from tests.network.portals import DAY, Habits, Shape, Uids, today

HOUR = 3600.0
START = (night_of(date(2026, 3, 1)) - night_of(date(1970, 1, 1))) * DAY


class Fault(StrEnum):
    """What fails during an outage."""

    CALENDAR = "its calendar cannot be pulled"
    READER = "it does not read our feed"
    BOTH = "it is away"
    CUT = "its calendar comes in part"
    LIE = "its calendar comes empty"
    ANSWER = "what it reads does not arrive"
    HUB = "the hub is down"


@dataclass(frozen=True, slots=True)
class Outage:
    """A stretch of time in which one portal, or the hub, is not itself."""

    start: float
    end: float
    fault: Fault
    portal: str


@dataclass(frozen=True, slots=True)
class Wish:
    """A guest who books these nights at this portal, if it shows them open, and may cancel later."""

    at: float
    portal: str
    stay: Stay
    cancelled_after: float | None
    gives_way_after: float | None
    """When it is cancelled by the host, should it turn out to be a double booking."""


@dataclass(frozen=True, slots=True)
class History:
    """All that will happen, whatever stands between the portals."""

    seed: int
    habits: dict[str, Habits]
    wishes: tuple[Wish, ...]
    outages: tuple[Outage, ...]
    end: float
    kills: tuple[float, ...] = ()
    forgets: tuple[float, ...] = ()
    direct: tuple[tuple[str, str], ...] = ()
    """Pairs of a portal and another one whose calendar it reads beside ours."""
    padding: int = 0
    """The `echo_padding` that the host has set for portals that pad."""
    published: bool = False
    """Portals read copies of their feeds elsewhere, and nobody sees when."""


def some_habits(dice: random.Random, *, padded: bool = False, labels: bool | None = None) -> Habits:
    """A portal of any kind."""
    reads_every = dice.choice((0.25, 0.5, 1, 2, 4, 12)) * HOUR
    return Habits(
        repeats=dice.random() < 0.85,
        labels=dice.random() < 0.4 if labels is None else labels,
        uids=dice.choice(tuple(Uids)),
        shape=Shape.PADDED if padded else dice.choice((Shape.AS_THEY_CAME, Shape.MERGED, Shape.BY_NIGHT)),
        clips=dice.random() < 0.5,
        empty_body=dice.random() < 0.3,
        reads_every=reads_every,
        acts_after=min(dice.choice((0, 0, 0, 0.4, 0.9)) * reads_every, 5 * HOUR),
    )


def history(
    seed: int,
    *,
    outages: bool,
    days: int = 10,
    a_day: float = 24.0,
    portals: int | None = None,
    labels: bool | None = None,
    padded: bool = False,
    direct: bool = False,
    forgets: bool = False,
    published: bool = False,
    padding: int = 0,
) -> History:
    """A history of *days*, with about *a_day* guests a day who want to book."""
    dice = random.Random(seed)
    names = tuple(f"portal-{letter}" for letter in "abcde"[: portals or dice.randint(2, 5)])
    habits = {name: some_habits(dice, padded=padded and name == names[0], labels=labels) for name in names}
    end = START + days * DAY
    return History(
        seed=seed,
        habits=habits,
        wishes=tuple(_wishes(dice, names, end, a_day)),
        outages=tuple(_outages(dice, names, end)) if outages else (),
        end=end,
        kills=tuple(sorted(dice.uniform(START, end) for _ in range(days))) if outages else (),
        forgets=(dice.uniform(START + DAY, end),) if forgets else (),
        direct=((names[1], names[0]),) if direct else (),
        published=published,
        padding=padding,
    )


def _wishes(dice: random.Random, names: tuple[str, ...], end: float, a_day: float) -> list[Wish]:
    wishes: list[Wish] = []
    now = START
    while (now := now + dice.expovariate(a_day / DAY)) < end:
        first = today(now) + int(dice.triangular(0, 360, 30))
        stay = Stay(first, first + dice.choice((1, 1, 2, 2, 2, 3, 3, 4, 5, 7, 7, 14)))
        wishes.append(_wish(dice, now, dice.choice(names), stay))
        if dice.random() < 0.15:  # another guest wants the same weekend
            shift, longer = (0, 0) if dice.random() < 0.4 else (dice.randint(-2, 2), dice.randint(-1, 3))
            start = max(stay.check_in + shift, today(now))
            again = Stay(start, max(start + 1, stay.check_out + shift + longer))
            wishes.append(_wish(dice, now + dice.expovariate(1 / HOUR), dice.choice(names), again))
    return sorted((wish for wish in wishes if wish.at < end), key=lambda wish: wish.at)


def _wish(dice: random.Random, now: float, portal: str, stay: Stay) -> Wish:
    return Wish(
        at=now,
        portal=portal,
        stay=stay,
        cancelled_after=dice.expovariate(1 / (2 * DAY)) if dice.random() < 0.6 else None,
        gives_way_after=dice.uniform(HOUR, DAY) if dice.random() < 0.7 else None,
    )


def _outages(dice: random.Random, names: tuple[str, ...], end: float) -> list[Outage]:
    outages: list[Outage] = []
    for name in names:
        now = START
        while (now := now + dice.expovariate(1 / (18 * HOUR))) < end:
            fault = dice.choice([fault for fault in Fault if fault is not Fault.HUB])
            lasts = dice.uniform(0.5, 4) * HOUR if fault is Fault.LIE else dice.expovariate(1 / (6 * HOUR))
            outages.append(Outage(now, min(now + lasts, end), fault, name))
            now += lasts
    now = START
    while (now := now + dice.expovariate(1 / (4 * DAY))) < end:
        lasts = dice.expovariate(1 / (8 * HOUR))
        outages.append(Outage(now, min(now + lasts, end), Fault.HUB, ""))
        now += lasts
    return outages
