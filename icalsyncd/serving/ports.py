"""The daemon's addresses: which are bound, which a config wants, and how one gives way to the other."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from icalsyncd import log
from icalsyncd.availability.stamps import Moment
from icalsyncd.config.forms import Address
from icalsyncd.config.resolved import Config
from icalsyncd.pulling.address import Network
from icalsyncd.serving import descriptors, socket_activation
from icalsyncd.serving.connections import ClosingTally, Connections
from icalsyncd.serving.encryption import Encryption, Unusable, nothing
from icalsyncd.serving.listeners import CannotListen, Handler, Listener, listen

_KEYS: Final = {"feeds": "listen", "admin": "admin"}
"""Under which key of `server` the config says each address."""


@dataclass(frozen=True, slots=True)
class Move:
    """Addresses that are bound already, and what is to close once they are taken up."""

    fresh: Mapping[str, Listener]
    shut: tuple[Listener, ...]
    """Old ones that had to give up their addresses before: the new ones overlap with them."""
    wanted: frozenset[str]
    proxies: tuple[Network, ...]
    tls: ssl.SSLContext | None
    """What the admin listener encrypts with from then on."""


class Ports:
    """The open listeners, `feeds` and `admin`."""

    def __init__(
        self,
        handlers: Mapping[str, Handler],
        now: Callable[[], Moment],
        removal_delay: Callable[[], float],
        tally: ClosingTally,
    ) -> None:
        """*removal_delay* tells how long what disappears from the config is kept at present, in seconds."""
        self._handlers = handlers
        most = descriptors.shares(descriptors.raised())
        # an address that moves keeps its room: what it may have open in all does not grow by that
        self._rooms = {
            "feeds": Connections("feeds", most.feeds, tally),
            "admin": Connections("admin", most.admin, tally),
        }
        self._now = now
        self._removal_delay = removal_delay
        self._encryption = Encryption(now, removal_delay)
        self._listeners: dict[str, Listener] = {}
        self._lost: dict[str, Moment] = {}
        """Since when an address is missing from the config that was in it."""

    @property
    def admin(self) -> Listener:
        """The admin listener; there always is one."""
        return self._listeners["admin"]

    @property
    def moving(self) -> bool:
        """An address, or a certificate, that disappeared from the config is still kept."""
        return bool(self._lost) or self._encryption.moving

    async def open(self, config: Config) -> None:
        """Bind what *config* wants, or take what the service manager has bound. Raises CannotListen."""
        given = socket_activation.listen_fds()
        self._trust(config.server.proxies)
        try:
            tls = await self._encryption.prepared(config.server.admin_tls, config.server.removal_delay)
        except Unusable as error:
            # portals are answered all the same
            log.error("the admin listener answers nobody before its certificate can be used", why=str(error))
            tls = nothing()
        for which, address in _addresses(config).items():
            sockets = given.get(which)
            self._listeners[which] = await self._listen(which, address, tls, sockets[0] if sockets else None)

    async def prepare(self, config: Config) -> Move:
        """Bind what *config* wants and is not bound yet. Raises CannotListen, and all is as it was.

        What is open stays so until the move is taken up. Where an old address is in the way of a new one, as `0.0.0.0`
        is in that of `127.0.0.1` with the same port, it gives way the moment before the new one is bound.
        """
        try:
            tls = await self._encryption.prepared(config.server.admin_tls, config.server.removal_delay)
        except Unusable as error:
            raise CannotListen(str(error)) from None
        wanted = self._wanted(config)
        moving = {
            which: address
            for which, address in wanted.items()
            if which not in self._listeners or self._listeners[which].address != address
        }
        leaving = [each for which, each in self._listeners.items() if which in moving or which not in wanted]
        fresh: dict[str, Listener] = {}
        shut: list[Listener] = []
        try:
            for which, address in moving.items():
                try:
                    fresh[which] = await self._listen(which, address, tls)
                except CannotListen as error:
                    in_the_way = [each for each in leaving if each.address.port == address.port and not each.given]
                    if not error.is_taken or not in_the_way:
                        raise
                    for each in in_the_way:
                        each.shut()
                    shut += in_the_way
                    fresh[which] = await self._listen(which, address, tls)
        except BaseException:
            await self.undo(Move(fresh, tuple(shut), frozenset(wanted), config.server.proxies, tls))
            raise
        return Move(fresh, tuple(shut), frozenset(wanted), config.server.proxies, tls)

    async def undo(self, move: Move) -> None:
        """Listen as before *move*, which is not taken up."""
        for listener in move.fresh.values():
            listener.shut()
        for listener in move.shut:
            try:
                await listener.reopen()
            except CannotListen as error:
                log.error("an address that was given up for another cannot be had again", why=str(error))
        for listener in move.fresh.values():
            await listener.close()

    def take_up(self, move: Move) -> Iterable[Listener]:
        """Let the new addresses count; those that give way are returned, to be closed."""
        given_up = [which for which in self._listeners if which in move.fresh or which not in move.wanted]
        closing = [self._listeners.pop(which) for which in given_up]
        self._listeners.update(move.fresh)
        self.admin.tls = move.tls
        self._trust(move.proxies)
        return closing

    def shut(self) -> None:
        """Give up all addresses; running answers go on."""
        for listener in self._listeners.values():
            listener.shut()

    async def close(self) -> None:
        """Close all of them."""
        for listener in self._listeners.values():
            await listener.close()

    async def _listen(
        self, which: str, address: Address, tls: ssl.SSLContext | None, given: socket.socket | None = None
    ) -> Listener:
        hidden = tls if which == "admin" else None
        return await listen(address, self._handlers[which], self._rooms[which], given, tls=hidden)

    def _trust(self, proxies: tuple[Network, ...]) -> None:
        for room in self._rooms.values():
            room.proxies = proxies

    def _wanted(self, config: Config) -> dict[str, Address]:
        """Where to listen under *config*.

        An address that has disappeared from the file, so that the default counts, is kept for the removal delay like
        all that disappears: a half-written file must not shut the portals out. One that is written out counts at once.
        """
        wanted = _addresses(config)
        for which, listener in self._listeners.items():
            if _KEYS[which] in config.server.said or wanted.get(which) == listener.address:
                self._lost.pop(which, None)
                continue
            since = self._lost.setdefault(which, self._now())
            if self._now() - since < max(self._removal_delay(), config.server.removal_delay):
                wanted[which] = listener.address
        return wanted

    async def settle(self, config: Config) -> Iterable[Listener]:
        """Take up default addresses once those that disappeared have been kept for long enough."""
        try:
            return self.take_up(await self.prepare(config))
        except CannotListen as error:
            log.error("the old address is kept", why=str(error))
            self._lost = dict.fromkeys(self._lost, self._now())
            return ()


def _addresses(config: Config) -> dict[str, Address]:
    server = config.server
    return {"admin": server.admin} | ({"feeds": server.listen} if server.listen else {})
