"""Where every sentence for people comes from: one catalogue, in the language that is spoken at the moment.

A sentence is written in English where it is said, whole, with `{names}` for what it is about; the catalogue has it in the
other languages. No sentence is put together from parts: each language has an order of its own. What stands for a name is a
value: a portal, a house, a date, a list of them. What is spoken is set for a while by :func:`speaking`, and is English
otherwise. It goes along into threads and tasks, and nothing here waits for anything but the first reading of a catalogue.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime
from functools import lru_cache
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files
from typing import Final

SOURCE: Final = "en"
"""The language that sentences are written in."""
LANGUAGES: Final = (SOURCE, "es", "it", "de", "fr", "pt")
"""What can be spoken, by ISO 639."""
DOMAIN: Final = "icalsyncd"
FIELDS: Final = ("EEE", "ccc", "ccccc", "MMM", "MMMM", "LLL", "LLLL")
"""What of a date is a name, by CLDR: a weekday within a date and alone, its letter; a month, short and long, likewise."""
NAMES: Final = "dates.json"
"""Where those names stand, in the folder of each language's catalogue."""
_FIELD: Final = re.compile("d|y|EEE|c+|M+|L+|'[^']*'")
_MAX_ASKED: Final = 32
_DATES_KEPT: Final = 8192

_spoken: ContextVar[str] = ContextVar("spoken", default=SOURCE)


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Speak *language*, one of :data:`LANGUAGES`, for as long as the block runs."""
    before = _spoken.set(language)
    try:
        yield
    finally:
        _spoken.reset(before)


def spoken() -> str:
    """The language that is spoken now."""
    return _spoken.get()


def chosen(accepted: str) -> str:
    """The language that whoever sends *accepted* (an Accept-Language, RFC 9110 §12.5.4) reads best; English for others."""
    best, weight = SOURCE, 0.0
    for each in accepted.split(",")[:_MAX_ASKED]:
        tag, _, parameter = each.partition(";")
        language = tag.strip().lower().partition("-")[0]
        if language in LANGUAGES and (wanted := _weight(parameter)) > weight:
            best, weight = language, wanted
    return best


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if not name:
        return 1.0
    try:
        return float(value) if name.strip().lower() == "q" else 1.0
    except ValueError:
        return 0.0


def say(sentence: str, /, **values: object) -> str:
    """*sentence* in the language that is spoken, with *values* for its `{names}`."""
    return translated(sentence).format(**values)


def say_many(one: str, many: str, count: int, /, **values: object) -> str:
    """*one* where *count* is 1, else *many*, in the language that is spoken; `{count}` stands for the number."""
    return translated_many(one, many, count).format(count=count, **values)


def translated(sentence: str) -> str:
    """*sentence* in the language that is spoken, its `{names}` as they are."""
    return _catalogue(_spoken.get()).gettext(sentence)


def translated_many(one: str, many: str, count: int) -> str:
    """*one* or *many* in the language that is spoken, its `{names}` as they are."""
    return _catalogue(_spoken.get()).ngettext(one, many, count)


def listed(words: Iterable[str]) -> str:
    """`a`, `a and b`, `a, b and c`; nothing for none."""
    *first, last = tuple(words) or ("",)
    return say("{others} and {last}", others=", ".join(first), last=last) if first else last


def decimal(number: float) -> str:
    """`2.5`, without zeros at its end; with a comma where the language has one."""
    written = f"{number:g}"
    return written if spoken() == SOURCE else written.replace(".", ",")


def day_of_year(day: date) -> str:
    """A date with its year: `Fri 10 Jul 2026`."""
    # a pattern of CLDR: https://unicode.org/reports/tr35/tr35-dates.html
    return _dated(day, translated("EEE d MMM y"), _spoken.get())


def day_of_week(day: date) -> str:
    """A date without its year: `Fri 10 Jul`."""
    return _dated(day, translated("EEE d MMM"), _spoken.get())


def day_of_month(day: date) -> str:
    """A date without weekday and year: `10 Jul`."""
    return _dated(day, translated("d MMM"), _spoken.get())


def weekday(day: date) -> str:
    """`Fri`."""
    return _dated(day, "ccc", _spoken.get())


def weekday_letter(day: date) -> str:
    """`F`."""
    return _dated(day, "ccccc", _spoken.get())


def month(day: date) -> str:
    """`Jul`."""
    return _dated(day, "LLL", _spoken.get())


def month_of_year(day: date) -> str:
    """`July 2026`."""
    return _dated(day, translated("LLLL y"), _spoken.get())


def time_of_day(moment: datetime) -> str:
    """`09:12`."""
    return f"{moment:%H:%M}"


@lru_cache(_DATES_KEPT)
def _dated(day: date, pattern: str, language: str) -> str:
    return _FIELD.sub(lambda found: _field(day, found[0], language), pattern)


def _field(day: date, field: str, language: str) -> str:
    """One part of a pattern of :data:`FIELDS`, of digits, or of words in quotes."""
    match field:
        case "d":
            return str(day.day)
        case "y":
            return str(day.year)
        case "EEE" | "ccc" | "ccccc":
            return _names(language)[field][day.weekday()]
        case "MMM" | "MMMM" | "LLL" | "LLLL":
            return _names(language)[field][day.month - 1]
        case _:
            return field[1:-1]


@lru_cache(len(LANGUAGES))
def _names(language: str) -> dict[str, list[str]]:
    """The names of weekdays, from Monday on, and of months, for each of :data:`FIELDS`."""
    path = files("icalsyncd").joinpath("catalogues", language, NAMES)
    found: dict[str, list[str]] = json.loads(path.read_text(encoding="utf-8"))
    return found


@lru_cache(len(LANGUAGES))
def _catalogue(language: str) -> NullTranslations:
    if language == SOURCE:
        return NullTranslations()
    path = files("icalsyncd").joinpath("catalogues", language, f"{DOMAIN}.mo")
    with path.open("rb") as compiled:
        return GNUTranslations(compiled)
