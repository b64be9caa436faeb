"""The history as a host asks for it: at the command line, over HTTP, and on the page of a night."""

from __future__ import annotations

import json

import pytest

from tests.commands.program import icalsyncd
from tests.end_to_end.daemon import Daemon
from tests.end_to_end.portal import Portal, day

pytestmark = pytest.mark.slow


async def test_it_says_who_took_a_night_and_which_portal_read_that(house: tuple[Daemon, Portal, Portal]) -> None:
    running, *_ = house
    status, _, _ = await running.ask("GET", running.links()["casa-azul/vrbo"], {"User-Agent": "Portal/7"})
    assert status == 200
    asked = ("history", "casa-azul", day(31), "--config", running.config, "--state-dir", running.state)

    async def found() -> list[dict[str, str]]:
        done = await icalsyncd(*asked, "--json")
        assert done.code == 0
        return list(json.loads(done.out))

    told = await running.until(found, lambda events: len(events) > 1)
    nights = {"accommodation": "casa-azul", "from": day(30).isoformat(), "to": day(33).isoformat()}
    at = [event.pop("at") for event in told]
    assert at == sorted(at)
    assert told == [
        {"what": "taken", "sync": "holidu", **nights},
        {"what": "read our feed: taken", "sync": "vrbo", "reader": "Portal/7", **nights},
    ]
    lines = (await icalsyncd(*asked)).lines
    assert lines[0].split() == ["WHEN", "(UTC)", "WHO", "NIGHTS", "WHAT"]
    assert "read our feed: taken (as Portal/7)" in lines[2]
    page = (await running.get(f"/explain?accommodation=casa-azul&night={day(31)}"))[1].decode()
    assert "vrbo: read our feed: taken" in page
    whole = json.loads((await running.get("/api/v1/history?accommodation=casa-azul"))[1])
    assert any(event["what"] == "the config was taken over" for event in whole)
    assert (await running.get("/api/v1/history?accommodation=nowhere"))[0] == 404
    assert (await running.get("/api/v1/history?accommodation=casa-azul&night=soon"))[0] == 400


async def test_switched_off_it_remembers_nothing(house: tuple[Daemon, Portal, Portal]) -> None:
    running, first, _ = house
    text = running.config.read_text()
    running.write(text.replace("server:\n", "server:\n  history: 0s\n"))
    assert (await running.post("/-/reload"))[0] == 200
    before = json.loads((await running.get("/api/v1/history?accommodation=casa-azul"))[1])
    first.answer = None
    await running.pull()
    assert json.loads((await running.get("/api/v1/history?accommodation=casa-azul"))[1]) == before
