"""What receivers of messages have still to be told, and what they know: kept through restarts, in a table of its own.

An affair is one thing that needs the host, from the moment at which it is first seen until it is over. A notice is what one
receiver is still to be told of one matter; notices go out in the order of their numbers. Nights taken at a portal are kept
beside them as far as they were told. All of it is words of ours, dates and names of the config.

Rows hold JSON. One that cannot be read is left out: a damaged outbox stops no daemon, it only tells something again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final, TypeAlias

from icalsyncd.availability.stamps import Moment
from icalsyncd.calendars.nights import EMPTY, Nights

Key: TypeAlias = tuple[str, int]
"""Of a row: a receiver's name, or one of the words below, and a number."""
Rows: TypeAlias = Mapping[Key, str]

AFFAIRS: Final = "#affairs"
SEEN: Final = "#seen"
"""No receiver is called so."""
_WORDS_MOST: Final = 1_000
"""Letters of one sentence that are kept."""


class About(StrEnum):
    """What a message is about, as the config says it."""

    URGENT = "urgent"
    PROBLEMS = "problems"
    BOOKINGS = "bookings"


class Turn(StrEnum):
    """What happened to the matter that a notice tells of."""

    BEGUN = "begun"
    OVER = "over"
    TAKEN = "taken"
    FREE = "free again"


@dataclass(frozen=True, slots=True)
class Affair:
    """One thing that needs the host."""

    number: int
    word: str
    """The one word for it."""
    whose: tuple[str, str, str]
    """Accommodation, sync and target, each empty where it is about none."""
    about: About
    since: Moment
    """When it was first seen."""
    words: Mapping[str, str]
    """The sentence, by language."""
    nights: Nights = EMPTY
    """Those that it is, or was, about; none where it is about no nights."""
    raised: bool = False
    """It has lasted for long enough to be told."""
    told: frozenset[str] = frozenset()
    """The receivers that were told, or may have been, that it has begun."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What one receiver is to be told."""

    number: int
    matter: str
    """The same for all notices of one matter."""
    about: About
    turn: Turn
    at: Moment
    """When it happened."""
    words: Mapping[str, str]
    tried: bool = False
    """It was given to the receiver, which may have it."""

    def in_language(self, language: str) -> str:
        """The sentence, in English where it is not there in *language*."""
        return self.words.get(language) or self.words.get("en") or next(iter(self.words.values()), "")


@dataclass(frozen=True, slots=True)
class Seen:
    """The nights taken at one sync that receivers know of."""

    number: int
    accommodation: str
    sync: str
    nights: Nights


@dataclass(frozen=True, slots=True)
class Kept:
    """All that was stored."""

    affairs: tuple[Affair, ...] = ()
    notices: Mapping[str, tuple[Notice, ...]] = field(default_factory=dict)
    """By receiver, in order."""
    seen: tuple[Seen, ...] = ()
    last: int = 0
    """The highest number that was ever given, as far as it is known."""


def dump(row: Affair | Notice | Seen) -> str:
    """*row* as it is stored, without its number."""
    match row:
        case Affair():
            record: dict[str, Any] = {
                "word": row.word,
                "whose": row.whose,
                "about": row.about,
                "since": row.since,
                "words": row.words,
                "nights": row.nights.packed() if row.nights else None,
                "raised": row.raised,
                "told": sorted(row.told),
            }
        case Notice():
            record = {
                "matter": row.matter,
                "about": row.about,
                "turn": row.turn,
                "at": row.at,
                "words": row.words,
                "tried": row.tried,
            }
        case Seen():
            record = {
                "accommodation": row.accommodation,
                "sync": row.sync,
                "nights": row.nights.packed() if row.nights else None,
            }
    return json.dumps(record, ensure_ascii=False)


def read(rows: Iterable[tuple[str, int, str]]) -> Kept:
    """What *rows* (receiver, number, state) hold; those that are damaged are left out."""
    affairs: list[Affair] = []
    notices: dict[str, list[Notice]] = {}
    seen: list[Seen] = []
    last = 0
    for receiver, number, text in sorted(rows, key=lambda row: (row[0], row[1])):
        last = max(last, number)
        try:
            record = json.loads(text)
            if receiver == AFFAIRS:
                affairs.append(_affair(number, record))
            elif receiver == SEEN:
                seen.append(Seen(number, record["accommodation"], record["sync"], _nights(record)))
            else:
                notices.setdefault(receiver, []).append(_notice(number, record))
        except (ValueError, LookupError, TypeError, AttributeError):
            continue
    return Kept(tuple(affairs), {name: tuple(each) for name, each in notices.items()}, tuple(seen), last)


def write(execute: Callable[..., object], rows: Mapping[Key, str | None]) -> None:
    """Write *rows*; None: the row goes."""
    for (receiver, number), text in rows.items():
        if text is None:
            execute("DELETE FROM outbox WHERE receiver = ? AND number = ?", (receiver, number))
        else:
            execute("REPLACE INTO outbox VALUES (?, ?, ?)", (receiver, number, text))


def shortened(words: Mapping[str, str]) -> dict[str, str]:
    """*words*, none of them longer than what is kept."""
    return {
        language: text if len(text) <= _WORDS_MOST else f"{text[: _WORDS_MOST - 1]}…"
        for language, text in words.items()
    }


def _affair(number: int, record: dict[str, Any]) -> Affair:
    accommodation, sync, target = record["whose"]
    return Affair(
        number,
        record["word"],
        (accommodation, sync, target),
        About(record["about"]),
        float(record["since"]),
        dict(record["words"]),
        _nights(record),
        bool(record["raised"]),
        frozenset(record["told"]),
    )


def _notice(number: int, record: dict[str, Any]) -> Notice:
    return Notice(
        number,
        record["matter"],
        About(record["about"]),
        Turn(record["turn"]),
        float(record["at"]),
        dict(record["words"]),
        bool(record["tried"]),
    )


def _nights(record: dict[str, Any]) -> Nights:
    packed = record["nights"]
    return Nights.unpacked(*packed) if packed else EMPTY


def not_after(kept: Kept, now: Moment) -> Kept:
    """The same, with no affair seen after *now*: the clock was set back."""
    return replace(
        kept,
        affairs=tuple(each if each.since <= now else replace(each, since=now) for each in kept.affairs),
    )
