"""Where the commands find the running daemon: the address of its admin listener, in a file of the state folder.

A second line, `tls`, says that it encrypts.
"""

from __future__ import annotations

from icalsyncd import log
from icalsyncd.serving.ports import Ports
from icalsyncd.state.state_folder import StateFolder


def note_address(folder: StateFolder, ports: Ports) -> None:
    """Write where the admin listener is; a disk that refuses is logged."""
    admin = ports.admin
    try:
        folder.write(folder.address, f"{admin.address.host}:{admin.port}\n" + ("tls\n" if admin.tls else ""))
    except OSError as error:
        log.warning("the commands will not find this daemon: its address could not be written", why=error.strerror)
