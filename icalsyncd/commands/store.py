"""`icalsyncd store copy`: a whole state from the place where it lies to another, between a file and a database."""

from __future__ import annotations

import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

from icalsyncd.commands.backup import access_in, called, put_into_server
from icalsyncd.commands.offline import config_or_last, place_of
from icalsyncd.commands.outcome import DONE, USAGE, CommandError
from icalsyncd.commands.terminal import counted
from icalsyncd.config.paths import Paths
from icalsyncd.state.database import Place, Server, StoreFailed, StoreRefused, dsn_parts
from icalsyncd.state.directory import opened
from icalsyncd.state.files import content
from icalsyncd.state.moving import LARGEST, REPLACED, content_of, put_into_file, unused
from icalsyncd.state.state_folder import FolderHeld
from icalsyncd.state.stored import examine

_FORMS = (
    "say where to: `sqlite` for the file in the state folder, `file:///etc/icalsyncd/dsn` for the database that a file "
    "names, or postgresql://…"
)
_MAX_DSN = 10_000


def copy(paths: Paths, to: str, *, replace: bool) -> int:
    """Copy the state from where the config says that it lies to *to*; no daemon may use either meanwhile."""
    folder = paths.folder
    try:
        folder.hold()
    except FolderHeld:
        raise CommandError(f"a daemon runs on {paths.state_dir}: stop it first") from None
    except OSError as error:
        raise CommandError(f"the state folder {paths.state_dir} cannot be used: {error.strerror}") from None
    try:
        source, target = place_of(paths, config_or_last(paths)), _target(paths, to)
        held = _copied(source, target, replace=replace)
    except (StoreRefused, StoreFailed) as error:
        raise CommandError(str(error)) from None
    except OSError as error:
        raise CommandError(f"the state cannot be copied: {error.strerror}") from None
    finally:
        folder.release()
    stored = examine(held, Path("state"))
    syncs = sum(len(state.ledger.syncs) for state in stored.states.values())
    print(
        f"{called(target)} holds what {called(source)} did: {counted(len(stored.states), 'accommodation')}, "
        f"{counted(syncs, 'sync')}, links and history as they were"
    )
    say = "store: {type: sqlite}" if isinstance(target, Path) else "store: {type: postgresql, dsn_file: …}"
    print(f"write `{say}` into {paths.config} before the daemon is started again: {called(source)} is left as it was")
    return DONE


def _copied(source: Place, target: Place, *, replace: bool) -> bytes:
    if source == target:
        raise CommandError(f"the state lies in {called(source)} already")
    state = content_of(source, LARGEST)
    if state is None:
        raise CommandError(f"there is nothing to copy: {called(source)} holds no state of icalsyncd")
    if isinstance(target, Path) and target.exists() and not replace:
        raise CommandError(f"{target} exists already; with --replace it is kept as {target.name}{REPLACED}")
    with unused(source):
        # once more, now that nobody writes it
        state = content_of(source, LARGEST) or state
        examine(state, Path("state"))
        if isinstance(target, Server):
            with opened(target.folder) as folder:
                access = access_in(folder)
            put_into_server(target, state, access, replace=replace)
        else:
            with opened(target.parent) as folder:
                access = access_in(folder)
            put_into_file(target, state, access)
    return state


def _target(paths: Paths, to: str) -> Place:
    """The place that *to* names. Raises CommandError and OSError."""
    if to in ("sqlite", "sqlite:"):
        return paths.folder.state
    try:
        scheme, path = urlsplit(to).scheme, unquote(urlsplit(to).path)
    except ValueError:
        raise CommandError(_FORMS, USAGE) from None
    if scheme in ("postgresql", "postgres"):
        if len(dsn_parts(to)) > 1:
            print(
                "warning: others on this machine see the password on the command line; a file is better",
                file=sys.stderr,
            )
        return Server(to, paths.state_dir)
    if scheme == "file":
        try:
            return Server(content(Path(path), _MAX_DSN).data.decode("utf-8").strip(), paths.state_dir)
        except (FileNotFoundError, UnicodeDecodeError):
            raise CommandError(f"{path} holds no connection string") from None
    raise CommandError(_FORMS, USAGE)
