"""Durations and sizes as people write them, and as the program counts them: seconds and bytes."""

from __future__ import annotations

import re
from typing import Final

DURATION: Final = r"^(?=\d)(\d+d)?(\d+h)?(\d+m)?(\d+s)?$"
"""What a written duration looks like, days first; also for editors that check a file by its JSON Schema."""
SIZE: Final = r"^\d+(KiB|MiB|GiB|B)$"

_SECONDS: Final = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))
_BYTES: Final = (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10), ("B", 1))
_DURATION: Final = re.compile(DURATION.strip("^$"), re.ASCII)
_SIZE: Final = re.compile(SIZE.strip("^$"), re.ASCII)
_LONGEST: Final = 3_660 * 86_400
_LARGEST: Final = 2**40


def parse_duration(text: str) -> int:
    """The seconds of a duration such as ``90s``, ``30m``, ``1h30m``, ``7d`` or ``0s``.

    Raises ValueError, whose text says the right form and quotes nothing.
    """
    # a hundred digits are no duration, and Python refuses to read thousands of them
    match = _DURATION.fullmatch(text) if len(text) <= 40 else None
    seconds = 0
    if match is not None:
        parts = zip(match.groups(), _SECONDS, strict=True)
        seconds = sum(int(part[:-1]) * unit for part, (_, unit) in parts if part is not None)
    if match is None or seconds > _LONGEST:
        raise ValueError("not a duration: write it like 90s, 30m, 1h30m or 7d")
    return seconds


def parse_size(text: str) -> int:
    """The bytes of a size such as ``512KiB``, ``5MiB`` or ``1000B``.

    Raises ValueError, whose text says the right form and quotes nothing.
    """
    match = _SIZE.fullmatch(text) if len(text) <= 40 else None
    size = int(text[: match.start(1)]) * dict(_BYTES)[match[1]] if match is not None else 0
    if match is None or size > _LARGEST:
        raise ValueError("not a size: write it like 512KiB or 5MiB")
    return size


def format_duration(seconds: int) -> str:
    """*seconds*, not negative, in the form that :func:`parse_duration` reads: ``1h30m``."""
    parts: list[str] = []
    for letter, unit in _SECONDS:
        count, seconds = divmod(seconds, unit)
        if count:
            parts.append(f"{count}{letter}")
    return "".join(parts) or "0s"
