"""One connection to a PostgreSQL server: its settings, how long it is waited for, and its errors in words of ours.

libpq's own words name the server, the user and the database, which belong to the connection string, and so stay here.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Any, Final

import psycopg

from icalsyncd.state.database import StoreFailed

PATIENCE: Final = 5.0
"""Seconds in which each answer is to come; a connection that is silent for longer is cut."""
CONNECTING: Final = 3
"""Seconds for each address of the server."""
_TOGETHER: Final = 500
"""Statements that are sent before their answers are waited for, see :meth:`Connection.together`."""
_SETTINGS: Final = (
    "SET search_path = icalsyncd",
    "SET client_encoding = 'UTF8'",
    "SET client_min_messages = error",
    "SET lock_timeout = '4s'",
    # a daemon whose machine is dead holds the database no longer than this
    "SET idle_in_transaction_session_timeout = '30s'",
    "SET tcp_keepalives_idle = 5",
    "SET tcp_keepalives_interval = 3",
    "SET tcp_keepalives_count = 3",
)
_BY_CODE: Final = (
    ("53100", "the disk of the database is full"),
    ("53300", "the database has too many connections"),
    ("53", "the database lacks memory or room"),
    ("57P", "the database starts or stops"),
    ("57014", "the database took too long"),
    ("55P03", "somebody else keeps a table of the database locked"),
    ("25006", "the database takes no writes: it may be a replica"),
    ("42501", "the database's user lacks a right: it has to own the database, or the schema icalsyncd"),
    ("40", "the database could not put this beside something else"),
    ("58", "the disk of the database fails"),
    ("XX", "the database is damaged"),
)
_BY_WORDS: Final = (
    ("authentication failed", "the database does not let us in: user or password is wrong"),
    ("no password supplied", "the database does not let us in: it wants a password"),
    ("no pg_hba.conf entry", "the database does not let us in from this machine (its pg_hba.conf)"),
    ("does not exist", "the server has no such database, or no such user"),
    ("too many", "the database has too many connections"),
    ("starting up", "the database starts or stops"),
    ("shutting down", "the database starts or stops"),
    ("certificate", "the certificate of the database is not trusted"),
    ("timeout", "the database does not answer"),
    ("refused", "nobody listens where the database should be"),
    ("invalid", "the connection string cannot be used"),
    ("missing", "the connection string cannot be used"),
)
"""What libpq says before there is a connection, which has no code, and what we say."""


class NotConnected(StoreFailed):
    """There is no connection, or it was lost: nobody knows what became of what was asked last."""

    WORDS: Final = "the database cannot be reached"


class Connection:
    """An open connection; each statement is by itself unless one says BEGIN."""

    def __init__(self, dsn: str, called: str) -> None:
        """Connect. Raises StoreFailed."""
        self._patience = PATIENCE
        self._until: float | None = None
        self._pipelines = ExitStack()
        self._pipeline: psycopg.Pipeline | None = None
        self._asked = 0
        self._over = threading.Event()
        try:
            self._connection: psycopg.Connection[Any] = psycopg.connect(
                dsn,
                autocommit=True,
                connect_timeout=CONNECTING,
                application_name=called,
                keepalives=1,
                keepalives_idle=5,
                keepalives_interval=3,
                keepalives_count=3,
                tcp_user_timeout=int(PATIENCE * 1000),
            )
        except (psycopg.Error, OSError, ValueError) as error:
            raise NotConnected(_before_connecting(error)) from None
        # kept beside, so that it can be cut by another thread and is nobody else's by then
        self._line = socket.socket(fileno=os.dup(self._connection.fileno()))
        threading.Thread(target=self._watch, name="store-patience", daemon=True).start()
        try:
            for setting in _SETTINGS:
                self.ask(setting.encode())
            if self.ask(b"SHOW synchronous_commit").fetchone() == ("off",):
                # durable before visible, whatever the server's habit is
                self.ask(b"SET synchronous_commit = on")
        except BaseException:
            self.close()
            raise

    def ask(self, statement: bytes, values: Sequence[Any] = ()) -> psycopg.Cursor[Any]:
        """Run one statement. Raises NotConnected where there is no answer, and StoreFailed where it is a refusal."""
        with self._speaking():
            found = self._connection.execute(statement, values)
        self._asked += 1
        if self._pipeline is not None and self._asked % _TOGETHER == 0:
            with self._speaking():
                self._pipeline.sync()
        return found

    @contextmanager
    def together(self) -> Iterator[None]:
        """Send what is asked inside without waiting for each answer; a refusal is raised by a later one, or at the end."""
        with self._speaking():
            pipeline = self._pipelines.enter_context(self._connection.pipeline())
        self._pipeline = pipeline
        try:
            yield
        except BaseException:
            self._pipeline = None
            with suppress(psycopg.Error, StoreFailed), self._speaking():
                self._pipelines.close()
            raise
        self._pipeline = None
        with self._speaking():
            self._pipelines.close()

    def many(self, statement: bytes, rows: Iterable[Sequence[Any]]) -> None:
        """Run one statement for each of *rows*. Raises the same."""
        with self._speaking():
            self._connection.cursor().executemany(statement, rows)

    def try_lock(self, key: tuple[int, int]) -> bool:
        """Take a lock that ends with the connection; False if another connection has it."""
        return self.ask(b"SELECT pg_try_advisory_lock(%s, %s)", key).fetchone() == (True,)

    @contextmanager
    def patient(self, seconds: float) -> Iterator[None]:
        """Wait for each answer inside as long as *seconds*."""
        before, self._patience = self._patience, seconds
        try:
            yield
        finally:
            self._patience = before

    def close(self) -> None:
        """Let go of it, also where nobody answers."""
        self._over.set()
        with suppress(psycopg.Error, OSError):
            self._connection.close()
        self._line.close()

    @contextmanager
    def _speaking(self) -> Iterator[None]:
        self._until = time.monotonic() + self._patience
        try:
            yield
        except (psycopg.Error, ValueError) as error:
            if self._connection.closed or self._connection.broken:
                raise NotConnected(NotConnected.WORDS) from None
            raise StoreFailed(_refusal(error)) from None
        finally:
            self._until = None

    def _watch(self) -> None:
        """Cut the line where an answer does not come: libpq itself would wait for ever."""
        while not self._over.wait(0.5):
            until = self._until
            if until is not None and time.monotonic() > until:
                with suppress(OSError):
                    self._line.shutdown(socket.SHUT_RDWR)
                return


def _before_connecting(error: Exception) -> str:
    words = str(error).lower()
    return next((ours for theirs, ours in _BY_WORDS if theirs in words), NotConnected.WORDS)


def _refusal(error: Exception) -> str:
    code = getattr(error, "sqlstate", None) or ""
    words = next((ours for begin, ours in _BY_CODE if code.startswith(begin)), "the database refuses it")
    return f"{words} ({code or type(error).__name__})"
