"""Behaviours of portals and guests that the plain histories lack, a row each, with figures.

    python -m tests.network.behaviours [ROW...] [--seeds A..B] [--list]

A row is the name of a behaviour, followed by `any` (portals of any kind) or `alike` (all repeat, and label nothing);
without that both. Seeds 0 to 99 are for tuning; figures that are quoted are of others.
"""

from __future__ import annotations

import argparse
import gc
import random
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from tests.network.history import HOUR, START, Fault, History, Outage, history
from tests.network.hubs import Attribution, Hub
from tests.network.odd_portals import PLAIN, Oddity, OddPortal
from tests.network.portals import DAY, Habits, Shape
from tests.network.simulation import channels
from tests.network.watched import Guests, Watch, Watched, back_to_back, weeks

Change = Callable[[Habits], Habits]
Retell = Callable[[History], History]


def _same(habits: Habits) -> Habits:
    return habits


def _untold(story: History) -> History:
    return story


@dataclass(frozen=True, slots=True)
class Behaviour:
    """One kind of network."""

    outages: bool = False
    odd: Oddity = PLAIN
    odd_portals: int = 1
    """So many portals, the first of them, have the oddity, and the changed habits."""
    change: Change = _same
    retell: Retell = _untold
    guests: Guests = field(default_factory=Guests)
    away: bool = False
    """A portal is away for five days, and then shows for six hours what it showed before."""
    restored: bool = False
    a_day: float = 24.0

    def play(self, seed: int, alike: bool, rules: Callable[[History], Hub | None] | None = None) -> Watch:
        """What one history comes to."""
        story = history(seed, outages=self.outages, a_day=self.a_day, labels=False if alike else None)
        habits = dict(story.habits)
        for place, (name, habit) in enumerate(habits.items()):
            if alike:
                habit = replace(habit, repeats=True, labels=False)
            habits[name] = self.change(habit) if place < self.odd_portals else habit
        story = self.retell(replace(story, habits=habits))
        absences: tuple[tuple[str, float, float], ...] = ()
        if self.away:
            name = next(iter(habits))
            absences = ((name, START + 2 * DAY, START + 7 * DAY),)
            story = replace(story, outages=(*story.outages, Outage(START + 2 * DAY, START + 7 * DAY, Fault.BOTH, name)))
        portals = {
            name: OddPortal(name, habit, odd=self.odd if place < self.odd_portals else PLAIN)
            for place, (name, habit) in enumerate(habits.items())
        }
        hub = (rules(story) if rules else None) or Attribution(channels(story))
        return Watched(
            story,
            hub,
            portals,  # type: ignore[arg-type]
            guests=self.guests,
            absences=absences,
            restored=(START + 5 * DAY, START + 6 * DAY) if self.restored else None,
        ).run()


def _weeks(story: History) -> History:
    return replace(story, wishes=weeks(story.wishes))


def _back_to_back(story: History) -> History:
    dice = random.Random(story.seed + 3)
    return replace(story, wishes=back_to_back(story.wishes, dice, tuple(story.habits)))


def _published(story: History) -> History:
    return replace(story, published=True)


def _slow(habits: Habits) -> Habits:
    return replace(habits, repeats=True, acts_after=10 * HOUR)


def _rather_slow(habits: Habits) -> Habits:
    return replace(habits, repeats=True, acts_after=5 * HOUR)


def _repeats(habits: Habits) -> Habits:
    return replace(habits, repeats=True)


def _repeats_alike(habits: Habits) -> Habits:
    return replace(habits, repeats=True, labels=False)


def _as_they_came(habits: Habits) -> Habits:
    return replace(habits, repeats=True, labels=False, shape=Shape.AS_THEY_CAME)


def _pads(habits: Habits) -> Habits:
    return replace(habits, repeats=True, labels=False, shape=Shape.PADDED)


def _reads_seldom(habits: Habits) -> Habits:
    return replace(habits, repeats=True, labels=False, reads_every=12 * HOUR, acts_after=0.0)


def _reads_daily(habits: Habits) -> Habits:
    return replace(habits, reads_every=DAY)


ONE = Guests(waiting=1)
SEVERAL = Guests(waiting=3, elsewhere=False)
ALL = 9

