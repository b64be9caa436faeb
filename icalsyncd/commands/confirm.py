"""`icalsyncd confirm`: the host looked at the portals, and says who has some nights, or that nobody has."""

from __future__ import annotations

import sys
from datetime import date
from typing import Any

from icalsyncd.commands.asking import json_of
from icalsyncd.commands.outcome import DONE, FAILED, USAGE, CommandError
from icalsyncd.commands.terminal import Colour, confirmed, painted
from icalsyncd.config.paths import Paths

Json = dict[str, Any]


def confirm(paths: Paths, accommodation: str, start: date, end: date, *, by: str | None, yes: bool) -> int:
    """Say that the sync *by* has the nights from *start* to *end*, half-open, or nobody (None); unless *yes*, ask first."""
    if end <= start:
        raise CommandError(f"TO is the morning after the last night: it comes after {start}", USAGE)
    query = {"accommodation": accommodation, "from": start.isoformat(), "to": end.isoformat()}
    query |= {"nobody": "1"} if by is None else {"by": by}
    ahead: Json = json_of(paths, "POST", "/-/confirm", {**query, "dry_run": "1"})
    _show(ahead)
    if not yes:
        if not sys.stdin.isatty():
            raise CommandError("nobody can be asked here: look at what it is about, then add --yes", USAGE)
        if not confirmed(f"{'Nobody' if by is None else by} has these nights?"):
            print("nothing was changed")
            return FAILED
    # what a portal shows otherwise by now was not seen
    json_of(paths, "POST", "/-/confirm", {**query, "seen": ahead["seen"]})
    print(f"{accommodation}: noted that {'nobody' if by is None else by} has them")
    return DONE


def _show(ahead: Json) -> None:
    for event in ahead["events"]:
        print(f"{event['sync']} shows {event['from']} to {event['to']} as {event['kind']}")
    for run in ahead["releases"]:
        print(painted(f"opens: {run['from']} to {run['to']}", Colour.WARNING))
