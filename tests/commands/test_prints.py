"""`icalsyncd print`."""

from __future__ import annotations

import json

import pytest

from tests.commands.program import icalsyncd

pytestmark = pytest.mark.slow


async def test_the_schema_is_json() -> None:
    assert json.loads((await icalsyncd("print", "schema")).out)["properties"]["terms"]


async def test_the_unit_names_this_program_by_its_whole_path() -> None:
    lines = (await icalsyncd("print", "unit")).lines
    (start,) = (line for line in lines if line.startswith("ExecStart="))
    assert start.startswith("ExecStart=/")
    assert " -m icalsyncd run" in start
    assert not any("@" in line for line in lines if not line.startswith(("#", "SystemCallFilter")))


async def test_the_dashboard_and_the_alerts_are_those_of_the_package() -> None:
    assert json.loads((await icalsyncd("print", "dashboard")).out)["panels"]
    assert "alert: " in (await icalsyncd("print", "alerts")).out
