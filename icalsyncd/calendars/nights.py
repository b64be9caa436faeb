"""Nights, and sets of them.

A night is a date, the night from that date to the next, written inside as the date's proleptic Gregorian ordinal
(:meth:`datetime.date.toordinal`), so that it is a plain integer that can be counted and shifted. Dates appear at the
edges only: in calendars, in feeds, and before people.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Final, NamedTuple, TypeAlias, TypeVar

Night: TypeAlias = int
T = TypeVar("T")

_ONES: Final = re.compile("1+")


def night_of(day: date) -> Night:
    """The night from *day* to the day after it."""
    return day.toordinal()


def date_of(night: Night) -> date:
    """The date on whose evening *night* begins."""
    return date.fromordinal(night)


class Stay(NamedTuple):
    """A half-open range of nights: from the night of ``check_in`` up to, not including, that of ``check_out``."""

    check_in: Night
    check_out: Night

    def __str__(self) -> str:
        return f"{date_of(self.check_in)}..{date_of(self.check_out)}"


class Nights:
    """A frozen set of nights, kept as a bit mask above its first night: small, hashable, and quick to combine."""

    __slots__ = ("_bits", "_first")

    _first: Night
    _bits: int

    def __init__(self, nights: Iterable[Night] = ()) -> None:
        listed = sorted(set(nights))
        self._first = listed[0] if listed else 0
        bits = 0
        for night in listed:
            bits |= 1 << (night - self._first)
        self._bits = bits

    @classmethod
    def _of(cls, first: Night, bits: int) -> Nights:
        if not bits:
            return EMPTY
        shift = (bits & -bits).bit_length() - 1
        made = cls.__new__(cls)
        made._first = first + shift
        made._bits = bits >> shift
        return made

    @classmethod
    def between(cls, start: Night, end: Night) -> Nights:
        """The nights from *start* up to, not including, *end*; none where *end* is not after *start*."""
        return cls._of(start, (1 << (end - start)) - 1) if end > start else EMPTY

    @classmethod
    def of_stays(cls, stays: Iterable[tuple[Night, Night]]) -> Nights:
        """All nights of half-open ranges, which may overlap and come in any order."""
        ranges = [stay for stay in stays if stay[1] > stay[0]]
        if not ranges:
            return EMPTY
        first = min(start for start, _ in ranges)
        bits = 0
        for start, end in ranges:
            bits |= ((1 << (end - start)) - 1) << (start - first)
        return cls._of(first, bits)

    def __or__(self, other: Nights) -> Nights:
        if not other._bits or self is other:
            return self
        if not self._bits:
            return other
        if self._first <= other._first:
            return Nights._of(self._first, self._bits | other._bits << (other._first - self._first))
        return other | self

    def __and__(self, other: Nights) -> Nights:
        if not self._bits or not other._bits:
            return EMPTY
        shift = other._first - self._first
        return Nights._of(self._first, self._bits & (other._bits << shift if shift >= 0 else other._bits >> -shift))

    def __sub__(self, other: Nights) -> Nights:
        if not self._bits or not other._bits:
            return self
        shift = other._first - self._first
        return Nights._of(self._first, self._bits & ~(other._bits << shift if shift >= 0 else other._bits >> -shift))

    def __xor__(self, other: Nights) -> Nights:
        return (self - other) | (other - self)

    def __contains__(self, night: object) -> bool:
        if not isinstance(night, int) or night < self._first:
            return False
        return bool(self._bits >> (night - self._first) & 1)

    def __len__(self) -> int:
        return self._bits.bit_count()

    def __bool__(self) -> bool:
        return bool(self._bits)

    def __iter__(self) -> Iterator[Night]:
        for start, end in self.stays():
            yield from range(start, end)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Nights) and self._first == other._first and self._bits == other._bits

    def __hash__(self) -> int:
        return hash((self._first, self._bits))

    def __le__(self, other: Nights) -> bool:
        return not self - other

    def __repr__(self) -> str:
        return f"Nights({', '.join(map(str, self.stays()))})"

    def packed(self) -> tuple[Night, int]:
        """The first night, and a mask of the nights from it on, the first as its lowest bit; two zeros for none."""
        return self._first, self._bits

    @classmethod
    def unpacked(cls, first: Night, mask: int) -> Nights:
        """The nights that were :meth:`packed`. Raises ValueError for what cannot have been."""
        if mask < 0:
            raise ValueError("a mask is not negative")
        return cls._of(first, mask)

    def isdisjoint(self, other: Nights) -> bool:
        """Whether no night is in both."""
        shift = other._first - self._first
        return not (self._bits >> shift & other._bits if shift >= 0 else self._bits & other._bits >> -shift)

    def stays(self) -> tuple[Stay, ...]:
        """The maximal runs of consecutive nights, in order."""
        mask = bin(self._bits)[:1:-1]
        return tuple(Stay(self._first + run.start(), self._first + run.end()) for run in _ONES.finditer(mask))

    @property
    def hull(self) -> Stay:
        """The shortest range that holds all of them; an empty one at 0 for none."""
        return Stay(self._first, self._first + self._bits.bit_length())

    def since(self, start: Night) -> Nights:
        """Those of *start* and later."""
        if start <= self._first:
            return self
        return Nights._of(start, self._bits >> (start - self._first))

    def until(self, end: Night) -> Nights:
        """Those before *end*."""
        return self & Nights.between(min(self._first, end), end) if self._bits else self

    def widened(self, before: int, after: int) -> Nights:
        """Each run of nights made longer by *before* nights at its start and *after* at its end."""
        if not self._bits or not (before or after):
            return self
        bits = self._bits << before
        grown = bits
        for step in range(1, before + 1):
            grown |= bits >> step
        for step in range(1, after + 1):
            grown |= bits << step
        return Nights._of(self._first - before, grown)


def _empty() -> Nights:
    made = Nights.__new__(Nights)
    made._first = 0
    made._bits = 0
    return made


EMPTY: Final = _empty()


def union(sets: Iterable[Nights]) -> Nights:
    """The nights that are in any of *sets*."""
    first, bits = 0, 0
    for nights in sets:
        more = nights._bits
        if not more:
            continue
        shift = nights._first - first
        if not bits:
            first, bits = nights._first, more
        elif shift >= 0:
            bits |= more << shift
        else:
            first, bits = nights._first, bits << -shift | more
    return Nights._of(first, bits)


def each_without(entries: Iterable[tuple[T, Nights]], gone: Nights) -> Iterator[tuple[T, Nights]]:
    """*entries* without the nights *gone*, and those of them that are left with none; what has none of these is the same."""
    first, bits = gone._first, gone._bits
    end = first + bits.bit_length()
    for entry in entries:
        held = entry[1]
        shift = first - held._first
        if held._first >= end or not (held._bits >> shift & bits if shift >= 0 else held._bits & bits >> -shift):
            yield entry
        elif left := held - gone:
            yield entry[0], left


def intersection(sets: Iterable[Nights]) -> Nights:
    """The nights that are in all of *sets*, of which there is one at least."""
    first, *rest = sets
    for nights in rest:
        first &= nights
    return first


def horizon(today: Night) -> Stay:
    """The nights that matter on *today*, half-open: from yesterday's to those three years ahead."""
    day = date_of(today)
    try:
        end = day.replace(year=day.year + 3)
    except ValueError:  # 29 February
        end = day.replace(year=day.year + 3, day=28)
    return Stay(today - 1, night_of(end))
