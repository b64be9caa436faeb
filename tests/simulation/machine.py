"""The machine on which the daemon runs: it starts, is killed in the middle of anything, sleeps, and is set right."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any, Final

from tests.simulation import seam
from tests.simulation.clock import Clock
from tests.simulation.disk import Disk
from tests.simulation.loop import Loop, Threads
from tests.simulation.network import Network
from tests.simulation.world import World

SECRET: Final = "5ec2e7" * 10 + "5ec2"
_DEBOUNCE: Final = (0.05, 1.2)


class Machine:
    """One machine with one daemon."""

    def __init__(self, world: World, network: Network, folder: Path) -> None:
        self.world = world
        self.network = network
        self.folder = folder
        self.clock = Clock(world)
        self.disk = Disk(world, folder / "state-0")
        self.config = folder / "config.yaml"
        self.loop: Loop | None = None
        self.daemon: Any = None
        self.runs = 0
        self.begun = world.now
        self.ready_at: float | None = None
        self.killed = 0
        self.on_log: Callable[[str, dict[str, Any], int, BaseException | None], None] = lambda *_: None
        self.on_exit: Callable[[str], None] = lambda _: None
        self.names: Callable[[str], str] = lambda host: "10.9.9.9"
        self._graves: list[Any] = []
        """What is dead and must not be collected: that would run its last words."""
        self._stop: asyncio.Event | None = None
        self._main: asyncio.Task[None] | None = None
        self._watching: asyncio.Event | None = None
        self.stopping = False
        seam.play_on(self, lazy=world.chance(0.85))

    # what the daemon is given

    def wall(self) -> float:
        return self.clock.wall()

    def boot(self) -> float:
        return self.clock.boot()

    def awake(self) -> float:
        return self.clock.awake()

    def look_up(self, host: str, port: int) -> list[str]:
        return [self.names(host)]

    def heard(self, message: str, fields: dict[str, Any], level: int, problem: BaseException | None) -> None:
        shown = " ".join(f"{name}={value}" for name, value in fields.items())
        said = f"  log {message} {shown} {type(problem).__name__ if problem else ''}".rstrip()
        self.world.note(said.replace(str(self.folder), "."))
        self.on_log(message, fields, level, problem)

    def folder_work(self, work: Callable[[], None]) -> None:
        loop = self.loop
        self.disk.folder_work(lambda: None if loop is None or loop.halted else work())

    def disk_fails(self) -> bool:
        return self.disk.fails()

    def disk_has_room(self) -> bool:
        return not self.disk.full

    def clock_was_set(self) -> int | None:
        return self.clock.synchronized

    async def watch(self, files: Callable[[], frozenset[Path]], stop: asyncio.Event) -> AsyncGenerator[None, None]:
        self._watching = asyncio.Event()
        yield
        while not stop.is_set():
            await self._watching.wait()
            await asyncio.sleep(self.world.dice.uniform(*_DEBOUNCE))
            self._watching.clear()
            yield

    # what happens to it

    @property
    def is_up(self) -> bool:
        return self.loop is not None and self.ready_at is not None

    def changed(self) -> None:
        """A file that the daemon watches has changed."""
        loop, watching = self.loop, self._watching
        if loop is not None and watching is not None:
            loop.call_soon(watching.set)

    def start(self) -> None:
        """Start the daemon."""
        state = self.disk.state
        if not state.exists():
            state.mkdir(mode=0o700)
            (state / "secret").write_text(SECRET + "\n")
        threads = Threads(self.world)
        threads.waits = self.disk.waits
        loop = Loop(self.world, self.clock, threads)
        self.network.serve(loop)
        self.loop, self.ready_at, self.stopping = loop, None, False
        self.runs += 1
        self.world.run(loop)
        self.world.note(f"start {self.runs}")
        self._stop = stop = asyncio.Event()
        self._main = loop.create_task(self._run(loop, state, stop), name="main")
        self._main.add_done_callback(lambda task: self._ended(loop, task))

    async def _run(self, loop: Loop, state: Path, stop: asyncio.Event) -> None:
        self.daemon = None
        self.daemon = daemon = seam.opened(seam.Options(self.config, state))
        try:
            await daemon.start()
            self.ready_at = self.world.now
            await daemon.serve(stop, asyncio.Event())
        finally:
            self.ready_at = None
            await daemon.stop()

    def _ended(self, loop: Loop, task: asyncio.Task[None]) -> None:
        problem = task.exception() if not task.cancelled() else None
        loop.halted = True
        self.world.halt(loop)
        self.network.die(loop)
        self._graves.append((loop, self.daemon, task))
        self.loop, self.daemon, self._watching = None, None, None
        if problem is not None:
            self.on_exit(f"the daemon ended: {type(problem).__name__}: {problem}")
        elif not self.stopping:
            self.on_exit("the daemon ended by itself")
        self.world.note("stopped")

    def stop(self) -> None:
        """Ask the daemon to end."""
        if self._stop is not None and self.loop is not None:
            self.stopping = True
            self.loop.call_soon(self._stop.set)

    def kill(self, power: bool) -> str:
        """End the daemon between two steps, or in the middle of what its disk was at; returns how."""
        loop = self.loop
        if loop is None:
            return "was down"
        self.killed += 1
        loop.halted = True
        self.world.halt(loop)
        self.network.die(loop)
        writing = [piece for piece in loop.threads.pending if piece.kind == "store"]
        following = self.folder / f"state-{self.killed}"
        how = self.disk.survive(following, writing[0].work if writing else None, cuts=True)
        self._graves.append((loop, self.daemon, self._main))
        self.loop, self.daemon, self.ready_at, self._watching = None, None, None, None
        if power:
            self.clock.reboot()
        return how

    def suspend(self) -> None:
        self.clock.suspend()

    def resume(self) -> None:
        self.clock.resume()

    def clean(self) -> None:
        """Remove what it has written."""
        shutil.rmtree(self.folder, ignore_errors=True)
