"""Orders of acts in which a shell that is not careful goes wrong; chance alone would seldom come upon them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Plot:
    """What is done to one sync, one act after the other, at whatever pace."""

    name: str
    acts: tuple[str, ...]
    needs: str = ""
    """What there has to be for it: a shelf or a cloud on which feeds are published, a portal with validators, an
    accommodation of which no feed was told yet (untold); nothing."""


def _plot(name: str, acts: str, needs: str = "") -> Plot:
    return Plot(name, tuple(acts.split()), needs)


PLOTS: Final = (
    _plot("freed before it is stored, and another one renamed", "fill cancel pull turn look rename look look"),
    _plot("renamed while what was freed is being stored", "slow cancel pull turn rename look look"),
    _plot("told, not stored, and stopped", "fill book pull told look restart up look"),
    _plot("told, not stored, and killed", "fill book pull told look kill up look"),
    _plot("not modified since before a pause", "pull late pull blink look look look", "validators"),
    _plot("told while it is resumed", "slow blink look look", "untold"),
    _plot("taken out and put back while it is asked", "late pull remove restore pull look"),
    _plot("the same nights sold anew", "pull linger rebook pull linger look"),
    _plot("an address mended while the wrong one hangs", "mistype linger linger look"),
    _plot("told while it is asked", "late book told cancel told look"),
    _plot("renamed while it asks to wait", "busy read rename linger told look"),
    _plot("published while the folder hangs", "shelf book pull linger cancel pull linger look", "shelf"),
    _plot("published while the cloud takes its time", "hang book pull linger cancel pull linger look", "cloud"),
    _plot("another machine publishes", "book pull clone look linger cancel pull look", "cloud"),
    _plot("the file in two steps, and its sync put out", "pull half pause look"),
)
