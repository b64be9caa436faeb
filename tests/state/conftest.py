"""Where a store can lie: what a store is tested under is tested at each of these places, by the same tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from icalsyncd.state.database import Place, Server


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """An empty place for a store."""
    if request.param == "sqlite":
        return tmp_path / "state.sqlite3"
    return Server(request.getfixturevalue("dsn"), tmp_path)
