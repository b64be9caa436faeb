"""What a portal closes by its own settings: nights too near (its notice), and nights too far (its booking window).

Such nights look like closures, and nobody has taken them. They give themselves away, since their inner edge moves with the
days: where the notice ends, or where the window begins. An edge that stands still belongs to a real closure. How they are
told from what is taken: :mod:`sifting`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

from icalsyncd.availability.stamps import Moment
from icalsyncd.calendars.nights import EMPTY, Night, Nights

Late: TypeAlias = Literal[0, 1, 2]
MOVES: Final = 3
"""Days on which an edge must have moved with the days before it is a rule's: one or two may be a guest's or a host's."""


@dataclass(frozen=True, slots=True)
class Edge:
    """One edge of what a portal closes, followed from day to day."""

    day: Night
    """The last day on which it stood where it was to stand."""
    place: Night
    """Where it stood then: a check-out for a notice, a check-in for a window."""
    since: Moment
    """When it was first seen."""
    moves: int = 0
    """Days on which it had moved on by as many nights as days had passed, in a row."""
    late: Late = 0
    """1: it was seen a night behind since it last moved. 2: and then where it was to be, on the same day: the portal's
    day begins later than ours."""

    @property
    def is_rule(self) -> bool:
        return self.moves >= MOVES

    def on(self, day: Night) -> Night:
        """Where it stands on *day*, if it moves with the days."""
        return self.place + day - self.day


@dataclass(frozen=True, slots=True)
class Rules:
    """What is known of one portal's own rules."""

    notices: tuple[Edge, ...] = ()
    windows: tuple[Edge, ...] = ()
    ends: Edge | None = None
    """Where its calendar ends; there the outer edge of a real closure moves as well."""
    labelled: bool = False
    """It tells reservations from closures."""
    notice: Nights = EMPTY
    """The nights that it closes by its notice, as the last copy shows them."""
    window: Nights = EMPTY
    """The same of its booking window."""

    @property
    def nights(self) -> Nights:
        return self.notice | self.window


NO_RULES: Final = Rules()


def rules_rewound(rules: Rules, now: Moment) -> Rules:
    """*rules* after the clock was set back to *now*."""

    def earlier(edge: Edge) -> Edge:
        return replace(edge, since=min(edge.since, now))

    return replace(
        rules,
        notices=tuple(map(earlier, rules.notices)),
        windows=tuple(map(earlier, rules.windows)),
        ends=rules.ends and earlier(rules.ends),
    )
