"""`icalsyncd accept`: end a wait now, once the host has seen which nights that releases."""

from __future__ import annotations

import json
import sys
from typing import Any

from icalsyncd.commands.asking import json_of
from icalsyncd.commands.outcome import DONE, FAILED, USAGE, CommandError
from icalsyncd.commands.terminal import Colour, confirmed, painted
from icalsyncd.config.paths import Paths

Json = dict[str, Any]

_CLOCK = "clock"
"""The machine's clock; an accommodation of that name is accepted sync by sync."""


def accept(paths: Paths, name: str, *, yes: bool, as_json: bool) -> int:
    """End what *name*, a sync, an accommodation or `clock`, waits for; unless *yes*, ask first."""
    query = {"sync": name} if "/" in name else {"accommodation": name}
    if name == _CLOCK:
        query = {_CLOCK: "1"}
    ahead: Json = json_of(paths, "POST", "/-/accept", {**query, "dry_run": "1"})
    if not as_json:
        _show(ahead)
    if not yes:
        if as_json or not sys.stdin.isatty():
            raise CommandError("nobody can be asked here: look at what it releases, then add --yes", USAGE)
        if not confirmed("End the wait now?"):
            print("nothing was changed")
            return FAILED
    done: Json = json_of(paths, "POST", "/-/accept", query)
    if as_json:
        print(json.dumps(done, indent=2))
    else:
        print(f"{name}: done")
    return DONE


def _show(ahead: Json) -> None:
    for wait in ahead["waits"]:
        print(f"waits: {wait}")
    if not ahead["releases"]:
        print("no night would be released")
    for run in ahead["releases"]:
        print(painted(f"releases: {run['from']} to {run['to']}", Colour.WARNING))
