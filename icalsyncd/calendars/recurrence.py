"""Recurrence rules (RFC 5545 section 3.3.10) and foreign time zones, by the libraries that know them.

This module alone imports icalendar and recurring_ical_events, and only when a calendar needs them: most daemons never
meet a rule. Both believe whatever they are told, and a rule of twenty letters can keep them busy for years. So each
rule is taken apart first: how many steps it needs is reckoned beforehand, parts that only leave days out are applied
here, and a rule that might never find another day is not handed over at all.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, tzinfo
from enum import Enum
from functools import lru_cache
from itertools import islice, product
from typing import Final, TypeAlias

from icalsyncd.calendars.nights import Night

MAX_INSTANCES: Final = 50_000
"""More instances than any real calendar has."""
MAX_STEPS: Final = 40_000
"""More steps of all rules together."""
_MAX_RULE: Final = 1_000
_MAX_TIMES: Final = 24
"""Times of one day."""
_MAX_ZONE_LINES: Final = 500
_ZONE_LINES: Final = frozenset({"BEGIN", "END", "TZID", "DTSTART", "RRULE", "RDATE", "TZOFFSETFROM", "TZOFFSETTO"})
_DAY: Final = 86_400
_UNITS: Final = {"SECONDLY": 1, "MINUTELY": 60, "HOURLY": 3600}
_DAYS: Final = {"MO": 0, "TU": 1, "WE": 2, "TH": 3, "FR": 4, "SA": 5, "SU": 6}
_MONTH_DAYS: Final = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_CLOCK: Final = {"BYHOUR": 23, "BYMINUTE": 59, "BYSECOND": 59}
_PARTS: Final = frozenset({"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYMONTH", "BYMONTHDAY", "BYDAY", "BYSETPOS"})

Start: TypeAlias = tuple[Night, int]
"""When an instance starts: its day, and the seconds since then."""


class Refusal(Enum):
    """Why a rule is not expanded."""

    UNREADABLE = "cannot be read, or is of a kind that no calendar of stays has"
    TOO_MANY = "has more instances than any real calendar has"


@dataclass(slots=True)
class Budget:
    """What is left for all rules of one calendar together."""

    steps: int = MAX_STEPS
    instances: int = MAX_INSTANCES

    def takes(self, steps: int) -> bool:
        """Whether that many more steps are still within bounds; if so they are counted."""
        if steps > self.steps:
            # a rule that is not walked costs the rules beside it nothing
            return False
        self.steps -= steps
        return True


@dataclass(frozen=True, slots=True)
class Rule:
    """An RRULE taken apart; every number in it is within its range."""

    frequency: str
    interval: int
    count: int | None
    until: str
    week_start: str
    months: frozenset[int]
    month_days: frozenset[int]
    days: tuple[tuple[int, str], ...]
    """Ordinal, 0 for every one, and day of the week."""
    positions: frozenset[int]
    clock: tuple[tuple[str, tuple[int, ...]], ...]


def rule_of(text: str) -> Rule | None:
    """The rule that *text*, the value of an RRULE, says; None where it says none that is known.

    Beside an UNTIL a COUNT below 1 is left out: that takes more nights, not fewer.
    """
    if len(text) > _MAX_RULE:
        return None
    parts: dict[str, str] = {}
    for part in text.upper().split(";"):
        name, _, value = part.partition("=")
        if name.strip() in parts:
            return None
        if part.strip():
            parts[name.strip()] = value.strip()
    if not parts.keys() <= _PARTS | _CLOCK.keys() or parts.get("WKST", "MO") not in _DAYS:
        return None
    try:
        rule = Rule(
            frequency=parts["FREQ"],
            interval=int(parts.get("INTERVAL", "1")),
            count=int(parts["COUNT"]) if "COUNT" in parts else None,
            until=parts.get("UNTIL", ""),
            week_start=parts.get("WKST", "MO"),
            months=frozenset(_numbers(parts.get("BYMONTH", ""), 1, 12)),
            month_days=frozenset(_numbers(parts.get("BYMONTHDAY", ""), -31, 31)),
            days=tuple(_weekday(day) for day in parts["BYDAY"].split(",")) if parts.get("BYDAY") else (),
            positions=frozenset(_numbers(parts.get("BYSETPOS", ""), -366, 366)),
            clock=tuple(
                (name, tuple(_numbers(parts[name], 0, top))) for name, top in _CLOCK.items() if parts.get(name)
            ),
        )
    except (KeyError, ValueError):
        return None
    known = rule.frequency in ("DAILY", "WEEKLY", "MONTHLY", "YEARLY", *_UNITS)
    if rule.count is not None and rule.count < 1 and rule.until:
        # some programs write COUNT=-1 for a rule that its UNTIL alone ends
        rule = replace(rule, count=None)
    sound = rule.interval >= 1 and (rule.count is None or rule.count >= 1)
    return rule if known and sound and 0 not in rule.month_days | rule.positions else None


def _numbers(text: str, least: int, most: int) -> list[int]:
    numbers = [int(number) for number in text.split(",")] if text else []
    if any(not least <= number <= most for number in numbers):
        raise ValueError(least, most)
    return numbers


def _weekday(text: str) -> tuple[int, str]:
    ordinal, day = text.strip()[:-2], text.strip()[-2:]
    if day not in _DAYS or not -53 <= int(ordinal or 0) <= 53:
        raise ValueError("a day of the week")
    return int(ordinal or 0), day


def starts_of(
    rule: Rule,
    first: Start,
    *,
    timed: bool,
    until: tuple[Night, int | None] | None,
    window: tuple[Night, Night],
    budget: Budget,
) -> list[Start] | Refusal:
    """When the instances of *rule* start, on the wall clock of *first*, the start of its event; in order, with *first*.

    *until* is the rule's own end on that clock, a day or a time, and counts inclusively. Only starts within *window*,
    half-open, are of interest, though others may be among the answer.
    """
    last = window[1] - 1 if until is None else min(until[0], window[1] - 1)
    if last < first[0] or (rule.count is None and last < window[0]):
        return [first]
    if rule.frequency in _UNITS:
        starts = _within_days(rule, first, last, budget) if timed else Refusal.UNREADABLE
    else:
        starts = _by_days(rule, first, last, window[0], budget, timed=timed)
    if isinstance(starts, Refusal):
        return starts
    kept = sorted({first, *starts})[: rule.count]
    if until is not None and until[1] is not None:
        kept = [start for start in kept if start <= (until[0], until[1])]
    return sorted({first, *kept})


def _within_days(rule: Rule, first: Start, last: Night, budget: Budget) -> list[Start] | Refusal:
    """Every so many hours, minutes or seconds: simple enough to be reckoned, and far too many but for a few."""
    if rule.months or rule.month_days or rule.days or rule.positions or rule.clock:
        return Refusal.UNREADABLE
    step = _UNITS[rule.frequency] * rule.interval
    number = ((last + 1 - first[0]) * _DAY - first[1] - 1) // step + 1
    number = min(number, rule.count or number)
    if not budget.takes(number):
        return Refusal.TOO_MANY
    begin = first[0] * _DAY + first[1]
    return [divmod(begin + index * step, _DAY) for index in range(number)]


def _by_days(
    rule: Rule, first: Start, last: Night, earliest: Night, budget: Budget, *, timed: bool
) -> list[Start] | Refusal:
    parts = _productive_parts(rule, date.fromordinal(first[0]))
    times = _times(rule, first[1]) if timed else [first[1]]
    if parts is None or len(times) > _MAX_TIMES or (len(times) > 1 and rule.positions):
        return Refusal.UNREADABLE
    begin = first[0]
    cycle = {"DAILY": 1, "WEEKLY": 7}.get(rule.frequency, 0) * rule.interval
    if cycle and rule.count is None and begin < earliest:
        # whole cycles that have passed need not be walked through
        begin += (earliest - begin) // cycle * cycle
    elif cycle and rule.count and not (rule.months or rule.month_days or (rule.days and rule.frequency == "DAILY")):
        last = min(last, begin + rule.count * cycle)
    if not budget.takes(_steps(rule, last - begin) * len(times)):
        return Refusal.TOO_MANY
    if rule.frequency == "DAILY":
        days: list[Night] | Refusal = list(range(begin, last + 1, rule.interval))
    else:
        parts |= {"FREQ": rule.frequency, "INTERVAL": str(rule.interval), "WKST": rule.week_start}
        days = _expanded(parts, begin, begin if rule.count else max(begin, earliest), last)
    if isinstance(days, Refusal):
        return days
    starts = [(day, seconds) for day in days if _passes(rule, date.fromordinal(day)) for seconds in times]
    return [start for start in starts if start >= first]


def _times(rule: Rule, seconds: int) -> list[int]:
    """The times of the day of a rule whose event starts *seconds* after midnight."""
    hours, minutes, rest = seconds // 3600, seconds % 3600 // 60, seconds % 60
    clock = dict(rule.clock)
    every = product(
        set(clock.get("BYHOUR", (hours,))), set(clock.get("BYMINUTE", (minutes,))), set(clock.get("BYSECOND", (rest,)))
    )
    return sorted(hour * 3600 + minute * 60 + second for hour, minute, second in islice(every, _MAX_TIMES + 1))


def _steps(rule: Rule, days: int) -> int:
    each = {"DAILY": 1, "WEEKLY": 7, "MONTHLY": 28, "YEARLY": 365}[rule.frequency]
    inside = each if rule.days else max(len(rule.month_days), 1) * max(len(rule.months), 1)
    return (max(days, 0) // (each * rule.interval) + 1) * (inside if rule.frequency != "DAILY" else 1)


def _passes(rule: Rule, day: date) -> bool:
    """Whether *day* is among those that the rule leaves in; what it adds is the library's affair."""
    if rule.months and day.month not in rule.months:
        return False
    if rule.month_days:
        length = monthrange(day.year, day.month)[1]
        if day.day not in rule.month_days and day.day - length - 1 not in rule.month_days:
            return False
    plain = {_DAYS[name] for ordinal, name in rule.days if not ordinal}
    return len(plain) < len(rule.days) or not rule.days or day.weekday() in plain


