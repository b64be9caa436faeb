"""A daemon with users, and what browsers and commands send to it, for the tests of who may do what."""

from __future__ import annotations

import base64
import http.client
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode

import bcrypt

from tests.end_to_end.daemon import Daemon

ANNA = "correct horse"
BEN = "battery staple"
BROWSER = {"Accept": "text/html,application/xhtml+xml", "Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"}
GUARDED = (
    "/",
    "/?accommodation=casa",
    "/explain?accommodation=casa&night=2027-01-01",
    "/metrics",
    "/-/well",
    "/-/links",
    "/api/v1/status",
    "/api/v1/explain?accommodation=casa&night=2027-01-01",
    "/api/v1/history?accommodation=casa",
    "/static/page.js",
)
POSTS = ("/-/reload", "/-/pull", "/-/accept?accommodation=casa", "/-/rotate?sync=casa/office")


def hashed(password: str) -> str:
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(8)).decode()


HASHES = {"anna": hashed(ANNA), "ben": hashed(BEN)}


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    headers: http.client.HTTPMessage

    @property
    def session(self) -> str:
        """The cookie that it gave."""
        jar: SimpleCookie = SimpleCookie(self.headers.get("Set-Cookie", ""))
        return next((each.value for each in jar.values()), "")


class House:
    """A daemon with users, asked as one likes."""

    def __init__(self, folder: Path) -> None:
        self.daemon = Daemon(folder)

    def write(self, users: Mapping[str, str] | None, **server: object) -> None:
        if users is not None:
            server["users"] = "{" + ", ".join(f'{name}: "{known}"' for name, known in users.items()) + "}"
        self.daemon.write(
            self.daemon.head(**server)
            + "accommodations:\n  casa:\n    timezone: UTC\n    syncs:\n      office: {portal: office, direction: export}\n"
        )

    def start(self) -> None:
        self.daemon.start()
        for _ in range(600):
            try:
                if self.ask("GET", "/-/healthy").status == 200:
                    return
            except OSError:
                time.sleep(0.05)
        raise AssertionError(self.daemon.words())

    def ask(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.daemon.admin, timeout=20)
        try:
            connection.request(method, path, body, dict(headers or {}))
            answer = connection.getresponse()
            return Answer(answer.status, answer.read(), answer.headers)
        finally:
            connection.close()

    def log_in(
        self, name: str, password: str, headers: Mapping[str, str] | None = None, wanted: str | None = None
    ) -> Answer:
        form = {"name": name, "password": password} | ({"next": wanted} if wanted is not None else {})
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.ask("POST", "/login", {**kind, **(headers or {})}, urlencode(form).encode())

    def own(self, **more: str) -> dict[str, str]:
        """What a page of ours sends along."""
        return {"Origin": f"http://127.0.0.1:{self.daemon.admin}", "Sec-Fetch-Site": "same-origin", **more}

    def reload(self) -> None:
        answer = self.ask("POST", "/-/reload", self.token())
        assert answer.status == 200, answer

    def token(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {(self.daemon.state / 'token').read_text().strip()}"}


def basic(name: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


def cookie(token: str) -> dict[str, str]:
    return {"Cookie": f"icalsyncd={token}"}


def stranger(address: str) -> dict[str, str]:
    """Of somebody who comes through a proxy on this machine."""
    return {"X-Forwarded-For": f"10.9.9.9, {address}"}
