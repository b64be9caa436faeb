"""Orders of acts in which a shell that is not careful goes wrong; chance alone would seldom come upon them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Plot:
    """What is done to one sync, one act after the other, at whatever pace."""

    name: str
    acts: tuple[str, ...]


def _plot(name: str, acts: str) -> Plot:
    return Plot(name, tuple(acts.split()))


PLOTS: Final = (
    _plot("freed and renamed before it is stored", "fill cancel pull look rename look look"),
    _plot("renamed while what was freed is being stored", "slow cancel pull rename look look"),
    _plot("told, not stored, and stopped", "fill book pull told look restart up look"),
    _plot("told, not stored, and killed", "fill book pull told look kill up look"),
    _plot("not modified since before a pause", "pull late pull blink look"),
    _plot("told while it is resumed", "slow blink look"),
    _plot("taken out and put back while it is asked", "late pull remove restore pull look"),
    _plot("the same nights sold anew", "rebook pull look"),
    _plot("an address mended while the wrong one hangs", "mistype look"),
    _plot("told while it is asked", "late book told cancel told look"),
    _plot("published while the folder hangs", "shelf book pull linger cancel pull linger look"),
    _plot("published while the cloud takes its time", "storm book pull linger cancel pull linger look"),
    _plot("another machine publishes", "book pull clone look linger cancel pull look"),
    _plot("the file in two steps, and its sync put out", "pull half pause look"),
)
