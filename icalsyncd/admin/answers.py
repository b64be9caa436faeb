"""The forms of what the admin listener answers as JSON, as schemas of the OpenAPI document."""

from __future__ import annotations

from typing import Any, Final

from icalsyncd.notifying.post import Why as NotTold
from icalsyncd.publishing.targets.storage import Why as NotSent

Json = dict[str, Any]

MOMENT: Final = {"type": "string", "format": "date-time", "description": "in UTC, to the second"}
NEVER: Final = {
    "type": ["string", "null"],
    "format": "date-time",
    "description": "in UTC, to the second; null for never",
}
TEXT: Final = {"type": "string"}
DAY: Final = {"type": "string", "format": "date"}
SYNC: Final = {"type": "string", "pattern": "^[^/]+/[^/]+$", "description": "accommodation/sync"}
_SWITCH: Final = {"type": "boolean"}
_COUNT: Final = {"type": "integer", "minimum": 0}
_SECONDS: Final = {"type": "number", "minimum": 0, "description": "seconds"}
_MAYBE_SECONDS: Final = {**_SECONDS, "type": ["number", "null"]}
_MAYBE_TEXT: Final = {"type": ["string", "null"]}
_LINK: Final = {"type": "string", "format": "uri"}


def named(name: str) -> Json:
    """A reference to the form *name*."""
    return {"$ref": f"#/components/schemas/{name}"}


def list_of(form: Json) -> Json:
    """A list of which each item has that *form*."""
    return {"type": "array", "items": form}


def _object(optional: Json | None = None, /, **required: Json) -> Json:
    """A mapping that has the keys *required*, and may have those that are *optional*."""
    return {"type": "object", "required": sorted(required), "properties": {**required, **(optional or {})}}


def _or_null(form: Json) -> Json:
    return {"oneOf": [form, {"type": "null"}]}


_RANGE: Final = _object(**{"from": DAY, "to": {**DAY, "description": "the morning after the last night"}})
_DATES: Final[Json] = _RANGE["properties"]
_RULE: Final = {"enum": ["notice", "booking window"]}
_CLOSES: Final = {**_SWITCH, "description": "whether that is closed at the other portals too"}

_STATUS: Final[Json] = {
    "Nights": _object(**_DATES, origins=list_of(TEXT), overbooked=_SWITCH, possible_ghost=_SWITCH),
    "Learned": _object(
        reads_every=_or_null(_object(median=_SECONDS, worst=_SECONDS)),
        shows_after=_MAYBE_SECONDS,
        drops_after=_MAYBE_SECONDS,
        lag=_SECONDS,
        sticky=_SWITCH,
        change={
            "type": ["array", "null"],
            "items": {"type": "integer"},
            "description": "nights by which it moves the start and the end of what it was told",
        },
        form={"enum": ["whole", "by night", "by month", "merged", None]},
        goes_back=_SWITCH,
        mirrors=_SWITCH,
        reader=_MAYBE_TEXT,
        asks=_MAYBE_TEXT,
    ),
    "Sync": _object(
        id=SYNC,
        portal=TEXT,
        direction={"enum": ["bidirectional", "export", "import"]},
        state={"enum": ["ok", "never", "failing", "held", "partial", "paused", "leaving"]},
        reason=_MAYBE_TEXT,
        last_attempt=NEVER,
        last_success=NEVER,
        last_change=NEVER,
        next_pull=NEVER,
        last_fetch=NEVER,
        since=NEVER,
        keeps=_SWITCH,
        safe_to_resume=NEVER,
        claimed_nights=_COUNT,
        echo_nights=_COUNT,
        offered_nights=_COUNT,
        released_nights=_COUNT,
        unknown_nights=_COUNT,
        old_link_until=NEVER,
        old_link_requests=_COUNT,
        rules=list_of(_object(**_DATES, rule=_RULE, closes=_CLOSES)),
        learned=named("Learned"),
    ),
    "Accommodation": _object(
        id=TEXT,
        name=TEXT,
        ready=_SWITCH,
        nights=list_of(named("Nights")),
        syncs=list_of(named("Sync")),
        leaving=list_of(
            _object(
                {**_DATES, "sync": TEXT},
                what={"enum": ["block", "buffer", "parts", "sync", "direction", "settings"]},
                until=MOMENT,
            )
        ),
    ),
    "Target": _object(
        name=TEXT,
        type={"enum": ["folder", "webdav", "s3", "gcs", "azure"]},
        state={"enum": ["ok", "never", "failing"]},
        reason={**_MAYBE_TEXT, "description": f"begins with one of: {', '.join(NotSent)}"},
        last_success=NEVER,
        failing_since=NEVER,
        feeds=_COUNT,
        behind=_COUNT,
        unsure=_COUNT,
        overwritten=_COUNT,
        tears=_SWITCH,
    ),
    "Receiver": _object(
        name=TEXT,
        state={"enum": ["ok", "never", "failing"]},
        reason={"enum": [*NotTold, None]},
        last_success=NEVER,
        failing_since=NEVER,
        waiting=_COUNT,
    ),
    "Heartbeat": _object(
        state={"enum": ["ok", "never", "failing", "stopped"]},
        reason=_MAYBE_TEXT,
        last_success=NEVER,
        failing_since=NEVER,
    ),
    "Verdict": _object(well=_SWITCH, needs=list_of(TEXT)),
    "Status": _object(
        version=TEXT,
        verdict=named("Verdict"),
        faults=list_of(TEXT),
        targets=list_of(named("Target")),
        notify=list_of(named("Receiver")),
        heartbeat=_or_null(named("Heartbeat")),
        config=_object(ok=_SWITCH, problems=list_of(TEXT), loaded_at=MOMENT, digest=TEXT),
        accommodations=list_of(named("Accommodation")),
    ),
}

