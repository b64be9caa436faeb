"""The figures of the network, as a table: `python -m tests.network.report [NETWORKS]`.

NETWORKS, histories of each kind, is for a quick look; without it the figures are those that docs/echoes-figures.md quotes.
"""

from __future__ import annotations

import sys
from dataclasses import replace

from tests.network.figures import (
    APART,
    FORGETFUL,
    LABELLED,
    PUBLISHED,
    USUAL,
    Setting,
    a_merge,
    a_merge_with_split_horizon,
    tally,
    the_daemon,
)
from tests.network.simulation import Tally

COLUMNS = (
    "bookings",
    "double",
    "avoidable, new",
    "avoidable, again",
    "open though taken",
    "ghost nights",
    "per 1,000",
    "not shown",
    "after the advice",
    "bookings' nights",
    "shown as possible ghosts",
    "false alarms",
)


def row(name: str, found: Tally) -> str:
    """One line of the table."""
    share = f"{1000 * found.ghosts / max(found.bookings, 1):.1f}"
    cells = (
        found.bookings,
        found.double_bookings,
        found.avoidable,
        found.avoidable_again,
        found.open_taken,
        found.ghosts,
        share,
        found.ghosts_unshown,
        found.ghosts_after_advice,
        found.taken,
        found.suspected,
        found.alarms,
    )
    return f"| {name} | {' | '.join(map(str, cells))} |"


def print_table(title: str, settings: tuple[Setting, ...], networks: int | None, *, compared: bool = False) -> None:
    """A table with one line a setting, and with the usual rules beside them where *compared*."""
    print(f"\n{title}\n")
    print(f"| network | {' | '.join(COLUMNS)} |")
    print(f"|---|{'---:|' * len(COLUMNS)}")
    for setting in settings:
        chosen = setting if networks is None else replace(setting, networks=networks)
        print(row(chosen.name, tally(chosen, the_daemon)), flush=True)
        if compared:
            print(row("… a plain merge", tally(chosen, a_merge)), flush=True)
            print(row("… split horizon alone", tally(chosen, a_merge_with_split_horizon)), flush=True)


def main() -> None:
    networks = int(sys.argv[1]) if len(sys.argv) > 1 else None
    print_table("Portals of every kind", USUAL, networks, compared=True)
    print_table("Where every portal labels its reservations", LABELLED, networks)
    print_table("State lost once", FORGETFUL, networks)
    print_table("Feeds read from the shared cloud, where no fetch is seen", PUBLISHED, networks)
    print_table("Apart: portals that change what they import, or read each other", APART, networks)


if __name__ == "__main__":
    main()
