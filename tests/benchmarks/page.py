"""What the status page costs: `python -m tests.benchmarks.page`. The yardstick is the same view as plain JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator

from icalsyncd.admin.page import page
from tests.admin.worlds import world
from tests.benchmarks.figures import Figure, medians, table

ACCOMMODATIONS = 200
SYNCS = 5


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


if __name__ == "__main__":
    print(table(figures()))
