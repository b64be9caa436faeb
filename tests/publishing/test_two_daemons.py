"""Two daemons share out a manager's accommodations, and publish them at one place (docs/performance.md)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.daemon import daemon, nights_of
from tests.end_to_end.portal import calendar, portals
from tests.publishing.house import config, links, name_of, nights


@pytest.mark.slow
async def test_two_daemons_publish_at_one_place_and_leave_each_other_alone(tmp_path: Path):
    place = tmp_path / "place"
    place.mkdir()
    target = f"  - name: place\n    type: folder\n    path: {place}\n    public_url: https://cal.example.org\n"
    for name in ("north", "south"):
        (tmp_path / name).mkdir()
    async with portals(4) as opened, daemon(tmp_path / "north") as north, daemon(tmp_path / "south") as south:
        opened[0].body = calendar((10, 12))
        opened[2].body = calendar((20, 22))
        north.write(config(north, opened[:2], target))
        south.write(config(south, opened[2:], target).replace("casa-azul", "finca"))
        await north.up()
        await south.up()
        names = {sync: name_of(link) for each in (north, south) for sync, link in (await links(each)).items()}
        assert len(set(names.values())) == 4, "no two links are the same"

        def lies(sync: str) -> set[str]:
            path = place / names[sync]
            return nights_of(path.read_bytes()) if path.exists() else set()

        async def seen() -> bool:
            return lies("casa-azul/vrbo") == nights((10, 12)) and lies("finca/vrbo") == nights((20, 22))

        await north.until(seen)
        north.write(config(north, opened[:2], target) + "      # nothing else\n")
        opened[0].body = calendar((10, 14))
        await north.pull("casa-azul/holidu")

        async def moved() -> bool:
            return lies("casa-azul/vrbo") == nights((10, 14))

        await north.until(moved)
        assert north.stop() == 0
        assert lies("finca/vrbo") == nights((20, 22)), "what the other one wrote stays"
        assert {path.name for path in place.iterdir() if path.suffix == ".ics"} == set(names.values())
