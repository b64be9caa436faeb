"""`icalsyncd read`: what a calendar says, without any daemon."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from collections.abc import Iterator
from datetime import date
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Any, Final, assert_never
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from icalsyncd.calendars.calendar import Event, Failed, Good, Partial, Reading, Reason, nights_in
from icalsyncd.calendars.nights import date_of, night_of
from icalsyncd.calendars.reading import read as read_calendar
from icalsyncd.calendars.settings import ReadSettings
from icalsyncd.clock import Clock
from icalsyncd.commands.outcome import DONE, FAILED, USAGE, CommandError
from icalsyncd.commands.terminal import Colour, counted, painted, table
from icalsyncd.config.portals import Profile, profile, recognise
from icalsyncd.config.summaries import compiled
from icalsyncd.pulling.intake import AGENT
from icalsyncd.pulling.order import Body, Failure, NotModified, Order
from icalsyncd.pulling.pull import Puller

_SCHEMES: Final = frozenset({"http", "https", "webcal", "webcals", "file"})

Json = dict[str, Any]


def read(source: str, portal: str | None, timezone: str | None, today: date | None, *, as_json: bool) -> int:
    """Print what the calendar at *source*, a file, a URL or `-`, says; 1 if it is not one that can be believed.

    *portal* says how to understand its summaries (by default that of the URL's host), *timezone* where the
    accommodation lies (by default this machine's), *today* on which day to read it.
    """
    zone = timezone or machine_zone()
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        raise CommandError(f"there is no time zone {zone!r}; write it like Europe/Madrid", USAGE) from None
    day = today or Clock(None).today(zone)
    known = profile(portal or (recognise(urlsplit(source).hostname or "") if _is_url(source) else None) or "generic")
    body = asyncio.run(_pulled(source)) if _is_url(source) else _read_file(source)
    reading = body if isinstance(body, Failed) else read_calendar(body, settings_for(known, zone), night_of(day))
    if as_json:
        print(json.dumps(_as_json(reading), indent=2))
    else:
        for line in _lines(reading, known, zone, day):
            print(line)
    return FAILED if isinstance(reading, Failed) else DONE


def settings_for(known: Profile, timezone: str) -> ReadSettings:
    """How the calendars of a portal are read where the config says nothing else."""
    return ReadSettings(
        timezone=timezone,
        reservation=compiled(known.reservation),
        block=compiled(known.block),
        dtend_inclusive=known.dtend == "inclusive",
        transparent_blocks=known.all_day_transparent == "block",
        empty_is_valid=known.empty_body == "empty",
    )


def _is_url(source: str) -> bool:
    return urlsplit(source).scheme.lower() in _SCHEMES and ":" in source


def _read_file(source: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
    except OSError as error:
        raise CommandError(f"{source} cannot be read: {error.strerror}") from None


async def _pulled(source: str) -> bytes | Failed:
    order = Order("read", source, AGENT, allow_private=await _named(source))
    async with Puller() as puller:
        answer = await puller.pull(order)
    match answer:
        case Body():
            for warning in answer.warnings:
                print(f"icalsyncd: {warning}", file=sys.stderr)
            return answer.body
        case Failure():
            return Failed(answer.reason, answer.detail)
        case NotModified():
            return Failed(Reason.NOT_CALENDAR, "the portal says that nothing was modified, though nothing was known")
        case _:
            assert_never(answer)


async def _named(source: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """The addresses that the host named by writing this URL: they may be private; what it redirects to may not."""
    host = urlsplit(source).hostname
    if not host:
        return ()
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return ()
    return tuple({ip_network(ip_address(str(place[0]).partition("%")[0])) for *_, place in found})


def machine_zone() -> str:
    """The IANA name of this machine's time zone, UTC if it cannot be told."""
    named = os.environ.get("TZ", "").removeprefix(":")
    if not named:
        try:
            named = os.fspath(Path("/etc/localtime").resolve(strict=True)).partition("/zoneinfo/")[2]
        except OSError:
            named = ""
    try:
        return ZoneInfo(named).key
    except (KeyError, ValueError, OSError):
        return "UTC"


def _lines(reading: Reading, known: Profile, zone: str, day: date) -> Iterator[str]:
    match reading:
        case Failed():
            yield painted(
                f"failed: {reading.reason.value}{': ' + reading.detail if reading.detail else ''}", Colour.BAD
            )
            return
        case Good():
            yield painted("good", Colour.GOOD)
        case Partial():
            yield painted(f"partial: {counted(len(reading.broken), 'event')} cannot be read", Colour.WARNING)
        case _:
            assert_never(reading)
    stays = _stays(reading.events)
    yield f"read as {known.name}, in {zone}, on {day}: {counted(len(nights_in(reading.events)), 'night')} taken"
    if stays:
        rows = [
            (f"{date_of(event.check_in)}", f"{date_of(event.check_out)}", _nights(event), event.kind.value)
            for event in stays
        ]
        yield from table(("ARRIVAL", "DEPARTURE", "NIGHTS", "KIND"), rows)
    for problem in reading.problems:
        yield painted(f"note: {problem}", Colour.WARNING)


def _nights(event: Event) -> str:
    return str(event.check_out - event.check_in)


def _stays(events: tuple[Event, ...]) -> list[Event]:
    """Each stretch once, in order; what is sent twice takes its nights once."""
    return sorted({(event.check_in, event.check_out, event.kind.value): event for event in events}.values())


def _as_json(reading: Reading) -> Json:
    match reading:
        case Failed():
            problems = [reading.detail] if reading.detail else []
            return _json("failed", reading.reason.value, (), problems)
        case Good():
            return _json("good", None, reading.events, list(reading.problems))
        case Partial():
            return _json("partial", None, reading.events, list(reading.problems))
        case _:
            assert_never(reading)


def _json(outcome: str, reason: str | None, events: tuple[Event, ...], problems: list[str]) -> Json:
    return {
        "outcome": outcome,
        "reason": reason,
        "nights": [date_of(night).isoformat() for night in nights_in(events)],
        "stays": [
            {
                "check_in": date_of(event.check_in).isoformat(),
                "check_out": date_of(event.check_out).isoformat(),
                "kind": event.kind.value,
            }
            for event in _stays(events)
        ],
        "problems": problems,
    }
