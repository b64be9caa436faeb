"""`icalsyncd check`."""

from __future__ import annotations

import json

import pytest

from tests.commands.household import CONFIG, Home

pytestmark = pytest.mark.slow

TEN = """\
terms: yes
server:
  listen: nowhere
  adminn: 127.0.0.1:1
pull:
  interval: 30
  max_size: 5MB
accommodations:
  Casa:
    timezone: Europe/Madrid
  casa-azul:
    timezone: Europe/Madri
    syncs:
      a: {portal: holidu, direction: both}
      b: {portal: airbnb, direction: export}
      c: {portal: vrbo, direction: import}
"""


async def test_ten_mistakes_are_ten_lines_each_with_its_place(home: Home) -> None:
    home.write(TEN)
    done = await home.run("check")
    assert done.code == 1
    places = [line.removeprefix(f"{home.config}:").partition(": ")[0] for line in done.lines]
    assert places == ["1:8", "3:11", "4:3", "6:13", "7:13", "9:3", "12:15", "14:38", "15:19", "16:7"]


async def test_a_config_that_can_be_run_is_called_so(home: Home) -> None:
    done = await home.run("check")
    assert (done.code, done.out) == (0, f"{home.config} can be run: 1 accommodation, 2 syncs\n")
    assert (await home.run("check", home.config)).code == 0


async def test_what_others_can_do_with_the_state_folder_is_a_warning(home: Home) -> None:
    home.write(CONFIG)
    home.make_secret()
    home.state.chmod(0o777)
    (home.state / "secret").chmod(0o644)
    done = await home.run("check")
    assert done.code == 0
    warnings = [line for line in done.err.splitlines() if str(home.state) in line]
    assert [line.rpartition(": ")[2] for line in warnings] == ["chmod 700", "chmod 600"]
    told = json.loads((await home.run("check", "--json")).out)["warnings"]
    assert [each for each in told if str(home.state) in each] == [line.removeprefix("warning: ") for line in warnings]


async def test_no_secret_is_in_what_is_said(home: Home) -> None:
    home.write(CONFIG.replace("direction: import", "direction: imported"))
    done = await home.run("check")
    assert done.code == 1
    assert "secret-key" not in done.out + done.err


async def test_the_plan_of_a_house_of_which_nothing_is_known_is_that_all_joins(home: Home) -> None:
    done = await home.run("check", "--plan")
    assert done.code == 0
    assert done.lines == ["casa-azul joins", "casa-azul/holidu joins", "casa-azul/vrbo joins"]
    said = json.loads((await home.run("check", "--plan", "--json")).out)
    assert [change["subject"] for change in said["changes"]] == ["casa-azul", "casa-azul/holidu", "casa-azul/vrbo"]
    assert said["ok"] is True
