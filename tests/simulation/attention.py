"""What acts are about: mostly anything, and in a burst mostly one sync."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.simulation.household import SyncPlan
from tests.simulation.oracle import UNSETTLED, Place
from tests.simulation.portal import Portal

if TYPE_CHECKING:
    from tests.simulation.play import Play

Act = Callable[[], None]


class Attention:
    """Chooses among syncs and portals."""

    def __init__(self, play: Play) -> None:
        self._play = play
        self.focus: Place | None = None
        """The sync that most of a burst is about."""
        self.only = False
        """All of it is."""

    def portal(self) -> tuple[str, Portal]:
        """A portal, and the accommodation that it sells."""
        dice, syncs = self._play.dice, self._play.household.syncs()
        if self.focus in syncs and (self.only or dice.random() < 0.7):
            return self.focus[0], syncs[self.focus].portal
        place, sync = dice.choice(list(syncs.items()))
        return place[0], sync.portal

    def sync(self, wanted: Callable[[SyncPlan], bool] = lambda sync: True) -> Place | None:
        """A sync of those that are *wanted*."""
        dice, syncs = self._play.dice, self._play.household.syncs()
        if self.focus in syncs and wanted(syncs[self.focus]) and (self.only or dice.random() < 0.8):
            return self.focus
        places = [place for place, sync in syncs.items() if wanted(sync)]
        return dice.choice(places) if places else None

    def turn(self) -> None:
        """Be about another sync of the same accommodation from now on."""
        here = self.focus
        beside = [
            place
            for place, sync in self._play.household.syncs().items()
            if here is not None and place[0] == here[0] and place != here and sync.receives
        ]
        if beside:
            self.focus = self._play.dice.choice(beside)

    def quiet(self) -> bool:
        """Whether the daemon runs, and has surely seen all that the host has saved.

        Whoever changes a name or an address before that has taken a sync away and made another one.
        """
        oracle = self._play.oracle
        return oracle.is_up() and max(oracle.saves[-1], oracle.broken_at) < self._play.world.now - UNSETTLED
