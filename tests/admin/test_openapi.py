"""The OpenAPI document says what the daemon answers: each answer of a real one is held against it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import aiohttp
import pytest
from jsonschema import Draft202012Validator

from icalsyncd.admin import acts
from icalsyncd.admin.admin import routes_of
from icalsyncd.admin.openapi import openapi
from tests.admin.test_login import HASHES
from tests.commands.program import icalsyncd
from tests.end_to_end.daemon import Daemon, daemon
from tests.end_to_end.portal import calendar, day, portals
from tests.notifying.receivers import receiving

DOCUMENT = openapi()


def closed(schema: Any) -> Any:
    """*schema*, by which no key may come that it does not name."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: closed(value) for key, value in schema.items()}
    return {"additionalProperties": False, **made} if isinstance(schema.get("properties"), dict) else made


CLOSED = closed(DOCUMENT)


def kinds_of(method: str, path: str, status: int) -> Mapping[str, Any]:
    """By its type, what an answer may be; empty for one without a body. It must be documented."""
    path = "/static/{file}" if path.startswith("/static/") else path
    kinds: Mapping[str, Any] = CLOSED["paths"][path][method.lower()]["responses"][str(status)].get("content", {})
    return kinds


async def answer_of(made: Daemon, method: str, path: str, **asked: Any) -> tuple[int, str, bytes]:
    """Status, type and body of an answer, wherever it leads on to."""
    async with (
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(30)) as session,
        session.request(method, f"http://127.0.0.1:{made.admin}{path}", allow_redirects=False, **asked) as answer,
    ):
        body = b"" if answer.content_type == "text/event-stream" else await answer.read()
        return answer.status, answer.content_type, body


def test_the_document_has_every_path_that_is_answered_and_no_other() -> None:
    nothing = cast(Any, None)
    answered = {**routes_of(nothing, nothing), **acts.routes(nothing)}
    documented = {
        (method.upper(), each)
        for path, methods in DOCUMENT["paths"].items()
        for method, operation in methods.items()
        for each in (
            [path.format(file=name) for asked in operation["parameters"] for name in asked["schema"]["enum"]]
            if "{file}" in path
            else [path]
        )
    }
    assert documented == set(answered)


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
    async with (
        portals(2) as (first, second),
        receiving("json") as (phone,),
        daemon(tmp_path) as made,
    ):
        first.body, second.body = calendar((10, 13)), calendar((12, 14))
        text = (
            f"calendars:\n  owner: {{show: stays}}\n"
            f"notify: [{{name: phone, url: '{phone.url}'}}]\n"
            f"heartbeat: {{url: 'http://127.0.0.1:{phone.port}/beat'}}\n"
            "publish: [{type: folder, name: cloud, path: cloud}]\n"
            "accommodations:\n  casa-azul:\n    timezone: UTC\n    offer: {window: 300d}\n"
            f"    blocks: [{{from: {day(20)}, to: {day(22)}}}]\n    syncs:\n"
            f"      holidu: {{portal: holidu, direction: bidirectional, url: '{first.url}/1', link_generation: 2}}\n"
            f"      vrbo: {{portal: vrbo, direction: bidirectional, url: '{second.url}/2'}}\n"
        )
        made.write(made.head() + text)
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
            ("POST", "/-/notify-test", "", 200),
            ("POST", "/-/notify-test", "name=nobody", 404),
            ("GET", "/metrics", "", 200),
            ("GET", "/", "", 200),
            ("GET", "/explain", f"{house}&night={day(12)}", 200),
            ("GET", "/explain", house, 400),
            ("GET", "/explain", f"accommodation=x&night={day(12)}", 404),
            ("GET", "/-/events", "", 200),
            ("GET", "/login", "", 303),
            ("POST", "/login", "", 400),
            ("POST", "/logout", "", 303),
            ("GET", "/static/page.css", "", 200),
            ("GET", "/static/icon.svg", "", 200),
        ):
            query = query.replace("DIGEST", (await made.status())["config"]["digest"])
            given, kind, body = await answer_of(made, method, f"{path}?{query}")
            assert given == status, (path, query, body)
            known = {of.partition(";")[0]: form for of, form in kinds_of(method, path, status).items()}
            assert (kind in known) if known else not body, (path, kind)
            if kind == "application/json":
                schema = {**known[kind]["schema"], "components": CLOSED["components"]}
                Draft202012Validator(schema).validate(json.loads(body))
            seen.add((method.lower(), "/static/{file}" if path.startswith("/static/") else path))
        # what needs the host may be asked, too; whether anything does, the tests of the verdict say
        given, kind, _ = await answer_of(made, "GET", "/-/well")
        assert (kind, given in (200, 503)) == ("text/plain", True)
        seen.add(("get", "/-/well"))
        assert seen == {(method, path) for path, methods in DOCUMENT["paths"].items() for method in methods}
        # and with users, who asks is asked as the document says
        users = ", ".join(f"{name}: '{known}'" for name, known in HASHES.items())
        made.write(made.head(users=f"{{{users}}}") + text)
        await made.until(lambda: answer_of(made, "GET", "/-/links"), lambda answer: answer[0] == 401)
        for path, methods in DOCUMENT["paths"].items():
            for method, operation in methods.items():
                given, kind, body = await answer_of(made, method.upper(), path.format(file="page.js"))
                assert (given == 401 and path != "/login") is ("security" not in operation), (path, given, body)
                assert str(given) in operation["responses"], (path, given)
        given, _, _ = await answer_of(made, "GET", "/", headers={"Accept": "text/html"})
        assert str(given) == "303"
        assert DOCUMENT["paths"]["/"]["get"]["responses"]["303"]
