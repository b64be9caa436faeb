"""Changing the host's config file: what is written can be run, and the file is the old or the new one, never less."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from icalsyncd.config.loading import Accepted, Refused, parse
from icalsyncd.state.directory import PRIVATE, Access, Directory, make, opened, temporary, unused
from icalsyncd.state.files import LARGEST, content

_IN_PLACE_ONLY: Final = frozenset((errno.EBUSY, errno.EXDEV, errno.EACCES, errno.EPERM, errno.EROFS))
"""Why no other file can take this one's place, though it may be written itself: it is mounted alone, or its folder is
not ours. A full or broken disk is not such a reason: writing in place would cut the only copy."""


class ConfigUnwritableError(Exception):
    """The file could not be read or replaced; its text says why."""


class ConfigChangedError(ConfigUnwritableError):
    """Somebody else has written the file meanwhile."""


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


def digest_of(text: str) -> str:
    """Tells one text of the config from another; nothing of it can be told from that."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def rewrite(path: Path, text: str, change: Callable[[str], str], environ: Mapping[str, str]) -> Accepted | Refused:
    """Replace *text*, the file's, by what *change* makes of it, unless that is refused: then nothing is written.

    Raises ConfigUnwritableError; what *change* raises goes through.
    """
    changed = change(text)
    parsed = parse(changed, path, environ)
    if isinstance(parsed, Accepted):
        if path.exists() and read_text(path) != text:
            raise ConfigChangedError(f"{path} was changed by somebody else meanwhile; nothing was written")
        write(path, changed)
    return parsed


def write(path: Path, text: str) -> None:
    """Replace the file at *path*, or the one that it is a symlink to; owner and mode stay, 0600 for a new one.

    Raises ConfigUnwritableError.
    """
    target = path.resolve()
    content = text.encode("utf-8")
    try:
        make(target.parent)
        with opened(target.parent) as folder:
            there = folder.status(target.name) if folder.has(target.name) else None
            access = Access.of(there) if there is not None else PRIVATE
            try:
                folder.replace(target.name, content, access, draft=unused(f".{target.name}."))
            except OSError as error:
                if error.errno not in _IN_PLACE_ONLY or there is None:
                    raise
                _write_over(folder, target, content)
    except OSError as error:
        raise ConfigUnwritableError(f"{path} cannot be written, and is as it was: {error.strerror}") from None


def _write_over(folder: Directory, target: Path, content: bytes) -> None:
    """Write *content* into the file itself; a copy of what it held lies beside it until that is done.

    Where the folder is not ours it lies among the temporary files. Raises OSError, the file as it was, and
    ConfigUnwritableError, which tells where the copy is.
    """
    descriptor = folder.existing(target.name)
    try:
        before = _held(descriptor)
        copy = _keep(target, before)
        try:
            if len(content) > len(before):
                # a full disk is found here, before anything is written over
                os.posix_fallocate(descriptor, 0, len(content))
            _fill(descriptor, content)
        except OSError:
            try:
                _fill(descriptor, before)
            except OSError:
                raise ConfigUnwritableError(f"{target} could not be written, and what it held is in {copy}") from None
            _forget(copy)
            raise
        _forget(copy)
    finally:
        os.close(descriptor)


def _held(descriptor: int) -> bytes:
    with os.fdopen(descriptor, "rb", closefd=False) as file:
        return file.read()


def _keep(target: Path, content: bytes) -> Path:
    """A copy of *content* for its owner alone, beside *target* or among the temporary files."""
    name = unused(f".{target.name}.before.")
    try:
        return _add(target.parent / name, content)
    except OSError as error:
        if error.errno not in _IN_PLACE_ONLY:
            raise
    return _add(temporary() / name.removeprefix("."), content)


def _add(copy: Path, content: bytes) -> Path:
    with opened(copy.parent) as folder:
        folder.add(copy.name, content)
    return copy


def _forget(copy: Path) -> None:
    with opened(copy.parent) as folder:
        folder.remove(copy.name)


def _fill(descriptor: int, content: bytes) -> None:
    """Make *content* all that the file holds."""
    written = 0
    while written < len(content):
        written += os.pwrite(descriptor, content[written:], written)
    os.ftruncate(descriptor, len(content))
    os.fsync(descriptor)
