"""The daemon, put together: it opens, starts, reloads and stops, and knows nothing of signals.

open    config, secret, state: all that can be wrong with a start is found here
start   ledgers under the config, ports bound; then READY; then pulls
reload  see :mod:`~icalsyncd.daemon.reload`
stop    ports closed, what is known written, the folder released
"""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from icalsyncd import __version__, log
from icalsyncd.admin.acts import Acts, routes
from icalsyncd.admin.admin import application
from icalsyncd.config.loading import Accepted, Refused
from icalsyncd.config.paths import Paths
from icalsyncd.config.resolved import Config
from icalsyncd.daemon import service_manager
from icalsyncd.daemon.actions import HostActions
from icalsyncd.daemon.address import note_address
from icalsyncd.daemon.boot_config import boot_config, keep_accepted, last_accepted
from icalsyncd.daemon.edits import Edits, foreseen
from icalsyncd.daemon.guard import Guard
from icalsyncd.daemon.housekeeping import keep_house
from icalsyncd.daemon.hub import Hub
from icalsyncd.daemon.life import alive
from icalsyncd.daemon.notices import Notices
from icalsyncd.daemon.reload import Reloads, hide_secrets
from icalsyncd.daemon.standby import Standby
from icalsyncd.daemon.watch import watch
from icalsyncd.pace import unsearched
from icalsyncd.redaction import told, wordless
from icalsyncd.serving.listeners import CannotListen
from icalsyncd.serving.ports import Ports
from icalsyncd.serving.verdict import Verdict, with_verdict
from icalsyncd.serving.website import Website
from icalsyncd.state.database import Server, StoreFailed, StoreHeld, StoreOfAnotherVersion, StoreRefused
from icalsyncd.state.installation import SecretUnusable, open_installation
from icalsyncd.state.state_folder import FolderHeld, StateFolder
from icalsyncd.state.store import Store

EX_CONFIG: Final = 78
"""A config that cannot be run, or a state that this version does not know (sysexits.h): trying again does not help."""
GIVE_WAY: Final = 0.0005
"""Seconds after which a thread that reads a calendar or writes the state lets the event loop go on (usually 5 ms)."""
THREADS: Final = 64
"""Threads for what is done beside the event loop; each is made when all others are busy."""
MAX_CALLS: Final = 5
"""Cancellation attempts per task, half a second apart."""


class CannotStart(Exception):
    """Something that a start needs is not there or not right; the message is for people."""

    def __init__(self, why: str, code: int = 1) -> None:
        super().__init__(why)
        self.code = code


