"""icalsyncd keeps one accommodation's availability in step across booking portals by iCal."""

import datetime
from typing import Final

__version__ = "0.1.0"

RELEASED: Final = datetime.date(2026, 11, 22)
"""The day of this release: no clock before it can be right."""

PROJECT_URL: Final = "https://github.com/icalsyncd/icalsyncd"
"""Where a portal that wonders who pulls its calendars can read about it."""
