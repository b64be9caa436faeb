"""The recipe for Home Assistant, as it stands in the docs: asked of a real daemon as Home Assistant asks."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import jinja2
import pytest
import yaml

from tests.admin.test_login import ANNA, HASHES, basic
from tests.end_to_end.daemon import daemon
from tests.end_to_end.portal import calendar, portals

PEOPLE = Path(__file__).parents[2] / "docs/people.md"


class Recipe(yaml.SafeLoader):
    """Reads `!secret` as Home Assistant does: by its name."""


Recipe.add_constructor("!secret", lambda loader, node: {"secret": node.value})


def blocks() -> tuple[dict[str, Any], dict[str, Any]]:
    """What is written for icalsyncd, and for Home Assistant."""
    chapter = PEOPLE.read_text(encoding="utf-8").partition("## Home Assistant\n")[2]
    ours, theirs = (yaml.load(text, Recipe) for text in re.findall(r"```yaml\n(.*?)```", chapter, re.DOTALL))
    return ours, theirs


def test_every_entity_of_an_automation_is_made_by_the_recipe() -> None:
    _, theirs = blocks()
    (rest,) = theirs["rest"]
    sensors = {f"sensor.{sensor['name'].lower().replace(' ', '_')}" for sensor in rest["sensor"]}
    for automation in theirs["automation"]:
        assert {"alias", "triggers", "actions"} <= automation.keys()
        for entity in re.findall(r"sensor\.\w+", json.dumps(automation)):
            assert entity in sensors


@pytest.mark.slow
async def test_the_sensors_read_what_a_daemon_answers_to_their_user_alone(tmp_path: Path) -> None:
    ours, theirs = blocks()
    (rest,) = theirs["rest"]
    assert list(ours["server"]["users"]) == [rest["username"]]
    assert rest["resource"].startswith(f"http://{ours['server']['admin']}/")
    assert rest["authentication"] == "basic"
    async with portals(1) as (portal,), daemon(tmp_path) as made:
        portal.body = calendar((0, 2))
        made.write(
            made.head(users=f"{{{rest['username']}: '{HASHES['anna']}'}}")
            + "accommodations:\n  casa-azul:\n    timezone: UTC\n    syncs:\n"
            f"      holidu: {{portal: holidu, direction: import, url: '{portal.url}/1'}}\n"
        )
        await made.up()
        await made.until(lambda: made.get("/-/ready"), lambda answer: answer[0] == 200)
        place = rest["resource"].replace(ours["server"]["admin"], f"127.0.0.1:{made.admin}")
        async with aiohttp.ClientSession() as session:
            async with session.get(place) as answer:
                assert answer.status == 401
            async with session.get(place, headers=basic(rest["username"], ANNA)) as answer:
                assert answer.status == 200
                status = await answer.json()
        environment = jinja2.Environment(autoescape=False)
        environment.globals["now"] = lambda: datetime.now(UTC)
        verdict, tonight = rest["sensor"]

        def shown(sensor: dict[str, Any]) -> str:
            return environment.from_string(sensor["value_template"]).render(value_json=status).strip()

        assert shown(verdict) == ("well" if status["verdict"]["well"] else "needs you")
        inside = status[verdict["json_attributes_path"].removeprefix("$.")]
        assert set(verdict["json_attributes"]) <= inside.keys()
        assert shown(tonight) == "taken"
        status["accommodations"][0]["nights"] = []
        assert shown(tonight) == "free"
