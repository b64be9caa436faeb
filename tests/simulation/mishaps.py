"""What befalls the machine: it stops, dies, sleeps and wakes; its clock is set; its disks are full, slow, or hang."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.simulation.attention import Act
from tests.simulation.cloud import STORMS
from tests.simulation.portal import Mood
from tests.simulation.world import DAY, HOUR, MINUTE

if TYPE_CHECKING:
    from tests.simulation.play import Play


class Mishaps:
    """All that goes wrong where the daemon runs."""

    def __init__(self, play: Play) -> None:
        self._play = play
        self._machine = play.machine
        self._world = play.world
        self._dice = play.dice

    def acts(self) -> dict[str, Act]:
        return {
            "kill": self.kill,
            "restart": self.restart,
            "suspend": self.suspend,
            "clock": self.clock,
            "disk": self.disk,
            "shelf": self.shelf,
            "storm": self.storm,
            "clone": self.clone,
        }

    def steps(self) -> dict[str, Act]:
        """What is done on purpose only."""
        return {"fill": self.fill, "slow": self.slow, "hang": self.hang, "up": self.up, "linger": self.linger}

    def hang(self) -> None:
        """What is published at the server lands later than anybody waits for it."""
        if self._play.cloud is not None:
            self._play.cloud.fall_into(Mood("late", self._world.now + 40.0))

    def up(self) -> None:
        """Wait until the daemon runs again."""
        self._world.until(self._world.now + 2 * MINUTE, lambda: self._machine.is_up)

    def linger(self) -> None:
        """Wait for as long as a publication does at most."""
        self._world.rest(self._dice.uniform(15.0, 40.0))

    def _start(self) -> None:
        if self._machine.loop is None:
            self._play.oracle.interrupted()
            self._machine.start()

    def kill(self) -> None:
        if self._machine.loop is None:
            return
        how = self._machine.kill(power=self._dice.random() < 0.3)
        self._world.note(f"killed {how}")
        self._play.oracle.killed(stopped=False, noted=not self._machine.disk.slow)
        self._play.oracle.looks_away()
        self._world.after(self._dice.choice([0.5, 5.0, 60.0, HOUR]), self._start)

    def restart(self) -> None:
        machine, oracle = self._machine, self._play.oracle
        if machine.loop is None or not machine.is_up:
            return
        well = not machine.disk.full
        machine.stop()
        oracle.interrupted()
        if not self._world.until(self._world.now + 90.0, lambda: machine.loop is None):
            oracle.find("stop hangs", "90 s after it was told to stop")
            return
        if well:
            oracle.interrupted()
        else:
            oracle.killed(stopped=True)
        oracle.looks_away()
        self._world.after(self._dice.choice([0.5, 5.0, HOUR]), self._start)

    def suspend(self) -> None:
        oracle = self._play.oracle
        oracle.interrupted()
        oracle.looks_away()
        self._machine.suspend()
        self._world.rest(self._dice.choice([20 * MINUTE, 3 * HOUR, 30 * HOUR, 60 * HOUR]))
        self._machine.resume()
        oracle.interrupted()

    def clock(self) -> None:
        """Somebody sets the wall clock; mostly it is set right before long. Or it is wrong at the next start."""
        machine, dice, oracle = self._machine, self._dice, self._play.oracle
        at_start = dice.random() < 0.5 and machine.loop is not None
        sizes = [3 * HOUR, 2 * DAY, 10 * DAY, 20 * DAY, 25 * DAY, 60 * DAY]
        size = dice.choice(sizes if at_start else [10 * MINUTE, 50 * MINUTE, 3 * HOUR, 2 * DAY, 20 * DAY, 60 * DAY])
        wrong = size * dice.choice([1, 1, -1])
        if at_start:
            machine.kill(power=True)
            oracle.killed(stopped=False, noted=not machine.disk.slow)
        machine.clock.wrong = wrong
        oracle.clock_set()
        if at_start:
            self._start()

        def right() -> None:
            machine.clock.set_right()
            oracle.clock_set()

        self._world.after(dice.choice([30.0, HOUR, 10 * HOUR]), right)

    def disk(self) -> None:
        if self._dice.random() < 0.5:
            self.fill()
        else:
            self.slow()

    def fill(self) -> None:
        """No room is left on the disk of the state."""
        self._machine.disk.fill(True)
        self._play.oracle.disk(well=False)
        self._world.after(self._dice.choice([30.0, HOUR, 4 * HOUR]), self.well)

    def slow(self) -> None:
        """Each commit takes long."""
        self._machine.disk.slow = self._dice.choice([0.5, 3.0, 10.0])
        self._play.oracle.disk(well=False)
        self._world.after(self._dice.choice([60.0, HOUR]), self.well)

    def well(self) -> None:
        """The disk is as it should be."""
        self._machine.disk.fill(False)
        self._machine.disk.slow = 0.0
        self._play.oracle.disk(well=True)

    def shelf(self) -> None:
        """The folder that is published in hangs."""
        self._machine.disk.hangs_until = self._world.now + self._dice.choice([5.0, 30.0, 300.0, HOUR])

    def storm(self) -> None:
        """The server that is published on answers badly."""
        if self._play.cloud is not None:
            lasts = self._dice.choice([5.0, 40.0, 10 * MINUTE, 2 * HOUR])
            self._play.cloud.fall_into(Mood(self._dice.choice(STORMS), self._world.now + lasts))

    def clone(self) -> None:
        """A machine that was forgotten publishes what it knows."""
        if self._play.cloud is not None:
            self._play.cloud.write_over()
