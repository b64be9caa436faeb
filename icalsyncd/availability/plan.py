"""What the host's config says of accommodations and their syncs, as far as ledgers depend on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from icalsyncd.availability.channel import Channel
from icalsyncd.availability.ledger import Presence
from icalsyncd.calendars.nights import Stay

Place = tuple[str, str]
"""An accommodation's id and a sync's."""


class OwnRules(NamedTuple):
    """What the host and the profile know of what a portal closes by its own settings."""

    rules: str
    """What it means at the others: `free`, `close`, or `""`: as learned."""
    notice: int | None
    """Nights from today on that it closes."""
    window: int | None
    """Nights ahead from which on it closes all."""
    horizon: int | None
    """Nights ahead beyond which its calendar shows no closure."""


@dataclass(frozen=True, slots=True)
class Seat:
    """What the config says of one sync."""

    channel: Channel
    calendar: str | None = ""
    """The fingerprint of the calendar's URL; None where the config names one that is not known at present."""
    paused: bool = False
    was: Place | None = None
    generation: int = 1
    keeps: bool = False
    """Paused, and what is known of it is kept and counts."""
    said: frozenset[str] = frozenset()
    """The settings of the channel, and of how it is read, that the host has written out."""

    @property
    def presence(self) -> Presence:
        """How the sync is to take part."""
        if self.keeps:
            return Presence.KEPT
        return Presence.PAUSED if self.paused else Presence.ACTIVE


@dataclass(frozen=True, slots=True)
class Plan:
    """What the config says of one accommodation."""

    timezone: str
    before: int = 0
    after: int = 0
    blocks: tuple[Stay, ...] = ()
    syncs: Mapping[str, Seat] = field(default_factory=dict)
    parts: tuple[str, ...] = ()
    """The accommodations that it consists of."""
