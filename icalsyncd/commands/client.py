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
    host, port, encrypted = place
    return ask_at(host, port, method, path, query, patience, encrypted=encrypted, token=_token(paths))


def ask_at(
    host: str,
    port: int,
    method: str,
    path: str,
    query: Mapping[str, str] | None = None,
    patience: float = PATIENCE,
    *,
    encrypted: bool = False,
    token: str | None = None,
) -> Asked:
    """The same of the daemon whose admin listener is at *host* and *port*; *token* proves that this is one of its own."""
    where = _SELF.get(host, host)
    connection = (
        _by_tls(where, port, patience) if encrypted else http.client.HTTPConnection(where, port, timeout=patience)
    )
    target = f"{path}?{urlencode(query)}" if query else path
    try:
        # whatever address it listens on, for itself the daemon is localhost
        proof = {"Authorization": f"Bearer {token}"} if token else {}
        connection.request(method, target, headers={"Host": "localhost", **proof})
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


def _token(paths: Paths) -> str | None:
    """What the daemon has laid into its state folder; None where this user may not read it."""
    try:
        written = content(paths.folder.token, 1024, following=False).data.decode("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None
    return written if written.isprintable() else None


def _by_tls(host: str, port: int, patience: float) -> http.client.HTTPSConnection:
    import ssl  # only needed where the daemon encrypts

    # this machine talks to itself, and the certificate is made out to the name by which others know it
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return http.client.HTTPSConnection(host, port, timeout=patience, context=context)


def _address(paths: Paths) -> tuple[str, int, bool] | Unreachable:
    """Host, port, and whether it encrypts."""
    try:
        written = content(paths.folder.address, 1024, following=False).data.decode("ascii").strip()
    except FileNotFoundError:
        return Unreachable(f"no daemon runs with the state folder {paths.state_dir}{_elsewhere(paths)}")
    except PermissionError:
        return Unreachable(f"{paths.folder.address} may not be read by this user: run this as the user of the daemon")
    except (OSError, UnicodeDecodeError):
        return Unreachable(f"{paths.folder.address} cannot be read")
    written, _, way = written.partition("\n")
    host, _, port = written.rpartition(":")
    host = host.strip("[]")
    if not host or not port.isdecimal():
        return Unreachable(f"{paths.folder.address} holds no address")
    return host, int(port), way == "tls"


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
