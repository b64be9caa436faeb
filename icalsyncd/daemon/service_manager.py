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
    _tell("READY=1", *([_status(status)] if status else []))


def reloading() -> None:
    """A reload has begun; it ends with :func:`ready`."""
    _tell("RELOADING=1", f"MONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")


def stopping() -> None:
    """The daemon is on its way out."""
    _tell("STOPPING=1")


def status(text: str) -> None:
    """The line that `systemctl status` shows."""
    _tell(_status(text))


def watchdog() -> None:
    """The daemon is alive."""
    _tell("WATCHDOG=1")


def watchdog_interval() -> float | None:
    """Seconds between two calls of :func:`watchdog`, half of what systemd waits; None where it does not wait."""
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    if os.environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()) or not microseconds.isdecimal():
        return None
    return int(microseconds) / 2_000_000 or None


def _status(text: str) -> str:
    return "STATUS=" + " ".join(text.split())


def _tell(*lines: str) -> None:
    path = os.environ.get("NOTIFY_SOCKET", "")
    if not path.startswith(("/", "@")):
        return
    # a name that starts with @ is in the abstract namespace
    address = "\0" + path[1:] if path.startswith("@") else path
    # nobody listens, or not at present: the service goes on
    with suppress(OSError):
        _mouth().sendto("\n".join(lines).encode(), address)


@cache
def _mouth() -> socket.socket:
    """One socket for as long as the process lives: a sign of life must not need a descriptor when there is none left."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
    sock.setblocking(False)
    atexit.register(sock.close)
    return sock