def _productive_parts(rule: Rule, first: date) -> dict[str, str] | None:
    """The parts to hand over, such that days are found again and again; None where nothing warrants that.

    The library looks for the next day up to the year 9999, however long that takes.
    """
    plain = all(not ordinal for ordinal, _ in rule.days)
    days = ",".join(f"{ordinal or ''}{name}" for ordinal, name in rule.days)
    if rule.frequency in ("DAILY", "WEEKLY"):
        if not plain or rule.positions:
            return None
        return {"BYDAY": days} if days and rule.frequency == "WEEKLY" else {}
    yearly = rule.frequency == "YEARLY"
    months = rule.months if yearly else frozenset[int]()
    parts = {"BYMONTH": ",".join(map(str, sorted(months)))} if months else {}
    reached = [month - 1 for month in sorted(months)] or (
        list(range(12)) if yearly else [(first.month - 1 + turn * rule.interval) % 12 for turn in range(12)]
    )
    if rule.month_days or not rule.days:
        if yearly and not rule.month_days and not months:
            return None if rule.positions else parts
        wanted = rule.month_days or {first.day}
        if not plain or not any(abs(day) <= _MONTH_DAYS[month] for day in wanted for month in reached):
            return None
        parts["BYMONTHDAY"] = ",".join(map(str, sorted(wanted)))
        sure = sum(abs(day) <= 28 for day in wanted)
        if rule.positions and rule.days:
            return None
    else:
        in_month = bool(months) or not yearly
        highest = max(abs(ordinal) for ordinal, _ in rule.days)
        if in_month and (highest > 5 or (highest == 5 and all(_MONTH_DAYS[month] < 29 for month in reached))):
            return None
        parts["BYDAY"] = days
        sure = len(set(rule.days)) * ((4 if in_month else 52) if plain else 1)
    if rule.positions:
        if not any(abs(position) <= sure for position in rule.positions):
            return None
        parts["BYSETPOS"] = ",".join(map(str, sorted(rule.positions)))
    return parts


