"""Durations and sizes, from people to numbers and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icalsyncd.config.units import format_duration, parse_duration, parse_size

DURATIONS = {"90s": 90, "30m": 1800, "1h30m": 5400, "7d": 604800, "0s": 0, "1d2h3m4s": 93784, "24h": 86400}
SIZES = {"512KiB": 524288, "5MiB": 5242880, "1GiB": 2**30, "100B": 100, "0B": 0}


@pytest.mark.parametrize("text", DURATIONS)
def test_a_duration_is_read_in_seconds(text: str) -> None:
    assert parse_duration(text) == DURATIONS[text]


@pytest.mark.parametrize("text", SIZES)
def test_a_size_is_read_in_bytes(text: str) -> None:
    assert parse_size(text) == SIZES[text]


@pytest.mark.parametrize(
    "text", ["", "30", "m", "30 m", "1m1h", "1.5h", "-1s", "30M", "1h30", "9" * 5000 + "s", "٣m", "100000d", "30m\n"]
)
def test_what_is_no_duration_is_told_the_right_form(text: str) -> None:
    with pytest.raises(ValueError, match="write it like 90s, 30m, 1h30m or 7d"):
        parse_duration(text)


@pytest.mark.parametrize(
    "text", ["", "5", "5MB", "5mib", "5 MiB", "-5MiB", "0.5MiB", "9" * 5000 + "B", "5000GiB", "5MiB\n"]
)
def test_what_is_no_size_is_told_the_right_form(text: str) -> None:
    with pytest.raises(ValueError, match="write it like 512KiB or 5MiB"):
        parse_size(text)


@given(st.integers(0, 3_660 * 86_400))
def test_a_duration_comes_back_as_it_was(seconds: int) -> None:
    assert parse_duration(format_duration(seconds)) == seconds
