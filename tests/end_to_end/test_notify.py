"""A host without Prometheus is told: what needs them, in order, through kills and outages, and nothing private."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.commands.program import icalsyncd
from tests.end_to_end.daemon import Daemon, daemon
from tests.end_to_end.portal import Portal, calendar, portals
from tests.notifying.receivers import PASSWORD, Receiver, mailbox, receiving
from tests.notifying.test_heartbeat import CHECK, monitor

pytestmark = pytest.mark.slow
GUEST = "Zaphod"


class Home(NamedTuple):
    """A daemon, its portals, and whom it tells."""

    daemon: Daemon
    holidu: Portal
    vrbo: Portal
    phone: Receiver
    office: Receiver


def config(home: Daemon, holidu: Portal, vrbo: Portal, phone: Receiver, office: Receiver, more: str = "") -> str:
    return home.head() + (
        "notify:\n"
        f"  - {{name: phone, url: '{phone.url}', about: [urgent, problems, bookings]}}\n"
        f"  - {{name: office, url: '{office.url}'}}\n"
        f"{more}"
        "accommodations:\n  casa-azul:\n    name: Casa Azul\n    timezone: UTC\n    syncs:\n"
        f"      holidu: {{portal: holidu, direction: import, url: '{holidu.url}/1'}}\n"
        f"      vrbo: {{portal: vrbo, direction: import, url: '{vrbo.url}/2'}}\n"
    )


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Home]:
    async with portals(2) as (holidu, vrbo), receiving("ntfy", "json") as (phone, office), daemon(tmp_path) as made:
        holidu.body, vrbo.body = calendar((30, 33, f"Reserved - {GUEST}")), calendar((40, 42))
        made.write(config(made, holidu, vrbo, phone, office))
        await made.up()
        await made.until(lambda: made.get("/-/ready"), lambda answer: answer[0] == 200)
        yield Home(made, holidu, vrbo, phone, office)


async def overbook(home: Home, first: int = 30, last: int = 33) -> None:
    home.vrbo.body = calendar((40, 42), (first, last, f"Reserved - {GUEST}"))
    await home.daemon.pull("casa-azul/vrbo")


async def test_a_double_booking_is_told_to_all_and_a_booking_to_who_wants_it(home: Home) -> None:
    made, phone, office = home.daemon, home.phone, home.office
    # what is there at the first look is known and not told, and nothing tells when that was
    await asyncio.sleep(6)
    await overbook(home)
    (urgent,) = await office.until(1)
    assert urgent.title == "icalsyncd: urgent"
    assert re.fullmatch(r"Casa Azul: the 3 nights from .* to .* are overbooked by holidu and vrbo\.", urgent.body)
    said = await made.until(
        lambda: asyncio.sleep(0, [line for each in phone.told for line in each.lines]),
        lambda lines: urgent.body in lines and any("taken at" in line for line in lines),
        40,
    )
    (booked,) = [line for line in said if "taken at" in line]
    assert booked.startswith("Casa Azul: taken at vrbo, ")
    # the same everywhere: what the page says is what is told
    assert json.loads((await made.get("/api/v1/status"))[1])["verdict"]["needs"] == [urgent.body]
    # the guest cancels, and it is over
    home.vrbo.body = calendar((40, 42))
    await made.pull("casa-azul/vrbo")
    await phone.until(len(phone.told) + 1)
    freed = [line for each in phone.told for line in each.lines if "free again" in line]
    assert freed == [booked.replace("taken at", "free again at")]
    assert await made.metric("icalsyncd_notify_messages_total", receiver="office") == 1
    for each in (*phone.told, *office.told):
        assert GUEST not in each.title + each.body
        assert "s3cret" not in each.title + each.body
    shown = [(await made.get(path))[1].decode() for path in ("/metrics", "/", "/api/v1/status")]
    assert not [text for text in (made.words(), *shown) if "s3cret" in text or GUEST in text]


async def test_what_was_not_taken_is_told_after_a_kill_and_an_outage_and_its_end_too(home: Home) -> None:
    made, phone, office = home.daemon, home.phone, home.office
    office.status = phone.status = 429
    await overbook(home)
    for name in ("phone", "office"):
        await made.until(
            lambda name=name: made.metric("icalsyncd_notify_failures_total", receiver=name, reason="refused"),
            lambda count: bool(count),
        )
    status = json.loads((await made.get("/api/v1/status"))[1])
    assert {each["name"]: each["state"] for each in status["notify"]} == {"phone": "failing", "office": "failing"}
    assert any(need.startswith("office is not told what needs you") for need in status["verdict"]["needs"])
    assert "a message is not told" in made.words()
    made.kill()
    await phone.close()
    office.status = 200
    await made.up()
    (urgent,) = await office.until(1)
    assert "overbooked by holidu and vrbo" in urgent.body
    # the phone is known to be away before it is back, however long a process that gives a message takes to start
    await made.until(
        lambda: made.metric("icalsyncd_notify_failures_total", receiver="phone", reason="refused"),
        lambda count: bool(count),
    )
    # while it is away, more comes: all of it is told at once when it is back, in order
    await overbook(home, 30, 35)
    home.vrbo.body = calendar((40, 42), (30, 35, "Reserved"), (50, 52, "Reserved"))
    await made.pull("casa-azul/vrbo")
    phone.status = 200
    await phone.open()
    said = await made.until(
        lambda: asyncio.sleep(0, [line for each in phone.told for line in each.lines]),
        lambda lines: sum("taken at vrbo" in line for line in lines) >= 2,
    )
    assert "overbooked" in said[0]
    await made.until(lambda: made.metric("icalsyncd_notify_waiting_matters", receiver="phone"), lambda left: left == 0)
    assert "messages are taken again" in made.words()


async def test_a_mail_server_that_fails_loses_nothing_and_holds_nothing_up(tmp_path: Path) -> None:
    async with portals(2) as (holidu, vrbo), daemon(tmp_path) as made:
        with mailbox() as box:
            holidu.body, vrbo.body = calendar((30, 33, f"Reserved - {GUEST}")), calendar((40, 42))
            (tmp_path / "mail.url").write_text(box.url)
            text = config(made, holidu, vrbo, Receiver("ntfy"), Receiver("json"))
            head, _, rest = text.partition("notify:\n")
            text = f"{head}notify: [{{name: mail, url_file: mail.url}}]\n{rest[rest.index('accommodations:') :]}"
            made.write(text)
            box.answers = "hang"
            await made.up()
            await made.until(lambda: made.get("/-/ready"), lambda answer: answer[0] == 200)
            vrbo.body = calendar((40, 42), (30, 33, f"Reserved - {GUEST}"))
            await made.pull("casa-azul/vrbo")
            await made.until(lambda: asyncio.sleep(0, box.asked == 1))
            # while it hangs, all else goes on
            holidu.body = calendar((30, 33), (50, 52))
            assert [each["new"] for each in await made.pull("casa-azul/holidu")] == [2]
            for path in ("/", "/metrics", "/api/v1/status"):
                assert (await made.get(path))[0] == 200
            given = children_of(made)
            assert given
            assert await made.metric("icalsyncd_notify_messages_total", receiver="mail") == 0
            # a stop waits for nobody, and leaves nobody behind
            assert made.stop() == 0
            assert not [pid for pid in given if Path(f"/proc/{pid}").exists()]
            # a start tries at once, and what was to be told was durable
            box.answers = "451 come again"
            await made.up()
            await made.until(
                lambda: made.metric("icalsyncd_notify_failures_total", receiver="mail", reason="refused"),
                lambda count: count >= 1,
            )
            (mail,) = (await made.status())["notify"]
            assert (mail["state"], mail["reason"], mail["waiting"]) == ("failing", "refused", 1)
            shown = [(await made.get(path))[1].decode() for path in ("/metrics", "/", "/api/v1/status")]
            assert not [each for each in shown if any(word in each for word in ("s3cret", "home.example", GUEST))]
            made.kill()
            assert not box.told
            box.answers = "250 OK"
            await made.up()
            await made.until(
                lambda: made.metric("icalsyncd_notify_waiting_matters", receiver="mail"), lambda left: left == 0
            )
            # once, and whole
            (told,) = box.told
            assert "are overbooked by holidu and vrbo." in told.body
            kept = b"".join(path.read_bytes() for path in made.state.rglob("*") if path.is_file())
            for secret in (PASSWORD, PASSWORD.replace(" ", "%20"), "home.example"):
                assert secret not in made.words()
                assert secret.encode() not in kept


def children_of(made: Daemon) -> list[int]:
    """The processes that give messages."""
    assert made.process is not None
    tasks = Path(f"/proc/{made.process.pid}/task").iterdir()
    return [int(pid) for task in tasks for pid in (task / "children").read_text().split()]


async def test_a_trial_says_who_takes_messages(home: Home) -> None:
    made, phone, office = home.daemon, home.phone, home.office
    where = ("--config", made.config, "--state-dir", made.state)
    told = await icalsyncd("notify", "test", *where)
    assert (told.code, told.lines) == (0, ["phone: took the trial", "office: took the trial"])
    assert [each.title for each in (*phone.told, *office.told)] == ["icalsyncd: a trial"] * 2
    office.status = 500
    told = await icalsyncd("notify", "test", "office", *where)
    assert (told.code, told.lines) == (1, ["office: it does not take the message, or cannot be reached"])
    told = await icalsyncd("notify", "test", "nobody", *where)
    assert (told.code, "there is no receiver nobody" in told.out + told.err) == (1, True)


async def test_a_heartbeat_stops_with_the_portals_and_goes_on_with_them(home: Home) -> None:
    made = home.daemon
    async with monitor() as there:
        url = f"http://127.0.0.1:{there.port}{CHECK}"
        made.write(
            config(
                made, home.holidu, home.vrbo, home.phone, home.office, f"heartbeat: {{url: '{url}', interval: 1s}}\n"
            )
        )
        await there.until(CHECK)
        assert await made.metric("icalsyncd_heartbeat_stopped") == 0
        await home.holidu.close()
        await home.vrbo.close()
        await made.pull()
        await there.until(f"{CHECK}/fail")
        assert await made.metric("icalsyncd_heartbeat_stopped") == 1
        status = json.loads((await made.get("/api/v1/status"))[1])
        assert (status["heartbeat"]["state"], status["heartbeat"]["reason"]) == ("stopped", "all pulls fail")
        assert "The heartbeat has stopped: all pulls fail." in status["verdict"]["needs"]
        await home.holidu.open()
        await made.pull("casa-azul/holidu")
        await there.until(CHECK)
    await made.until(
        lambda: made.metric("icalsyncd_heartbeat_failing_since_timestamp_seconds"), lambda since: since is not None
    )
    assert CHECK not in made.words()


async def test_a_first_start_between_cross_wired_portals_is_one_calm_line(home: Home) -> None:
    made = home.daemon
    stays = [(10 * number, 10 * number + 3) for number in range(1, 13)]
    home.holidu.body = home.vrbo.body = calendar(*stays)
    text = config(made, home.holidu, home.vrbo, home.phone, home.office)
    text = text.replace("portal: vrbo", "portal: other").replace("portal: holidu", "portal: another")
    made.write(
        text.replace("casa-azul", "villa").replace("Casa Azul", "Villa").replace("/1'", "/3'").replace("/2'", "/4'")
    )
    await made.until(lambda: made.sync("villa/vrbo"), lambda sync: sync["last_success"] is not None)
    await made.until(lambda: made.sync("villa/holidu"), lambda sync: sync["last_success"] is not None)
    needs = json.loads((await made.get("/api/v1/status"))[1])["verdict"]["needs"]
    assert [need for need in needs if need.startswith("Villa")] == [
        "Villa: 12 stays stand in several calendars: look once and confirm."
    ]
    assert await made.metric("icalsyncd_accommodation_possible_ghost_nights", accommodation="villa") == 36
    # nobody is woken for it at once
    assert not [each for each in (*home.phone.told, *home.office.told) if "Villa: 12" in each.body]
