"""`icalsyncd explain`: why a night is taken or free."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from icalsyncd.commands.asking import json_of
from icalsyncd.commands.outcome import DONE
from icalsyncd.config.paths import Paths


def explain(paths: Paths, accommodation: str, night: date, *, as_json: bool) -> int:
    """Print what the daemon knows of the night from *night* to the day after."""
    found: dict[str, Any] = json_of(
        paths, "GET", "/api/v1/explain", {"accommodation": accommodation, "night": night.isoformat()}
    )
    if as_json:
        print(json.dumps(found, indent=2))
    else:
        for line in found["words"]:
            print(line)
    return DONE
