"""`icalsyncd backup` and `restore`: state and secret in one file, which with the config makes the same installation.

Root runs these in a folder of somebody else, who may have laid anything there, and a backup may come from anywhere: it is
read whole and looked through in memory, and written by the open folder (see :mod:`icalsyncd.state.directory`).
"""

from __future__ import annotations

import os
import tarfile
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Final

from icalsyncd.calendars.calendar import Failed
from icalsyncd.calendars.lines import inflate
from icalsyncd.commands.offline import config_or_last, place_of
from icalsyncd.commands.outcome import DONE, CommandError
from icalsyncd.config.paths import Paths
from icalsyncd.config.resolved import Config
from icalsyncd.state.database import Place, Server, StoreFailed, StoreRefused
from icalsyncd.state.directory import PRIVATE, Access, Directory, make, opened, unused
from icalsyncd.state.files import NotRegularError, content
from icalsyncd.state.gone_back import GoneBack
from icalsyncd.state.installation import MAX_SECRET, SecretUnusable, installation_of
from icalsyncd.state.moving import LARGEST, REPLACED, content_of, put_aside, put_into, put_into_file
from icalsyncd.state.state_file import MAX_STATE
from icalsyncd.state.state_folder import FolderHeld
from icalsyncd.state.stored import examine

_SECRET: Final = "secret"  # noqa: S105
_STATE: Final = "state.sqlite3"
_LARGEST: Final = {_SECRET: MAX_SECRET, _STATE: MAX_STATE}
"""What an archive is to have, and bytes of each at most."""
_MAX_MEMBERS: Final = 8
"""Of an archive: it has two."""
_MAX_ARCHIVE: Final = sum(_LARGEST.values()) + 2**16
"""Bytes of an archive before and after it is unpacked: its files, and room for their heads."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """What a backup holds: bytes that were looked through."""

    secret: bytes = field(repr=False)
    state: bytes = field(repr=False)


class _Damaged(Exception):
    """What should be a backup is none, or not whole."""


def backup(paths: Paths, file: Path) -> int:
    """Write state and secret to *file*, 0600, in place of what is there; the daemon may run meanwhile."""
    config = config_or_last(paths)
    secret = _secret_path(paths, config)
    try:
        place = place_of(paths, config)
        for needed in (place, secret):
            if isinstance(needed, Path) and not needed.exists():
                raise CommandError(f"there is nothing to back up: {needed} does not exist")
        state = content_of(place)
        if state is None:
            raise CommandError("there is nothing to back up: the database holds no state of icalsyncd")
        archive = _packed(_Kept(content(secret, MAX_SECRET).data, state))
        _looked_through(archive)
        with opened(file.absolute().parent) as folder:
            folder.replace(file.name, archive, draft=unused(f".{file.name}."))
    except (StoreRefused, StoreFailed) as error:
        raise CommandError(str(error)) from None
    except _Damaged:
        raise CommandError(f"nothing was backed up: {secret} does not hold the secret of {called(place)}") from None
    except OSError as error:
        raise CommandError(f"the backup cannot be written: {error.strerror}") from None
    print(f"{file} holds state and secret: whoever has it has every link; keep it as safe as a password")
    return DONE


_AFTER: Final = (
    "what portals were told after the backup is not known: at the next start feeds wait until each portal was pulled, and a "
    "night that two portals show stays closed as a possible ghost until you say who has it (icalsyncd confirm)"
)


def restore(paths: Paths, file: Path, *, replace: bool) -> int:
    """Put what :func:`backup` wrote back where it was; the daemon must not run."""
    folder = paths.folder
    try:
        folder.hold()
    except FolderHeld:
        raise CommandError(f"a daemon runs on {paths.state_dir}: stop it first") from None
    except OSError as error:
        raise CommandError(f"the state folder {paths.state_dir} cannot be used: {error.strerror}") from None
    print("this goes back to an earlier state: nights sold or given back since are learned from the portals anew")
    try:
        place = place_of(paths, config_or_last(paths))
        _put_back(paths, place, _read(file), replace=replace)
    except (StoreRefused, StoreFailed) as error:
        raise CommandError(str(error)) from None
    except OSError as error:
        raise CommandError(f"the backup cannot be put back: {error.strerror}") from None
    finally:
        folder.release()
    holder = paths.state_dir if isinstance(place, Path) else called(place)
    print(f"{holder} holds the state and the secret of {file}: links are as they were")
    print(_AFTER)
    return DONE


def _read(file: Path) -> _Kept:
    """What the backup *file* holds, all examined before anything is changed."""
    try:
        return _looked_through(content(file, _MAX_ARCHIVE).data)
    except FileNotFoundError:
        raise CommandError(f"there is no file {file}") from None
    except (_Damaged, NotRegularError) as error:
        why = f": {error}" if isinstance(error, _Damaged) and error.args else ""
        raise CommandError(f"{file} is damaged, or no backup of icalsyncd{why}; nothing was changed") from None


def _packed(kept: _Kept) -> bytes:
    file = BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name, data in ((_SECRET, kept.secret), (_STATE, kept.state)):
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(data), PRIVATE.mode
            archive.addfile(member, BytesIO(data))
    return file.getvalue()


def _looked_through(packed: bytes) -> _Kept:
    """What the archive *packed* holds, whatever it promises to be. Raises _Damaged."""
    unpacked = inflate(packed, _MAX_ARCHIVE) if len(packed) <= _MAX_ARCHIVE else b""
    if isinstance(unpacked, Failed):
        raise _Damaged
    try:
        found = _members(unpacked)
    except Exception:  # an archive of a stranger can make its reader raise nearly anything
        raise _Damaged from None
    kept = _Kept(found[_SECRET], found[_STATE])
    try:
        installation = installation_of(kept.secret)
        stored = examine(kept.state, Path(_STATE))
    except (SecretUnusable, StoreRefused):
        raise _Damaged from None
    if stored.installation not in (None, installation.mark):
        raise _Damaged("its secret is not that of its state")
    return kept


def _members(unpacked: bytes) -> dict[str, bytes]:
    """The two files of an archive. Raises anything if it has not just them."""
    found: dict[str, bytes] = {}
    with tarfile.open(fileobj=BytesIO(unpacked), mode="r:") as archive:
        for _ in range(_MAX_MEMBERS):
            member = archive.next()
            if member is None:
                break
            # no link, and no file with holes, which may be far larger than what it is unpacked from
            if member.type not in (tarfile.REGTYPE, tarfile.AREGTYPE) or member.issparse() or member.name in found:
                raise _Damaged
            file = archive.extractfile(member) if member.size <= _LARGEST[member.name] else None
            if file is None:
                raise _Damaged
            found[member.name] = file.read()
            if len(found[member.name]) != member.size:
                raise _Damaged
    if found.keys() != _LARGEST.keys():
        raise _Damaged
    return found


def _put_back(paths: Paths, place: Place, kept: _Kept, *, replace: bool) -> None:
    secret = _secret_path(paths, config_or_last(paths))
    make(secret.parent)
    with opened(paths.state_dir) as folder, opened(secret.parent) as other:
        there = _secret_there(secret)
        in_the_way = [(folder, place)] if isinstance(place, Path) and folder.has(_STATE) else []
        if there != kept.secret and other.has(secret.name):
            in_the_way.append((other, secret))
        if in_the_way and not replace:
            path = in_the_way[0][1]
            raise CommandError(f"{path} exists already; with --replace it is kept as {path.name}{REPLACED}")
        # before the state is there: the daemon is to know that it has gone back
        GoneBack(paths.state_dir).mark(access_in(folder))
        # the daemon must be able to read what root puts back
        access = access_in(folder)
        if isinstance(place, Server):
            put_into_server(place, kept.state, access, replace=replace)
        for where, path in in_the_way:
            put_aside(where, path.name)
        if there != kept.secret:
            other.replace(secret.name, kept.secret, access)
        if isinstance(place, Path):
            put_into_file(place, kept.state, access)


def put_into_server(server: Server, state: bytes, access: Access, *, replace: bool) -> None:
    """Put a whole state into a database; what it held is kept as a file beside. Raises CommandError and OSError."""
    aside = f"{_STATE}{REPLACED}"
    try:
        if replace and (held := content_of(server, LARGEST)) is not None:
            with opened(server.folder) as folder:
                folder.replace(aside, held, access)
        put_into(server, state, replace=replace)
    except FileExistsError:
        raise CommandError(f"the database holds a state already; with --replace it is kept as {aside}") from None


def _secret_there(secret: Path) -> bytes | None:
    try:
        return content(secret, MAX_SECRET).data
    except (FileNotFoundError, NotRegularError):
        return None


def called(place: Place) -> str:
    """What *place* is called in messages: a database's address is a password."""
    return str(place) if isinstance(place, Path) else "the database"


def access_in(folder: Directory) -> Access:
    """For the user whose *folder* it is, where root writes in it, and for nobody else."""
    status = folder.status()
    return Access(PRIVATE.mode, (status.st_uid, status.st_gid)) if os.geteuid() == 0 and status.st_uid else PRIVATE


def _secret_path(paths: Paths, config: Config | None) -> Path:
    """Where the secret lies, or is to lie under *config*."""
    return (config.server.secret_file if config else None) or paths.folder.secret
