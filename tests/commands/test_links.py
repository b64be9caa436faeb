"""`icalsyncd links`, and what the links survive."""

from __future__ import annotations

import json
import shutil
import stat
from pathlib import Path

import pytest

from tests.commands.household import CONFIG, Home

pytestmark = pytest.mark.slow


async def _links(home: Home) -> dict[str, str]:
    done = await home.run("links", "--json")
    assert done.code == 0, done.err
    return {f"{row['accommodation']}/{row['sync']}": row["url"] for row in json.loads(done.out)}


async def test_each_sync_that_sends_has_a_link_under_the_public_url(home: Home) -> None:
    links = await _links(home)
    assert list(links) == ["casa-azul/holidu"]
    assert links["casa-azul/holidu"].startswith("https://cal.example.org/")
    assert links["casa-azul/holidu"].endswith(".ics")
    assert links["casa-azul/holidu"] in (await home.run("links")).out


async def test_the_secret_is_made_for_its_owner_alone(home: Home) -> None:
    await _links(home)
    assert stat.S_IMODE((home.state / "secret").stat().st_mode) == 0o600


async def test_config_and_secret_alone_give_the_same_links_on_another_machine(home: Home, tmp_path: Path) -> None:
    there = Home(tmp_path / "there")
    there.write(CONFIG)
    there.state.mkdir()
    links = await _links(home)
    shutil.copy(home.state / "secret", there.state)
    assert await _links(there) == links
    (there.state / "secret").unlink()
    assert await _links(there) != links


async def test_a_new_generation_is_a_new_link(home: Home) -> None:
    links = await _links(home)
    home.write(CONFIG.replace("direction: export", "direction: export\n        link_generation: 2"))
    assert await _links(home) != links


async def test_a_sync_that_says_what_it_was_keeps_its_link(home: Home) -> None:
    links = await _links(home)
    home.write(CONFIG.replace("      holidu:\n", "      holidu-de:\n        was: casa-azul/holidu\n"))
    assert (await _links(home))["casa-azul/holidu-de"] == links["casa-azul/holidu"]


async def test_a_file_that_holds_no_secret_is_never_replaced(home: Home) -> None:
    home.state.mkdir()
    (home.state / "secret").write_text("something else")
    done = await home.run("links")
    assert done.code == 1
    assert (home.state / "secret").read_text() == "something else"
