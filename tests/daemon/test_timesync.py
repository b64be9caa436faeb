"""What systemd-timesyncd lets a sandbox see: a file that it touches each time that it has set the clock."""

from __future__ import annotations

import os
from pathlib import Path

from icalsyncd.daemon.timesync import last_set


def test_where_nobody_tells_nothing_is_known(tmp_path: Path) -> None:
    assert last_set(tmp_path / "synchronized") is None


def test_each_synchronization_is_another_one(tmp_path: Path) -> None:
    file = tmp_path / "synchronized"
    file.touch()
    first = last_set(file)
    assert first is not None
    assert last_set(file) == first
    # the clock may have been set back by it
    os.utime(file, (1, 1))
    assert last_set(file) not in (None, first)
