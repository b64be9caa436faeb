"""The whole daemon on many seeds; what is found names one number and one command that plays it again."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

SEEDS = "0..30"
ACTS = 60


def played(*arguments: str, hashes: str = "0", module: str = "tests.simulation") -> subprocess.CompletedProcess[str]:
    """What `python -m tests.simulation` says, or another module of it."""
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
        env={**os.environ, "PYTHONHASHSEED": hashes},
    )


@pytest.mark.slow
def test_nothing_is_found_by_some_seeds() -> None:
    done = played("--seeds", SEEDS, "--acts", str(ACTS), "--jobs", "2")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_each_mend_taken_back_is_found_by_a_seed() -> None:
    done = played(module="tests.simulation.mends")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_a_seed_is_the_same_history_in_every_process() -> None:
    first, second = (played("--seed", "13", "--acts", "30", hashes=hashes).stdout for hashes in ("0", "4711"))
    assert len(first.splitlines()) > 100
    assert first == second


@pytest.mark.slow
def test_another_seed_is_another_history() -> None:
    first, second = (played("--seed", seed, "--acts", "5", "--quiet").stdout.split()[-1] for seed in ("1", "2"))
    assert first != second
