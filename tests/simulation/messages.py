"""HTTP/1.1 as the far ends speak it: just enough to ask, to be asked, and to be cut off."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.simulation.network import Wire

Headers = Mapping[str, str]


def head_of(raw: bytes) -> tuple[str, dict[str, str], bytes] | None:
    """The first line, the headers (lower-case names) and what follows; None while they are not whole."""
    head, gap, rest = raw.partition(b"\r\n\r\n")
    if not gap:
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return first, headers, rest


def response(status: int, headers: Headers, body: bytes = b"") -> bytes:
    """An answer as it goes over the wire."""
    lines = [f"HTTP/1.1 {status} X", *(f"{name}: {value}" for name, value in headers.items())]
    if status != 304:
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join([*lines, "Connection: close", "", ""])).encode() + body


class Question:
    """One request to the daemon, and what comes of it."""

    def __init__(
        self, method: str, path: str, headers: Headers, then: Callable[[int | None, dict[str, str], bytes], None]
    ) -> None:
        lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if method == "POST":
            lines.append("Content-Length: 0")
        self._asks = ("\r\n".join([*lines, "", ""])).encode()
        self._then = then
        self._came = b""
        self._done = False
        self._wire: Wire | None = None

    @property
    def was_connected(self) -> bool:
        """It may have been heard."""
        return self._wire is not None

    def connected(self, wire: Wire) -> None:
        self._wire = wire
        wire.send(self._asks)

    def received(self, data: bytes) -> None:
        if self._done:
            return
        self._came += data
        found = head_of(self._came)
        if found is None:
            return
        first, headers, body = found
        status = int(first.split()[1])
        if status == 304 or len(body) >= int(headers.get("content-length", "0")):
            self._end(status, headers, body)

    def closed(self) -> None:
        self._end(None, {}, b"")

    def give_up(self) -> None:
        """Wait no longer."""
        if not self._done and self._wire is not None:
            self._wire.cut()
        self._end(None, {}, b"")

    def _end(self, status: int | None, headers: dict[str, str], body: bytes) -> None:
        if self._done:
            return
        self._done = True
        if status is not None and self._wire is not None:
            self._wire.cut()
        self._then(status, headers, body)


class Asked:
    """A connection on which the daemon asks; *then* is told the request, once."""

    def __init__(self, then: Callable[[Asked, str, str, dict[str, str], bytes], None]) -> None:
        self._then = then
        self._came = b""
        self._told = False
        self.wire: Any = None
        self.open = True
        self.on_close: Callable[[], None] = lambda: None

    def connected(self, wire: Wire) -> None:
        self.wire = wire
        self._look()

    def received(self, data: bytes) -> None:
        self._came += data
        self._look()

    def closed(self) -> None:
        self.open = False
        self.on_close()

    def _look(self) -> None:
        found = None if self._told or self.wire is None else head_of(self._came)
        if found is None:
            return
        first, headers, body = found
        if len(body) < int(headers.get("content-length", "0")):
            return
        self._told = True
        method, path, _ = first.split()
        self._then(self, method, path, headers, body)
