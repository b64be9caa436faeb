"""`icalsyncd history`: what happened to an accommodation, or to one of its nights, and who was told."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from icalsyncd.commands.asking import json_of
from icalsyncd.commands.outcome import DONE
from icalsyncd.commands.terminal import table
from icalsyncd.config.paths import Paths


def history(paths: Paths, accommodation: str, night: date | None, *, as_json: bool) -> int:
    """Print what the daemon remembers, oldest first, all times in UTC."""
    query = {"accommodation": accommodation} | ({"night": night.isoformat()} if night is not None else {})
    found: list[dict[str, Any]] = json_of(paths, "GET", "/api/v1/history", query)
    if as_json:
        print(json.dumps(found, indent=2))
    elif not found:
        print("nothing is remembered of it")
    else:
        for line in table(("WHEN (UTC)", "WHO", "NIGHTS", "WHAT"), list(map(_row, found)), [None] * len(found)):
            print(line)
    return DONE


def _row(event: dict[str, Any]) -> tuple[str, ...]:
    nights = f"{event['from']}..{event['to']}" if "from" in event else ""
    reader = f" (as {event['reader']})" if "reader" in event else ""
    return event["at"].replace("T", " ").rstrip("Z"), event.get("sync", ""), nights, event["what"] + reader
