"""Asking the running daemon, over the admin listener whose address it leaves in the state folder."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias
from urllib.parse import urlencode

from icalsyncd.config.paths import SERVICE_STATE, Paths
from icalsyncd.state.files import content

PATIENCE: Final = 15.0
"""Seconds to wait for an answer that needs no portal."""
_SELF: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104
"""Where a daemon that listens on all addresses is reached from this machine."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the daemon answered."""

    status: int
    text: str

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    def json(self) -> Any:
        """The answer's JSON. Raises ValueError if it is not JSON."""
        return json.loads(self.text)


@dataclass(frozen=True, slots=True)
class Unreachable:
    """No daemon answered; ``why`` is for people."""

    why: str


Asked: TypeAlias = Answer | Unreachable


def ask(
    paths: Paths, method: str, path: str, query: Mapping[str, str] | None = None, patience: float = PATIENCE
) -> Asked:
    """Ask the daemon of this state folder for *path*, and wait *patience* seconds for each part of its answer."""
    place = _address(paths)
    if isinstance(place, Unreachable):
        return place
    return ask_at(*place, method, path, query, patience)


def ask_at(
    host: str, port: int, method: str, path: str, query: Mapping[str, str] | None = None, patience: float = PATIENCE
) -> Asked:
    """The same of the daemon whose admin listener is at *host* and *port*."""
    connection = http.client.HTTPConnection(_SELF.get(host, host), port, timeout=patience)
    target = f"{path}?{urlencode(query)}" if query else path
    try:
        # whatever address it listens on, for itself the daemon is localhost
        connection.request(method, target, headers={"Host": "localhost"})
        response = connection.getresponse()
        return Answer(response.status, response.read().decode("utf-8", "replace"))
    except TimeoutError:
        return Unreachable(f"the daemon did not answer within {patience:.0f} seconds")
    except ConnectionRefusedError:
        return Unreachable(f"no daemon runs: nothing listens at {host}:{port}")
    except (OSError, http.client.HTTPException) as error:
        return Unreachable(f"the daemon could not be asked ({type(error).__name__})")
    finally:
        connection.close()


def _address(paths: Paths) -> tuple[str, int] | Unreachable:
    try:
        written = content(paths.folder.address, 1024, following=False).data.decode("ascii").strip()
    except FileNotFoundError:
        return Unreachable(f"no daemon runs with the state folder {paths.state_dir}{_elsewhere(paths)}")
    except PermissionError:
        return Unreachable(f"{paths.folder.address} may not be read by this user: run this as the user of the daemon")
    except (OSError, UnicodeDecodeError):
        return Unreachable(f"{paths.folder.address} cannot be read")
    host, _, port = written.rpartition(":")
    host = host.strip("[]")
    if not host or not port.isdecimal():
        return Unreachable(f"{paths.folder.address} holds no address")
    return host, int(port)


def _elsewhere(paths: Paths) -> str:
    """A hint for hosts who forgot that the service has a state folder of its own."""
    if paths.state_dir != SERVICE_STATE and _is_there(SERVICE_STATE / paths.folder.address.name):
        return f"; for the one that systemd runs add: --state-dir {SERVICE_STATE}"
    return ""


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return path.parent.is_dir()
