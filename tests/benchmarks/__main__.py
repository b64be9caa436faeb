"""All measurements, each beside its yardstick: `python -m tests.benchmarks [--write]`.

With `--write` the table in docs/performance.md is made anew from what was found.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from tests.benchmarks import (
    attribution,
    families,
    growth,
    household,
    metrics,
    page,
    pulls,
    read,
    render,
    serving,
    telling,
    waiting,
)
from tests.benchmarks.figures import Figure, machine, table

PAGE = Path(__file__).parents[2] / "docs" / "performance.md"
_TABLE = re.compile(r"(?<=<!-- figures -->\n).*(?=<!-- end of figures -->)", re.DOTALL)


def scrape() -> Iterator[Figure]:
    series, ours, theirs = metrics.compare()
    yield Figure(
        f"/metrics of 1,000 syncs, {series} series",
        f"{ours * 1e3:.0f} ms CPU",
        f"prometheus_client's objects {theirs * 1e3:.0f} ms, {ours / theirs:.2f} times",
        "at most half",
        ours <= theirs / 2,
    )


def main() -> None:
    where = f"Measured on {date.today():%Y-%m-%d}: {machine()}."  # noqa: DTZ011
    print(where, flush=True)
    found: list[Figure] = []
    parts = (
        read.figures,
        attribution.figures,
        families.figures,
        render.figures,
        serving.figures,
        pulls.figures,
        scrape,
        page.figures,
        waiting.figures,
        household.figures,
        telling.figures,
    )
    for part in parts:
        for figure in part():
            print(
                f"{figure.what}: {figure.ours}; {figure.beside}; {figure.reach}{'' if figure.held else ', NOT reached'}",
                flush=True,
            )
            found.append(figure)
    if "--write" in sys.argv[1:]:
        grown = growth.grown()
        growth.PLOT.write_text(growth.drawn(grown))
        tables = table(found) + "\n\n" + "\n".join(growth.rows(grown))
        PAGE.write_text(_TABLE.sub(lambda _: f"\n{where}\n\n{tables}\n\n", PAGE.read_text()))


if __name__ == "__main__":
    main()
