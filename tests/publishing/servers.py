"""The places of the shared cloud, real and on loopback: an S3 server, a WebDAV server, nginx over a folder.

Beside them one that fails as a test wants, since the real ones cannot be made to.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from aiohttp import web
from yarl import URL

from tests.end_to_end.daemon import free_port

BUCKET = "feeds"
KEY_ID = "AKIAMARKMARKMARK0001"
KEY = "mark-of-the-secret-access-key"
USER = "host"
PASSWORD = "mark-of-the-webdav-password"

_READABLE = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{BUCKET}/*"}
        ],
    }
)
"""What docs/publish.md says: each object can be read, and none can be listed."""
_DAV = """
import sys
from cheroot import wsgi
from wsgidav.wsgidav_app import WsgiDAVApp
app = WsgiDAVApp({
    "provider_mapping": {"/": sys.argv[2]},
    "simple_dc": {"user_mapping": {"*": {sys.argv[3]: {"password": sys.argv[4]}}}},
    "http_authenticator": {"accept_basic": True, "accept_digest": False, "default_to_digest": False},
    "verbose": 0, "logging": {"enable": False},
})
wsgi.Server(("127.0.0.1", int(sys.argv[1])), app, numthreads=4).safe_start()
"""


@asynccontextmanager
async def running(*command: str | Path, port: int, path: str = "/") -> AsyncIterator[str]:
    """A server that runs *command* and answers at *port* for as long as the block runs; its URL."""
    words = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the server)
    process = subprocess.Popen(command, stdout=words, stderr=words)
    url = f"http://127.0.0.1:{port}"
    try:
        async with aiohttp.ClientSession() as session:
            for _ in range(300):
                if process.poll() is not None:
                    words.seek(0)
                    raise AssertionError(f"the server ended: {words.read().decode()}")
                try:
                    async with session.get(url + path):
                        break
                except aiohttp.ClientError:
                    await asyncio.sleep(0.1)
            else:
                raise AssertionError("the server does not answer")
        yield url
    finally:
        process.terminate()
        process.wait(10)
        words.close()


@asynccontextmanager
async def s3(port: int | None = None) -> AsyncIterator[str]:
    """moto's S3 server, with one bucket that everybody may read."""
    port = port or free_port()
    async with running(sys.executable, "-m", "moto.server", "-p", str(port), port=port) as url:
        async with aiohttp.ClientSession() as session:
            for path, body in (("", ""), ("?policy", _READABLE)):
                async with session.put(f"{url}/{BUCKET}{path}", data=body) as answer:
                    assert answer.status < 300
        yield url


@asynccontextmanager
async def webdav(folder: Path, port: int | None = None) -> AsyncIterator[str]:
    """wsgidav over *folder*, with a user and a password."""
    folder.mkdir(exist_ok=True)
    port = port or free_port()
    command = (sys.executable, "-c", _DAV, str(port), str(folder), USER, PASSWORD)
    async with running(*command, port=port) as url:
        yield url


@asynccontextmanager
async def nginx(folder: Path, scratch: Path) -> AsyncIterator[str]:
    """nginx over *folder*, with the settings that docs/publish.md recommends."""
    port = free_port()
    scratch.mkdir(exist_ok=True)
    config = scratch / "nginx.conf"
    temporary = "".join(
        f"{kind}_temp_path {scratch}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    config.write_text(
        # the folders of tests are their owner's alone
        f"{'user root; ' if os.geteuid() == 0 else ''}daemon off; pid {scratch}/pid; error_log stderr; events {{}}\n"
        f"http {{ {temporary} access_log off;\n"
        f"server {{ listen 127.0.0.1:{port};\n"
        "location ~ ^/[a-z2-7]+\\.ics$ {\n"
        f"root {folder}; default_type 'text/calendar; charset=utf-8'; types {{}}\n"
        "add_header Cache-Control no-cache; }\n"
        "location / { return 404; } } }\n"
    )
    async with running("nginx", "-c", str(config), "-p", str(scratch), "-e", "stderr", port=port) as url:
        yield url


@dataclass
class Faulty:
    """A WebDAV server in name: it keeps what it is given in memory, and fails as the test wants."""

    url: str = ""
    status: int = 0
    """What it answers; 0: what is right."""
    redirects_to: str = ""
    """Where it sends whoever asks; empty: nowhere."""
    hangs: bool = False
    moves: bool = True
    move_answers: list[int] = field(default_factory=list)
    """What the next moves are answered, instead of being done."""
    breaks: bool = False
    """It takes each file, breaks the connection off, and keeps the file back until :meth:`land`."""
    late: list[tuple[str, bytes]] = field(default_factory=list)
    resume: asyncio.Event = field(default_factory=asyncio.Event)
    files: dict[str, bytes] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        name = request.path.lstrip("/")
        self.asked.append((request.method, name))
        if self.hangs:
            await self.resume.wait()
        if self.redirects_to:
            return web.Response(status=307, headers={"Location": f"{self.redirects_to}/{name}"})
        if self.status:
            return web.Response(status=self.status, text=f"for {request.headers.get('Authorization')} at {request.url}")
        if self.breaks and request.method == "PUT":
            self.late.append((name, await request.read()))
            assert request.transport is not None
            request.transport.abort()
            return web.Response(status=500)
        match request.method:
            case "PUT":
                self.files[name] = await request.read()
                return web.Response(status=201)
            case "MOVE":
                if self.move_answers:
                    return web.Response(status=self.move_answers.pop(0))
                if not self.moves:
                    return web.Response(status=405)
                self.files[URL(request.headers["Destination"]).path.lstrip("/")] = self.files.pop(name)
                return web.Response(status=201)
            case "DELETE":
                return web.Response(status=204 if self.files.pop(name, None) is not None else 404)
            case _:
                body = self.files.get(name)
                return web.Response(status=404) if body is None else web.Response(body=body)

    def land(self) -> None:
        """What was kept back is there now, over what came since."""
        for name, body in self.late:
            self.files[name] = body
        self.late.clear()


@asynccontextmanager
async def faulty(port: int | None = None) -> AsyncIterator[Faulty]:
    """A server that takes every file, unless it is told to do otherwise."""
    made = Faulty()
    runner = web.AppRunner(_app(made), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port or free_port())
    await site.start()
    made.url = site.name
    try:
        yield made
    finally:
        made.resume.set()
        await runner.cleanup()


def _app(made: Faulty) -> web.Application:
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", made.answer)
    return app
