"""The one row of a database on a server that says which daemon has it, in which epoch, and until when: its statements.

Moments are the database's own: the clocks of the daemons' machines play no part.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from icalsyncd.state.history import Execute

HOLDER: Final = """
CREATE TABLE IF NOT EXISTS holder (
    version BIGINT NOT NULL, owner TEXT NOT NULL, epoch BIGINT NOT NULL, until DOUBLE PRECISION NOT NULL,
    takeovers BIGINT NOT NULL, opening TEXT NOT NULL, machine TEXT NOT NULL, since DOUBLE PRECISION NOT NULL,
    commits BIGINT NOT NULL, well BOOLEAN NOT NULL
)
"""
"""Owner: who has the database, empty where nobody has. Opening: who wrote it last. Well: that one stored all it knew."""
MADE: Final = "SELECT to_regclass('holder')"
"""Not NULL where there is such a table."""
FIRST: Final = "INSERT INTO holder VALUES (?, '', 0, 0, 0, '', '', 0, 0, TRUE)"
_NOW: Final = "extract(epoch FROM clock_timestamp())"
WHOSE: Final = f"SELECT owner, epoch, until >= {_NOW}, machine, since FROM holder"  # noqa: S608
TAKE: Final = f"""
UPDATE holder SET owner = ?, epoch = epoch + 1, until = {_NOW} + ?, takeovers = takeovers + ?, machine = ?, since = {_NOW}
WHERE owner = ? AND epoch = ? AND (owner = '' OR owner = ? OR until < {_NOW}) RETURNING epoch, takeovers
"""  # noqa: S608
BEGIN: Final = f"""
UPDATE holder SET opening = owner, commits = 0, well = FALSE, until = {_NOW} + ? WHERE owner = ? AND epoch = ?
"""  # noqa: S608
RENEW: Final = f"UPDATE holder SET until = {_NOW} + ? WHERE owner = ? AND epoch = ?"  # noqa: S608
FENCE: Final = f"""
UPDATE holder SET until = {_NOW} + ?, commits = commits + 1 WHERE owner = ? AND epoch = ? AND commits = ?
"""  # noqa: S608
GIVE_BACK: Final = "UPDATE holder SET owner = '', until = 0, well = well OR ? WHERE owner = ? AND epoch = ?"


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has a database."""

    owner: str
    """The name of its opening; empty where nobody has it."""
    epoch: int
    is_held: bool
    """The lease is not out."""
    machine: str
    since: float
    """When it was taken, in epoch seconds."""

    def keeps_out(self, last: str | None) -> bool:
        """Whether a daemon whose folder names *last* as its last opening has to wait."""
        # whoever has the folder knows that the daemon that had it before is dead
        return self.is_held and self.owner != last

    @property
    def words(self) -> str:
        since = datetime.fromtimestamp(self.since, UTC).isoformat(" ", "seconds")
        return f"another icalsyncd has this database: it runs on {self.machine} since {since}"


def found(execute: Execute) -> Holder | None:
    """What the row says; None where there is no row."""
    row = next(iter(execute(WHOSE)), None)
    return Holder(*row) if row is not None else None
