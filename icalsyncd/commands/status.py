"""`icalsyncd status`: one line a sync, and below them what wants a human."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from icalsyncd.availability.explanation import called
from icalsyncd.commands.asking import status_of
from icalsyncd.commands.outcome import DONE, FAILED
from icalsyncd.commands.terminal import Colour, counted, moment_of, painted, table, told
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
    for fault in found["faults"]:
        yield painted(fault, Colour.BAD)
    for sync in syncs:
        yield from _remarks(sync, now)
    for house in found["accommodations"]:
        yield from _warnings(house)
        for leaving in house["leaving"]:
            yield painted(_leaving(house["id"], leaving, now), Colour.WARNING)
    for target in found["targets"]:
        yield _target(target, now)
    if not found["config"]["ok"]:
        yield painted("the config file cannot be run, the one before it goes on:", Colour.BAD)
        yield from (f"  {problem}" for problem in found["config"]["problems"])


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
        if words := _released(sync):
            since = told(moment_of(sync["since"]), now)
            yield painted(f"{sync['id']}: paused since {since}: {words}", Colour.WARNING)
        safe = moment_of(sync["safe_to_resume"])
        if safe is None:
            yield f"{sync['id']}: not safe to resume yet, its portal has still to read the empty feed"
        elif safe > now:
            yield f"{sync['id']}: safe to resume {told(safe, now)}"
        else:
            yield f"{sync['id']}: safe to resume"


def _released(sync: Json) -> str:
    """What a pause leaves open, in words; empty if it is nothing."""
    said = []
    if count := sync["released_nights"]:
        said.append(f"{counted(count, 'night')} that it sold {'is' if count == 1 else 'are'} open everywhere else")
    if count := sync["unknown_nights"]:
        said.append(f"{counted(count, 'night')} taken elsewhere {'is' if count == 1 else 'are'} open there")
    return ", and ".join(said)


def _leaving(accommodation: str, leaving: Json, now: datetime) -> str:
    """What is no longer in the config, and when it goes."""
    until = told(moment_of(leaving["until"]), now)
    match leaving["what"]:
        case "block":
            stay = f"{leaving['from']} to {leaving['to']}"
            return f"{accommodation}: your own block {stay} is no longer in the config: its nights open {until}"
        case "buffer":
            return f"{accommodation}: its buffer becomes smaller {until}"
        case "direction":
            return f"{accommodation}/{leaving['sync']}: it gives up a direction {until}"
        case _:
            return f"{accommodation}/{leaving['sync']} is no longer in the config: it leaves {until}"


def _target(target: Json, now: datetime) -> str:
    if target["state"] == "failing":
        since = told(moment_of(target["failing_since"]), now)
        words = f"published at {target['name']} ({target['type']}): failing since {since}, {target['reason']}"
        return painted(f"{words}; {target['behind']} feeds there are old", Colour.BAD)
    if target.get("overwritten"):
        words = f"published at {target['name']} ({target['type']}): somebody else writes {target['overwritten']} feeds there"
        return painted(f"{words}; stop an earlier installation with the same secret for good", Colour.BAD)
    last = f"last sent {told(moment_of(target['last_success']), now)}" if target["last_success"] else "nothing sent yet"
    return f"published at {target['name']} ({target['type']}): {target['feeds']} feeds, {last}"


def _warnings(house: Json) -> Iterator[str]:
    if not house["ready"]:
        yield painted(
            f"{house['id']}: its feeds wait (503) until every sync that receives has been pulled once", Colour.WARNING
        )
    for run in house["nights"]:
        stretch = f"{house['id']}: {run['from']} to {run['to']}"
        origins = " and ".join(map(called, run["origins"]))
        if run["overbooked"]:
            yield painted(f"{stretch} is overbooked by {origins}", Colour.BAD)
        elif run["possible_ghost"]:
            yield painted(
                f"{stretch} may be a ghost: see `icalsyncd explain {house['id']} {run['from']}`", Colour.WARNING
            )
