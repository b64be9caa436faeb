"""How commands speak: aligned tables, colours where a person sees them, times as people tell them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import Enum
from typing import Final, TextIO

from icalsyncd.calendars.nights import Nights, date_of


class Colour(Enum):
    """SGR codes of ECMA-48."""

    GOOD = "32"
    WARNING = "33"
    BAD = "31"
    FAINT = "2"
    STRONG = "1"


_SPANS: Final = ((86_400.0, "d"), (3_600.0, "h"), (60.0, "min"))
_LISTED: Final = 12


def painted(text: str, colour: Colour, stream: TextIO | None = None) -> str:
    """*text* in *colour* if *stream* (standard output) is a terminal and NO_COLOR is not set; else as it is."""
    stream = stream or sys.stdout
    if not stream.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return text
    return f"\x1b[{colour.value}m{text}\x1b[0m"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], colours: Sequence[Colour | None] = ()) -> list[str]:
    """Lines of aligned columns; *colours* are those of the rows, None for none."""
    body = [list(row) for row in rows]
    widths = [max(map(len, column)) for column in zip(head, *body, strict=True)]
    lines = [painted(_aligned(head, widths), Colour.FAINT)]
    for number, row in enumerate(body):
        line = _aligned(row, widths)
        colour = colours[number] if number < len(colours) else None
        lines.append(painted(line, colour) if colour else line)
    return lines


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def told(moment: datetime | None, now: datetime) -> str:
    """*moment* as seen from *now*, with the local time beside it; `never` for None."""
    if moment is None:
        return "never"
    seconds = (moment - now).total_seconds()
    local = moment.astimezone()
    absolute = f"{local:%H:%M}" if local.date() == now.astimezone().date() else f"{local:%Y-%m-%d %H:%M}"
    if abs(seconds) < 60:
        return f"just now ({absolute})" if seconds <= 0 else f"in a moment ({absolute})"
    size, unit = next(span for span in _SPANS if abs(seconds) >= span[0])
    count = int(abs(seconds) // size)
    relative = f"{count} {unit} ago" if seconds < 0 else f"in {count} {unit}"
    return f"{relative} ({absolute})"


def moment_of(written: str | None) -> datetime | None:
    """The moment of an RFC 3339 text such as the daemon's JSON holds; None for null."""
    return datetime.fromisoformat(written) if written else None


def counted(count: int, noun: str) -> str:
    """`1 night`, `2 nights`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def listed(nights: Nights) -> str:
    """Nights for people: how many, and their ranges, half-open as a stay is written: arrival to departure."""
    stays = nights.stays()
    shown = ", ".join(f"{date_of(start)} to {date_of(end)}" for start, end in stays[:_LISTED])
    more = f", and {counted(len(stays) - _LISTED, 'more range')}" if len(stays) > _LISTED else ""
    return f"{counted(len(nights), 'night')} ({shown}{more})" if nights else "no nights"


def confirmed(question: str, *, default: bool = False) -> bool:
    """Whether a person says yes to *question*, or nothing if *default* is yes; no if there is no terminal to ask at."""
    if not sys.stdin.isatty():
        return False
    try:
        typed = input(f"{question} {'[Y/n]' if default else '[y/N]'} ").strip().lower()
    except EOFError:
        print()
        return False
    return typed in ("y", "yes") or (default and not typed)
