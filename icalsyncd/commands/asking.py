"""Asking the daemon for a command that cannot work without it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, assert_never

from icalsyncd.commands.client import PATIENCE, Answer, Unreachable, ask
from icalsyncd.commands.outcome import USAGE, CommandError
from icalsyncd.config.paths import Paths

Json = dict[str, Any]


def answer_of(
    paths: Paths, method: str, path: str, query: Mapping[str, str] | None = None, patience: float = PATIENCE
) -> Answer:
    """What the daemon answers. Raises CommandError if none does."""
    asked = ask(paths, method, path, query, patience)
    match asked:
        case Answer():
            return asked
        case Unreachable():
            raise CommandError(asked.why)
        case _:
            assert_never(asked)


def json_of(
    paths: Paths, method: str, path: str, query: Mapping[str, str] | None = None, patience: float = PATIENCE
) -> Any:
    """The JSON of an answer that says yes. Raises CommandError, with the daemon's own words, for one that says no."""
    answer = answer_of(paths, method, path, query, patience)
    try:
        content = answer.json()
    except ValueError:
        raise CommandError(f"the daemon answered {answer.status}: {answer.text.strip()[:200]}") from None
    if not answer.ok:
        raise CommandError(
            str(content.get("error", answer.status)) if isinstance(content, dict) else str(answer.status)
        )
    return content


def status_of(paths: Paths) -> Json:
    """The daemon's status, as `GET /api/v1/status` answers it."""
    status: Json = json_of(paths, "GET", "/api/v1/status")
    return status


def require_sync(name: str) -> str:
    """*name*, if it is one of a sync. Raises CommandError if it cannot be."""
    accommodation, slash, sync = name.partition("/")
    if not (slash and accommodation and sync) or "/" in sync:
        raise CommandError(f"a sync is named accommodation/sync, such as casa-azul/holidu, not {name!r}", USAGE)
    return name
