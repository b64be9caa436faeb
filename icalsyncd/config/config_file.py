"""Changing the host's config file: what is written can be run, and the file is the old or the new one, never less."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from icalsyncd.config.loading import Accepted, Refused, parse
from icalsyncd.state.files import LARGEST, content

_IN_PLACE_ONLY: Final = frozenset((errno.EBUSY, errno.EXDEV, errno.EACCES, errno.EPERM, errno.EROFS))
"""Why no other file can take this one's place, though it may be written itself: it is mounted alone, or its folder is
not ours. A full or broken disk is not such a reason: writing in place would cut the only copy."""


class ConfigUnwritableError(Exception):
    """The file could not be read or replaced; its text says why."""


def read_text(path: Path) -> str:
    """The file's text, line ends as they are.

    Raises FileNotFoundError if there is none, and ConfigUnwritableError.
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
        except OSError as error:
            if error.errno not in _IN_PLACE_ONLY or not target.exists():
                raise
            _write_over(target, content)
    except OSError as error:
        raise ConfigUnwritableError(f"{path} cannot be written, and is as it was: {error.strerror}") from None


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


def _write_over(target: Path, content: bytes) -> None:
    """Write *content* into the file itself; a copy of what it held lies beside it until that is done.

    Where the folder is not ours it lies among the temporary files. Raises OSError, the file as it was, and
    ConfigUnwritableError, which tells where the copy is.
    """
    before = target.read_bytes()
    copy = _keep(target, before)
    with target.open("r+b", buffering=0) as file:
        try:
            if len(content) > len(before):
                # a full disk is found here, before anything is written over
                os.posix_fallocate(file.fileno(), 0, len(content))
            _fill(file.fileno(), content)
        except OSError:
            try:
                _fill(file.fileno(), before)
            except OSError:
                raise ConfigUnwritableError(f"{target} could not be written, and what it held is in {copy}") from None
            copy.unlink()
            raise
    copy.unlink()


def _keep(target: Path, content: bytes) -> Path:
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.before.", dir=target.parent)
    except OSError as error:
        if error.errno not in _IN_PLACE_ONLY:
            raise
        descriptor, name = tempfile.mkstemp(prefix=f"{target.name}.before.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        Path(name).unlink()
        raise
    return Path(name)


def _fill(descriptor: int, content: bytes) -> None:
    """Make *content* all that the file holds."""
    written = 0
    while written < len(content):
        written += os.pwrite(descriptor, content[written:], written)
    os.ftruncate(descriptor, len(content))
    os.fsync(descriptor)
