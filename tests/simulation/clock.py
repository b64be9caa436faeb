"""The clocks of one machine: the wall clock, which anybody may set; the time since it started; and that in which it ran."""

from __future__ import annotations

from tests.simulation.world import World


class Clock:
    """What one machine's clocks show."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.wrong = 0.0
        """Seconds by which the wall clock is ahead of the truth."""
        self.started = world.now
        self._slept = 0.0
        self._asleep_since: float | None = None
        self.synchronized: int | None = None
        """Another number once the wall clock was set right by somebody who knows the time."""

    def wall(self) -> float:
        """CLOCK_REALTIME."""
        return self._world.now + self.wrong

    def set_right(self) -> None:
        """Somebody who knows the time has set the wall clock."""
        self.wrong = 0.0
        self.synchronized = (self.synchronized or 0) + 1

    def boot(self) -> float:
        """CLOCK_BOOTTIME."""
        return self._world.now - self.started

    def awake(self) -> float:
        """CLOCK_MONOTONIC, which stands still while the machine is suspended."""
        until = self._asleep_since if self._asleep_since is not None else self._world.now
        return until - self.started - self._slept

    def when(self, awake: float) -> float:
        """The world's time at which :meth:`awake` will show *awake*, if the machine is not suspended before."""
        return awake + self.started + self._slept

    @property
    def is_suspended(self) -> bool:
        return self._asleep_since is not None

    def suspend(self) -> None:
        self._asleep_since = self._world.now

    def resume(self) -> None:
        if self._asleep_since is not None:
            self._slept += self._world.now - self._asleep_since
            self._asleep_since = None

    def reboot(self) -> None:
        """The machine starts anew; its wall clock goes on as it is."""
        self.started = self._world.now
        self._slept = 0.0
        self._asleep_since = None
