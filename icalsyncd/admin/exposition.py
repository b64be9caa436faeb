"""Prometheus' text format, written line by line.

prometheus_client makes an object, a dictionary and a sorted copy of every sample at each scrape. With a thousand syncs
that is tens of thousands; here a sample costs one formatted line, and the labels of a sync are written once.
https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

from functools import lru_cache


@lru_cache(maxsize=16_384)
def labels(*pairs: tuple[str, str]) -> str:
    """Label pairs as they stand between the braces of a sample."""
    return ",".join(f'{name}="{_escaped(value)}"' for name, value in pairs)


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


class Family:
    """One metric and its samples."""

    __slots__ = ("_name", "lines")

    def __init__(self, name: str, kind: str, words: str) -> None:
        self._name = name
        self.lines = [f"# HELP {self._name} {words}\n# TYPE {self._name} {kind}\n"]

    def add(self, pairs: str, value: float) -> None:
        """A sample under *pairs*, as :func:`labels` writes them."""
        self.lines.append(f"{self._name}{{{pairs}}} {value}\n")

    def alone(self, value: float) -> None:
        """The sample of a metric without labels."""
        self.lines.append(f"{self._name} {value}\n")


class Exposition:
    """The metrics of one scrape."""

    def __init__(self) -> None:
        self._families: list[Family] = []

    def gauge(self, name: str, words: str) -> Family:
        """A metric of how things are, under its whole name; *words* say what it counts."""
        return self._family(name, "gauge", words)

    def counter(self, name: str, words: str) -> Family:
        """A metric that only grows, under its whole name, which ends in `_total`."""
        return self._family(name, "counter", words)

    def text(self) -> str:
        """All of it."""
        return "".join(line for family in self._families for line in family.lines)

    def _family(self, name: str, kind: str, words: str) -> Family:
        made = Family(name, kind, words)
        self._families.append(made)
        return made
