"""Changing the host's config file: what is written can be run, and the file is the old or the new one, never less."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from icalsyncd.config import LARGEST, Accepted, Refused, parse
from icalsyncd.regular import content


class ConfigUnwritableError(Exception):
    """The file could not be read or replaced; its text says why."""


def read_text(path: Path) -> str:
    """The file's text, line ends as they are.

    Raises FileNotFoundError where there is none, and ConfigUnwritableError.
    """
    try:
        return content(path, LARGEST).data.decode("utf-8")
    except FileNotFoundError:
        raise
    except UnicodeDecodeError:
        raise ConfigUnwritableError(f"{path} is not written in UTF-8") from None
    except OSError as error:
        raise ConfigUnwritableError(f"{path} cannot be read: {error.strerror}") from None


def rewrite(path: Path, text: str, change: Callable[[str], str], environ: Mapping[str, str]) -> Accepted | Refused:
    """Replace *text*, the file's, by what *change* makes of it, unless that is refused: then nothing is written.

    Raises ConfigUnwritableError; what *change* raises goes through.
    """
    changed = change(text)
    parsed = parse(changed, path, environ)
    if isinstance(parsed, Accepted):
        if path.exists() and read_text(path) != text:
            raise ConfigUnwritableError(f"{path} was changed by somebody else meanwhile; nothing was written")
        write(path, changed)
    return parsed


def write(path: Path, text: str) -> None:
    """Replace the file at *path*, or the one that it is a symlink to; owner and mode stay, 0600 for a new one.

    Raises ConfigUnwritableError.
    """
    target = path.resolve()
    content = text.encode("utf-8")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            _replace(target, content)
        except OSError:
            # a single file mounted into a container can be written, but no other file can take its place
            if not target.exists():
                raise
            target.write_bytes(content)
    except OSError as error:
        raise ConfigUnwritableError(f"{path} cannot be written: {error.strerror}") from None


def _replace(target: Path, content: bytes) -> None:
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    draft = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            if target.exists():
                known = target.stat()
                if (known.st_uid, known.st_gid) != (os.geteuid(), os.getegid()):
                    os.fchown(file.fileno(), known.st_uid, known.st_gid)
                os.fchmod(file.fileno(), known.st_mode & 0o7777)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
