"""What one answer of the feeds listener costs, beside a handler of constant bytes: `python -m tests.benchmarks.serving`.

Both are processes of their own, asked in turns over kept connections, and measured in CPU seconds of theirs.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from aiohttp import web

from tests.benchmarks.figures import Figure, table
from tests.benchmarks.portals import portals
from tests.benchmarks.process import daemon, household
from tests.end_to_end.daemon import free_port

REQUESTS = 4000
ROUNDS = 7
_NGINX = """
daemon off; worker_processes 1; error_log stderr crit; pid {folder}/nginx.pid;
events {{}}
http {{ access_log {folder}/access.log; server {{ listen 127.0.0.1:{port}; root {folder}/www; gzip_static on; }} }}
"""


def cpu_of(*processes: int) -> float:
    """CPU seconds of all their threads, to the nanosecond (`/proc/PID/stat` counts in hundredths)."""
    return sum(
        int(thread.read_text().split()[0]) / 1e9
        for process in processes
        for thread in Path(f"/proc/{process}/task").glob("*/schedstat")
    )


async def ask(port: int, path: str, *headers: str) -> bytes:
    """REQUESTS requests over four connections; the last answer."""
    request = "".join(
        (
            f"GET {path} HTTP/1.1\r\nHost: cal.example\r\nUser-Agent: portal\r\n",
            *(f"{each}\r\n" for each in headers),
            "\r\n",
        )
    ).encode()

    async def connection() -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        answer = b""
        for _ in range(REQUESTS // 4):
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]
            body = await reader.readexactly(int(length)) if length and b" 304 " not in head else b""
            answer = head + body
        writer.close()
        return answer

    return (await asyncio.gather(*(connection() for _ in range(4))))[0]


def constant(port: int, body: str) -> None:
    """The yardstick, in a process of its own."""
    data = Path(body).read_bytes()

    async def serve() -> None:
        async def answer(request: web.BaseRequest) -> web.Response:
            return web.Response(body=data, content_type="text/calendar")

        server = web.Server(answer, access_log=None)
        await asyncio.get_running_loop().create_server(server, "127.0.0.1", port)
        await asyncio.Event().wait()

    asyncio.run(serve())


def figures() -> Iterator[Figure]:
    folder = Path(tempfile.mkdtemp())
    with portals() as port, daemon(folder, household(port, 1, behaviour="stamps", events=30)) as running:
        running.until("/-/ready", (200,))
        link = running.link("house-0/portal-0")
        path = link[link.index("/", 8) :]
        # the first fetch is told the nights; those that follow are the common case
        body = asyncio.run(ask(running.listen, path)).partition(b"\r\n\r\n")
        tag = body[0].lower().partition(b"etag: ")[2].split(b"\r\n")[0].decode()
        (folder / "www").mkdir()
        feed = folder / "www" / path[1:]
        feed.write_bytes(body[2])
        yardstick, beside = free_port(), free_port()
        command = [sys.executable, "-c", f"from {__spec__.name} import constant; constant({yardstick}, {str(feed)!r})"]
        with subprocess.Popen(command) as bare:
            nginx = _nginx(folder, beside)
            _await_port(yardstick)
            kinds: dict[str, tuple[str, ...]] = {
                "200": (),
                "304": (f"If-None-Match: {tag}",),
                "gzip": ("Accept-Encoding: gzip",),
            }
            for kind, headers in kinds.items():
                ours, theirs, its = [], [], []
                for _ in range(ROUNDS):
                    start = cpu_of(running.process.pid)
                    asyncio.run(ask(running.listen, path, *headers))
                    ours.append(cpu_of(running.process.pid) - start)
                    start = cpu_of(bare.pid)
                    asyncio.run(ask(yardstick, path))
                    theirs.append(cpu_of(bare.pid) - start)
                    if nginx is not None:
                        workers = [
                            int(pid) for pid in Path(f"/proc/{nginx.pid}/task/{nginx.pid}/children").read_text().split()
                        ]
                        start = cpu_of(*workers)
                        asyncio.run(ask(beside, path, *headers))
                        its.append(cpu_of(*workers) - start)
                own, other = statistics.median(ours), statistics.median(theirs)
                shown = f", nginx {statistics.median(its) / REQUESTS * 1e6:.0f} µs" if its else ""
                yield Figure(
                    f"serve a feed: {kind}",
                    f"{own / REQUESTS * 1e6:.0f} µs CPU",
                    f"constant bytes {other / REQUESTS * 1e6:.0f} µs, {own / other:.2f} times{shown}",
                    "at most 1.35 times",
                    own <= 1.35 * other,
                )
            bare.kill()
            if nginx is not None:
                nginx.terminate()
                nginx.wait()
    shutil.rmtree(folder)


def _nginx(folder: Path, port: int) -> subprocess.Popen[bytes] | None:
    program = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
    if program is None:
        return None
    folder.chmod(0o755)
    settings = folder / "nginx.conf"
    settings.write_text(_NGINX.format(folder=folder, port=port))
    process = subprocess.Popen([program, "-c", str(settings), "-p", str(folder)], stderr=subprocess.DEVNULL)
    _await_port(port)
    return process


def _await_port(port: int) -> None:
    import socket
    import time

    for _ in range(200):
        with socket.socket() as probe:
            if not probe.connect_ex(("127.0.0.1", port)):
                return
        time.sleep(0.05)
    raise AssertionError("nothing listens")


if __name__ == "__main__":
    print(table(figures()))
