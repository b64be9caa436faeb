"""A URL that is fetched for as long as all that must live lives: a monitor outside calls the host when it stays away.

The address is the host's own, and may be on the home network. It is never logged.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

import aiohttp
from yarl import URL

from icalsyncd import log
from icalsyncd.availability.stamps import Moment
from icalsyncd.config.telling import Heartbeat

PATIENCE: Final = 20.0
"""Seconds that one fetch may take."""
AGAIN: Final = 10.0
"""Seconds after which a fetch that failed is tried once more."""
_LONGEST: Final = 100
# healthchecks.io, and those who run it themselves: https://healthchecks.io/docs/http_api/
_CHECKS: Final = "hc-ping.com"
_CHECK: Final = re.compile(r"(?:/ping)?/(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[\w-]{16,}/[\w-]+)/?")
# Uptime Kuma: https://github.com/louislam/uptime-kuma/wiki/Internal-API
_PUSH: Final = re.compile(r".*/api/push/[^/]+/?")


class Beat(StrEnum):
    """How one fetch ended."""

    WELL = "well"
    """All lives, and the monitor knows."""
    STOPPED = "stopped"
    """Something does not live: nothing was fetched, but for where that can be said."""
    FAILED = "failed"
    """The monitor could not be reached."""


class HeartbeatTally(Protocol):
    """Where fetches are counted."""

    def beaten(self, beat: Beat) -> None:
        """One has ended."""


@dataclass(frozen=True, slots=True)
class HeartbeatStatus:
    """How things are with the heartbeat."""

    last_success: Moment | None
    """When it was last fetched; None: not since the start."""
    stopped: str | None
    """Why it is not fetched; None while all lives."""
    failing_since: Moment | None
    """Since when the monitor cannot be reached."""


class Pulse:
    """Fetches the heartbeat of the config."""

    def __init__(
        self, dead: Callable[[], Awaitable[str | None]], now: Callable[[], Moment], tally: HeartbeatTally
    ) -> None:
        """*dead* says what does not live, None where all does."""
        self._dead = dead
        self._now = now
        self._tally = tally
        self._heartbeat: Heartbeat | None = None
        self._changed = asyncio.Event()
        self._last_success: Moment | None = None
        self._stopped: str | None = None
        self._failing_since: Moment | None = None

    def configure(self, heartbeat: Heartbeat | None) -> None:
        """Fetch *heartbeat* from now on."""
        if heartbeat != self._heartbeat:
            self._heartbeat = heartbeat
            self._failing_since = self._stopped = None
            self._changed.set()

    def status(self) -> HeartbeatStatus | None:
        """How things are; None where there is no heartbeat. It may be asked on any thread."""
        if self._heartbeat is None:
            return None
        return HeartbeatStatus(self._last_success, self._stopped, self._failing_since)

    async def run(self) -> None:
        """Fetch, until cancelled."""
        while True:
            self._changed.clear()
            heartbeat = self._heartbeat
            patience = None
            if heartbeat is not None:
                beat = await self._beat(heartbeat)
                patience = float(heartbeat.interval)
                if beat is Beat.FAILED:
                    patience = min(patience, AGAIN)
            with suppress(TimeoutError):
                async with asyncio.timeout(patience):
                    await self._changed.wait()

    async def _beat(self, heartbeat: Heartbeat) -> Beat:
        try:
            dead = await self._dead()
        except Exception:
            log.exception("looking whether all lives ended in a bug")
            dead = "a bug, see the log"
        if dead != self._stopped:
            if dead is not None:
                log.warning("the heartbeat has stopped", why=dead)
            else:
                log.info("the heartbeat goes on")
            self._stopped = dead
        url = heartbeat.url.reveal() if heartbeat.url is not None else ""
        if dead is not None:
            if (saying := saying_so(url, dead)) is not None:
                await _fetched(saying)
            self._tally.beaten(Beat.STOPPED)
            return Beat.STOPPED
        if why := await _fetched(url):
            if self._failing_since is None:
                self._failing_since = self._now()
                log.warning("the heartbeat is not fetched", why=why)
            self._tally.beaten(Beat.FAILED)
            return Beat.FAILED
        if self._failing_since is not None:
            log.info("the heartbeat is fetched again")
        self._failing_since = None
        self._last_success = self._now()
        self._tally.beaten(Beat.WELL)
        return Beat.WELL


def saying_so(url: str, why: str) -> str | None:
    """What is fetched at the monitor of *url* to say that something does not live; None where it knows no such thing."""
    try:
        parsed = URL(url)
    except ValueError:
        return None
    if _PUSH.fullmatch(parsed.path):
        return str(parsed.update_query(status="down", msg=why[:_LONGEST]))
    if _CHECK.fullmatch(parsed.path) and (parsed.host == _CHECKS or parsed.path.startswith("/ping/")):
        return str(parsed.with_path(f"{parsed.path.rstrip('/')}/fail"))
    return None


async def _fetched(url: str) -> str:
    """Fetch *url*; why that did not work, in words of ours, or nothing."""
    if not url:
        return "the file or variable that names its URL is not there"
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=PATIENCE), trust_env=True) as session,
            session.get(url, allow_redirects=True, max_redirects=3) as answer,
        ):
            return "" if answer.status < 300 else f"it answers {answer.status}"
    except (aiohttp.ClientError, TimeoutError, ValueError, OSError) as error:
        # what such an error says may be the URL
        return f"it cannot be reached ({type(error).__name__})"
