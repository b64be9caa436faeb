"""How many pulls may run at once: few at one portal host, and not too many in all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Slots:
    """Places for pulls; only hosts that are being pulled, or waited for, are remembered."""

    def __init__(self, per_host: int, overall: int) -> None:
        self._per_host = per_host
        self._overall = asyncio.Semaphore(overall)
        self._hosts: dict[str, asyncio.Semaphore] = {}
        self._users: dict[str, int] = {}

    @asynccontextmanager
    async def slot(self, host: str) -> AsyncIterator[None]:
        """Wait for a place at *host*, and keep it until the block ends."""
        places = self._hosts.setdefault(host, asyncio.Semaphore(self._per_host))
        self._users[host] = self._users.get(host, 0) + 1
        try:
            # the host's place first: who waits for a slow host must not keep the others from theirs
            async with places, self._overall:
                yield
        finally:
            self._users[host] -= 1
            if not self._users[host]:
                del self._users[host], self._hosts[host]

    @property
    def hosts(self) -> frozenset[str]:
        """Those with a place taken or waited for."""
        return frozenset(self._hosts)
