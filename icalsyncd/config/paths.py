"""Where the config and the state of one installation lie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from icalsyncd.state.state_folder import StateFolder

CONFIGS: Final = (Path("config.yaml"), Path("/etc/icalsyncd/config.yaml"))
"""Where the config is looked for, in this order, if the command line does not say."""
SERVICE_STATE: Final = Path("/var/lib/icalsyncd")
"""The state folder of the systemd service."""


@dataclass(frozen=True, slots=True)
class Paths:
    """The config file and the state folder that a command is about."""

    config: Path
    state_dir: Path
    service: Path | None = None
    """The state folder of the systemd service, if the command line does not say which is meant and this is another one."""

    @property
    def folder(self) -> StateFolder:
        """The state folder, not held."""
        return StateFolder(self.state_dir)


def find(config: Path | None, state_dir: Path | None, environ: Mapping[str, str]) -> Paths:
    """The paths as said on the command line, else by the environment *environ*, else where they usually are."""
    said = state_dir or _said_state_dir(environ)
    if said is not None:
        return Paths(config or _config(environ), said)
    return Paths(
        config or _config(environ), _own_state_dir(environ), SERVICE_STATE if _is_there(SERVICE_STATE) else None
    )


def _config(environ: Mapping[str, str]) -> Path:
    if named := environ.get("ICALSYNCD_CONFIG"):
        return Path(named)
    return next((path for path in CONFIGS if path.exists()), CONFIGS[0])


def _said_state_dir(environ: Mapping[str, str]) -> Path | None:
    # systemd.exec(5): several folders are separated by colons
    named = environ.get("STATE_DIRECTORY", "").split(":")[0]
    return Path(named) if named else None


def _own_state_dir(environ: Mapping[str, str]) -> Path:
    # XDG Base Directory Specification: a relative path is invalid and to be ignored
    home = Path(environ.get("XDG_STATE_HOME", ""))
    return (home if home.is_absolute() else Path.home() / ".local" / "state") / "icalsyncd"


def _is_there(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False
