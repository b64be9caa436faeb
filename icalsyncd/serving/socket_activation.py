"""The listening sockets that systemd hands over (sd_listen_fds(3)); without systemd there are none."""

from __future__ import annotations

import os
import socket
from typing import Final

_FIRST_DESCRIPTOR: Final = 3


def listen_fds() -> dict[str, list[socket.socket]]:
    """The listening sockets that systemd opened for this process, by name; they are handed out once."""
    pid, count = os.environ.pop("LISTEN_PID", ""), os.environ.pop("LISTEN_FDS", "")
    names = os.environ.pop("LISTEN_FDNAMES", "").split(":")
    sockets: dict[str, list[socket.socket]] = {}
    if pid != str(os.getpid()) or not count.isdecimal():
        return sockets
    for index in range(int(count)):
        name = names[index] if index < len(names) and names[index] else "unknown"
        handed = socket.socket(fileno=_FIRST_DESCRIPTOR + index)
        handed.set_inheritable(False)
        handed.setblocking(False)
        sockets.setdefault(name, []).append(handed)
    return sockets
