"""Which state folder a command is about if the command line does not say: that of the service, or the user's own."""

from __future__ import annotations

from dataclasses import replace

from icalsyncd.commands.client import Answer, ask
from icalsyncd.commands.outcome import CommandError
from icalsyncd.config.paths import Paths
from icalsyncd.state.state_folder import StateFolder

_PATIENCE = 5.0


def meant(paths: Paths) -> Paths:
    """*paths* with one state folder.

    Of two in use it is the one whose daemon answers. Raises CommandError, which names both, if that does not tell.
    """
    if paths.service is None:
        return paths
    own, service = replace(paths, service=None), replace(paths, state_dir=paths.service, service=None)
    used = [each for each in (service, own) if _is_used(each.folder)]
    if len(used) < 2:
        # on a machine that has the service, nothing is started in the user's own folder
        return used[0] if used else service
    running = [each for each in used if isinstance(ask(each, "GET", "/-/healthy", patience=_PATIENCE), Answer)]
    if len(running) == 1:
        return running[0]
    raise CommandError(
        f"two state folders could be meant, {service.state_dir} and {own.state_dir}: "
        f"say which, such as --state-dir {service.state_dir}"
    )


def _is_used(folder: StateFolder) -> bool:
    """Whether a daemon has used it; a folder that may not be read counts as used."""
    try:
        return folder.secret.exists() or folder.state.exists()
    except OSError:
        return True
