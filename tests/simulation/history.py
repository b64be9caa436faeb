"""Histories: what portals, guests, the host and the machine do, in an order and at a pace that the seed chooses."""

from __future__ import annotations

from typing import Final

from tests.simulation.attention import Act, Attention
from tests.simulation.guests import Guests
from tests.simulation.host import Host
from tests.simulation.mishaps import Mishaps
from tests.simulation.oracle import Place
from tests.simulation.play import Play
from tests.simulation.plots import PLOTS, Plot
from tests.simulation.portal import Mood
from tests.simulation.words import listen
from tests.simulation.world import HOUR

PAUSES: Final = (0.0, 0.02, 0.3, 2.0, 10.0, 30.0, 100.0, 1500.0)
BREATHS: Final = (0.0, 0.02, 0.1, 0.3, 1.0, 2.0, 4.0, 8.0)
"""Pauses within a burst."""
LONG: Final = frozenset({"wait", "suspend", "restart", "clock"})
ILL: Final = ("book", "cancel", "cancel", "pull", "pull", "read", "read", "pause", "resume", "rename", "unblock")
"""What matters most while the disk does not take what is known."""
SHORT: Final = ("book", "cancel", "read", "pull", "pause", "blink", "half", "remove", "restore", "settings")
_COMMON: Final = {"book": 5.0, "cancel": 2.5, "resell": 2.0, "read": 3.0, "mood": 3.0, "pull": 2.0, "wait": 0.6}


class History:
    """One seed's acts."""

    def __init__(self, play: Play) -> None:
        self.play = play
        self.world = play.world
        dice = self.dice = play.dice
        self.attention = Attention(play)
        self.guests, self.host = Guests(play, self.attention), Host(play, self.attention)
        self.mishaps = Mishaps(play)
        self._acts: dict[str, Act] = {
            **self.guests.acts(),
            **self.host.acts(),
            **self.mishaps.acts(),
            "wait": self.wait,
        }
        self._weights = {
            name: _COMMON.get(name, 1.0) * 2.0 ** dice.uniform(-3, 2) * (dice.random() < 0.7) for name in self._acts
        }
        # what chance alone has no use for
        self._acts |= {**self.guests.steps(), **self.mishaps.steps(), "look": self.look, "turn": self.attention.turn}
        self._weights["book"] = max(self._weights["book"], 2.0)
        self._paces = [2.0 ** dice.uniform(-3, 2) for _ in PAUSES]
        self._bursts = dice.choice([0.0, 0.1, 0.3])
        """The share of acts that begin a burst."""
        self._left = 0
        """Acts that the burst has yet."""
        self._ill = False
        """The disk does not take what is known in this burst."""
        self._plot: list[str] = []
        """What comes next in a burst that follows one."""
        self._runs = 0
        """Starts of the daemon that were looked at."""

    def play_on(self, acts: int) -> None:
        """Do so many acts, with pauses."""
        for _ in range(acts):
            if not self._left and self.dice.random() < self._bursts:
                self._begin_burst()
            self._do(self._next())
            if self._left:
                self.world.rest(self.dice.choice(BREATHS) * self.dice.uniform(0.5, 1.5))
            else:
                self.world.rest(self.dice.choices(PAUSES, self._paces)[0] * self.dice.uniform(0.5, 1.5))
            self._look()

    def _next(self) -> str:
        """What is done next."""
        name = self.dice.choices(list(self._weights), list(self._weights.values()))[0]
        if not self._left:
            self.attention.focus, self.attention.only, self._ill = None, False, False
            return name
        self._left -= 1
        if self._plot:
            return self._plot.pop(0)
        if name in LONG or self._ill:
            name = self.dice.choice(ILL if self._ill else SHORT)
        if self._ill and not self._left:
            # what a host does who sees that the disk is full
            name = self.dice.choice(["kill", "restart", "wait"])
        return name

    def _do(self, name: str) -> None:
        self.world.note(f"# {name}")
        self.play.acts += 1
        self._acts[name]()

    def _look(self) -> None:
        """Whether all is as it must be; at each start of the daemon soon, and else now and then."""
        oracle = self.play.oracle
        oracle.manners.look()
        if self.play.cloud is not None and oracle.is_up():
            self.play.cloud.look(max(oracle.broken_at, oracle.clock_touched, oracle.disk_well_since or self.world.now))
        started = self.play.machine.is_up and self.play.machine.runs > self._runs
        if started:
            self._runs = self.play.machine.runs
        if started or self.dice.random() < 0.4:
            self.look()

    def look(self) -> None:
        """Ask for all that can be asked for."""
        self.play.peek()
        listen(self.play)

    def _begin_burst(self) -> None:
        """Much happens to one sync within seconds, mostly while its portal takes its time."""
        focus = self.attention.focus = self.attention.sync(lambda sync: sync.receives)
        if focus is None:
            return
        self.world.note(f"# a burst about {'/'.join(focus)}")
        if self.dice.random() < 0.5:
            self._follow(self._choose(focus))
            return
        self._left = self.dice.randrange(3, 9)
        self._ill = self.dice.random() < 0.3
        if self._ill:
            self.mishaps.disk()
        portal = self.play.household.syncs()[focus].portal
        if self.dice.random() < 0.7:
            portal.mood = Mood(self.dice.choice(["late", "late", "slow", "429", "503"]), self.world.now + 60.0, 600.0)
            self.world.note(f"{portal.key} answers {portal.mood.kind} for 60 s")
        match self.dice.choice(["pull", "read", "resume", "nothing"]):
            case "pull":
                self.host.pull()
            case "read":
                portal.read()
            case "resume":
                self.host.move()
            case _:
                pass

    def _choose(self, focus: Place) -> Plot:
        """A plot for which there is all that it needs; most likely one that needs much."""
        house, portal = self.play.household, self.play.household.syncs()[focus].portal
        there = {
            "": True,
            "shelf": house.folder is not None,
            "cloud": house.cloud is not None,
            "validators": portal.validators != "none" and self.host.may_blink(focus[0]),
            "untold": focus[0] not in self.play.oracle.served,
        }
        fitting = [plot for plot in PLOTS if there[plot.needs]]
        return self.dice.choices(fitting, [3.0 if plot.needs else 1.0 for plot in fitting])[0]

    def _follow(self, plot: Plot) -> None:
        """Do what *plot* says, one after the other, mostly whole."""
        self.world.note(f"# {plot.name}")
        self.attention.only = True
        # all that was saved is seen, and the disk as it should be
        self.world.rest(8.0)
        self._plot = [act for act in plot.acts if self.dice.random() < 0.97]
        self._left = len(self._plot)

    def wait(self) -> None:
        self.world.rest(self.dice.choice([600.0, HOUR, HOUR, 2 * HOUR, 9 * HOUR]))
