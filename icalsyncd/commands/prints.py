"""`icalsyncd print`: what is shipped beside the daemon, for editors, shells, systemd, Prometheus and Grafana."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Final

from icalsyncd.commands.arguments import parser
from icalsyncd.commands.outcome import DONE
from icalsyncd.commands.said import program

_PACKAGE: Final = Path(__file__).resolve().parent.parent
_COMMAND: Final = "@ICALSYNCD@"
"""Where the unit names the program."""


def print_schema() -> int:
    """The JSON Schema of the config file."""
    from icalsyncd.config.json_schema import json_schema

    print(json.dumps(json_schema(), indent=2))
    return DONE


def print_unit() -> int:
    """The systemd unit, for the program as it was started here."""
    # in the package where it was installed, beside it in a checkout
    folders = (_PACKAGE / "systemd", _PACKAGE.parent / "systemd")
    unit = next(path for folder in folders if (path := folder / "icalsyncd.service").exists())
    print(unit.read_text(encoding="utf-8").replace(_COMMAND, _program()), end="")
    return DONE


def print_openapi() -> int:
    """What the admin listener answers to programs, as an OpenAPI document."""
    from icalsyncd.admin.openapi import openapi

    print(json.dumps(openapi(), indent=2))
    return DONE


def print_completion(shell: str) -> int:
    """What *shell* reads to complete commands and options."""
    from icalsyncd.commands.completion import completion

    print(completion(shell, program(parser())), end="")
    return DONE


def print_man_page() -> int:
    """The man page."""
    from icalsyncd.commands.man_page import man_page

    print(man_page(program(parser())), end="")
    return DONE


def print_data(name: str) -> int:
    """One of the files that the admin room ships: the dashboard, or the alerts."""
    print((_PACKAGE / "admin" / "data" / name).read_text(encoding="utf-8"), end="")
    return DONE


def _program() -> str:
    """The absolute path of this program; systemd takes no other."""
    started = Path(sys.argv[0])
    if started.name == "__main__.py":
        return f"{sys.executable} -m icalsyncd"
    found = shutil.which(started.name) if not started.is_absolute() and len(started.parts) == 1 else None
    return str(Path(found or started).absolute())