_NIGHT: Final[Json] = {
    "Claim": _object(
        sync=TEXT,
        since=MOMENT,
        kind={"enum": ["reservation", "block", "unknown"]},
        **_DATES,
        verdict={"enum": ["origin", "echo"]},
        rule=TEXT,
    ),
    "Explanation": _object(
        accommodation=TEXT,
        night=DAY,
        taken=_SWITCH,
        overbooked=_SWITCH,
        perhaps_two=_SWITCH,
        possible_ghost=_SWITCH,
        claims=list_of(named("Claim")),
        blocks=list_of(named("Range")),
        told=list_of(_object(sync=TEXT, since=NEVER, fetched=NEVER)),
        paused=list_of(_object(sync=TEXT, since=NEVER, showed_taken=_SWITCH, told=_SWITCH)),
        kept_closed=list_of(TEXT),
        said=_or_null(_object(by=_MAYBE_TEXT, at=NEVER)),
        beside=list_of(TEXT),
        not_offered=list_of(TEXT),
        rules=list_of(_object(sync=TEXT, rule=_RULE, closes=_CLOSES)),
        frees_when=_MAYBE_TEXT,
        words=list_of(TEXT),
    ),
    "Event": _object({**_DATES, "accommodation": TEXT, "sync": TEXT, "reader": TEXT}, at=MOMENT, what=TEXT),
}

_DONE: Final[Json] = {
    "Links": _object(
        installation=TEXT,
        state_dir=TEXT,
        config=TEXT,
        digest=TEXT,
        links=list_of(_object(accommodation=TEXT, sync=TEXT, url=_LINK)),
        calendars=list_of(_object(calendar=TEXT, url=_LINK)),
    ),
    "Pull": _object(
        {"kept": list_of(named("Range"))},
        sync=SYNC,
        outcome={"enum": ["updated", "not_modified", "partial", "held", "failed"]},
        reason=_MAYBE_TEXT,
        nights=_COUNT,
        new=_COUNT,
        freed=_COUNT,
    ),
    "Wait": _object(waits=list_of(TEXT), releases=list_of(named("Range"))),
    "Confirmed": _object(
        events=list_of(_object(**_DATES, sync=TEXT, kind=TEXT)), releases=list_of(named("Range")), seen=TEXT
    ),
    "Ended": _object(ended=_COUNT),
    "Trial": {
        "type": "object",
        "description": "by the names of the receivers",
        "additionalProperties": {**_MAYBE_TEXT, "description": "null where it took the trial, else why not"},
    },
    "Act": _object(
        # with dry_run, what it would open; else what came of it
        {
            "written": {**_SWITCH, "description": "false: `lines` are to be pasted, and `why` says why"},
            "why": TEXT,
            "file": TEXT,
            "line": {"type": "integer", "minimum": 1},
            "lines": TEXT,
            "digest": {**TEXT, "description": "of the file now"},
            "undo": _SWITCH,
            "said": TEXT,
            "mistakes": list_of(TEXT),
            "waits": {"type": "number", "description": "seconds until what leaves the file opens"},
            "opens": list_of(named("Range")),
            "opens_there": list_of(named("Range")),
            "opens_elsewhere": list_of(named("Range")),
            "taken": list_of(named("Range")),
            "safe": _SWITCH,
            "safe_from": NEVER,
        }
    ),
}

SCHEMAS: Final[Json] = {"Error": _object(error=TEXT), "Range": _RANGE, **_STATUS, **_NIGHT, **_DONE}
"""By name."""
