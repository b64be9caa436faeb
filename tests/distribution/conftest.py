"""The Debian package, made once; the machine that it is installed in is the one of the tests of the service."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.home.conftest import house

__all__ = ["house"]

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="package")
def deb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package of the tree. It takes a minute to make, look through and install: `make package` wants that."""
    if not os.environ.get("ICALSYNCD_PACKAGE"):
        pytest.skip("the Debian package is tested by `make package`")
    folder = tmp_path_factory.mktemp("deb")
    done = subprocess.run([sys.executable, "distribution/deb.py", folder], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.strip())
