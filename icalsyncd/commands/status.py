"""`icalsyncd status`: one line a sync, and below them what wants a human."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from icalsyncd.availability.explanation import WELL
from icalsyncd.commands.asking import status_of
from icalsyncd.commands.outcome import DONE, FAILED
from icalsyncd.commands.terminal import Colour, moment_of, painted, table, told
from icalsyncd.config.paths import Paths

_ARROWS: Final = {"bidirectional": "<->", "export": "-->", "import": "<--"}
_COLOURS: Final = {
    "failing": Colour.BAD,
    "held": Colour.BAD,
    "partial": Colour.WARNING,
    "never": Colour.WARNING,
    "leaving": Colour.WARNING,
    "paused": Colour.FAINT,
}
_ALARMING: Final = frozenset({"failing", "held"})

Json = dict[str, Any]


def status(paths: Paths, *, as_json: bool) -> int:
    """Print the daemon's status; 1 if something of it wants the host soon."""
    found = status_of(paths)
    if as_json:
        print(json.dumps(found, indent=2))
    else:
        for line in _lines(found, datetime.now(UTC)):
            print(line)
    accommodations = found["accommodations"]
    alarming = any(sync["state"] in _ALARMING for house in accommodations for sync in house["syncs"])
    # a pause that leaves taken nights open must not be forgotten
    alarming |= any(
        sync["released_nights"] or sync["unknown_nights"] for house in accommodations for sync in house["syncs"]
    )
    alarming |= bool(found["faults"]) or any(
        target["state"] == "failing" or target.get("overwritten") for target in found["targets"]
    )
    overbooked = any(run["overbooked"] for house in accommodations for run in house["nights"])
    return FAILED if alarming or overbooked else DONE


def _lines(found: Json, now: datetime) -> Iterator[str]:
    syncs = [sync for house in found["accommodations"] for sync in house["syncs"]]
    if syncs:
        head = ("SYNC", "", "STATE", "PULLED", "FETCHED", "CLAIMS", "ECHOES", "CLOSES")
        rows = [_row(sync, now) for sync in syncs]
        yield from table(head, rows, [_COLOURS.get(sync["state"]) for sync in syncs])
    else:
        yield "there are no syncs yet: `icalsyncd add` makes the first"
    for sync in syncs:
        yield from _remarks(sync, now)
    for target in found["targets"]:
        # what is wrong with a target is among what needs the host
        if target["state"] != "failing" and not target.get("overwritten"):
            yield _target(target, now)
    for need in found["verdict"]["needs"]:
        yield painted(need, Colour.WARNING)
    yield from (f"  {problem}" for problem in found["config"]["problems"])
    if found["verdict"]["well"]:
        yield WELL


def _row(sync: Json, now: datetime) -> tuple[str, ...]:
    receives, sends = sync["direction"] != "export", sync["direction"] != "import"
    return (
        sync["id"],
        _ARROWS.get(sync["direction"], ""),
        sync["state"],
        told(moment_of(sync["last_success"]), now) if receives else "-",
        told(moment_of(sync["last_fetch"]), now) if sends else "-",
        str(sync["claimed_nights"]) if receives else "-",
        str(sync["echo_nights"]) if receives else "-",
        str(sync["offered_nights"]) if sends else "-",
    )


def _remarks(sync: Json, now: datetime) -> Iterator[str]:
    if sync["reason"]:
        yield painted(f"{sync['id']}: {sync['reason']}", _COLOURS.get(sync["state"], Colour.WARNING))
    if sync["old_link_until"]:
        requests = sync["old_link_requests"]
        used = f"asked for {requests} times since the start" if requests else "not asked for since the start"
        until = datetime.fromisoformat(sync["old_link_until"]).astimezone()
        yield f"{sync['id']}: the old link works until {until:%Y-%m-%d %H:%M}, {used}"
    if sync["state"] == "paused":
        safe = moment_of(sync["safe_to_resume"])
        if sync["keeps"]:
            yield f"{sync['id']}: paused, and kept as it was: nothing is pulled, and no night opens"
        elif safe is None:
            yield f"{sync['id']}: not safe to resume yet, its portal has still to read the empty feed"
        elif safe > now:
            yield f"{sync['id']}: safe to resume {told(safe, now)}"
        else:
            yield f"{sync['id']}: safe to resume"


def _target(target: Json, now: datetime) -> str:
    last = f"last sent {told(moment_of(target['last_success']), now)}" if target["last_success"] else "nothing sent yet"
    return f"published at {target['name']} ({target['type']}): {target['feeds']} feeds, {last}"
