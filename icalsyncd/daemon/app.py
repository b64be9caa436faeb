"""The daemon, put together: it opens, starts, reloads and stops, and knows nothing of signals.

open    config, secret, state: all that can be wrong with a start is found here
start   ledgers under the config, ports bound; then READY; then pulls
reload  all that can fail first; then each accommodation swaps, from one moment to the next
stop    ports closed, what is known written, the folder released
"""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from collections.abc import Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic
from typing import Any, Final

from icalsyncd import __version__, log, redaction
from icalsyncd.admin.admin import application
from icalsyncd.admin.status import ConfigStatus
from icalsyncd.config.loading import Accepted, Refused, load, parse
from icalsyncd.config.paths import Paths
from icalsyncd.config.resolved import Config
from icalsyncd.daemon import service_manager
from icalsyncd.daemon.actions import Answers
from icalsyncd.daemon.hub import Hub
from icalsyncd.daemon.timesync import last_set
from icalsyncd.daemon.watch import watch
from icalsyncd.pace import unsearched
from icalsyncd.publishing.targets.opening import secrets_of
from icalsyncd.redaction import told, wordless
from icalsyncd.serving.listeners import CannotListen
from icalsyncd.serving.ports import Ports
from icalsyncd.state.database import StoreFailed, StoreRefused
from icalsyncd.state.installation import SecretUnusable, open_installation
from icalsyncd.state.state_folder import FolderHeld, StateFolder
from icalsyncd.state.store import Store

EX_CONFIG: Final = 78
"""A config that cannot be run (sysexits.h): the service manager need not try again."""
GIVE_WAY: Final = 0.0005
"""Seconds after which a thread that reads a calendar or writes the state lets the event loop go on (usually 5 ms)."""
THREADS: Final = 64
"""Threads for what is done beside the event loop; each is made when all others are busy."""
MAX_CALLS: Final = 5
"""Times that a task is told to end, half a second apart."""
HOUSEKEEPING: Final = 5.0
"""Seconds between two rounds of what need not be done at once."""
MAX_UNSURE: Final = 600.0
"""Seconds after a start for which feeds are withheld at most since something may be lost: closing must not wait either."""


