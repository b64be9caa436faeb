"""What systemd is told (sd_notify(3), sd_watchdog_enabled(3)).

Without systemd all of this does nothing.
"""

from __future__ import annotations

import atexit
import os
import socket
import time
from contextlib import suppress
from functools import cache


def ready(status: str = "") -> None:
    """The feeds are served; also the end of a reload."""
    _send("READY=1", *([_status(status)] if status else []))


def reloading() -> None:
    """A reload has begun; it ends with :func:`ready`."""
    _send("RELOADING=1", f"MONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")


def stopping() -> None:
    """The daemon is stopping."""
    _send("STOPPING=1")


def status(text: str) -> None:
    """The line that `systemctl status` shows."""
    _send(_status(text))


def watchdog() -> None:
    """The daemon is alive."""
    _send("WATCHDOG=1")


def watchdog_interval() -> float | None:
    """Seconds between two calls of :func:`watchdog`, half of what systemd waits; None if it does not wait."""
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    if os.environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()) or not microseconds.isdecimal():
        return None
    return int(microseconds) / 2_000_000 or None


def _status(text: str) -> str:
    return "STATUS=" + " ".join(text.split())


def _send(*lines: str) -> None:
    path = os.environ.get("NOTIFY_SOCKET", "")
    if not path.startswith(("/", "@")):
        return
    # a name that starts with @ is in the abstract namespace
    address = "\0" + path[1:] if path.startswith("@") else path
    # no reader, or none at present: the service goes on
    with suppress(OSError):
        _socket().sendto("\n".join(lines).encode(), address)


@cache
def _socket() -> socket.socket:
    """One socket for as long as the process lives: the watchdog must not need a new descriptor when none is left."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
    sock.setblocking(False)
    atexit.register(sock.close)
    return sock
