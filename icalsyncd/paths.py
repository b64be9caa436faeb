"""Where the config and the state of one installation lie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from icalsyncd.folder import Folder

CONFIGS: Final = (Path("config.yaml"), Path("/etc/icalsyncd/config.yaml"))
"""Where the config is looked for, in this order, when nobody says where it is."""
SERVICE_STATE: Final = Path("/var/lib/icalsyncd")
"""The state folder of the systemd service."""


@dataclass(frozen=True, slots=True)
class Paths:
    """The config file and the state folder that a command is about."""

    config: Path
    state_dir: Path

    @property
    def folder(self) -> Folder:
        """The state folder, not held."""
        return Folder(self.state_dir)


def find(config: Path | None, state_dir: Path | None, environ: Mapping[str, str]) -> Paths:
    """The paths as said on the command line, else by the environment *environ*, else where they usually are."""
    return Paths(config or _config(environ), state_dir or _state_dir(environ))


def _config(environ: Mapping[str, str]) -> Path:
    if named := environ.get("ICALSYNCD_CONFIG"):
        return Path(named)
    return next((path for path in CONFIGS if path.exists()), CONFIGS[0])


def _state_dir(environ: Mapping[str, str]) -> Path:
    # systemd.exec(5): several folders are separated by colons
    if named := environ.get("STATE_DIRECTORY", "").split(":")[0]:
        return Path(named)
    # XDG Base Directory Specification: a relative path is invalid and to be ignored
    home = Path(environ.get("XDG_STATE_HOME", ""))
    return (home if home.is_absolute() else Path.home() / ".local" / "state") / "icalsyncd"
