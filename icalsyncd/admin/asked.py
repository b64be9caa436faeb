"""What a request asks about: the sync, the night, the language."""

from __future__ import annotations

from datetime import date

from aiohttp import hdrs, web

from icalsyncd.calendars.nights import Night, night_of
from icalsyncd.state.view import SyncName


def name_of(text: str) -> SyncName | None:
    """The sync that *text*, `accommodation/sync`, names."""
    accommodation, slash, sync = text.partition("/")
    return (accommodation, sync) if slash and accommodation and sync and "/" not in sync else None


def night_asked(request: web.BaseRequest) -> Night | None:
    """The night that is asked about."""
    return night_in(request.query.get("night", ""))


def night_in(text: str) -> Night | None:
    """The night of a date; the last days of all time have no day after them."""
    try:
        night = night_of(date.fromisoformat(text))
    except ValueError:
        return None
    return night if 1 < night < night_of(date.max) - 1 else None


def is_dry(request: web.BaseRequest) -> bool:
    """Whether nothing is to be done, only said."""
    return request.query.get("dry_run", "") in ("1", "true")


def language_of(request: web.BaseRequest) -> str:
    """The languages that the browser asks for, as it names them."""
    return request.headers.get(hdrs.ACCEPT_LANGUAGE, "")