BEHAVIOURS = {
    "control": Behaviour(),
    "outages": Behaviour(outages=True),
    "rebooked": Behaviour(guests=ONE),
    "rebooked-outages": Behaviour(guests=ONE, outages=True),
    "wait": Behaviour(guests=SEVERAL),
    "weeks": Behaviour(guests=SEVERAL, retell=_weeks),
    "back-to-back": Behaviour(retell=_back_to_back),
    "sticky": Behaviour(odd=Oddity(sticky=True), change=_repeats),
    "lag": Behaviour(change=_slow, odd_portals=2),
    "cdn": Behaviour(odd=Oddity(behind_a_cache=2 * HOUR), odd_portals=ALL),
    "cdn-slow": Behaviour(odd=Oddity(behind_a_cache=2 * HOUR), change=_rather_slow, odd_portals=2),
    "away": Behaviour(away=True),
    "by-night": Behaviour(odd=Oddity(own_by_night=True), odd_portals=ALL),
    "shift": Behaviour(odd=Oddity(shift=(-1, -1)), change=_as_they_came),
    "shift-two": Behaviour(odd=Oddity(shift=(-1, -1)), change=_as_they_came, odd_portals=2),
    "inclusive": Behaviour(odd=Oddity(shift=(0, 1)), change=_as_they_came),
    "pad": Behaviour(change=_pads),
    "pad-two": Behaviour(change=_pads, odd_portals=2),
    "second-reader": Behaviour(odd=Oddity(read_twice=HOUR), change=_reads_seldom),
    "second-readers": Behaviour(odd=Oddity(read_twice=HOUR), change=_reads_seldom, odd_portals=ALL),
    "restored": Behaviour(restored=True),
    "window": Behaviour(odd=Oddity(window=180), change=_repeats),
    "notice": Behaviour(odd=Oddity(notice=2), change=_repeats),
    "uid-kept": Behaviour(odd=Oddity(keeps_uid=True), change=_as_they_came, odd_portals=ALL, outages=True),
    "cached": Behaviour(odd=Oddity(cached_for=6 * HOUR), odd_portals=ALL),
    "flapping": Behaviour(odd=Oddity(goes_back=0.1), odd_portals=ALL),
    "tomorrow": Behaviour(odd=Oddity(starts_tomorrow=True), odd_portals=1),
    "daily": Behaviour(change=_reads_daily, odd_portals=ALL),
    "published": Behaviour(retell=_published),
    "published-rebooked": Behaviour(retell=_published, guests=ONE),
}

COLUMNS = (
    "bookings",
    "double",
    "told free: never, ever overbooked",
    "avoidable: new, again",
    "lapses",
    "open at rest",
    "ghosts",
    "a 1,000",
    "not shown",
    "after the advice",
    "hidden doubles",
    "suspected, %",
    "false alarms",
    "idle hours a cancellation",
    "looks a booking",
)


def cells(found: Watch) -> tuple[str, ...]:
    """One line of the table."""
    bookings = max(found.bookings, 1)
    return (
        f"{found.bookings}",
        f"{found.double_bookings}",
        f"{found.told_free}, {found.told_free_again}",
        f"{found.avoidable}, {found.avoidable_again}",
        f"{found.lapses}",
        f"{found.open_taken}",
        f"{found.ghosts}",
        f"{1000 * found.ghosts / bookings:.1f}",
        f"{found.ghosts_unshown}",
        f"{found.ghosts_after_advice}",
        f"{found.hidden}",
        f"{100 * found.suspected / max(found.taken, 1):.1f}",
        f"{found.alarms}",
        f"{found.idle / max(found.cancelled, 1):.1f}",
        f"{found.looks / bookings:.2f}",
    )


def tally(name: str, alike: bool, seeds: Iterable[int]) -> Watch:
    """What the histories of *seeds* in that row come to."""
    total = Watch()
    for seed in seeds:
        total = total + BEHAVIOURS[name].play(seed, alike)  # type: ignore[assignment]
    return total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0] if __doc__ else None)
    parser.add_argument("rows", nargs="*", metavar="ROW[:any|:alike]")
    parser.add_argument("--seeds", default="100..107", help="A..B, both included")
    parser.add_argument("--list", action="store_true")
    asked = parser.parse_args()
    if asked.list:
        print("\n".join(BEHAVIOURS))
        return
    gc.disable()  # a process of minutes
    first, _, last = asked.seeds.partition("..")
    seeds = range(int(first), int(last or first) + 1)
    print(f"| row | {' | '.join(COLUMNS)} | s |\n|---|{'---:|' * (len(COLUMNS) + 1)}")
    for row in asked.rows or BEHAVIOURS:
        name, _, kind = row.partition(":")
        for alike in (False, True):
            if kind and kind != ("alike" if alike else "any"):
                continue
            began = time.monotonic()
            found = tally(name, alike, seeds)
            label = f"{name} {'alike' if alike else 'any'}"
            print(f"| {label} | {' | '.join(cells(found))} | {time.monotonic() - began:.0f} |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
