"""`icalsyncd notify test`: whether messages reach whoever is to be told."""

from __future__ import annotations

import json
from typing import Any

from icalsyncd.commands.asking import json_of
from icalsyncd.commands.outcome import DONE, FAILED
from icalsyncd.commands.terminal import Colour, painted
from icalsyncd.config.paths import Paths

PATIENCE = 60.0
"""Seconds to wait for all receivers."""


def notify_test(paths: Paths, name: str | None, *, as_json: bool) -> int:
    """Have the daemon send a trial to the receiver *name*, or to all; 1 where one does not take it."""
    query = {"name": name} if name is not None else None
    answers: dict[str, Any] = json_of(paths, "POST", "/-/notify-test", query, PATIENCE)
    if as_json:
        print(json.dumps(answers, indent=2))
    elif not answers:
        print("nobody is told anything: there is no `notify` in the config")
    else:
        for each, why in answers.items():
            print(f"{each}: took the trial" if why is None else painted(f"{each}: {why}", Colour.BAD))
    return FAILED if not answers or any(answers.values()) else DONE
