"""What the status page costs: `python -m tests.benchmarks.page`.

The yardsticks: the same view as plain JSON, and in a browser the same page without its style and script.
"""

from __future__ import annotations

import json
import re
import shutil
import statistics
from collections.abc import Iterator
from typing import Any

from icalsyncd.admin.overview import Overview
from icalsyncd.admin.page import page
from tests.admin.browser import browser
from tests.admin.pictures import measured, served
from tests.admin.worlds import world
from tests.benchmarks.figures import Figure, medians, table

ACCOMMODATIONS = 200
SYNCS = 5
LOADS = 6
LONG = 50
"""Milliseconds from which on a task keeps whoever touches the page waiting."""
_LOADED = re.compile(r"<link rel=\"stylesheet\"[^>]*>|<script[^>]*></script>")


def figures() -> Iterator[Figure]:
    overview = world(ACCOMMODATIONS, SYNCS)
    nights = {
        accommodation: {
            name: [str(stay) for stay in sync.claimed.stays()] for name, sync in house.state.ledger.syncs.items()
        }
        for accommodation, house in overview.view.houses.items()
    }
    page(overview)
    taken = medians({"page": lambda: page(overview), "json": lambda: json.dumps(nights)}, 9)
    yield Figure(
        f"the status page of {ACCOMMODATIONS} accommodations, {ACCOMMODATIONS * SYNCS:,} syncs",
        f"{taken['page'] * 1e3:.0f} ms CPU, {len(page(overview)) / 2**20:.1f} MiB",
        f"their nights as JSON {taken['json'] * 1e3:.0f} ms",
        "300 ms",
        taken["page"] <= 0.3,
    )
    if shutil.which("chromium") and shutil.which("chromedriver"):
        yield loaded(overview)


def loaded(overview: Overview) -> Figure:
    """What a browser has to do for it, before anybody touches it."""
    found: dict[str, list[dict[str, Any]]] = {"whole": [], "plain": []}
    with (
        served({"whole": overview, "plain": overview}, {"plain": lambda html: _LOADED.sub("", html)}) as address,
        browser() as window,
    ):
        for _ in range(LOADS):
            for name, loads in found.items():
                loads.append(measured(window, f"{address}/{name}/"))
    longest = {name: max((task for load in loads for task in load["long"]), default=0) for name, loads in found.items()}
    paint = {name: statistics.median(load["paint"] for load in loads) for name, loads in found.items()}
    tasks = sum(len(load["long"]) for load in found["whole"])
    return Figure(
        f"a browser loads it {LOADS} times",
        f"{tasks} tasks of over {LONG} ms, the longest {longest['whole']:.0f} ms; first paint after {paint['whole']:.0f} ms; "
        f"{found['whole'][-1]['bytes'] / 1024:.0f} KiB",
        f"without style and script the longest {longest['plain']:.0f} ms, paint {paint['plain']:.0f} ms",
        f"no task over {LONG} ms, 100 KiB",
        not tasks and found["whole"][-1]["bytes"] <= 100 * 1024,
    )


if __name__ == "__main__":
    print(table(figures()))
