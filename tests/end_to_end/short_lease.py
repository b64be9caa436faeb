"""`icalsyncd` with a lease of a few seconds, so that a test need not wait for the real one."""

import sys

from icalsyncd.state import lease

lease.LEASE, lease.RENEWED_AFTER, lease.OPENING = 4.0, 0.8, 12.0  # type: ignore[misc]

if __name__ == "__main__":
    # the names above are taken over by what is imported from here on
    from icalsyncd.cli import main
    from icalsyncd.state import connection

    connection.PATIENCE = 1.5  # type: ignore[misc]
    sys.exit(main())
