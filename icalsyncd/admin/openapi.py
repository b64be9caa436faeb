"""What the admin listener answers to programs, as an OpenAPI document: made of values, so that it can be checked against it.

Answers may grow: a program that reads them takes no notice of keys that it does not know.
"""

from __future__ import annotations

from typing import Any, Final

from icalsyncd import __version__

Json = dict[str, Any]

_MOMENT: Final = {"type": "string", "format": "date-time", "description": "in UTC, to the second"}
_NEVER: Final = {
    "type": ["string", "null"],
    "format": "date-time",
    "description": "in UTC, to the second; null for never",
}
_TEXT: Final = {"type": "string"}
_DAY: Final = {"type": "string", "format": "date"}
_SWITCH: Final = {"type": "boolean"}
_COUNT: Final = {"type": "integer", "minimum": 0}


def _maybe(kind: str) -> Json:
    return {"type": [kind, "null"]}


def _object(optional: Json | None = None, /, **required: Json) -> Json:
    """A mapping that has the keys *required*, and may have those that are *optional*."""
    return {"type": "object", "required": sorted(required), "properties": {**required, **(optional or {})}}


def _list(of: Json) -> Json:
    return {"type": "array", "items": of}


def _named(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


_RANGE: Final = _object(**{"from": _DAY, "to": {**_DAY, "description": "the morning after the last night"}})
_SYNC: Final = {"type": "string", "pattern": "^[^/]+/[^/]+$", "description": "accommodation/sync"}

_SCHEMAS: Final[Json] = {
    "Error": _object(error=_TEXT),
    "Range": _RANGE,
    "Nights": _object(**_RANGE["properties"], origins=_list(_TEXT), overbooked=_SWITCH, possible_ghost=_SWITCH),
    "Sync": _object(
        id=_SYNC,
        portal=_TEXT,
        direction={"enum": ["bidirectional", "export", "import"]},
        state={"enum": ["ok", "never", "failing", "held", "partial", "paused", "leaving"]},
        reason=_maybe("string"),
        last_attempt=_NEVER,
        last_success=_NEVER,
        last_change=_NEVER,
        next_pull=_NEVER,
        last_fetch=_NEVER,
        since=_NEVER,
        keeps=_SWITCH,
        safe_to_resume=_NEVER,
        claimed_nights=_COUNT,
        echo_nights=_COUNT,
        offered_nights=_COUNT,
        released_nights=_COUNT,
        unknown_nights=_COUNT,
        old_link_until=_NEVER,
        old_link_requests=_COUNT,
    ),
    "Accommodation": _object(
        id=_TEXT,
        name=_TEXT,
        ready=_SWITCH,
        nights=_list(_named("Nights")),
        syncs=_list(_named("Sync")),
        leaving=_list(_object(what={"enum": ["block", "buffer", "sync", "direction", "settings"]}, until=_MOMENT)),
    ),
    "Target": _object(
        name=_TEXT,
        type={"enum": ["folder", "webdav", "s3", "gcs", "azure"]},
        state={"enum": ["ok", "never", "failing"]},
        reason=_maybe("string"),
        last_success=_NEVER,
        failing_since=_NEVER,
        feeds=_COUNT,
        behind=_COUNT,
    ),
    "Verdict": _object(well=_SWITCH, needs=_list(_TEXT)),
    "Status": _object(
        version=_TEXT,
        verdict=_named("Verdict"),
        faults=_list(_TEXT),
        targets=_list(_named("Target")),
        config=_object(ok=_SWITCH, problems=_list(_TEXT), loaded_at=_MOMENT, digest=_TEXT),
        accommodations=_list(_named("Accommodation")),
    ),
    "Claim": _object(
        sync=_TEXT,
        since=_MOMENT,
        kind={"enum": ["reservation", "block", "unknown"]},
        **_RANGE["properties"],
        verdict={"enum": ["origin", "echo"]},
        rule=_TEXT,
    ),
    "Explanation": _object(
        accommodation=_TEXT,
        night=_DAY,
        taken=_SWITCH,
        overbooked=_SWITCH,
        possible_ghost=_SWITCH,
        claims=_list(_named("Claim")),
        blocks=_list(_named("Range")),
        told=_list(_object(sync=_TEXT, since=_NEVER, fetched=_NEVER)),
        frees_when=_maybe("string"),
    ),
    "Event": _object(
        {"accommodation": _TEXT, "sync": _TEXT, "from": _DAY, "to": _DAY, "reader": _TEXT}, at=_MOMENT, what=_TEXT
    ),
    "Links": _object(
        links=_list(_object(accommodation=_TEXT, sync=_TEXT, url={"type": "string", "format": "uri"})),
        calendars=_list(_object(calendar=_TEXT, url={"type": "string", "format": "uri"})),
    ),
    "Pull": _object(
        {"kept": _list(_named("Range"))},
        sync=_SYNC,
        outcome={"enum": ["updated", "not_modified", "partial", "held", "failed"]},
        reason=_maybe("string"),
        nights=_COUNT,
        new=_COUNT,
        freed=_COUNT,
    ),
    "Wait": _object(waits=_list(_TEXT), releases=_list(_named("Range"))),
    "Confirmed": _object(
        events=_list(_object(**_RANGE["properties"], sync=_TEXT, kind=_TEXT)),
        releases=_list(_named("Range")),
        seen=_TEXT,
    ),
    "Ended": _object(ended=_COUNT),
    "Act": _object(
        # with dry_run, what it would open; else what came of it
        {
            "written": {**_SWITCH, "description": "false: `lines` are to be pasted, and `why` says why"},
            "why": _TEXT,
            "file": _TEXT,
            "line": {"type": "integer", "minimum": 1},
            "lines": _TEXT,
            "digest": {**_TEXT, "description": "of the file now"},
            "undo": _SWITCH,
            "said": _TEXT,
            "mistakes": _list(_TEXT),
            "waits": {"type": "number", "description": "seconds until what leaves the file opens"},
            "opens": _list(_named("Range")),
            "opens_there": _list(_named("Range")),
            "opens_elsewhere": _list(_named("Range")),
            "taken": _list(_named("Range")),
            "safe": _SWITCH,
            "safe_from": _NEVER,
        }
    ),
}


def _asked(name: str, schema: Json, *, required: bool = False, words: str = "") -> Json:
    return {"name": name, "in": "query", "required": required, "schema": schema, "description": words}


def _act(summary: str, asked: list[Json]) -> Json:
    """A change of the config's file."""
    found = _answers(
        code200=("what was written, or is to be pasted", _named("Act")), code400=_REFUSED, code409=_REFUSED
    )
    return _post(summary, [*asked, _DIGEST, _DRY], found)


def _answers(**of: tuple[str, Json | None]) -> Json:
    """Answers by `code200` and so on: what it means, and the schema of its JSON; None for plain text."""
    found: Json = {}
    for code, (words, schema) in of.items():
        kind = {"application/json": {"schema": schema}} if schema is not None else {"text/plain": {"schema": _TEXT}}
        found[code.removeprefix("code")] = {"description": words, "content": kind}
    return found


_REFUSED: Final = ("cannot be done, or the question is no question; what is wrong, in words", _named("Error"))
_FOREIGN: Final = ("asked for under a foreign name, or by a page of another site", None)
_DRY: Final = _asked("dry_run", {"enum": ["1", "true"]}, words="say what it would do, and do nothing")
_DIGEST: Final = _asked("digest", _TEXT, words="of the config as you saw it: config.digest of the status")
_SPAN: Final = [
    _asked("from", _DAY, required=True, words="the first night"),
    _asked("to", _DAY, required=True, words="the morning after the last night"),
]
_HOUSE: Final = _asked("accommodation", _TEXT, required=True, words="its id")


def _get(summary: str, asked: list[Json], answers: Json) -> Json:
    return {"get": {"summary": summary, "parameters": asked, "responses": {**answers, **_answers(code403=_FOREIGN)}}}


def _post(summary: str, asked: list[Json], answers: Json) -> Json:
    return {"post": {"summary": summary, "parameters": asked, "responses": {**answers, **_answers(code403=_FOREIGN)}}}


def openapi() -> Json:
    """The document (OpenAPI 3.1)."""
    night = _asked("night", _DAY, required=True, words="the evening on which it begins")
    refused = {"code400": _REFUSED, "code404": _REFUSED}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "icalsyncd",
            "version": __version__,
            "description": "What the admin listener answers to programs. Answers may get more keys; none goes without a new "
            "major version. Where `server.users` is set, a name and its password are asked for (HTTP Basic).",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "http://127.0.0.1:15545"}],
        "paths": {
            "/api/v1/status": _get("How everything is", [], _answers(code200=("all of it", _named("Status")))),
            "/api/v1/explain": _get(
                "Why a night is taken or free",
                [_HOUSE, night],
                _answers(code200=("who claims it", _named("Explanation")), **refused),
            ),
            "/api/v1/history": _get(
                "What happened to an accommodation, or to one night, oldest first",
                [_HOUSE, {**night, "required": False}],
                _answers(code200=("the latest 1,000", _list(_named("Event"))), **refused),
            ),
            "/-/links": _get("The links to paste; they are passwords", [], _answers(code200=("all", _named("Links")))),
            "/-/healthy": _get(
                "Whether the daemon is well", [], _answers(code200=("it is", None), code503=("why not", None))
            ),
            "/-/ready": _get(
                "Whether all is complete", [], _answers(code200=("it is", None), code503=("what lacks", None))
            ),
            "/-/well": _get(
                "The verdict",
                [],
                _answers(code200=("all is well", None), code503=("what needs the host, one a line", None)),
            ),
            "/-/reload": _post(
                "Read the config anew",
                [],
                _answers(code200=("taken over", None), code422=("the mistakes, one a line", None)),
            ),
            "/-/pull": _post(
                "Pull now, and wait until what came in is stored and served",
                [_asked("sync", _SYNC, words="all that receive where it is missing"), _DRY],
                _answers(code200=("one a sync", _list(_named("Pull"))), **refused),
            ),
            "/-/accept": _post(
                "End a wait now",
                [_asked("sync", _SYNC), _asked("accommodation", _TEXT), _asked("clock", _TEXT), _DRY],
                _answers(code200=("what waited", _named("Wait")), code400=_REFUSED, code409=_REFUSED),
            ),
            "/-/confirm": _post(
                "Say who has some nights, or that nobody has, once you have looked at the portals",
                [
                    _asked("accommodation", _TEXT, required=True),
                    _asked("from", _DAY, required=True),
                    _asked("to", _DAY, required=True),
                    _asked("by", _TEXT, words="the sync that has them"),
                    _asked("nobody", _TEXT, words="in its place: nobody has them"),
                    _asked("seen", _TEXT, words="what a dry run answered, so that nothing else is meant"),
                    _DRY,
                ],
                _answers(code200=("what it is about", _named("Confirmed")), code400=_REFUSED, code409=_REFUSED),
            ),
            "/-/pause": _act(
                "Pause a sync", [_asked("sync", _SYNC, required=True), _asked("keep", {"enum": ["1", "true"]})]
            ),
            "/-/resume": _act("Resume a sync", [_asked("sync", _SYNC, required=True)]),
            "/-/block": _act("Take nights", [_HOUSE, *_SPAN, _asked("note", {**_TEXT, "maxLength": 200})]),
            "/-/unblock": _act("Give nights back", [_HOUSE, *_SPAN]),
            "/-/undo": _act("Take the last change back", []),
            "/-/rotate": _post(
                "End old links now",
                [_asked("sync", _SYNC), _asked("calendar", _TEXT)],
                _answers(code200=("how many", _named("Ended")), code400=_REFUSED, code409=_REFUSED),
            ),
        },
        "components": {"schemas": _SCHEMAS},
    }
