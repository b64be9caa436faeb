"""A wire to a server that can be cut at the moment that matters: before a commit reaches it, or before its answer comes;
or that carries nothing any more."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time
from collections.abc import Iterator
from enum import Enum


class Cut(Enum):
    """What the wire does with the next commit."""

    NOT = "carries it"
    BEFORE = "is cut before it arrives"
    AFTER = "is cut after it arrived and before its answer does"


class Wire:
    """Carries connections to the server at *port*; ``port`` is where it listens itself."""

    def __init__(self, port: int) -> None:
        self._server = port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        self.cut = Cut.NOT
        self.is_down = False
        """Nobody can connect, since the wire was cut."""
        self.stays_down = False
        """Once it is cut it is down."""
        self.stalls = False
        """Nothing is carried, and nobody is told: as when a network is cut."""
        self._over = False
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._over = True
        self._listening.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while not self._over:
                client, _ = self._listening.accept()
                if self.is_down:
                    client.close()
                    continue
                threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        with client, socket.create_connection(("127.0.0.1", self._server)) as server, contextlib.suppress(OSError):
            while not self._over:
                for source in select.select((client, server), (), ())[0]:
                    data = source.recv(65536)
                    while self.stalls and not self._over:
                        time.sleep(0.02)
                    if not data:
                        return
                    if source is client and b"COMMIT\0" in data and self.cut is not Cut.NOT:
                        how, self.cut = self.cut, Cut.NOT
                        self.is_down = self.stays_down
                        if how is Cut.AFTER:
                            server.sendall(data)
                            server.recv(65536)
                        return
                    (server if source is client else client).sendall(data)


@contextlib.contextmanager
def wire_to(port: int) -> Iterator[Wire]:
    """A wire that is gone when the block ends."""
    wire = Wire(port)
    try:
        yield wire
    finally:
        wire.close()
