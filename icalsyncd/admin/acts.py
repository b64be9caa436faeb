"""What the host does from the page that changes the config: pause, resume, block, unblock, and taking that back.

Each is a POST with the digest of the config as the page showed it, and answers with JSON: what was written and where, or
what to paste where the service may not write, or why not.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from aiohttp import hdrs, web

from icalsyncd.admin.admin import GUARD, Refusal, Routes
from icalsyncd.admin.asked import name_of
from icalsyncd.admin.form import fields_of
from icalsyncd.config.changes import Block, Change, Pause, Unblock
from icalsyncd.language import day_of_year, say, speaking

LONGEST_NOTE: Final = 200
"""Characters of what the host writes beside a block."""
LONGEST_BLOCK: Final = 3 * 366
"""Nights."""
_DATES: Final = "from and to must be dates such as 2026-12-24, and to the morning that the nights are free again"

Json = dict[str, Any]
Fields = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Acts:
    """What the page may ask of the daemon."""

    make: Callable[[Change, str], Awaitable[Json | Refusal]]
    """Write a change into the file of that digest."""
    undo: Callable[[str], Awaitable[Json | Refusal]]
    foresee: Callable[[Change], Json]
    """What a change would open."""
    language: Callable[[str], str]
    """What is spoken to whoever sends that Accept-Language."""


def routes(acts: Acts) -> Routes:
    """Who answers which path."""
    return {
        ("POST", "/-/pause"): lambda request: _change(acts, request, _pause),
        ("POST", "/-/resume"): lambda request: _change(acts, request, _resume),
        ("POST", "/-/block"): lambda request: _change(acts, request, _block),
        ("POST", "/-/unblock"): lambda request: _change(acts, request, _unblock),
        ("POST", "/-/undo"): lambda request: _undo(acts, request),
    }


async def _change(acts: Acts, request: web.BaseRequest, read: Callable[[Fields], Change | str]) -> web.Response:
    fields = await fields_of(request)
    change = read(fields)
    if isinstance(change, str):
        return _json(400, {"error": change})
    if fields.get("dry_run", "") in ("1", "true"):
        return _json(200, acts.foresee(change))
    if not fields.get("digest"):
        return _json(400, {"error": "digest is needed: the config's as you saw it, which /api/v1/status has"})
    made = await acts.make(change, fields["digest"])
    if isinstance(made, Refusal):
        return _json(409, {"error": made.why})
    with speaking(acts.language(request.headers.get(hdrs.ACCEPT_LANGUAGE, ""))):
        return _json(200, {**made, "said": _said(change, made)})


async def _undo(acts: Acts, request: web.BaseRequest) -> web.Response:
    fields = await fields_of(request)
    made = await acts.undo(fields.get("digest", ""))
    if isinstance(made, Refusal):
        return _json(409, {"error": made.why})
    with speaking(acts.language(request.headers.get(hdrs.ACCEPT_LANGUAGE, ""))):
        said = say("{file} is as it was, line {line}.", file=made["file"], line=made["line"])
        return _json(200, {**made, "said": _waiting(said, made)})


def _said(change: Change, made: Json) -> str:
    """What was done, in one sentence for the host, with the line."""
    where = {"file": made["file"], "line": made["line"]}
    if not made["written"]:
        said = say("{file} was not changed ({why}). Write this at line {line}:", **where, why=made["why"])
    elif isinstance(change, Block):
        days = {"first": day_of_year(change.first), "until": day_of_year(change.until)}
        said = say("Blocked from {first} to {until}: {file}, line {line}.", **where, **days)
    elif isinstance(change, Unblock):
        days = {"first": day_of_year(change.first), "until": day_of_year(change.until)}
        said = say("No longer blocked from {first} to {until}: {file}, line {line}.", **where, **days)
    else:
        sync = f"{change.accommodation}/{change.sync}"
        if change.paused == "keep":
            said = say("{sync} is paused, and no night opens: {file}, line {line}.", **where, sync=sync)
        elif change.paused:
            said = say("{sync} is paused: {file}, line {line}.", **where, sync=sync)
        else:
            said = say("{sync} is resumed: {file}, line {line}.", **where, sync=sync)
    return _waiting(said, made)


def _waiting(said: str, made: Json) -> str:
    if "mistakes" in made:
        return say("{said} The daemon refuses the file: {mistakes}", said=said, mistakes="; ".join(made["mistakes"]))
    if minutes := round(made.get("waits", 0) / 60):
        return say("{said} The nights open in {minutes} minutes.", said=said, minutes=minutes)
    return said


def _pause(fields: Fields) -> Change | str:
    name = name_of(fields.get("sync", ""))
    if name is None:
        return "sync must be accommodation/sync"
    return Pause(*name, "keep" if fields.get("keep", "") in ("1", "true") else True)


def _resume(fields: Fields) -> Change | str:
    name = name_of(fields.get("sync", ""))
    return Pause(*name, paused=False) if name is not None else "sync must be accommodation/sync"


def _block(fields: Fields) -> Change | str:
    found = _range(fields)
    if isinstance(found, str):
        return found
    note = fields.get("note", "").strip()
    if len(note) > LONGEST_NOTE or not note.isprintable():
        return f"note must be one line of {LONGEST_NOTE} characters at most"
    return Block(*found, note)


def _unblock(fields: Fields) -> Change | str:
    found = _range(fields)
    return found if isinstance(found, str) else Unblock(*found)


def _range(fields: Fields) -> tuple[str, date, date] | str:
    accommodation = fields.get("accommodation", "")
    if not accommodation:
        return "say which accommodation"
    try:
        first, until = date.fromisoformat(fields.get("from", "")), date.fromisoformat(fields.get("to", ""))
    except ValueError:
        return _DATES
    if not 0 < (until - first).days <= LONGEST_BLOCK:
        return _DATES
    return accommodation, first, until


def _json(status: int, answer: object) -> web.Response:
    return web.json_response(answer, status=status, headers=GUARD)
