"""What a portal repeats of a feed that it reads unseen makes no ghost."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.daemon import Daemon, nights_of
from tests.end_to_end.portal import Portal, calendar
from tests.publishing.house import config, link_of, name_of, nights

pytestmark = pytest.mark.slow


async def test_a_portal_is_pulled_before_it_is_told_and_its_echoes_close_nothing(
    made: Daemon, two: list[Portal], tmp_path: Path
) -> None:
    made.write(
        config(made, two, f"  - {{name: there, type: folder, path: {tmp_path}}}\n", public_url="http://127.0.0.1")
    )
    await made.up()
    told_holidu = tmp_path / name_of(await link_of(made, "casa-azul/holidu"))
    told_vrbo = tmp_path / name_of(await link_of(made, "casa-azul/vrbo"))

    async def closed(path: Path) -> set[str]:
        return nights_of(path.read_bytes())

    await made.until(lambda: closed(told_vrbo), lambda seen: seen == set())
    asked = two[1].asked
    two[0].body = calendar((10, 13), (50, 52))
    await made.pull("casa-azul/holidu")
    await made.until(lambda: closed(told_vrbo), lambda seen: seen == nights((10, 13), (50, 52)))
    assert two[1].asked == asked + 1
    # vrbo has read what lies there, and shows it as its own
    two[1].body = calendar((10, 13, "Blocked"))
    await made.pull("casa-azul/vrbo")
    sync = await made.sync("casa-azul/vrbo")
    assert (sync["claimed_nights"], sync["echo_nights"], sync["last_fetch"]) == (3, 3, None)
    assert await closed(told_holidu) == set()
    # cancelled: vrbo still repeats it, and nobody else is told so
    two[0].body = calendar((50, 52))
    await made.pull("casa-azul/holidu")
    await made.until(lambda: closed(told_vrbo), lambda seen: seen == nights((50, 52)))
    await made.pull("casa-azul/vrbo")
    assert await closed(told_holidu) == set()
    # what vrbo adds by itself is a booking
    two[1].body = calendar((10, 13, "Blocked"), (20, 22))
    await made.pull("casa-azul/vrbo")
    await made.until(lambda: closed(told_holidu), lambda seen: seen == nights((20, 22)))
