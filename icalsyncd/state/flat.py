"""Nights, stamps, verdicts and readers in the flat form in which they are stored.

A set of nights is a text, its first night and a hexadecimal mask of those from it on: `740000+b` are 740000, 740001 and
740003.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from icalsyncd.availability.claims import ALIKE, Rule, Verdicts, reuse_verdicts
from icalsyncd.availability.readers import Reader
from icalsyncd.availability.stamps import Stamps
from icalsyncd.calendars.nights import EMPTY, Nights


def flat_nights(nights: Nights) -> str:
    first, mask = nights.packed()
    return f"{first}+{mask:x}" if mask else ""


def load_nights(text: str) -> Nights:
    if not text:
        return EMPTY
    first, _, mask = text.partition("+")
    return Nights.unpacked(int(first), int(mask, 16))


@lru_cache(ALIKE)
def flat_verdicts(verdicts: Verdicts) -> str:
    return ",".join(f"{rule.value} {flat_nights(nights)}" for rule, nights in verdicts)


@lru_cache(ALIKE)
def load_verdicts(text: str) -> Verdicts:
    parts = (part.partition(" ") for part in text.split(",") if part)
    return reuse_verdicts(tuple((Rule(rule), load_nights(nights)) for rule, _, nights in parts))


def flat_stamps(stamps: Stamps) -> list[list[Any]]:
    return [[moment, flat_nights(nights)] for moment, nights in stamps]


def stamps_text(stamps: Stamps) -> str:
    """The JSON of the same at once: a feed's is long, and is written wherever a night of the family changes."""
    rows = [f'[{moment!r},"{flat_nights(nights)}"]' for moment, nights in stamps.entries]
    return f"[{','.join(rows)}]"


def load_stamps(rows: Iterable[tuple[float, str]]) -> Stamps:
    return Stamps(tuple((moment, load_nights(text)) for moment, text in rows))


def flat_reader(reader: Reader) -> list[Any]:
    return [reader.product, reader.at, flat_stamps(reader.told), reader.times, reader.proofs]


def load_reader(row: list[Any]) -> Reader:
    product, at, told, times, proofs = row
    return Reader(product, at, load_stamps(told), times, proofs)
