"""A real PostgreSQL of the tests' own, in a temporary folder; the machine's own is never touched."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path

import psycopg
import pytest

_NAMES = count(1)
_CONFIG = """\
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = '{folder}'
max_connections = 40
shared_buffers = 16MB
fsync = {fsync}
"""

_CUT_OFF = (
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname ~ '^store' AND pid <> pg_backend_pid()"
)


def programs() -> Path | None:
    """The folder of PostgreSQL's programs; None where it is not installed."""
    found = shutil.which("initdb")
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda each: int(each.parts[-3]))
    return installed[-1].parent if installed else Path(found).parent if found else None


def wanted() -> Path:
    """The same; without it the test is skipped by name, or fails where the whole suite is required."""
    found = programs()
    if found is None:
        why = "needs the program postgres"
        if os.environ.get("ICALSYNCD_REQUIRE_ALL"):
            pytest.fail(why, pytrace=False)
        pytest.skip(why)
    return found


class Cluster:
    """A server in a folder of its own, by a user that is not root."""

    def __init__(self, port: int, *, fsync: bool = False) -> None:
        self._programs = wanted()
        self.port = port
        self._shared: str | None = None
        self.folder = Path(tempfile.mkdtemp(prefix="icalsyncd-postgres-"))
        # root may not run it: the package has made a user for that
        self._as_user: tuple[str, ...] = ("setpriv",)
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            self._as_user = ("setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups")
        self._server: subprocess.Popen[bytes] | None = None
        self._data = self.folder / "data"
        self._run(
            "initdb", "-D", str(self._data), "-U", "owner", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C"
        )
        settings = _CONFIG.format(port=port, folder=self.folder, fsync="on" if fsync else "off")
        with (self._data / "postgresql.conf").open("a") as file:
            file.write(settings)
        self.start()

    def start(self) -> None:
        """Start it, and wait until it answers. It ends with this process, however that ends."""
        command = [*self._as_user, "--pdeathsig=QUIT", str(self._programs / "postgres"), "-D", str(self._data)]
        with (self.folder / "log").open("ab") as log:
            self._server = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder, process_group=0
            )
        end = time.monotonic() + 60
        while self._server.poll() is None and time.monotonic() < end:
            with suppress(psycopg.OperationalError), psycopg.connect(self.dsn("postgres")):
                return
            time.sleep(0.05)
        raise AssertionError(f"postgres does not start: {(self.folder / 'log').read_text()}")

    def stop(self, how: signal.Signals = signal.SIGQUIT) -> None:
        """Stop it: SIGQUIT is as a crash, SIGINT as the system's own stop."""
        server, self._server = self._server, None
        if server is not None:
            server.send_signal(how)
            try:
                server.wait(30)
            finally:
                # one that a test has left standing still
                server.kill()

    def end(self) -> None:
        """Stop it for good, with all that it held."""
        self.stop(signal.SIGINT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def processes(self) -> list[int]:
        """Its processes: the first is the one that the others belong to."""
        first = int((self._data / "postmaster.pid").read_text().split()[0])
        others = subprocess.run(["pgrep", "-P", str(first)], capture_output=True, text=True, check=True).stdout.split()
        return [first, *map(int, others)]

    def database(self) -> str:
        """The connection string of a new database."""
        name = f"store{next(_NAMES)}"
        self.ask(f"CREATE DATABASE {name}")
        return self.dsn(name)

    def empty(self) -> str:
        """The connection string of a database that is empty now, whatever a test before has left in it."""
        if self._shared is None:
            self._shared = self.database()
        else:
            self.ask(_CUT_OFF)
            self.ask("DROP SCHEMA IF EXISTS icalsyncd CASCADE", self._shared)
        return self._shared

    def dsn(self, name: str, user: str = "owner") -> str:
        """That of the database *name*."""
        return f"host=127.0.0.1 port={self.port} user={user} dbname={name}"

    def ask(self, statement: str, dsn: str | None = None) -> list[tuple[object, ...]]:
        """Run one statement as the server's owner."""
        with psycopg.connect(dsn or self.dsn("postgres"), autocommit=True) as connection:
            found = connection.execute(statement.encode())
            return found.fetchall() if found.description else []

    def _run(self, program: str, *arguments: str) -> None:
        command = [*self._as_user, str(self._programs / program), *arguments]
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self.folder)
        if done.returncode:
            log = self.folder / "log"
            raise AssertionError(f"{program} failed: {log.read_text() if log.exists() else done.returncode}")


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A server for all tests that only want a database of it."""
    from tests.end_to_end.daemon import free_port

    made = Cluster(free_port())
    yield made
    made.end()


@pytest.fixture
def own_cluster() -> Iterator[Cluster]:
    """A server that one test may stop."""
    from tests.end_to_end.daemon import free_port

    made = Cluster(free_port())
    yield made
    made.end()


@pytest.fixture
def dsn(cluster: Cluster) -> str:
    """The connection string of a database that holds nothing."""
    return cluster.empty()
