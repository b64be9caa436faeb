"""The daemon as a process of its own, seen from outside: its CPU, its memory, its answers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from icalsyncd.availability.link import Link
from icalsyncd.state.installation import open_installation, path_of
from tests.benchmarks.portals import PORTALS, url
from tests.end_to_end.daemon import free_port

_TICKS = os.sysconf("SC_CLK_TCK")


def household(
    port: int,
    accommodations: int,
    *,
    syncs: int = 4,
    behaviour: str = "changes",
    events: int = 20,
    interval: str = "30m",
) -> str:
    """The accommodations of a config, *syncs* portals each."""
    lines = [f"pull: {{allow_private_addresses: true, hold: 0s, interval: {interval}}}", "accommodations:"]
    for house in range(accommodations):
        lines += [f"  house-{house}:", "    timezone: Europe/Madrid", "    syncs:"]
        for sync in range(syncs):
            where = url(
                port, behaviour, 2 + house * syncs + sync, f"{house}-{sync}", events=events, offset=1 + 5 * sync
            )
            lines.append(f"      portal-{sync}: {{portal: {PORTALS[sync]}, direction: bidirectional, url: '{where}'}}")
    return "\n".join(lines) + "\n"


@dataclass
class Running:
    """One daemon."""

    folder: Path
    listen: int
    admin: int
    process: subprocess.Popen[bytes]

    def cpu(self) -> float:
        """CPU seconds so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def memory(self) -> float:
        """Resident MiB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024

    def status_of(self, path: str) -> int:
        """What the admin listener answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.admin}{path}", timeout=20) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def until(self, path: str, wanted: tuple[int, ...], patience: float = 120.0) -> None:
        """Wait for one of the answers *wanted*."""
        end = time.monotonic() + patience
        while (status := self.status_of(path)) not in wanted:
            assert self.process.poll() is None, (self.folder / "log").read_text()[-2000:]
            assert time.monotonic() < end, f"{path}: {status} after {patience:g} s"
            time.sleep(0.02)

    def link(self, sync: str) -> str:
        """The link of the sync `accommodation/sync`."""
        installation = open_installation(self.folder / "state" / "secret")
        return f"http://127.0.0.1:{self.listen}{path_of(installation.token(Link(sync)))}"


def write(folder: Path, listen: int, admin: int, accommodations: str) -> None:
    """A config in the place of the one before, as an editor saves it."""
    draft = folder / "draft.yaml"
    draft.write_text(
        "terms: accepted\nofficial_only: []\n"
        f"server: {{listen: '127.0.0.1:{listen}', admin: '127.0.0.1:{admin}'}}\n{accommodations}"
    )
    draft.chmod(0o600)
    draft.replace(folder / "config.yaml")


@contextmanager
def daemon(folder: Path, accommodations: str) -> Iterator[Running]:
    """A daemon that has said that it is up, gone when the block ends."""
    listen, admin = free_port(), free_port()
    write(folder, listen, admin, accommodations)
    command = [
        sys.executable,
        "-m",
        "icalsyncd",
        "run",
        "--config",
        folder / "config.yaml",
        "--state-dir",
        folder / "state",
    ]
    with (folder / "log").open("ab") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        running = Running(folder, listen, admin, process)
        try:
            running.until("/-/healthy", (200, 503))
            yield running
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()


def applied(running: Running, text: str, patience: float = 60.0) -> float:
    """Seconds from the save of the file until its config runs."""
    log = running.folder / "log"
    before = log.read_text().count("the config was taken over")
    start = time.monotonic()
    write(running.folder, running.listen, running.admin, text)
    while log.read_text().count("the config was taken over") == before:
        assert time.monotonic() < start + patience
        time.sleep(0.01)
    return time.monotonic() - start
