"""Who is told: a server that speaks ntfy, one that takes JSON, a mail server, and a monitor; real ones, on loopback.

They take messages, refuse them, say that it is too much (429), hang, and are away, as a test wants.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import default
from typing import Any

from aiohttp import web
from aiosmtpd.controller import Controller

from tests.end_to_end.daemon import free_port


@dataclass
class Told:
    """One message as it came."""

    title: str
    body: str

    @property
    def lines(self) -> list[str]:
        """The matters in it, one a line."""
        return [line.removeprefix("- ") for line in self.body.strip().splitlines()]


@dataclass
class Receiver:
    """A server of HTTP that is told things."""

    kind: str
    port: int = field(default_factory=free_port)
    told: list[Told] = field(default_factory=list)
    """What it took, in order."""
    asked: int = 0
    status: int = 200
    """What it answers."""
    hangs: bool = False
    _runner: web.AppRunner | None = None
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        """For Apprise."""
        path = "s3cret-topic" if self.kind == "ntfy" else "s3cret-path"
        return f"{self.kind}://127.0.0.1:{self.port}/{path}"

    async def open(self) -> None:
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", self._take)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True).start()

    async def close(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _take(self, request: web.Request) -> web.Response:
        self.asked += 1
        body: dict[str, Any] = json.loads(await request.text() or "{}")
        self._news.set()
        if self.hangs:
            await asyncio.sleep(3600)
        if self.status == 200:
            self.told.append(Told(str(body.get("title", "")), str(body.get("message", ""))))
        self._news.set()
        return web.json_response({}, status=self.status)

    async def until(self, count: int, patience: float = 60.0) -> list[Told]:
        """Wait until it has taken *count* messages."""
        async with asyncio.timeout(patience):
            while len(self.told) < count:
                self._news.clear()
                await self._news.wait()
        return self.told

    async def until_asked(self, count: int, patience: float = 60.0) -> None:
        """Wait until it was asked *count* times, and has answered, or hangs."""
        async with asyncio.timeout(patience):
            while self.asked < count:
                self._news.clear()
                await self._news.wait()


@asynccontextmanager
async def receiving(*kinds: str) -> AsyncIterator[list[Receiver]]:
    """Receivers of these kinds (`ntfy`, `json`) that are up for as long as the block runs."""
    opened = [Receiver(kind) for kind in kinds]
    for each in opened:
        await each.open()
    try:
        yield opened
    finally:
        await asyncio.gather(*(each.close() for each in opened))


class _Mailbox:
    def __init__(self) -> None:
        self.told: list[Told] = []

    async def handle_DATA(self, server: object, session: object, envelope: Any) -> str:  # noqa: N802
        mail = message_from_bytes(envelope.content, policy=default)
        body = mail.get_body(("plain", "html"))
        assert body is not None
        self.told.append(Told(str(mail["Subject"]), body.get_content()))
        return "250 OK"


@contextmanager
def mailbox() -> Iterator[tuple[str, list[Told]]]:
    """A mail server: its Apprise URL, and what it took."""
    box = _Mailbox()
    controller = Controller(box, hostname="127.0.0.1", port=free_port())
    controller.start()
    try:
        yield (
            f"mailto://127.0.0.1:{controller.port}?from=house@home.example&to=host@home.example&mode=insecure",
            box.told,
        )
    finally:
        controller.stop()