class Occupied(CannotStart):
    """Another daemon has the database: this one can stand by."""

    def __init__(self, why: str, config: Config) -> None:
        super().__init__(why)
        self.config = config


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says of a daemon."""

    config: Path
    state_dir: Path
    log_style: log.Style | None = None
    log_level: int = 20


async def run(options: Options, stop: asyncio.Event, reload: asyncio.Event) -> int:
    """Run the daemon until *stop* is set; each time *reload* is set the config is read again. Returns the exit code."""
    log.configure(options.log_style, options.log_level)
    sys.setswitchinterval(GIVE_WAY)
    # name servers of targets that hang must not use up the threads that everything else waits for
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS, thread_name_prefix="aside"))
    while (code := await _life(options, stop, reload)) is None:
        # another daemon has taken the database: what was known here is let go
        gc.unfreeze()
    return code


async def _life(options: Options, stop: asyncio.Event, reload: asyncio.Event) -> int | None:
    """From one start to its end: the exit code, or None where another daemon has the database since."""
    daemon: Daemon | None = None
    standby: Standby | None = None
    try:
        with unsearched():
            while daemon is None:
                try:
                    daemon = Daemon.open(options)
                except Occupied as error:
                    standby = await _stood_by(options, error, standby, stop, reload)
                    if stop.is_set():
                        return 0
            await daemon.start(standby)
            # the garbage collector need not search what stays as long as the daemon runs
            gc.freeze()
    except CannotStart as error:
        log.error("cannot start", why=str(error))
        if daemon is not None:
            await daemon.stop()
        return error.code
    finally:
        if standby is not None:
            standby.leave()
    code = 1
    try:
        code = await daemon.serve(stop, reload)
    finally:
        stored = await daemon.stop()
    if daemon.hub.journal.is_taken and not stop.is_set():
        return None
    return code if stored else code or 1


async def _stood_by(
    options: Options, occupied: Occupied, before: Standby | None, stop: asyncio.Event, reload: asyncio.Event
) -> Standby:
    """Stand by until another try is worth it. Raises CannotStart."""
    folder = _held(options.state_dir)
    try:
        if before is not None:
            before.leave()
        standby = Standby(occupied.config, options.config, folder, str(occupied))
        server = occupied.config.store.place(folder)
        assert isinstance(server, Server)  # noqa: S101  # a file is nobody else's
        await standby.wait(server, stop, reload)
    finally:
        folder.release()
    return standby


def _held(path: Path) -> StateFolder:
    """The state folder, for this process alone. Raises CannotStart."""
    folder = StateFolder(path)
    try:
        folder.hold()
    except FolderHeld as error:
        raise CannotStart(str(error)) from None
    except OSError as error:
        raise CannotStart(f"the state folder {path} cannot be used: {error.strerror}") from None
    return folder


class Daemon:
    """One running icalsyncd."""

    def __init__(self, options: Options, folder: StateFolder, hub: Hub) -> None:
        self.options = options
        self.hub = hub
        self._folder = folder
        host_actions = HostActions(hub, Paths(options.config, options.state_dir), self.reload)
        self._live = host_actions.live
        website = Website(lambda: hub.view, lambda: hub.accepted.config.public, lambda: hub.journal.may_answer)
        answer = website.serve(hub.calendars.serve(hub.feeds.answer))
        feeds = with_verdict(answer, lambda: hub.accepted.config.server.health, Verdict(host_actions.needs))
        self._guard = Guard(hub, folder)
        edits = Edits(hub, options.config, self.reload)
        acts = Acts(edits.make, edits.undo, partial(foreseen, hub), host_actions.language)
        handlers = {"feeds": feeds, "admin": application(host_actions.actions(), self._guard.gate, routes(acts))}
        self._ports = Ports(handlers, hub.clock.now, lambda: hub.removal_delay, hub.counts)
        self._tasks: list[asyncio.Task[None]] = []
        self._notices = Notices(hub, host_actions.concerns)
        alive(hub, lambda: self._tasks)
        self._reloads = Reloads(options.config, folder, hub, self._ports)

    @classmethod
    def open(cls, options: Options) -> Daemon:
        """Everything that a start needs. Raises CannotStart, and Occupied where another daemon has the database."""
        folder = _held(options.state_dir)
        accepted: Accepted | None = None
        try:
            accepted, refused = _boot_config(options.config, folder)
            installation = open_installation(accepted.config.server.secret_file or folder.secret)
            hide_secrets(accepted)
            store = Store(accepted.config.store.place(folder))
            daemon = cls(options, folder, Hub(accepted, installation, store))
        except (SecretUnusable, StoreRefused, StoreFailed) as error:
            folder.release()
            if isinstance(error, StoreHeld) and accepted is not None:
                raise Occupied(str(error), accepted.config) from None
            code = EX_CONFIG if isinstance(error, StoreOfAnotherVersion) else 1
            raise CannotStart(str(error), code) from None
        except OSError as error:
            folder.release()
            raise CannotStart(f"{error.filename}: {error.strerror}") from None
        except CannotStart:
            folder.release()
            raise
        if refused is not None:
            daemon._reloads.refuse(tuple(map(str, refused.mistakes)), refused.files)
        return daemon

    async def start(self, standby: Standby | None = None) -> None:
        """Rebuild all nights from what is stored, bind the ports, say READY, and only then pull. Raises CannotStart.

        *standby* answers for this daemon until then.
        """
        hub = self.hub
        try:
            await hub.begin()
        except Exception as error:  # any bug: a config that ran before may still run
            last = last_accepted(self.options.config, self._folder)
            if last is None or last.digest == hub.accepted.digest:
                raise
            log.bug("starting under the config ended in a bug", wordless(error))
            await hub.apply(last)
            self._reloads.running = last.digest
            self._reloads.refuse((f"{self.options.config}: {told(error)}",))
        try:
            if standby is not None:
                standby.leave()
            await self._ports.open(hub.accepted.config)
        except CannotListen as error:
            raise CannotStart(str(error)) from None
        note_address(self._folder, self._ports)
        keep_accepted(hub.accepted, self._folder)
        self._spawn("journal", hub.journal.run())
        await hub.journal.stored()
        for warning in (*map(str, hub.accepted.warnings), *self._folder.exposures()):
            log.warning(warning)
        log.info("started", version=__version__, syncs=len(hub.accepted.config.syncs()))
        service_manager.ready(hub.status_line())
        # what the portals show by now, and what could not be stored before
        if hub.journal.is_shared and hub.journal.unsure:
            # this machine goes on for another one, and tells nobody anything before it has looked
            for sync in hub.accepted.config.syncs():
                hub.rounds.hurry((sync.accommodation, sync.id))
        await hub.rounds.pull_soon()
        self._spawn("rounds", hub.rounds.run())
        self._spawn("deadlines", hub.deadlines.run())
        self._spawn("publisher", hub.publisher.run())
        self._spawn("notices", self._notices.run())
        self._spawn("heartbeat", hub.pulse.run())
        self._spawn("housekeeping", keep_house(hub, self._ports, self._folder))

    async def serve(self, stop: asyncio.Event, reload: asyncio.Event) -> int:
        """Serve until *stop* is set, or a task of the daemon ends, which is a bug. Returns the exit code."""
        self._spawn("signals", self._obey(reload))
        self._spawn("watch", self._watch(stop))
        stopping = asyncio.create_task(stop.wait(), name="stop")
        await asyncio.wait((stopping, *self._tasks), return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if stop.is_set():
            return 0
        for task in self._tasks:
            if task.done() and not task.cancelled() and (error := task.exception()):
                log.bug("a task of the daemon ended in a bug", error, task=task.get_name())
        return 1

    async def stop(self) -> bool:
        """Close the ports, write what is known, release the folder; False if the disk did not take what is known."""
        service_manager.stopping()
        self._live.close()
        await self._ports.close()
        self._guard.gate.close()
        await _end([*self._tasks, *self._reloads.tasks])
        stored = await self.hub.end()
        self._folder.release()
        log.info("stopped")
        return stored

    async def reload(self) -> tuple[str, ...]:
        """Read the config again and take it over; returns its mistakes if it cannot be run."""
        return await self._reloads.reload()

    async def _obey(self, reload: asyncio.Event) -> None:
        while True:
            await reload.wait()
            reload.clear()
            await self.reload()

    async def _watch(self, stop: asyncio.Event) -> None:
        async for _ in watch(self._reloads.files, stop):
            await self.reload()

    def _spawn(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(asyncio.create_task(work, name=name))


async def _end(tasks: Sequence[asyncio.Task[Any]]) -> None:
    """Cancel *tasks* until they have ended: one that was just being woken may miss a single call."""
    for _ in range(MAX_CALLS):
        left = [task for task in tasks if not task.done()]
        if not left:
            return
        for task in left:
            task.cancel()
        await asyncio.wait(left, timeout=0.5)
    if names := [task.get_name() for task in tasks if not task.done()]:
        log.error("tasks do not end", tasks=", ".join(names))


def _boot_config(file: Path, folder: StateFolder) -> tuple[Accepted, Refused | None]:
    booted = boot_config(file, folder)
    if booted is None:
        raise CannotStart("the config cannot be run, and there is none that ran before", EX_CONFIG)
    return booted
