"""What the benchmarks find: one row a figure, and the machine that they were found on."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import process_time


@dataclass(frozen=True)
class Figure:
    """One thing that was measured."""

    what: str
    ours: str
    beside: str
    """What stands beside it in the same run, and the ratio."""
    reach: str
    held: bool


def medians(works: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """CPU seconds of each of *works*, in turns, so that a slow moment of the machine hits all of them."""
    taken: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            start = process_time()
            work()
            taken[name].append(process_time() - start)
    return {name: statistics.median(times) for name, times in taken.items()}


def noise() -> float:
    """By how much the same work differs on this machine: the spread of the middle half, as a share of the median."""
    times = []
    for _ in range(40):
        start = process_time()
        sum(range(200_000))
        times.append(process_time() - start)
    low, middle, high = statistics.quantiles(times, n=4)
    return (high - low) / middle


def machine() -> str:
    """What this was measured on."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.machine(),
    )
    return (
        f"{model}, {os.cpu_count()} cores, Linux {platform.release()}, Python {platform.python_version()}, "
        f"load {os.getloadavg()[0]:.1f} at the start; the same work differs by {noise():.0%}"
    )


def table(figures: Iterable[Figure]) -> str:
    """As Markdown."""
    rows = [
        f"| {each.what} | {each.ours} | {each.beside} | {each.reach} | {'yes' if each.held else '**no**'} |"
        for each in figures
    ]
    return "\n".join(("| what | measured | beside it | mark | reached |", "|---|---|---|---|---|", *rows))
