"""The daemon as a host runs it: a process of its own, a config file, a state folder, two ports."""

from __future__ import annotations

import asyncio
import io
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, redirect_stderr, redirect_stdout, suppress
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp
import icalendar
from yarl import URL

from icalsyncd.cli import main
from tests.end_to_end.forks import Forked, parent

Feeds = dict[str, bytes]

LOOK = {"Accept": "text/html,application/xhtml+xml", "Accept-Language": "en"}
"""What a browser sends over plain http: a look at a feed, and no fetch."""


PORTS = 12_000
"""From here to 32,000 ports are given to daemons: the system gives none of them to whoever asks for any port, so that a
portal of a test cannot take one before its daemon does."""
SHARE = 1_000
"""Ports for each of the processes that run tests beside each other."""
_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 20
_next = count(PORTS + _worker * SHARE + os.getpid() % SHARE)


def free_port() -> int:
    """A port that nobody has just now, and that was not given before."""
    while True:
        port = PORTS + (next(_next) - PORTS) % SHARE + _worker * SHARE
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def nights_of(feed: bytes) -> set[str]:
    """The nights from today on that a feed closes, read by icalendar."""
    from datetime import date, timedelta

    nights: set[str] = set()
    for event in icalendar.Calendar.from_ical(feed).walk("VEVENT"):
        start, end = event["DTSTART"].dt, event["DTEND"].dt
        while start < end:
            if start >= date.today():  # noqa: DTZ011
                nights.add(start.isoformat())
            start += timedelta(days=1)
    return nights


