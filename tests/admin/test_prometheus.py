"""A real Prometheus scrapes a daemon whose portals fail in every way that an alert is about."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib.resources import files
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from tests.admin.prometheus import Prometheus, prometheus
from tests.end_to_end.daemon import Daemon, daemon
from tests.end_to_end.portal import Portal, calendar, portals
from tests.notifying.receivers import Receiver, receiving

pytestmark = [pytest.mark.slow, pytest.mark.needs("prometheus", "promtool")]

DATA = files("icalsyncd.admin").joinpath("data")
RULES = DATA.joinpath("alerts.yaml").read_text(encoding="utf-8")
BY_PROMTOOL = {
    "IcalsyncdNotStored",
    "IcalsyncdClockDoubted",
    "IcalsyncdHeartbeatNotFetched",
    "IcalsyncdHeartbeatStopped",
    "IcalsyncdNotTold",
    "IcalsyncdOverwritten",
    "IcalsyncdPartial",
    "IcalsyncdUnsafe",
}
"""Those whose faults are not made here; their rules are tried by promtool, and what they watch where it is made."""
ALERTS = set(re.findall(r"alert: (\w+)", RULES)) - BY_PROMTOOL
SHORT = re.sub(r"for: \w+", "for: 1s", RULES)
SHORT = SHORT.replace("> icalsyncd_feed_patience_seconds", "> icalsyncd_feed_patience_seconds / 28800")
SHORT = SHORT.replace("> 3600", "> 1")
"""The rules with time scaled: waits of a second, a day of patience is three, an hour is one."""
NIGHTS = ((10, 17), (30, 37), (60, 67))


def a_sync(name: str, portal: Portal | None) -> str:
    if portal is None:
        return f"      {name}: {{portal: office, direction: export}}\n"
    return f"      {name}: {{portal: vrbo, direction: bidirectional, url: '{portal.url}/{name}'}}\n"


def config(home: Daemon, phone: Receiver, syncs: dict[str, dict[str, Portal | None]], *, paused: bool = True) -> str:
    text = home.head().replace("interval: 30m", "interval: 1s")
    text += f"notify: [{{name: phone, url: '{phone.url}', about: [urgent]}}]\n"
    text += f"heartbeat: {{url: 'http://127.0.0.1:{phone.port}/', interval: 1s}}\n"
    shared = home.folder / "shared"
    text += f"publish: [{{name: web, type: folder, path: {shared}, accommodations: [overbooked]}}]\naccommodations:\n"
    for accommodation, names in syncs.items():
        text += f"  {accommodation}:\n    timezone: UTC\n    syncs:\n"
        text += "".join(a_sync(name, portal) for name, portal in names.items())
    if paused:
        text = text.replace(
            "away: {portal: office, direction: export", "away: {portal: office, direction: export, paused: true"
        )
    return text


async def down(request: web.Request) -> web.Response:
    return web.Response(status=503)


@asynccontextmanager
async def reader(home: Daemon) -> AsyncIterator[None]:
    """Portals that read every link all the time."""

    async def read() -> None:
        while True:
            for link in home.links().values():
                with suppress(aiohttp.ClientError, OSError):
                    await home.ask("GET", link)
            await asyncio.sleep(0.5)

    task = asyncio.create_task(read())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_every_alert_is_raised_by_a_real_fault_and_ends_with_it(tmp_path: Path) -> None:
    async with portals(9) as opened, receiving("json") as (phone,), daemon(tmp_path) as home:
        failing, held, first, second, ghost, echo, wrong, late, booked = opened
        for portal in opened:
            portal.body = calendar(*NIGHTS)
        first.body, second.body = calendar((5, 9, "Reserved - A"), *NIGHTS[:1]), calendar((20, 24))
        ghost.body, echo.body = calendar((10, 12), (90, 120)), calendar((10, 12), (150, 180))
        wrong.answer = late.answer = down
        syncs: dict[str, dict[str, Portal | None]] = {
            "failing": {"portal": failing},
            "held": {"portal": held},
            "overbooked": {"first": first, "second": second},
            "ghost": {"one": ghost, "other": echo},
            "incomplete": {"wrong": wrong},
            "joined": {"office": None},
            "paused": {"portal": booked, "away": None},
        }
        shared, away = tmp_path / "shared", tmp_path / "away"
        shared.mkdir()
        home.write(config(home, phone, syncs))
        await home.up()
        await home.until(
            lambda: home.metric("icalsyncd_accommodation_ready", accommodation="ghost"), lambda is_: is_ == 1
        )
        await home.until(
            lambda: home.metric("icalsyncd_accommodation_ready", accommodation="overbooked"), lambda is_: is_ == 1
        )
        async with prometheus(tmp_path / "prometheus", home.admin, SHORT) as watching:
            await home.fetch("failing/portal")
            failing.answer = down
            held.body = calendar()
            second.body = calendar((20, 24), (6, 8, "Reserved - B"))
            home.write(config(home, phone, {**syncs, "joined": {"office": None, "late": late}}))
            await home.until(lambda: home.metric("icalsyncd_sync_interval_seconds", sync="late"))
            await asyncio.sleep(1)
            home.write("accommodations: [\n")

            late_ones = {"IcalsyncdDown", "IcalsyncdNotPublished"}
            await watching.until(lambda names: names >= ALERTS - late_ones, 40)
            await every_query_of_the_dashboard_finds_something(watching)

            await home.until(lambda: asyncio.sleep(0, len(list(shared.glob("*.ics"))) == 2))
            shared.rename(away)
            first.body = calendar((5, 9, "Reserved - A"), *NIGHTS)
            raised = await watching.until(lambda names: names >= ALERTS - {"IcalsyncdDown"}, 20)
            for alert in raised.values():
                assert alert["annotations"]["summary"], alert
                assert not re.search("no value|error", str(alert["annotations"]), re.IGNORECASE), alert
            assert "http_5xx" in raised["IcalsyncdNotComplete"]["annotations"]["description"]
            assert "wrong" in raised["IcalsyncdNotComplete"]["annotations"]["summary"]
            assert "portal.example" not in str(raised)
            assert "127.0.0.1" not in "".join(str(alert["annotations"]) for alert in raised.values())

            failing.answer = wrong.answer = late.answer = None
            held.body = calendar(*NIGHTS)
            away.rename(shared)
            second.body = calendar((20, 24))
            ghost.body, echo.body = calendar((90, 120)), calendar((150, 180))
            home.write(config(home, phone, {**syncs, "joined": {"office": None, "late": late}}, paused=False))
            async with reader(home):
                await watching.until(lambda names: not names, 60)
                home.kill()
                await watching.until(lambda names: names == {"IcalsyncdDown"}, 20)
                await home.up()
                # at boot what is overdue is spread over half a minute; the host need not wait for it
                await home.pull()
                await watching.until(lambda names: not names, 60)


async def every_query_of_the_dashboard_finds_something(watching: Prometheus) -> None:
    dashboard = json.loads(DATA.joinpath("dashboard.json").read_text(encoding="utf-8"))
    queries = [(panel["title"], target["expr"]) for panel in dashboard["panels"] for target in panel.get("targets", ())]
    assert len(queries) > 20
    for title, query in queries:
        asked = query.replace("$accommodation", ".*").replace("$__rate_interval", "10s")
        assert await watching.query(asked), f"{title}: {asked}"
    found = await watching.query("group by (accommodation) (icalsyncd_accommodation_ready)")
    assert {each["metric"]["accommodation"] for each in found} >= {"failing", "held", "ghost"}
