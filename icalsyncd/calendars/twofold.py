"""Reading a calendar under two settings at once: those that the config says now, and those that count on for a while.

What a calendar says under either is taken. So a setting that has disappeared opens no night before its time, what closes
a night counts at once, and a cancellation, which both readings lack, frees as ever.
"""

from __future__ import annotations

from icalsyncd.calendars.calendar import Failed, Good, Partial, Reading, nights_in
from icalsyncd.calendars.nights import Night, Nights
from icalsyncd.calendars.reading import MAX_INFLATED, read
from icalsyncd.calendars.settings import ReadSettings


def read_twofold(
    body: bytes, settings: ReadSettings, kept: ReadSettings | None, today: Night, *, max_size: int = MAX_INFLATED
) -> Reading:
    """What *body* says under *settings*, and under *kept* where there are some: it fails where it fails under either."""
    reading = read(body, settings, today, max_size=max_size)
    if kept is None or kept == settings or isinstance(reading, Failed):
        return reading
    before = read(body, kept, today, max_size=max_size)
    return before if isinstance(before, Failed) else _both(before, reading)


def _both(before: Good | Partial, reading: Good | Partial) -> Good | Partial:
    # an event that both have is the one of before: a claim that goes on is not judged anew
    taken = nights_in(before.events)
    events = (*before.events, *(event for event in reading.events if Nights.of_stays((event.stay,)) - taken))
    problems = tuple(dict.fromkeys((*reading.problems, *before.problems)))
    broken = tuple(dict.fromkeys(each for one in (before, reading) if isinstance(one, Partial) for each in one.broken))
    return Partial(events, problems, broken) if broken else Good(events, problems)
