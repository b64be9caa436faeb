"""No guest, no calendar URL and no link shows anywhere but where links are meant to be seen."""

from __future__ import annotations

import pytest

from tests.end_to_end.conftest import two_houses
from tests.end_to_end.daemon import Daemon
from tests.end_to_end.portal import Portal, calendar

pytestmark = pytest.mark.slow

GUEST = "Zaphod-Beeblebrox"
PHONE = "8675309"


async def test_nothing_private_is_in_a_feed_a_log_a_metric_or_the_status(running: Daemon, three: list[Portal]) -> None:
    running.stop()
    await running.up("--log-level", "debug")
    extra = f"DESCRIPTION:Phone {PHONE}\\nhttps://portal.example/{GUEST}\r\nLOCATION:{GUEST}\r\n"
    three[0].body = calendar((10, 13, f"Reserved - {GUEST}"), extra=extra)
    three[1].body = calendar((20, 23, GUEST)).replace(b"DTEND;VALUE=DATE:", b"DTEND;VALUE=DATE:" + GUEST.encode(), 1)
    await running.pull()
    three[2].body = GUEST.encode() * 100
    await running.pull()
    await three[2].close()
    await running.pull("finca/agoda")
    assert running.links()
    bad = two_houses(running, *three).replace("direction: bidirectional", f"directoin: {GUEST}", 1)
    running.write(bad.replace("        portal: agoda\n", f"        portal: agoda\n        url_file: {three[2].url}\n"))
    _, reload = await running.post("/-/reload")
    links = set(running.links().values())
    feeds = await running.feeds()
    shown = {
        "log": running.words(),
        "metrics": (await running.get("/metrics"))[1].decode(),
        "status": (await running.get("/api/v1/status"))[1].decode(),
        "explain": (await running.get("/api/v1/explain?accommodation=casa-azul&night=2027-01-01"))[1].decode(),
        "reload": reload.decode(),
        "feeds": b"".join(feeds.values()).decode(),
    }
    for where, text in shown.items():
        for secret in (PHONE, "s3cret-calendar-url", *links, *(link.rpartition("/")[2][:-4] for link in links)):
            assert secret not in text, f"{secret} in the {where}"
        if where != "reload":  # what stands in the config file may be said of the config file
            assert GUEST not in text, f"a guest in the {where}"
