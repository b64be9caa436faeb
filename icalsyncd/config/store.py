"""Where the config says that the state lies."""

from __future__ import annotations

from dataclasses import dataclass

from icalsyncd.config.secret import Secret
from icalsyncd.state.database import Place, Server, StoreFailed
from icalsyncd.state.state_folder import StateFolder


@dataclass(frozen=True, slots=True)
class Store:
    """Where the state lies."""

    on_server: bool = False
    """In a database, and not in a file of the state folder."""
    dsn: Secret | None = None
    """How the database is reached; None for a file, or where that is not known at present."""
    said: bool = False
    """The file says so, and it is not the default."""

    def place(self, folder: StateFolder) -> Place:
        """The same for an installation with *folder*. Raises StoreFailed where it is not known."""
        if not self.on_server:
            return folder.state
        if self.dsn is None:
            raise StoreFailed("the file `store.dsn_file`, which says how the database is reached, cannot be read")
        return Server(self.dsn.reveal(), folder.path)
