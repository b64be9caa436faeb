"""What a scrape of 1,000 syncs costs, beside prometheus_client's own objects: `python -m tests.benchmarks.metrics [SYNCS]`.

Both answer the same series with the same values, which is checked first. prometheus_client is measured at its best: its
gauges and counters are made and set before the clock starts, and only the exposition is timed; ours reads the view anew.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable
from time import process_time

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families

from icalsyncd.admin.metrics import Counts, Scene, standing
from tests.admin.worlds import world

ROUNDS = 15


def scene_of(syncs: int) -> Scene:
    """Five syncs an accommodation."""
    overview = world(max(1, syncs // 5), 5)
    return Scene(overview.view, overview.config, reloaded=True, intervals=dict(overview.intervals))


def as_objects(families: list[Metric]) -> CollectorRegistry:
    """The same series as gauges and counters of prometheus_client."""
    registry = CollectorRegistry()
    for family in families:
        if not family.samples:
            continue
        names = sorted(family.samples[0].labels)
        made: Gauge | Counter = (Counter if family.type == "counter" else Gauge)(
            family.name, family.documentation, names, registry=registry
        )
        for sample in family.samples:
            child = made.labels(**sample.labels) if names else made
            child.inc(sample.value)
    return registry


def read(text: str) -> list[Metric]:
    return list(text_string_to_metric_families(text))


def series(families: list[Metric]) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def compare(syncs: int = 1000, rounds: int = ROUNDS) -> tuple[int, float, float]:
    """How many series there are, and the CPU seconds (median) of ours and of prometheus_client's."""
    scene, counts = scene_of(syncs), Counts()
    ours = read(standing(scene, counts))
    registry = as_objects(ours)
    found = series(ours)
    assert found == series(read(generate_latest(registry).decode()))
    takes: dict[Callable[[], object], list[float]] = {
        lambda: standing(scene, counts).encode(): [],
        lambda: generate_latest(registry): [],
    }
    for _ in range(rounds):
        for work, times in takes.items():
            start = process_time()
            work()
            times.append(process_time() - start)
    own, other = (statistics.median(times) for times in takes.values())
    return len(found), own, other


def main() -> None:
    syncs = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    count, ours, theirs = compare(syncs)
    print(f"{syncs} syncs, {count} series, median CPU of {ROUNDS} scrapes")
    print(f"  icalsyncd's exposition       {ours * 1e3:7.1f} ms")
    print(f"  prometheus_client's objects  {theirs * 1e3:7.1f} ms  {theirs / ours:.1f} times ours")


if __name__ == "__main__":
    main()
