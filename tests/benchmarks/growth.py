"""How cost grows from 100 to 10,000 syncs: `python -m tests.benchmarks.growth [--write]`, some four minutes.

Of each size one daemon is measured from outside. With `--write` the plot in docs/growth.svg is drawn anew.
"""

from __future__ import annotations

import math
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.benchmarks.portals import portals
from tests.benchmarks.process import applied, daemon, household

PLOT = Path(__file__).parents[2] / "docs" / "growth.svg"
SIZES = (100, 300, 1000, 3000, 10000)
_COLOURS = {"boot": "#0072b2", "pull of all": "#d55e00", "reload": "#009e73", "page": "#cc79a7", "metrics": "#8a7000"}


def measured(syncs: int) -> dict[str, float]:
    """Seconds: of the wall clock, but for the pulls, which are CPU."""
    accommodations = syncs // 4
    with portals() as port, tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        text = household(port, accommodations)
        with daemon(folder, text) as running:
            before = running.cpu()
            running.until("/-/ready", (200,))
            pulls = running.cpu() - before
        start = time.monotonic()
        with daemon(folder, text) as running:
            boot = time.monotonic() - start
            # what was due while it was down is pulled within a minute
            time.sleep(5 if syncs <= 1000 else 50)
            found = {"boot": boot, "pull of all": pulls}
            found["reload"] = applied(running, text.replace("hold: 0s", "hold: 1s"))
            for name, path in (("page", "/"), ("metrics", "/metrics")):
                taken = []
                for _ in range(3):
                    start = time.monotonic()
                    with urllib.request.urlopen(f"http://127.0.0.1:{running.admin}{path}", timeout=120) as answer:
                        answer.read()
                    taken.append(time.monotonic() - start)
                found[name] = sorted(taken)[1]
        return found


def drawn(found: Mapping[int, Mapping[str, float]]) -> str:
    """An SVG with both axes by powers of ten, in which what is linear is a straight line of slope one."""
    width, height, left, top, unit = 690, 420, 60, 20, 130.0
    low = -3.0

    def x(syncs: float) -> float:
        return left + (math.log10(syncs) - 2) * 2 * unit

    def y(seconds: float) -> float:
        return top + (2 - math.log10(max(seconds, 1e-3))) * (height - top - 40) / (2 - low)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="13">',
        "<title>What boot, pulls, reload, page and metrics cost, by the number of syncs</title>",
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
    ]
    for power in range(-3, 3):
        at = y(10.0**power)
        words = f"{10.0**power:g} s" if power >= 0 else f"{10.0 ** (power + 3):g} ms"
        parts.append(f'<path d="M{left} {at:.1f}H{x(10000):.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="{left - 8}" y="{at + 4:.1f}" text-anchor="end">{words}</text>')
    for syncs in SIZES:
        parts.append(f'<path d="M{x(syncs):.1f} {y(100):.1f}V{y(1e-3):.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="{x(syncs):.1f}" y="{height - 18}" text-anchor="middle">{syncs:,}</text>')
    parts.append(f'<text x="{left}" y="{height - 2}">syncs; the dashed line is what grows as they do</text>')
    parts.append(
        f'<path d="M{x(100):.1f} {y(0.1):.1f}L{x(10000):.1f} {y(10):.1f}" stroke="#999" stroke-dasharray="5 4"/>'
    )
    for name, colour in _COLOURS.items():
        points = [(x(syncs), y(row[name])) for syncs, row in found.items()]
        line = "L".join(f"{across:.1f} {down:.1f}" for across, down in points)
        parts.append(f'<path d="M{line}" fill="none" stroke="{colour}" stroke-width="2.5"/>')
        parts += [f'<circle cx="{across:.1f}" cy="{down:.1f}" r="4" fill="{colour}"/>' for across, down in points]
    labels = sorted((y(found[SIZES[-1]][name]), name) for name in _COLOURS)
    last = 0.0
    for at, name in labels:
        last = max(at, last + 15)
        parts.append(f'<text x="{x(10000) + 9:.1f}" y="{last + 4:.1f}" fill="{_COLOURS[name]}">{name}</text>')
    return "\n".join((*parts, "</svg>\n"))


def rows(found: Mapping[int, Mapping[str, float]]) -> Iterator[str]:
    """As Markdown."""
    yield "| syncs | " + " | ".join(_COLOURS) + " |"
    yield "|---:|" + "---:|" * len(_COLOURS)
    for syncs, row in found.items():
        yield f"| {syncs:,} | " + " | ".join(f"{row[name]:.3g} s" for name in _COLOURS) + " |"


def grown() -> dict[int, dict[str, float]]:
    """What was measured, by the number of syncs."""
    return {syncs: measured(syncs) for syncs in SIZES}


def main() -> None:
    found = grown()
    print("\n".join(rows(found)))
    if "--write" in sys.argv[1:]:
        PLOT.write_text(drawn(found))


if __name__ == "__main__":
    main()
