"""The fuzz targets hold for the calendars that they start from."""

from __future__ import annotations

import pytest

from tests.calendars.calendars import Case, cases
from tests.calendars.fuzz_read import check


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.file)
def test_the_reader_holds_for_what_its_fuzzer_starts_from(case: Case) -> None:
    check(case.body)
