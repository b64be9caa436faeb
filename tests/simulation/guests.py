"""What guests do at the portals, and how the portals are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.simulation.attention import Act, Attention
from tests.simulation.calendars import Stay, nights
from tests.simulation.portal import Mood, Portal
from tests.simulation.world import HOUR, MINUTE

if TYPE_CHECKING:
    from tests.simulation.play import Play

MOODS: Final = tuple(
    "late late slow 429 503 500 404 html empty cut never refused unreachable dns bug".split()  # noqa: SIM905
)


class Guests:
    """Those who book and cancel, and the portals that answer well or badly."""

    def __init__(self, play: Play, attention: Attention) -> None:
        self._play = play
        self._attention = attention
        self._world = play.world
        self._dice = play.dice

    def acts(self) -> dict[str, Act]:
        return {
            "book": self.book,
            "cancel": self.cancel,
            "rebook": self.rebook,
            "resell": self.resell,
            "read": self.read,
            "mood": self.mood,
        }

    def steps(self) -> dict[str, Act]:
        """What is done on purpose only."""
        return {"late": lambda: self._be("late"), "busy": lambda: self._be("429"), "told": self.told}

    def _be(self, kind: str) -> None:
        """A portal answers so for a minute."""
        _, portal = self._attention.portal()
        portal.mood = Mood(kind, self._world.now + 60.0, 600.0)
        self._world.note(f"{portal.key} answers {kind} for 60 s")

    def told(self) -> None:
        """All portals of an accommodation read their feeds."""
        house, _ = self._attention.portal()
        for each in self._play.portals_of(house):
            each.read()

    def book(self) -> None:
        self._play.book(*self._attention.portal())

    def cancel(self) -> None:
        _, portal = self._attention.portal()
        for uid in list(portal.sold)[: self._dice.choice([1, 1, 1, 2, 9])]:
            self._cancel(portal, uid)

    def _cancel(self, portal: Portal, uid: str) -> None:
        self._world.note(f"{portal.key} cancels {uid}")
        portal.cancel(uid)

    def rebook(self) -> None:
        """One guest cancels, and the next one takes the very same nights at the same portal at once."""
        _, portal = self._attention.portal()
        if portal.sold:
            uid = self._dice.choice(list(portal.sold))
            stay = portal.sold[uid]
            self._cancel(portal, uid)
            portal.sell(stay)
            self._world.note(f"{portal.key} sells them anew")

    def resell(self) -> None:
        """A guest cancels at one portal, and the same nights are sold at another one once they are free there."""
        house, portal = self._attention.portal()
        others = [each for each in self._play.portals_of(house) if each is not portal]
        if not portal.sold or not others:
            return
        uid = self._dice.choice(list(portal.sold))
        stay = portal.sold[uid]
        self._cancel(portal, uid)
        self._world.after(
            self._dice.choice([0.0, 60.0, HOUR]), lambda: self._sell_on(house, self._dice.choice(others), stay, 40)
        )

    def _sell_on(self, house: str, other: Portal, stay: Stay, tries: int) -> None:
        """Sell *stay* at *other* once all know that it is free; try so often."""
        play, wanted = self._play, nights([stay])
        place = play.oracle.place_of(other)
        if not tries or place is None or stay[0] < play.oracle.today() + 2:
            return
        if not other.can_sell:
            self._world.after(20.0, lambda: self._sell_on(house, other, stay, tries - 1))
            return
        known = play.oracle.knows(play.household.syncs()[place])
        shown = known.last.shown - known.last.sold if known.last and other.repeats == "own" else frozenset[int]()
        sold = [nights(each.sold.values()) for each in play.portals_of(house)]
        if any(not wanted.isdisjoint(each) for each in (*sold, nights(play.household.houses[house].blocks))):
            return
        if wanted.isdisjoint(other.closed()) and wanted.isdisjoint(shown) and play.may_be_sold(house, wanted):
            other.sell(stay)
            self._world.note(f"{other.key} sells what was cancelled")
        else:
            wait = self._dice.choice([20.0, 600.0])
            self._world.after(wait, lambda: self._sell_on(house, other, stay, tries - 1))

    def read(self) -> None:
        self._attention.portal()[1].read()

    def mood(self) -> None:
        _, portal = self._attention.portal()
        lasts = self._dice.choice([5.0, 40.0, 10 * MINUTE, 2 * HOUR, 12 * HOUR])
        wait = self._dice.choice([0.0, 30.0, 600.0, HOUR, 5 * HOUR])
        portal.fall_into(Mood(self._dice.choice(MOODS), self._world.now + lasts, wait))
        self._world.note(f"{portal.key} answers {portal.mood.kind} for {lasts:.0f} s")