class CannotStart(Exception):
    """Something that a start needs is not there or not right; the message is for people."""

    def __init__(self, why: str, code: int = 1) -> None:
        super().__init__(why)
        self.code = code


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says of a daemon."""

    config: Path
    state_dir: Path
    log_style: log.Style | None = None
    log_level: int = 20


async def run(options: Options, stop: asyncio.Event, reload: asyncio.Event) -> int:
    """Run the daemon until *stop* is set; each time *reload* is set the config is read anew. Returns the exit code."""
    log.configure(options.log_style, options.log_level)
    daemon = None
    sys.setswitchinterval(GIVE_WAY)
    # name servers that hang, of targets, must not take the threads that everything else waits for
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS, thread_name_prefix="aside"))
    try:
        with unsearched():
            daemon = Daemon.open(options)
            await daemon.start()
            # what stays for as long as the daemon runs is not searched later either
            gc.freeze()
    except CannotStart as error:
        log.error("cannot start", why=str(error))
        if daemon is not None:
            await daemon.stop()
        return error.code
    code = 1
    try:
        code = await daemon.serve(stop, reload)
    finally:
        stored = await daemon.stop()
    return code if stored else code or 1


class Daemon:
    """One running icalsyncd."""

    def __init__(self, options: Options, folder: StateFolder, hub: Hub) -> None:
        self.options = options
        self.hub = hub
        self._folder = folder
        answers = Answers(hub, Paths(options.config, options.state_dir), self.reload)
        handlers = {"feeds": hub.feeds.answer, "admin": application(answers.actions())}
        self._ports = Ports(handlers, hub.clock.now, lambda: hub.removal_delay, hub.counts)
        self._tasks: list[asyncio.Task[None]] = []
        self._reloading = asyncio.Lock()
        self._reloads: set[asyncio.Task[tuple[str, ...]]] = set()
        self._running = hub.accepted.digest
        """The digest of the config that was taken over last, as a whole."""

    @classmethod
    def open(cls, options: Options) -> Daemon:
        """Everything that a start needs. Raises CannotStart."""
        folder = StateFolder(options.state_dir)
        try:
            folder.hold()
        except FolderHeld as error:
            raise CannotStart(str(error)) from None
        except OSError as error:
            raise CannotStart(f"the state folder {options.state_dir} cannot be used: {error.strerror}") from None
        try:
            accepted, refused = _boot_config(options, folder)
            installation = open_installation(accepted.config.server.secret_file or folder.secret)
            daemon = cls(options, folder, Hub(accepted, installation, Store(folder.state)))
        except (SecretUnusable, StoreRefused, StoreFailed) as error:
            folder.release()
            raise CannotStart(str(error)) from None
        except OSError as error:
            folder.release()
            raise CannotStart(f"{error.filename}: {error.strerror}") from None
        except CannotStart:
            folder.release()
            raise
        if refused is not None:
            daemon._refuse(tuple(map(str, refused.mistakes)))
        return daemon

    async def start(self) -> None:
        """Rebuild all nights from what is stored, bind the ports, say READY, and only then pull. Raises CannotStart."""
        hub = self.hub
        self._hide_secrets(hub.accepted)
        try:
            await hub.begin()
        except Exception as error:  # whatever it is, a config that ran before may run still
            last = _last_accepted(self.options, self._folder)
            if last is None or last.digest == hub.accepted.digest:
                raise
            log.bug("starting under the config ended in a bug", wordless(error))
            await hub.apply(last)
            self._running = last.digest
            self._refuse((f"{self.options.config}: {told(error)}",))
        try:
            await self._ports.open(hub.accepted.config)
        except CannotListen as error:
            raise CannotStart(str(error)) from None
        self._note_address()
        self._save_accepted()
        self._spawn("journal", hub.journal.run())
        await hub.journal.stored()
        for warning in (*map(str, hub.accepted.warnings), *self._folder.exposures()):
            log.warning(warning)
        log.info("started", version=__version__, syncs=len(hub.accepted.config.syncs()))
        service_manager.ready(hub.words())
        # whatever the portals show by now, and whatever could not be stored before
        await hub.rounds.pull_soon()
        self._spawn("rounds", hub.rounds.run())
        self._spawn("vigil", hub.vigil.run())
        self._spawn("publisher", hub.publisher.run())
        self._spawn("housekeeping", self._keep_house())

    async def serve(self, stop: asyncio.Event, reload: asyncio.Event) -> int:
        """Serve until *stop* is set, or a task of the daemon ends by itself, which is a bug. Returns the exit code."""
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
        """Close the ports, write what is known, release the folder; False where the disk did not take what is known."""
        service_manager.stopping()
        await self._ports.close()
        await _end([*self._tasks, *self._reloads])
        stored = await self.hub.end()
        self._folder.release()
        log.info("stopped")
        return stored

    async def reload(self) -> tuple[str, ...]:
        """Read the config anew and take it over; where it cannot be, nothing changes and the mistakes are returned.

        Once begun it goes on to its end, though whoever asked for it goes away.
        """
        task = asyncio.create_task(self._reload(), name="reload")
        self._reloads.add(task)
        task.add_done_callback(self._reloads.discard)
        return await asyncio.shield(task)

    async def _reload(self) -> tuple[str, ...]:
        async with self._reloading:
            with unsearched():
                loaded = await asyncio.to_thread(load, self.options.config, os.environ)
                if isinstance(loaded, Refused):
                    _tell_bug(loaded)
                    return self._refuse(tuple(map(str, loaded.mistakes)))
                if loaded.digest == self._running:
                    self._approve(taken_over=False)
                    return ()
                service_manager.reloading()
                try:
                    return await self._take_over(loaded)
                except Exception as error:  # whatever it is, the daemon goes on under the config that it has
                    log.bug("taking over the config ended in a bug", wordless(error))
                    return self._refuse((f"{self.options.config}: {told(error)}",))
                finally:
                    service_manager.ready(await asyncio.to_thread(self.hub.words))

    async def _take_over(self, loaded: Accepted) -> tuple[str, ...]:
        why = await asyncio.to_thread(self._other_secret, loaded.config)
        if why is not None:
            return self._refuse((f"{self.options.config}: server.secret_file: {why}",))
        try:
            move = await self._ports.prepare(loaded.config)
        except CannotListen as error:
            return self._refuse((f"{self.options.config}: server: {error}",))
        # from here on nothing fails, unless it is a bug
        before = self.hub.accepted
        self._hide_secrets(loaded)
        try:
            await self.hub.apply(loaded)
        except Exception:
            for listener in move.fresh.values():
                self.hub.in_background(listener.close())
            await self.hub.apply(before)
            raise
        self._running = loaded.digest
        gc.freeze()
        for listener in self._ports.take_up(move):
            # the request that asked for this may be one of those that the old listener still answers
            self.hub.in_background(listener.close())
        self._note_address()
        await asyncio.to_thread(self._save_accepted)
        self._approve(taken_over=True)
        known = {(warning.path, warning.message) for warning in before.warnings}
        for warning in loaded.warnings:
            if (warning.path, warning.message) not in known:
                log.warning(str(warning))
        log.info("the config was taken over", syncs=len(loaded.config.syncs()))
        return ()

    def _other_secret(self, config: Config) -> str | None:
        """Why the secret that *config* names cannot be taken over while the daemon runs; None where it is the same."""
        path = config.server.secret_file or self._folder.secret
        if path == (self.hub.accepted.config.server.secret_file or self._folder.secret):
            return None
        try:
            there = path.exists()
        except OSError as error:
            return f"{path} cannot be used: {error.strerror}"
        if not there:
            return f"{path} does not exist; a new secret would change every link, so one is only made at a start"
        try:
            other = open_installation(path)
        except (SecretUnusable, OSError) as error:
            return str(error)
        return (
            None if other.mark == self.hub.installation.mark else "this is another secret; restart to change every link"
        )

    def _refuse(self, mistakes: tuple[str, ...]) -> tuple[str, ...]:
        if self.hub.config_status.problems != mistakes:
            for mistake in mistakes:
                log.error("config refused, the one before goes on", mistake=mistake)
        self.hub.config_status = replace(self.hub.config_status, ok=False, problems=mistakes)
        service_manager.status(self.hub.words())
        return mistakes

    def _approve(self, *, taken_over: bool) -> None:
        at = self.hub.clock.now() if taken_over else self.hub.config_status.loaded_at
        self.hub.config_status = ConfigStatus(ok=True, problems=(), loaded_at=at)
        service_manager.status(self.hub.words())

    def _hide_secrets(self, accepted: Accepted) -> None:
        for sync in accepted.config.syncs():
            if sync.url is not None:
                redaction.register(sync.url.reveal())
        for target in accepted.config.publish:
            for secret in secrets_of(target.place):
                redaction.register(secret.reveal())

    def _note_address(self) -> None:
        admin = self._ports.admin
        try:
            self._folder.write(self._folder.address, f"{admin.address.host}:{admin.port}\n")
        except OSError as error:
            log.warning("the commands will not find this daemon: its address could not be written", why=error.strerror)

    def _save_accepted(self) -> None:
        try:
            self._folder.write(self._folder.accepted, self.hub.accepted.text)
        except OSError as error:
            log.warning("the config could not be kept for a boot with a bad one", why=error.strerror)

    async def _obey(self, reload: asyncio.Event) -> None:
        while True:
            await reload.wait()
            reload.clear()
            await self.reload()

    async def _watch(self, stop: asyncio.Event) -> None:
        async for _ in watch(lambda: frozenset((self.options.config, *self.hub.accepted.files)), stop):
            await self.reload()

    async def _keep_house(self) -> None:
        """Fetches entered, the service manager told that the loop turns and the store answers."""
        interval = service_manager.watchdog_interval() or HOUSEKEEPING
        said, doubted, began = "", False, monotonic()
        while True:
            await asyncio.sleep(min(interval, HOUSEKEEPING))
            await self.hub.be_sure(at_last=monotonic() - began > MAX_UNSURE)
            self.hub.feeds.flush()
            if self._ports.moving:
                for listener in await self._ports.settle(self.hub.accepted.config):
                    self.hub.in_background(listener.close())
                self._note_address()
            await self.hub.journal.ask(lambda: None)
            service_manager.watchdog()
            # thousands of syncs take their time to count
            if (line := await asyncio.to_thread(self.hub.words)) != said:
                said = line
                service_manager.status(line)
            self.hub.clock.synchronized(await asyncio.to_thread(last_set))
            doubt = self.hub.clock.doubted
            if doubt and not doubted:
                log.warning(
                    "the clock is not believed: feeds stay as they were until a portal's agrees with it, "
                    "or you do: icalsyncd accept clock",
                    why=doubt,
                )
                # whoever answers tells the time
                await self.hub.rounds.hurry_all()
            elif doubted and not doubt:
                log.info("the clock is believed again")
            doubted = bool(doubt)

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


def _tell_bug(refused: Refused) -> None:
    if refused.bug is not None:
        log.bug("reading the config ended in a bug", refused.bug)


def _last_accepted(options: Options, folder: StateFolder) -> Accepted | None:
    """The config that was taken over last; None where there is none that can be run."""
    text = folder.accepted_text()
    last = parse(text, options.config, os.environ, ran_before=True) if text is not None else None
    return last if isinstance(last, Accepted) else None


def _boot_config(options: Options, folder: StateFolder) -> tuple[Accepted, Refused | None]:
    """The config to start with, and the refusal of the file where it is the last accepted one. Raises CannotStart."""
    loaded = load(options.config, os.environ)
    if isinstance(loaded, Accepted):
        return loaded, None
    _tell_bug(loaded)
    last = _last_accepted(options, folder)
    if last is not None:
        return last, loaded
    for mistake in loaded.mistakes:
        log.error("config refused", mistake=str(mistake))
    raise CannotStart("the config cannot be run, and there is none that ran before", EX_CONFIG)