class Daemon:
    """One daemon in *folder*; it can be started, killed and started again."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        self.config = folder / "config.yaml"
        self.state = folder / "state"
        self.listen = free_port()
        self.admin = free_port()
        self.environment = environment
        self.process: subprocess.Popen[bytes] | Forked | None = None
        self.log = folder / "daemon.log"
        self.descriptors: int | None = None
        """The most that the process may have open, where it is to have a limit of its own."""
        self.program = "icalsyncd"
        """The module that is run."""
        self._links: dict[str, str] = {}

    def head(self, **server: object) -> str:
        """The start of a config for this daemon: all but the accommodations."""
        lines = "".join(f"  {key}: {value}\n" for key, value in server.items())
        return (
            "terms: accepted\n"
            f"server:\n  listen: 127.0.0.1:{self.listen}\n  admin: 127.0.0.1:{self.admin}\n{lines}"
            "pull:\n  interval: 30m\n  timeout: 10s\n  allow_private_addresses: true\n"
        )

    def write(self, text: str) -> None:
        """Save the config as an editor does: a new file in the place of the old one."""
        draft = self.config.with_suffix(".tmp")
        draft.write_text(text, encoding="utf-8")
        draft.chmod(0o600)
        draft.replace(self.config)

    def start(self, *arguments: str) -> None:
        """Start the process, without waiting for it."""
        command = ["run", "--config", str(self.config), "--state-dir", str(self.state), *arguments]
        environment = {**os.environ, "TZ": "UTC", "PYTHONWARNINGS": "default", **self.environment}
        if self.program == "icalsyncd" and parent().begins_like_the_others(environment):
            self.process = parent().start(command, environment, self.log, self.descriptors)
            return
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", self.program, *command],
                stdout=log,
                stderr=log,
                env=environment,
                preexec_fn=self._bound,
            )

    def _bound(self) -> None:
        if self.descriptors is not None:
            resource.setrlimit(resource.RLIMIT_NOFILE, (self.descriptors, self.descriptors))

    async def up(self, *arguments: str) -> None:
        """Start the process and wait until it is healthy."""
        self.start(*arguments)
        await self.until(lambda: self.get("/-/healthy"), lambda answer: answer[0] in (200, 503))

    async def until(
        self, ask: Callable[[], Any], satisfied: Callable[[Any], bool] = bool, patience: float = 60.0
    ) -> Any:
        """Ask until the answer satisfies; fail with the last answer and the log. A busy machine is no failure."""
        end = time.monotonic() + patience
        last: object = None
        while time.monotonic() < end:
            if self.process is not None and self.process.poll() is not None:
                raise AssertionError(f"the daemon ended with {self.process.returncode}:\n{self.words()}")
            asked = time.monotonic()
            try:
                last = await ask()
                if satisfied(last):
                    return last
            except (aiohttp.ClientError, OSError, KeyError) as error:
                last = error
            # what is asked for needs the processor more than the asking does
            await asyncio.sleep(min(0.3, max(0.03, 3 * (time.monotonic() - asked))))
        raise AssertionError(f"not in {patience} s; last answer: {last!r}\n{self.words()}")

    def kill(self) -> None:
        """`kill -9`."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        self.process = None

    def stop(self, patience: float = 30.0) -> int:
        """SIGTERM, and the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(patience)
        self.process = None
        return code

    def words(self) -> str:
        """All that it has logged."""
        return self.log.read_text(encoding="utf-8") if self.log.exists() else ""

    async def ask(
        self, method: str, url: str | URL, headers: Mapping[str, str] | None = None
    ) -> tuple[int, bytes, Mapping[str, str]]:
        """One request, without any header that aiohttp would add by itself."""
        async with (
            aiohttp.ClientSession(auto_decompress=False, timeout=aiohttp.ClientTimeout(20)) as session,
            session.request(
                method, url, headers=headers, skip_auto_headers=("Accept", "Accept-Encoding", "User-Agent")
            ) as answer,
        ):
            return answer.status, await answer.read(), answer.headers.copy()

    async def get(self, path: str) -> tuple[int, bytes]:
        status, body, _ = await self.ask("GET", f"http://127.0.0.1:{self.admin}{path}")
        return status, body

    async def post(self, path: str) -> tuple[int, bytes]:
        status, body, _ = await self.ask("POST", f"http://127.0.0.1:{self.admin}{path}")
        return status, body

    async def pull(self, sync: str | None = None) -> list[dict[str, Any]]:
        status, body = await self.post("/-/pull" + (f"?sync={sync}" if sync else ""))
        assert status == 200, body
        answer: list[dict[str, Any]] = json.loads(body)
        return answer

    async def status(self) -> dict[str, Any]:
        status, body = await self.get("/api/v1/status")
        assert status == 200, body
        answer: dict[str, Any] = json.loads(body)
        return answer

    async def sync(self, name: str) -> dict[str, Any]:
        for accommodation in (await self.status())["accommodations"]:
            for sync in accommodation["syncs"]:
                if sync["id"] == name:
                    found: dict[str, Any] = sync
                    return found
        raise KeyError(name)

    async def metric(self, name: str, **labels: str) -> float | None:
        _, body = await self.get("/metrics")
        for line in body.decode().splitlines():
            named = line.startswith((name + "{", name + " "))
            if named and all(f'{key}="{value}"' in line for key, value in labels.items()):
                return float(line.rpartition(" ")[2])
        return None

    def links(self) -> dict[str, str]:
        """The link of each sync, as the command prints them; while the config is refused, as it printed them last.

        The command is run in this process: tests ask for links by the hundred, and others try it as a host does.
        """
        printed = io.StringIO()
        where = ("--config", str(self.config), "--state-dir", str(self.state))
        with redirect_stdout(printed), redirect_stderr(io.StringIO()):
            code = main(["links", "--json", *where])
        if code == 0:
            rows = [row for row in json.loads(printed.getvalue()) if "sync" in row]
            self._links = {f"{row['accommodation']}/{row['sync']}": row["url"] for row in rows}
        return self._links

    async def peek(self, sync: str) -> tuple[int, bytes]:
        """The feed of a sync as a browser would see it, which is no fetch."""
        status, body, _ = await self.ask("GET", self.links()[sync], LOOK)
        return status, body

    async def fetch(self, sync: str) -> bytes:
        """The feed of a sync as its portal fetches it."""
        status, body, _ = await self.ask("GET", self.links()[sync])
        assert status == 200, status
        return body

    async def feeds(self) -> Feeds:
        """Every feed, byte for byte, seen without fetching it."""
        seen: Feeds = {}
        for sync, link in self.links().items():
            _, seen[sync], _ = await self.ask("GET", link, LOOK)
        return seen


@asynccontextmanager
async def daemon(folder: Path, **environment: str) -> AsyncIterator[Daemon]:
    """A daemon in *folder* that is gone when the block ends."""
    made = Daemon(folder, **environment)
    try:
        yield made
    finally:
        if made.process is not None:
            made.kill()