def _expanded(parts: dict[str, str], first: Night, since: Night, last: Night) -> list[Night] | Refusal:
    import icalendar
    import recurring_ical_events

    rule = ";".join(f"{name}={value}" for name, value in parts.items())
    event = icalendar.Event()
    event.add("UID", "instance")
    event.add("DTSTART", date.fromordinal(first))
    try:
        event.add("RRULE", icalendar.vRecur.from_ical(f"{rule};UNTIL={date.fromordinal(last):%Y%m%d}"))
        found = recurring_ical_events.of(event).between(date.fromordinal(since), date.fromordinal(last + 1))
        days = [instance["DTSTART"].dt.toordinal() for instance in found]
    except Exception:
        # the libraries raise whatever their parts happen to raise; none of it may cost the other events
        return Refusal.UNREADABLE
    return days


@lru_cache(maxsize=1)
def _windows_zones() -> dict[str, str]:
    from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

    return {name.casefold(): zone for name, zone in WINDOWS_TO_OLSON.items()}


def windows_zone(name: str) -> str | None:
    """The IANA name of a time zone of Windows, by the map of Unicode CLDR."""
    return _windows_zones().get(name.strip().casefold())


def zone_defined_by(lines: Sequence[str]) -> tzinfo | None:
    """The zone that *lines*, a whole VTIMEZONE, define; None where they cannot be read or are too many."""
    if len(lines) > _MAX_ZONE_LINES or not all(map(_harmless, lines)):
        return None
    import icalendar

    named = [(line.partition(":")[0].partition(";")[0].strip().upper(), line) for line in lines]
    # under a name of its own, since the library would look up, or warn about, the one that the calendar gives it
    kept = ["TZID:own" if name == "TZID" else line for name, line in named if name in _ZONE_LINES]
    try:
        component = icalendar.Component.from_ical("\r\n".join(kept))
        if not isinstance(component, icalendar.Timezone):
            return None
        zone: tzinfo = component.to_tz(lookup_tzid=False)
        datetime(2026, 1, 1, tzinfo=zone).utcoffset()
    except Exception:
        # see `_expanded`
        return None
    return zone


def _harmless(line: str) -> bool:
    head, _, value = line.partition(":")
    if head.partition(";")[0].strip().upper() not in ("RRULE", "RDATE"):
        return True
    if head.upper().startswith("RDATE"):
        return len(value) <= _MAX_RULE
    rule = rule_of(value.strip())
    return (
        rule is not None
        and rule.frequency == "YEARLY"
        and _productive_parts(rule, date(2026, 1, 1)) is not None
        and not rule.clock
    )
