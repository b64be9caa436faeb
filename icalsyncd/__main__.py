"""`python -m icalsyncd`: the same as the command `icalsyncd`."""

import sys

from icalsyncd.cli import main

if __name__ == "__main__":
    sys.exit(main())
