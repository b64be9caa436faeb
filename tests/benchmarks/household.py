"""The daemon of a household, ten syncs, and of a manager, ten thousand: `python -m tests.benchmarks.household`.

Beside the small one stands prometheus-blackbox-exporter, a small daemon in Go, for scale; where it is installed.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.figures import Figure, table
from tests.benchmarks.portals import portals
from tests.benchmarks.process import Running, applied, daemon, household
from tests.benchmarks.waiting import waits
from tests.end_to_end.daemon import free_port

MANAGED = 2500
WATCHED = 45.0


def blackbox(folder: Path) -> tuple[float, float] | None:
    """Seconds until the exporter answers, and its resident MiB; None where it is not installed."""
    program = shutil.which("prometheus-blackbox-exporter")
    if program is None:
        return None
    settings, port = folder / "blackbox.yml", free_port()
    settings.write_text("modules: {http_2xx: {prober: http}}\n")
    start = time.monotonic()
    command = [program, f"--config.file={settings}", f"--web.listen-address=127.0.0.1:{port}"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        running = Running(folder, port, port, process)
        running.until("/-/healthy", (200,))
        ready = time.monotonic() - start
        time.sleep(2)
        memory = running.memory()
        process.kill()
    return ready, memory


def small() -> Iterator[Figure]:
    """A host's ten syncs."""
    with portals() as port, tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        text = household(port, 5, syncs=2, behaviour="stamps")
        with daemon(folder, text) as running:
            running.until("/-/ready", (200,))
        starts = []
        for _ in range(3):
            start = time.monotonic()
            with daemon(folder, text) as running:
                starts.append(time.monotonic() - start)
        ready = statistics.median(starts)
        exporter = blackbox(folder)
        beside = (
            f"prometheus-blackbox-exporter {exporter[0]:.2f} s" if exporter else "prometheus-blackbox-exporter not here"
        )
        yield Figure("start of 10 syncs", f"{ready:.2f} s", beside, "under 1 s to ready", ready < 1)
        with daemon(folder, text) as running:
            time.sleep(12)
            before = running.cpu()
            time.sleep(30)
            idle = (running.cpu() - before) / 30
            yield Figure("idle, 10 syncs", f"{idle:.2%} of a core", "30 s", "under 0.3 %", idle < 0.003)
            memory = running.memory()
            running.status_of("/metrics")
            running.status_of("/")
            beside = f"{running.memory():.1f} MiB once its page was opened"
            if exporter:
                beside += f", prometheus-blackbox-exporter {exporter[1]:.0f} MiB"
            yield Figure("memory of 10 syncs", f"{memory:.1f} MiB", beside, "under 60 MiB", memory < 60)
            saves = [applied(running, text + f"# {number}\n") for number in range(5)]
            save = statistics.median(saves)
            yield Figure("save to applied, 10 syncs", f"{save:.2f} s", "wall clock", "0.3 s", save <= 0.3)


def managed() -> Iterator[Figure]:
    """Ten thousand syncs, all pulled once a minute, every calendar changed every time."""
    with portals() as port, tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        with daemon(folder, household(port, MANAGED, interval="60s")) as running:
            running.until("/-/ready", (200,))
            time.sleep(20)
            before, start = running.cpu(), time.monotonic()
            waited = waits(running, lambda: time.sleep(WATCHED), MANAGED, pause=0.02)
            share = (running.cpu() - before) / (time.monotonic() - start)
            slow = waited.share(0.99)
            yield Figure(
                "10,000 syncs, each pulled and changed every 60 s",
                f"{share:.0%} of a core",
                "-",
                "half a core",
                share <= 0.5,
            )
            yield Figure(
                "feeds meanwhile",
                f"p99 {slow * 1e3:.0f} ms",
                f"median {waited.share(0.5) * 1e3:.1f} ms",
                "p99 under 50 ms",
                slow < 0.05,
            )
            memory = running.memory()
            yield Figure("memory of 10,000 syncs", f"{memory:.0f} MiB", "resident", "under 400 MiB", memory < 400)
        start = time.monotonic()
        text = household(port, MANAGED)
        with daemon(folder, household(port, MANAGED)) as running:
            ready, spent = time.monotonic() - start, running.cpu()
            yield Figure(
                "boot with 10,000 syncs stored", f"{ready:.1f} s", f"{spent:.1f} s of CPU", "under 5 s", ready < 5
            )
            # what was due while it was down is pulled within a minute
            time.sleep(50)
            save = applied(running, text.replace("hold: 0s", "hold: 1s"))
            yield Figure("save to applied, 10,000 syncs", f"{save:.2f} s", "-", "3 s", save <= 3)


def figures() -> Iterator[Figure]:
    yield from small()
    yield from managed()


if __name__ == "__main__":
    print(table(figures()))
