"""A daemon that stands by: another one has the database, and this one goes on when that is gone.

It listens, so that whoever asks is told to come again later, and knows nothing: what is stored is read when it takes over.
"""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Final

from aiohttp import web

from icalsyncd import log
from icalsyncd.admin.exposition import Exposition
from icalsyncd.admin.lease_metrics import of_lease
from icalsyncd.admin.metrics import CONTENT_TYPE
from icalsyncd.config.resolved import Config
from icalsyncd.daemon import service_manager
from icalsyncd.daemon.address import note_address
from icalsyncd.serving.listeners import CannotListen
from icalsyncd.serving.ports import Ports
from icalsyncd.state.database import Server, StoreFailed
from icalsyncd.state.lease import Lease
from icalsyncd.state.state_folder import StateFolder

if TYPE_CHECKING:
    from icalsyncd.state.waiting import Waiting

LOOK_EVERY: Final = 1.0
"""Seconds between two looks whether the database is free."""


class Standby:
    """Waits for one database, and answers meanwhile."""

    def __init__(self, config: Config, file: Path, folder: StateFolder, why: str) -> None:
        """*why* says who has the database; *file* is the config's."""
        self._config = config
        self._file = file
        self._folder = folder
        self._why = why
        self._silent = False
        self._ports = Ports({"feeds": self._feeds, "admin": self._admin}, time.time, lambda: 0.0, self)
        self._leaving: asyncio.Task[None] | None = None

    async def wait(self, server: Server, stop: asyncio.Event, reload: asyncio.Event) -> bool:
        """Wait until a start is worth a try: the database is free, or the config another. False: *stop* was set."""
        # what it needs is an extra
        from icalsyncd.state.waiting import Waiting

        log.info("standing by", why=self._why)
        await self._listen()
        service_manager.ready(f"stands by: {self._why}")
        waiting, thread = Waiting(server), ThreadPoolExecutor(1, thread_name_prefix="standby")
        loop = asyncio.get_running_loop()
        saved = await loop.run_in_executor(thread, self._saved)
        try:
            while not (stop.is_set() or reload.is_set()):
                if await loop.run_in_executor(thread, self._is_free, waiting):
                    break
                if await loop.run_in_executor(thread, self._saved) != saved:
                    break
                service_manager.watchdog()
                _, late = await asyncio.wait(
                    [asyncio.ensure_future(stop.wait()), asyncio.ensure_future(reload.wait())],
                    timeout=LOOK_EVERY,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                for task in late:
                    task.cancel()
        finally:
            await loop.run_in_executor(thread, waiting.close)
            thread.shutdown(wait=False)
        reload.clear()
        return not stop.is_set()

    async def _listen(self) -> None:
        try:
            await self._ports.open(self._config)
        except CannotListen as error:
            # whoever asks is refused, as by a machine that is down
            log.warning("standing by without an address", why=str(error))
            return
        note_address(self._folder, self._ports)

    def leave(self) -> None:
        """Give up the addresses; running answers go on for a moment."""
        if self._leaving is None:
            # whoever has them from now on need not wait for these answers
            self._ports.shut()
            self._leaving = asyncio.create_task(self._ports.close())

    def closed(self, listener: str, why: str) -> None:
        """Connections that were closed are counted by nobody here."""

    def _is_free(self, waiting: Waiting) -> bool:
        try:
            holder = waiting.holder()
        except StoreFailed as error:
            if not self._silent:
                log.warning("standing by, and the database cannot be asked", why=str(error))
            self._silent, self._why = True, str(error)
            return False
        self._silent = False
        self._why = holder.words if holder is not None else ""
        return holder is None

    def _saved(self) -> tuple[int, int] | None:
        try:
            found = self._file.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size

    async def _feeds(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.method not in ("GET", "HEAD"):
            return web.Response(status=404)
        return web.Response(status=503, headers={"Retry-After": "60", "Cache-Control": "no-store"})

    async def _admin(self, request: web.BaseRequest) -> web.StreamResponse:
        headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
        if request.method not in ("GET", "HEAD"):
            return web.Response(status=503, text=f"stands by: {self._why}\n", headers=headers)
        if request.path == "/metrics":
            out = Exposition()
            of_lease(out, Lease())
            return web.Response(body=out.text().encode(), headers={**headers, "Content-Type": CONTENT_TYPE})
        lives = request.path in ("/-/healthy", "/-/well") and not self._silent
        return web.Response(status=200 if lives else 503, text=f"stands by: {self._why}\n", headers=headers)
