"""The daemon with two houses, as the end-to-end tests have it; deadlines of connections that a test sets."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from icalsyncd.serving import connections
from tests.end_to_end.conftest import running, three

__all__ = ["running", "three"]


@pytest.fixture
def deadlines(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Deadlines of this test, in seconds; those that are not named are far off."""
    monkeypatch.setattr(connections, "LOOK_EVERY", 0.02)

    def put(**named: float) -> None:
        for name in ("MAX_HEAD", "MAX_IDLE", "MAX_UNREAD"):
            monkeypatch.setattr(connections, name, named.get(name, 1000.0))

    return put
