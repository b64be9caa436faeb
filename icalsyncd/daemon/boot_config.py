"""The config that a daemon starts with: the file's, or the one that was accepted last if the file's cannot be run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from icalsyncd import log
from icalsyncd.config.loading import Accepted, Refused, load, parse
from icalsyncd.config.mistakes import Mistake
from icalsyncd.state.last_database import used_elsewhere
from icalsyncd.state.state_folder import StateFolder

_NO_STORE: Final = (
    "the state lay in a database the last time, and the file does not say where it lies now: "
    "write `store: {type: sqlite}` if it is to be a file again"
)


def boot_config(file: Path, folder: StateFolder) -> tuple[Accepted, Refused | None] | None:
    """The config to start with, and why the one in *file* was refused if it is not that one; None if none can be run.

    All mistakes are logged in the last case.
    """
    loaded = load(file, os.environ)
    if isinstance(loaded, Accepted):
        last = last_accepted(file, folder)
        lost = _without_secret(loaded, last, file, folder)
        if loaded.config.store.said or not used_elsewhere(folder.path):
            return (loaded, None) if last is None or lost is None else (last, lost)
        # half a file is a valid file: an empty state would know of no night
        loaded = Refused((Mistake(str(file), 1, 1, "store", _NO_STORE),), loaded.warnings, loaded.files)
    log_bug(loaded)
    last = last_accepted(file, folder)
    if last is not None:
        return last, loaded
    for mistake in loaded.mistakes:
        log.error("config refused", mistake=str(mistake))
    return None


def _without_secret(loaded: Accepted, last: Accepted | None, file: Path, folder: StateFolder) -> Refused | None:
    """Why *loaded* cannot be run though nothing in it is wrong: its secret does not exist, and that of *last* does.

    A half-written file looks like that, and a new secret would change every link.
    """
    if last is None:
        return None
    path, before = (each.config.server.secret_file or folder.secret for each in (loaded, last))
    if path == before or path.exists() or not before.exists():
        return None
    why = f"{path} does not exist, and {before}, which was used before, does: a new secret would change every link"
    mistake = Mistake(str(file), 1, 1, "server.secret_file", f"{why}; name that one, or move it there")
    return Refused((mistake,), (), (file, path))


def last_accepted(file: Path, folder: StateFolder) -> Accepted | None:
    """The config that was accepted last, its paths relative to those of *file*; None if there is none that can be run."""
    text = folder.accepted_text()
    # what is known is served without any URL
    last = parse(text, file, os.environ, ran_before=True) if text is not None else None
    return last if isinstance(last, Accepted) else None


def keep_accepted(accepted: Accepted, folder: StateFolder) -> None:
    """Keep the text of *accepted* for a start with a bad file; a disk that refuses is logged."""
    try:
        folder.write(folder.accepted, accepted.text)
    except OSError as error:
        log.warning("the config could not be kept for a boot with a bad one", why=error.strerror)


def log_bug(refused: Refused) -> None:
    """Log the bug on which reading the config ended, if it was one."""
    if refused.bug is not None:
        log.bug("reading the config ended in a bug", refused.bug)
