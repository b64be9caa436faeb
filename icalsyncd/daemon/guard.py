"""Who may use the admin listener: the config's users, the commands by a token in the state folder, and who is logged in."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Final

from icalsyncd import log, redaction
from icalsyncd.admin.gate import Gate
from icalsyncd.admin.sessions import Sessions
from icalsyncd.daemon.hub import Hub
from icalsyncd.state.files import content
from icalsyncd.state.state_folder import StateFolder

_LARGEST_KEPT: Final = 4 * 2**20
"""Bytes: more than all the sessions that there may be."""


class Guard:
    """Keeps the gate of one daemon's admin listener."""

    def __init__(self, hub: Hub, folder: StateFolder) -> None:
        self._hub = hub
        self._folder = folder
        self._last, self._lost_at = _users_in(_kept(folder.users))
        self._unwritten: dict[Path, str] = {}
        self._writing = False
        token = secrets.token_urlsafe(32)
        redaction.register(token)
        try:
            folder.write(folder.token, token + "\n")
        except OSError as error:
            log.warning("the commands cannot prove themselves: the token could not be written", why=error.strerror)
        sessions = Sessions(hub.clock.now, partial(self._keep, folder.sessions), _kept(folder.sessions))
        loop = asyncio.get_running_loop()
        self.gate = Gate(self.users, lambda: hub.accepted.config.server.proxies, token, sessions, loop.time)
        self.users()

    def users(self) -> Mapping[str, str]:
        """The users that count now.

        Where all have disappeared from the file they count on for the removal delay, like all that disappears: half a file
        must not open the door.
        """
        before = self._last, self._lost_at
        if written := self._hub.accepted.config.server.users:
            self._last, self._lost_at = dict(written), None
        elif self._last:
            now = self._hub.clock.now()
            if self._lost_at is None or self._lost_at > now:
                self._lost_at = now
            if now - self._lost_at >= self._hub.removal_delay:
                self._last, self._lost_at = {}, None
        if (self._last, self._lost_at) != before:
            self._keep(self._folder.users, json.dumps({"users": self._last, "lost_at": self._lost_at}))
        return self._last

    def _keep(self, path: Path, text: str) -> None:
        """Write *text* to one of the folder's files, the one that was told of last at last."""
        self._unwritten[path] = text
        if not self._writing:
            self._writing = True
            self._hub.in_background(self._write())

    async def _write(self) -> None:
        try:
            while self._unwritten:
                path, text = self._unwritten.popitem()
                await asyncio.to_thread(self._folder.write, path, text)
        except OSError as error:
            log.warning("who may come in, or is logged in, could not be stored", why=error.strerror)
        finally:
            self._writing = False


def _users_in(kept: str) -> tuple[dict[str, str], float | None]:
    """Who counted, and since when they are missing from the config; nobody where that cannot be read."""
    try:
        found = json.loads(kept)
        lost_at = found["lost_at"]
        return {str(name): str(known) for name, known in found["users"].items()}, lost_at and float(lost_at)
    except (ValueError, TypeError, KeyError, AttributeError):
        return {}, None


def _kept(path: Path) -> str:
    try:
        return content(path, _LARGEST_KEPT, following=False).data.decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
