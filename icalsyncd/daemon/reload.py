"""A reload, in order; until step 4 every failure leaves the running config as it is.

1. the file is read: mistakes refuse it, and a config that runs already is only approved
2. the secret that it names must be the one in use
3. new ports are bound
4. the hub takes the config over, accommodation by accommodation
5. old ports are closed, and the text is kept for a start with a bad file
"""

from __future__ import annotations

import asyncio
import gc
import os
from dataclasses import replace
from pathlib import Path

from icalsyncd import log, redaction
from icalsyncd.admin.status import ConfigStatus
from icalsyncd.config.loading import Accepted, Refused, load
from icalsyncd.config.resolved import Config
from icalsyncd.config.secret import Secret
from icalsyncd.daemon import service_manager
from icalsyncd.daemon.address import note_address
from icalsyncd.daemon.boot_config import keep_accepted, log_bug
from icalsyncd.daemon.hub import Hub
from icalsyncd.pace import unsearched
from icalsyncd.publishing.targets.opening import secrets_of
from icalsyncd.redaction import told, wordless
from icalsyncd.serving.listeners import CannotListen
from icalsyncd.serving.ports import Ports
from icalsyncd.state.database import dsn_parts
from icalsyncd.state.installation import SecretUnusable, open_installation
from icalsyncd.state.state_folder import StateFolder


class Reloads:
    """The reloads of one daemon, one at a time, and what is known of the config in the file."""

    def __init__(self, file: Path, folder: StateFolder, hub: Hub, ports: Ports) -> None:
        self._file = file
        self._folder = folder
        self._hub = hub
        self._ports = ports
        self._one = asyncio.Lock()
        self.tasks: set[asyncio.Task[tuple[str, ...]]] = set()
        """Those under way, and those that wait for them."""
        self.running = hub.accepted.digest
        """The digest of the config that was taken over last, as a whole."""
        self._lacked: frozenset[Path] = frozenset()
        """Files of a refused config: what it lacks may come."""

    def files(self) -> frozenset[Path]:
        """The files whose changes are a reason to reload."""
        return self._lacked.union((self._file, *self._hub.accepted.files))

    async def reload(self) -> tuple[str, ...]:
        """Read the config again and take it over; if it cannot be run, nothing changes and the mistakes are returned.

        Once begun it goes on to its end, even if the one that asked for it is cancelled.
        """
        task = asyncio.create_task(self._reload(), name="reload")
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return await asyncio.shield(task)

    async def _reload(self) -> tuple[str, ...]:
        async with self._one:
            with unsearched():
                loaded = await asyncio.to_thread(load, self._file, os.environ)
                if isinstance(loaded, Refused):
                    log_bug(loaded)
                    return self.refuse(tuple(map(str, loaded.mistakes)), loaded.files)
                if loaded.digest == self.running:
                    self._approve(taken_over=False)
                    return ()
                service_manager.reloading()
                try:
                    return await self._take_over(loaded)
                except Exception as error:  # any bug: the daemon goes on under the config that it has
                    log.bug("taking over the config ended in a bug", wordless(error))
                    return self.refuse((f"{self._file}: {told(error)}",))
                finally:
                    service_manager.ready(await asyncio.to_thread(self._hub.status_line))

    async def _take_over(self, loaded: Accepted) -> tuple[str, ...]:
        why = await asyncio.to_thread(self._other_secret, loaded.config)
        if why is not None:
            secret = loaded.config.server.secret_file or self._folder.secret
            return self.refuse((f"{self._file}: server.secret_file: {why}",), (*loaded.files, secret))
        if _store_of(loaded.config) != _store_of(self._hub.accepted.config):
            why = "another store than the one in use; it is for the next start, after `icalsyncd store copy`"
            return self.refuse((f"{self._file}: store: {why}",), loaded.files)
        try:
            move = await self._ports.prepare(loaded.config)
        except CannotListen as error:
            return self.refuse((f"{self._file}: server: {error}",))
        # from here on nothing fails, unless it is a bug
        before = self._hub.accepted
        hide_secrets(loaded)
        try:
            await self._hub.apply(loaded)
        except Exception:
            await self._ports.undo(move)
            await self._hub.apply(before)
            raise
        self.running = loaded.digest
        gc.freeze()
        for listener in self._ports.take_up(move):
            # the request that asked for this may be one of those that the old listener still answers
            self._hub.in_background(listener.close())
        note_address(self._folder, self._ports)
        await asyncio.to_thread(keep_accepted, loaded, self._folder)
        self._approve(taken_over=True)
        known = {(warning.path, warning.message) for warning in before.warnings}
        for warning in loaded.warnings:
            if (warning.path, warning.message) not in known:
                log.warning(str(warning))
        log.info("the config was taken over", syncs=len(loaded.config.syncs()))
        return ()

    def _other_secret(self, config: Config) -> str | None:
        """Why the secret that *config* names cannot be taken over while the daemon runs; None if it is the same."""
        path = config.server.secret_file or self._folder.secret
        if path == (self._hub.accepted.config.server.secret_file or self._folder.secret):
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
            None
            if other.mark == self._hub.installation.mark
            else "this is another secret; restart to change every link"
        )

    def refuse(self, mistakes: tuple[str, ...], files: tuple[Path, ...] = ()) -> tuple[str, ...]:
        """Say once that the config in the file cannot be run, and return *mistakes*; a change of *files* may mend it."""
        self._lacked = frozenset(files)
        if self._hub.config_status.problems != mistakes:
            for mistake in mistakes:
                log.error("config refused, the one before goes on", mistake=mistake)
        self._hub.config_status = replace(self._hub.config_status, ok=False, problems=mistakes)
        service_manager.status(self._hub.status_line())
        return mistakes

    def _approve(self, *, taken_over: bool) -> None:
        at = self._hub.clock.now() if taken_over else self._hub.config_status.loaded_at
        self._hub.config_status = ConfigStatus(ok=True, problems=(), loaded_at=at)
        service_manager.status(self._hub.status_line())


def _store_of(config: Config) -> tuple[bool, Secret | None]:
    return config.store.on_server, config.store.dsn


def hide_secrets(accepted: Accepted) -> None:
    """Have the log redact every secret of *accepted*."""
    for sync in accepted.config.syncs():
        if sync.url is not None:
            redaction.register(sync.url.reveal())
    if accepted.config.store.dsn is not None:
        for part in dsn_parts(accepted.config.store.dsn.reveal()):
            redaction.register(part)
    for target in accepted.config.publish:
        for secret in secrets_of(target.place):
            redaction.register(secret.reveal())
    for secret in accepted.config.telling.secrets():
        redaction.register(secret.reveal())
