"""One thing that needs the host: the value that page, status, monitors and messages show in the same words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from icalsyncd.admin.matters import Matter, Weight
from icalsyncd.calendars.nights import EMPTY, Nights, date_of

_EXPLAINED: Final = (Matter.OVERBOOKED, Matter.PERHAPS_TWICE, Matter.POSSIBLE_GHOST, Matter.CROSSED)
"""What a night's own page says more of."""


@dataclass(frozen=True, slots=True)
class Concern:
    """One thing that needs a human."""

    matter: Matter
    what: str
    """One sentence, in which the matter's word is."""
    advice: str
    accommodation: str = ""
    """Empty if it is about the whole."""
    sync: str = ""
    nights: Nights = EMPTY
    """Those that it is about, where it is about nights."""
    target: str = ""
    """The target of `publish` or `notify` that it is about."""
    details: tuple[str, ...] = ()

    @property
    def weight(self) -> Weight:
        """How much it matters."""
        return self.matter.weight


def first_night(concern: Concern) -> str | None:
    """The date of the first night that a concern is about, where that night is to be explained."""
    if concern.matter not in _EXPLAINED or not concern.nights:
        return None
    return date_of(concern.nights.hull.check_in).isoformat()
