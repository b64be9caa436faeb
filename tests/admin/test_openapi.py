"""The OpenAPI document says what the daemon answers: each answer of a real one is held against it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jinja2
import pytest
import yaml
from jsonschema import Draft202012Validator

from icalsyncd.admin.openapi import openapi
from tests.commands.program import icalsyncd
from tests.end_to_end.daemon import daemon
from tests.end_to_end.portal import calendar, day, portals

DOCUMENT = openapi()
PEOPLE = Path(__file__).parents[2] / "docs/people.md"


def schema_of(method: str, path: str, status: int) -> dict[str, Any] | None:
    """The schema of an answer; None for plain text. It must be documented."""
    content = DOCUMENT["paths"][path][method.lower()]["responses"][str(status)]["content"]
    if "application/json" not in content:
        return None
    return {**content["application/json"]["schema"], "components": DOCUMENT["components"]}


def test_it_is_a_document_whose_every_schema_is_one_and_is_used() -> None:
    written = json.dumps(DOCUMENT)
    for name, schema in DOCUMENT["components"]["schemas"].items():
        Draft202012Validator.check_schema(schema)
        assert f'"#/components/schemas/{name}"' in written
    for paths in DOCUMENT["paths"].values():
        for operation in paths.values():
            assert operation["summary"]


@pytest.mark.slow
async def test_each_answer_is_as_the_document_says(tmp_path: Path) -> None:
    assert json.loads((await icalsyncd("print", "openapi")).out) == DOCUMENT
    async with portals(2) as (first, second), daemon(tmp_path) as made:
        first.body, second.body = calendar((10, 13)), calendar((12, 14))
        made.write(
            made.head() + "calendars:\n  owner: {show: stays}\n"
            "publish: [{type: folder, name: cloud, path: cloud}]\n"
            "accommodations:\n  casa-azul:\n    timezone: UTC\n"
            f"    blocks: [{{from: {day(20)}, to: {day(22)}}}]\n    syncs:\n"
            f"      holidu: {{portal: holidu, direction: bidirectional, url: '{first.url}/1', link_generation: 2}}\n"
            f"      vrbo: {{portal: vrbo, direction: bidirectional, url: '{second.url}/2'}}\n"
        )
        (tmp_path / "cloud").mkdir()
        await made.up()
        await made.until(lambda: made.get("/-/ready"), lambda answer: answer[0] == 200)
        house = "accommodation=casa-azul"
        seen = set()
        for method, path, query, status in (
            ("GET", "/api/v1/status", "", 200),
            ("GET", "/api/v1/explain", f"{house}&night={day(12)}", 200),
            ("GET", "/api/v1/explain", f"{house}&night={day(20)}", 200),
            ("GET", "/api/v1/explain", f"{house}&night={day(99)}", 200),
            ("GET", "/api/v1/explain", f"accommodation=x&night={day(99)}", 404),
            ("GET", "/api/v1/explain", f"{house}&night=24.12.2026", 400),
            ("GET", "/api/v1/history", house, 200),
            ("GET", "/api/v1/history", f"{house}&night={day(12)}", 200),
            ("GET", "/api/v1/history", f"{house}&night=x", 400),
            ("GET", "/api/v1/history", "accommodation=x", 404),
            ("GET", "/-/links", "", 200),
            ("GET", "/-/healthy", "", 200),
            ("GET", "/-/ready", "", 200),
            ("POST", "/-/reload", "", 200),
            ("POST", "/-/pull", "", 200),
            ("POST", "/-/pull", "sync=casa-azul/holidu&dry_run=1", 200),
            ("POST", "/-/pull", "sync=casa-azul/x", 404),
            ("POST", "/-/pull", "sync=x", 400),
            ("POST", "/-/accept", house, 409),
            ("POST", "/-/accept", "", 400),
            ("POST", "/-/accept", "clock=1", 409),
            ("POST", "/-/confirm", f"{house}&from={day(12)}&to={day(13)}&by=holidu&dry_run=1", 200),
            ("POST", "/-/confirm", f"{house}&from={day(400)}&to={day(401)}&nobody=1", 409),
            ("POST", "/-/confirm", f"{house}&from={day(12)}&to={day(13)}", 400),
            ("POST", "/-/pause", "sync=casa-azul/vrbo&dry_run=1", 200),
            ("POST", "/-/pause", "sync=casa-azul/vrbo&digest=DIGEST", 200),
            ("POST", "/-/pause", "sync=x", 400),
            ("POST", "/-/resume", "sync=casa-azul/vrbo&dry_run=1", 200),
            ("POST", "/-/resume", "sync=casa-azul/x&digest=DIGEST", 409),
            ("POST", "/-/block", f"{house}&from={day(50)}&to={day(52)}&dry_run=1", 200),
            ("POST", "/-/block", f"{house}&from={day(50)}&to={day(52)}&digest=DIGEST", 200),
            ("POST", "/-/block", f"{house}&from={day(50)}&to={day(52)}&digest=another", 409),
            ("POST", "/-/block", house, 400),
            ("POST", "/-/unblock", f"{house}&from={day(20)}&to={day(22)}&dry_run=1", 200),
            ("POST", "/-/unblock", f"{house}&from={day(20)}&to={day(22)}&digest=DIGEST", 200),
            ("POST", "/-/undo", "digest=DIGEST", 409),
            ("POST", "/-/rotate", "sync=casa-azul/vrbo", 409),
            ("POST", "/-/rotate", "calendar=owner", 409),
            ("POST", "/-/rotate", "", 400),
        ):
            query = query.replace("DIGEST", (await made.status())["config"]["digest"])
            given, body, headers = await made.ask(method, f"http://127.0.0.1:{made.admin}{path}?{query}")
            assert given == status, (path, query, body)
            schema = schema_of(method, path, status)
            kind = "text/plain" if schema is None else "application/json"
            assert headers["Content-Type"].partition(";")[0] == kind
            if schema is not None:
                Draft202012Validator(schema).validate(json.loads(body))
            seen.add((method.lower(), path))
        # the recipe for Home Assistant reads what is there: the docs' own template, over a real answer
        recipe = yaml.safe_load(re.findall(r"```yaml\n(rest:.*?)```", PEOPLE.read_text(encoding="utf-8"), re.DOTALL)[0])
        (rest,), (automation,) = recipe["rest"], recipe["automation"]
        (sensor,) = rest["sensor"]
        status = json.loads((await made.get(urlsplit(rest["resource"]).path))[1])
        said = jinja2.Environment().from_string(sensor["value_template"]).render(value_json=status)
        assert said == ("well" if status["verdict"]["well"] else "needs you")
        assert set(sensor["json_attributes"]) <= status[sensor["json_attributes_path"].removeprefix("$.")].keys()
        assert {"triggers", "actions"} <= automation.keys()
        # what needs the host may be asked, too; whether anything does, the tests of the verdict say
        given, _, _ = await made.ask("GET", f"http://127.0.0.1:{made.admin}/-/well")
        assert schema_of("GET", "/-/well", given) is None
        seen.add(("get", "/-/well"))
        assert seen == {(method, path) for path, methods in DOCUMENT["paths"].items() for method in methods}
