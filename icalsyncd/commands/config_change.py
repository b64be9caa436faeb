"""Changing the config file, and having the daemon take it over."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

from icalsyncd.commands.client import Answer, Unreachable, ask
from icalsyncd.commands.offline import refusal
from icalsyncd.commands.outcome import DONE, FAILED, UNRUNNABLE, CommandError
from icalsyncd.config.config_file import ConfigUnwritableError, digest_of, read_text, rewrite
from icalsyncd.config.edit import EditRefused
from icalsyncd.config.loading import Accepted, Refused, parse
from icalsyncd.config.paths import Paths
from icalsyncd.config.resolved import Config


class ServiceEnviron(dict[str, str]):
    """This command's environment, with a stand-in for each variable that only the service has.

    The daemon checks whether it has them; a command that edits the file need not know any of them.
    """

    def get(self, name: str, default: str | None = None) -> str | None:  # type: ignore[override]
        if name == "CREDENTIALS_DIRECTORY":
            return super().get(name, default)
        # two variables never hold the same value, as no two calendars are the same
        return super().get(name) or f"https://known-to-the-service.invalid/{name}"


def environ() -> ServiceEnviron:
    """What a config is read under by a command that changes it."""
    return ServiceEnviron(os.environ)


def written_config(paths: Paths) -> tuple[Config, str] | None:
    """The config as it lies in the file, and its text; None if there is no file. Raises CommandError."""
    try:
        text = read_text(paths.config)
    except FileNotFoundError:
        return None
    except ConfigUnwritableError as error:
        raise CommandError(str(error)) from None
    parsed = parse(text, paths.config, environ())
    if isinstance(parsed, Refused):
        raise CommandError(refusal(parsed), UNRUNNABLE)
    return parsed.config, text


def require_running(paths: Paths, text: str) -> None:
    """Raise CommandError if the daemon runs another file than the one that holds *text*: a change of it would do nothing."""
    if other := _runs_another(paths, text):
        raise CommandError(f"{other}. Nothing was written: say --config {other.file}, or another --state-dir")


def change(paths: Paths, text: str, edit: Callable[[str], str]) -> None:
    """Write what *edit* makes of *text*, the file's. Raises CommandError if it cannot be run, or not be written."""
    try:
        written = rewrite(paths.config, text, edit, environ())
    except (EditRefused, ConfigUnwritableError) as error:
        raise CommandError(str(error)) from None
    match written:
        case Accepted():
            return
        case Refused():
            raise CommandError(refusal(written), UNRUNNABLE)
        case _:
            assert_never(written)


def take_over(paths: Paths) -> int:
    """Have the daemon, if one runs, read the file now rather than a moment later."""
    answer = ask(paths, "POST", "/-/reload", patience=60.0)
    match answer:
        case Unreachable():
            print(f"It takes effect when the daemon runs: {answer.why}")
            return DONE
        case Answer():
            if not answer.ok:
                print(answer.text.strip())
                return FAILED
            if other := _runs_another(paths, read_text(paths.config)):
                print(f"{other}: for the daemon nothing has changed")
                return FAILED
            print("The daemon has taken it over")
            return DONE
        case _:
            assert_never(answer)


@dataclass(frozen=True, slots=True)
class _Another:
    """That the daemon runs another file."""

    file: str
    mine: Path

    def __str__(self) -> str:
        return f"the daemon runs {self.file}, and not {self.mine}"


def _runs_another(paths: Paths, text: str) -> _Another | None:
    """The file that a running daemon has instead of the one that holds *text*; None if it has that one, or none runs.

    The same text under another path is the same file: a daemon in a container sees it elsewhere.
    """
    answer = ask(paths, "GET", "/-/links")
    if not isinstance(answer, Answer) or not answer.ok:
        return None
    running, mine = answer.json(), paths.config.resolve()
    if running["config"] == str(mine) or running.get("digest") == digest_of(text):
        return None
    return _Another(running["config"], mine)
