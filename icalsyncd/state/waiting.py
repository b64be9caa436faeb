"""Waiting for a database on a server that another daemon has: whether it is free is looked at, and nothing is touched.

Everything blocks, and belongs on one thread.
"""

from __future__ import annotations

from icalsyncd.state.connection import Connection
from icalsyncd.state.database import Server, StoreFailed
from icalsyncd.state.dialect import said
from icalsyncd.state.holder import WHOSE, Holder
from icalsyncd.state.last_database import last_opening


class Waiting:
    """One daemon that waits for the database at *server*."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._connection: Connection | None = None

    def holder(self) -> Holder | None:
        """Who has it; None where it can be taken. Raises StoreFailed."""
        try:
            if self._connection is None:
                self._connection = Connection(self._server.dsn, "icalsyncd waits")
            row = self._connection.ask(said(WHOSE)).fetchone()
        except StoreFailed:
            self.close()
            raise
        holder = Holder(*row) if row is not None else None
        return holder if holder is not None and holder.keeps_out(last_opening(self._server.folder)) else None

    def close(self) -> None:
        """Wait no longer."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
