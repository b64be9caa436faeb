"""What every test shares: programs of the system are wanted by name, and their absence is said by name."""

from __future__ import annotations

import os
import shutil
from typing import Final

import pytest
from hypothesis import settings

from tests.postgres import cluster, dsn, own_cluster

__all__ = ["cluster", "dsn", "own_cluster"]

# a busy machine is no failure: what is timed is timed by the benchmarks
# daemons are started by the hundred, and what starts the tests may forbid to keep what was compiled
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")


SERVERS: Final = frozenset({"cluster", "own_cluster", "dsn"})
"""Fixtures that start a database server."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What starts a database server is slow."""
    for item in items:
        if SERVERS.intersection(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.slow)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what wants a program that this machine lacks; fail instead where the whole suite is required."""
    for mark in item.iter_markers("needs"):
        for program in mark.args:
            if shutil.which(program) is None:
                why = f"needs the program {program}"
                if os.environ.get("ICALSYNCD_REQUIRE_ALL"):
                    pytest.fail(why, pytrace=False)
                pytest.skip(why)
