"""`icalsyncd backup` and `restore`: state and secret in one file, which with the config makes the same installation."""

from __future__ import annotations

import os
import tarfile
import tempfile
from pathlib import Path
from typing import Final

from icalsyncd.commands.offline import last_config
from icalsyncd.commands.outcome import DONE, CommandError
from icalsyncd.config.loading import Accepted, load
from icalsyncd.config.paths import Paths
from icalsyncd.state.installation import SecretUnusable, open_installation
from icalsyncd.state.state_file import StoreFailed, StoreRefused
from icalsyncd.state.state_folder import FolderHeld
from icalsyncd.state.store import Store, peek

_SECRET: Final = "secret"  # noqa: S105
_STATE: Final = "state.sqlite3"
_BESIDE: Final = ("-wal", "-shm")
"""Files that SQLite may keep beside its own, and that belong to it."""
_REPLACED: Final = ".replaced"


def backup(paths: Paths, file: Path) -> int:
    """Write state and secret to *file*, 0600, in place of what is there; the daemon may run meanwhile."""
    state, secret = paths.folder.state, _secret_path(paths)
    for needed in (state, secret):
        if not needed.exists():
            raise CommandError(f"there is nothing to back up: {needed} does not exist")
    try:
        with tempfile.TemporaryDirectory(prefix=f".{file.name}.", dir=file.absolute().parent) as drafts:
            copy, draft = Path(drafts) / _STATE, Path(drafts) / file.name
            store = Store(state)
            try:
                store.back_up(copy)
            finally:
                store.close()
            with tarfile.open(draft, "w:gz") as archive:
                archive.add(secret, _SECRET)
                archive.add(copy, _STATE)
            draft.chmod(0o600)
            draft.replace(file)
    except (StoreRefused, StoreFailed) as error:
        raise CommandError(str(error)) from None
    except OSError as error:
        raise CommandError(f"the backup cannot be written: {error.strerror}") from None
    print(f"{file} holds state and secret: whoever has it has every link; keep it as safe as a password")
    return DONE


def restore(paths: Paths, file: Path, *, replace: bool) -> int:
    """Put what :func:`backup` wrote back where it was; the daemon must not run."""
    folder = paths.folder
    try:
        folder.hold()
    except FolderHeld:
        raise CommandError(f"a daemon runs on {paths.state_dir}: stop it first") from None
    except OSError as error:
        raise CommandError(f"the state folder {paths.state_dir} cannot be used: {error.strerror}") from None
    try:
        with tempfile.TemporaryDirectory(prefix=".restore.", dir=paths.state_dir) as drafts:
            _unpack(file, Path(drafts))
            _put_back(paths, Path(drafts), replace=replace)
    except OSError as error:
        raise CommandError(f"the backup cannot be put back: {error.strerror}") from None
    finally:
        folder.release()
    print(f"{paths.state_dir} holds the state and the secret of {file}: links and feeds are as they were")
    return DONE


def _unpack(file: Path, drafts: Path) -> None:
    """The files of the backup, all examined before anything is changed."""
    try:
        with tarfile.open(file, "r:gz") as archive:
            for name in (_SECRET, _STATE):
                draft = drafts / name
                draft.touch(mode=0o600)
                draft.write_bytes(_member(archive, name))
        installation = open_installation(drafts / _SECRET)
        stored = peek(drafts / _STATE)
    except OSError as error:
        if isinstance(error, FileNotFoundError):
            raise CommandError(f"there is no file {file}") from None
        raise
    except (tarfile.TarError, KeyError, EOFError, SecretUnusable, StoreRefused, StoreFailed):
        raise CommandError(f"{file} is damaged, or no backup of icalsyncd; nothing was changed") from None
    if stored.installation not in (None, installation.mark):
        raise CommandError(f"{file} is damaged: its secret is not that of its state; nothing was changed")


def _member(archive: tarfile.TarFile, name: str) -> bytes:
    """The content of one file of the archive. Raises KeyError if it has none of that name."""
    content = archive.extractfile(name)
    if content is None:
        raise KeyError(name)
    return content.read()


def _put_back(paths: Paths, drafts: Path, *, replace: bool) -> None:
    state, secret = paths.folder.state, _secret_path(paths)
    new_secret = (drafts / _SECRET).read_bytes()
    same_secret = secret.exists() and secret.read_bytes() == new_secret
    in_the_way = [path for path in (state, secret) if path.exists() and not (path == secret and same_secret)]
    if in_the_way and not replace:
        raise CommandError(
            f"{in_the_way[0]} exists already; with --replace it is kept as {in_the_way[0].name}{_REPLACED}"
        )
    for path in in_the_way:
        aside = path.with_name(path.name + _REPLACED)
        path.replace(aside)
        for suffix in _BESIDE:
            beside = path.with_name(path.name + suffix)
            if beside.exists():
                beside.replace(aside.with_name(aside.name + suffix))
    secret.parent.mkdir(parents=True, exist_ok=True)
    if not same_secret:
        paths.folder.write(secret, new_secret.decode("ascii"))
        _hand_over(secret, paths.state_dir)
    (drafts / _STATE).replace(state)
    _hand_over(state, paths.state_dir)


def _hand_over(path: Path, folder: Path) -> None:
    """Give what root put back to the user whose folder it is in: the daemon must be able to read it."""
    owner = folder.stat()
    if os.geteuid() == 0 and owner.st_uid != 0:
        os.chown(path, owner.st_uid, owner.st_gid)


def _secret_path(paths: Paths) -> Path:
    """Where the secret lies, or is to lie; a backup is made even if the config cannot be run."""
    loaded = load(paths.config, os.environ)
    config = loaded.config if isinstance(loaded, Accepted) else last_config(paths)
    return (config.server.secret_file if config else None) or paths.folder.secret
