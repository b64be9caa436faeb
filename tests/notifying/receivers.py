"""Who is told: a server that speaks ntfy, one that takes JSON, a mail server, and a monitor; real ones, on loopback.

They take messages, refuse them, say that it is too much (429), hang, and are away, as a test wants.
"""

from __future__ import annotations

import asyncio
import json
import warnings
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import default
from typing import Any

from aiohttp import web
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from tests.end_to_end.daemon import free_port

PASSWORD = "s3cret of the mail"


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


class Mailbox:
    """A mail server that wants a password, in a thread of its own."""

    def __init__(self) -> None:
        self.told: list[Told] = []
        """What it took, in order."""
        self.asked = 0
        """Messages that were given to it whole, whether or not it took them."""
        self.answers = "250 OK"
        """What it says of a message: a line of SMTP; `hang`: nothing; `lost`: it takes it, and the connection breaks."""
        self.port = free_port()

    @property
    def url(self) -> str:
        """For Apprise."""
        known = f"house:{PASSWORD.replace(' ', '%20')}@127.0.0.1:{self.port}"
        return f"mailto://{known}?from=house@home.example&to=host@home.example&mode=insecure"

    def knows(self, server: object, session: object, envelope: object, kind: str, given: Any) -> AuthResult:
        return AuthResult(success=given.password == PASSWORD.encode(), handled=False)

    async def handle_DATA(self, server: Any, session: object, envelope: Any) -> str:  # noqa: N802
        self.asked += 1
        if self.answers == "hang":
            await asyncio.sleep(3600)
        if self.answers[0] in "45":
            return self.answers
        mail = message_from_bytes(envelope.content, policy=default)
        body = mail.get_body(("plain", "html"))
        assert body is not None
        self.told.append(Told(str(mail["Subject"]), body.get_content()))
        if self.answers == "lost":
            server.transport.abort()
        return "250 OK"


@contextmanager
def mailbox() -> Iterator[Mailbox]:
    """A mail server that is up for as long as the block runs."""
    box = Mailbox()
    wanting = {"authenticator": box.knows, "auth_require_tls": False, "auth_required": True}
    with warnings.catch_warnings():
        # its password goes in the clear, over loopback
        warnings.simplefilter("ignore")
        controller = Controller(box, hostname="127.0.0.1", port=box.port, **wanting)
        controller.start()
        try:
            yield box
        finally:
            controller.stop()
