"""A new config, by whatever way it comes, and a bad one at the start."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from aiohttp import web

from tests.end_to_end.conftest import two_houses
from tests.end_to_end.daemon import Daemon, daemon, free_port, nights_of
from tests.end_to_end.portal import Portal, calendar, day

pytestmark = pytest.mark.slow


def blocked(running: Daemon, three: list[Portal]) -> str:
    block = f"    blocks:\n      - {{from: {day(5)}, to: {day(6)}}}\n    syncs:\n      holidu:"
    return two_houses(running, *three).replace("    syncs:\n      holidu:", block)


async def is_taken_over(running: Daemon) -> None:
    taken = {day(5).isoformat()}
    await running.until(lambda: running.peek("casa-azul/vrbo"), lambda answer: nights_of(answer[1]) == taken, 3)


async def test_a_file_written_in_place(running: Daemon, three: list[Portal]) -> None:
    running.config.write_text(blocked(running, three), encoding="utf-8")
    await is_taken_over(running)


async def test_a_signal(running: Daemon, three: list[Portal]) -> None:
    running.write(blocked(running, three))
    assert running.process is not None
    running.process.send_signal(signal.SIGHUP)
    await is_taken_over(running)


async def test_the_command_prints_what_is_wrong_and_fails(running: Daemon, three: list[Portal]) -> None:
    def reload() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "icalsyncd", "reload", "--config", running.config, "--state-dir", running.state],
            capture_output=True,
            text=True,
            timeout=20,
        )

    assert (await asyncio.to_thread(reload)).returncode == 0
    running.write(two_houses(running, *three) + "colour: blue\n")
    done = await asyncio.to_thread(reload)
    assert done.returncode == 1
    assert "config.yaml:" in done.stdout + done.stderr
    assert "colour" in done.stdout + done.stderr


async def test_a_calendar_url_in_a_file_of_its_own_is_followed(running: Daemon, three: list[Portal]) -> None:
    secret = running.folder / "holidu.url"
    secret.write_text(three[2].url + "/9\n", encoding="utf-8")
    secret.chmod(0o600)
    running.write(two_houses(running, *three).replace(f"url: {three[0].url}/1", f"url_file: {secret}"))
    three[1].body = calendar((20, 22))
    three[2].body = calendar((30, 31), (50, 51))
    there, elsewhere = ({day(offset).isoformat(), day(50).isoformat()} for offset in (30, 40))
    await running.until(lambda: running.peek("casa-azul/vrbo"), lambda got: nights_of(got[1]) == there)
    # a calendar that lacks all that is known would be held
    three[0].body = calendar((40, 41), (50, 51))
    secret.write_text(three[0].url + "/1\n", encoding="utf-8")
    await running.until(lambda: running.peek("casa-azul/vrbo"), lambda got: nights_of(got[1]) == elsewhere)


async def test_new_addresses_are_bound_before_the_old_ones_close(running: Daemon, three: list[Portal]) -> None:
    old = running.links()["casa-azul/vrbo"]
    text = two_houses(running, *three)
    running.listen, before = free_port(), running.listen
    running.write(text.replace(f"listen: 127.0.0.1:{before}", f"listen: 127.0.0.1:{running.listen}"))
    status, _ = await running.post("/-/reload")
    assert status == 200
    assert (await running.peek("casa-azul/vrbo"))[0] == 200
    with pytest.raises(OSError, match="onnect"):
        await running.ask("GET", old)
    status, answer = 0, b""
    busy = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    port = busy.sockets[0].getsockname()[1]
    running.write(
        two_houses(running, *three).replace(f"listen: 127.0.0.1:{running.listen}", f"listen: 127.0.0.1:{port}")
    )
    status, answer = await running.post("/-/reload")
    assert (status, b"another program has this port" in answer) == (422, True)
    assert (await running.status())["config"]["ok"] is False
    busy.close()


async def test_at_a_start_with_a_bad_file_the_last_good_one_runs(running: Daemon, three: list[Portal]) -> None:
    three[0].body = calendar((10, 13))
    await running.pull()
    before = await running.feeds()
    running.stop()
    running.write(two_houses(running, *three).replace("terms: accepted", "terms: perhaps"))
    await running.up()
    assert await running.feeds() == before
    status = await running.status()
    assert status["config"]["ok"] is False
    assert "terms" in status["config"]["problems"][0]
    assert await running.metric("icalsyncd_config_last_reload_successful") == 0.0
    running.write(two_houses(running, *three))
    await running.until(running.status, lambda answer: answer["config"]["ok"], 3)


async def test_a_start_with_half_a_file_makes_no_new_secret(running: Daemon, three: list[Portal]) -> None:
    running.stop()
    secret = running.folder / "own-secret"
    secret.write_text("5e" * 32)
    secret.chmod(0o600)
    (running.state / "secret").unlink()
    running.write(two_houses(running, *three, secret_file=secret))
    await running.up()
    links = running.links()
    running.stop()
    running.write(two_houses(running, *three))
    await running.up()
    assert running.links() == links
    assert not (running.state / "secret").exists()
    status = await running.status()
    assert "server.secret_file" in status["config"]["problems"][0]
    running.write(two_houses(running, *three, secret_file=secret))
    await running.until(running.status, lambda answer: answer["config"]["ok"], 3)


def with_a_url_file(running: Daemon, three: list[Portal]) -> tuple[str, Path]:
    """The household's config, the URL of one sync in a file of its own."""
    secret = running.folder / "secrets" / "holidu.url"
    secret.parent.mkdir(exist_ok=True)
    secret.write_text(f"{three[0].url}/1\n", encoding="utf-8")
    secret.chmod(0o600)
    return two_houses(running, *three).replace(f"url: {three[0].url}/1", f"url_file: {secret}"), secret


async def test_a_start_without_a_file_that_holds_a_url_serves_what_is_known(
    running: Daemon, three: list[Portal]
) -> None:
    text, secret = with_a_url_file(running, three)
    running.write(text)
    assert (await running.post("/-/reload"))[0] == 200
    three[0].body, three[1].body = calendar((10, 13)), calendar((20, 21))
    await running.pull()
    before, links = await running.feeds(), running.links()
    running.stop()
    words = secret.read_text()
    secret.unlink()
    await running.up()
    assert await running.feeds() == before
    # the others are pulled, this one fails with its reason and frees nothing
    three[1].body = calendar((20, 22))
    assert [each["outcome"] for each in await running.pull("casa-azul/vrbo")] == ["updated"]
    [report] = await running.pull("casa-azul/holidu")
    assert (report["outcome"], report["reason"], report["freed"]) == ("failed", "no_url", 0)
    assert len(nights_of((await running.peek("casa-azul/vrbo"))[1])) == 3
    status = await running.status()
    assert status["config"]["ok"] is False
    assert "there is no such file" in status["config"]["problems"][0]
    assert await running.metric("icalsyncd_config_last_reload_successful") == 0.0
    assert await running.metric("icalsyncd_sync_pull_failures_total", sync="holidu", reason="no_url")
    assert (await running.sync("casa-azul/holidu"))["state"] == "failing"
    assert "there is no such file" in (await running.get("/"))[1].decode()
    assert "there is no such file" in running.words()
    # the file comes, and all is as ever
    three[0].body = calendar((10, 11))
    secret.write_text(words)
    await running.until(running.status, lambda answer: answer["config"]["ok"], 5)
    expected = {day(10).isoformat()}
    await running.until(lambda: running.peek("casa-azul/vrbo"), lambda got: nights_of(got[1]) == expected, 5)
    assert running.links() == links


async def test_a_config_that_lacks_a_file_is_tried_again_when_it_comes(running: Daemon, three: list[Portal]) -> None:
    text, secret = with_a_url_file(running, three)
    words = secret.read_text()
    secret.unlink()
    # the folder of it is not there either
    secret.parent.rmdir()
    running.write(text)
    await running.until(running.status, lambda answer: not answer["config"]["ok"], 5)
    secret.parent.mkdir()
    secret.write_text(words)
    await running.until(running.status, lambda answer: answer["config"]["ok"], 5)


async def test_at_the_first_start_with_a_bad_file_it_ends_with_78(tmp_path: Path) -> None:
    async with daemon(tmp_path) as made:
        made.write("terms: accepted\naccommodations: {a: {timezone: Mars/Olympus}}\n")
        made.start()
        assert made.process is not None
        assert await asyncio.to_thread(made.process.wait, 15) == 78
        assert "config.yaml:2:" in made.words()
        made.process = None


async def test_a_new_url_keeps_the_nights_until_its_first_good_copy(running: Daemon, three: list[Portal]) -> None:
    three[0].body = calendar((10, 13))
    await running.pull()

    async def fails(request: web.Request) -> web.StreamResponse:
        return web.Response(status=500)

    three[0].answer = fails
    running.write(two_houses(running, *three).replace(f"{three[0].url}/1", f"{three[0].url}/new"))
    await running.post("/-/reload")
    await running.until(lambda: running.sync("casa-azul/holidu"), lambda sync: sync["state"] == "failing")
    assert len(nights_of((await running.peek("casa-azul/vrbo"))[1])) == 3
    three[0].answer = None
    three[0].body = calendar((10, 11))
    await running.pull("casa-azul/holidu")
    assert nights_of((await running.peek("casa-azul/vrbo"))[1]) == {day(10).isoformat()}


async def test_a_raised_generation_gives_a_new_link_and_the_old_one_works_on(
    running: Daemon, three: list[Portal]
) -> None:
    old = running.links()["casa-azul/vrbo"]
    text = two_houses(running, *three)
    running.write(text.replace("        portal: vrbo\n", "        portal: vrbo\n        link_generation: 2\n"))
    await running.post("/-/reload")
    new = running.links()["casa-azul/vrbo"]
    assert new != old
    assert [(await running.ask("GET", link))[0] for link in (old, new)] == [200, 200]
    assert await running.metric("icalsyncd_feed_old_link_requests_total", sync="vrbo") == 1.0
    status, _ = await running.post("/-/rotate?sync=casa-azul/vrbo")
    assert status == 200
    assert [(await running.ask("GET", link))[0] for link in (old, new)] == [404, 200]


async def test_a_portal_that_hangs_keeps_its_own_feed_waiting_two_seconds_at_most(
    running: Daemon, three: list[Portal]
) -> None:
    three[0].body = calendar((10, 13))
    await running.pull()

    async def hangs(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(30)
        return web.Response()

    three[1].answer = hangs
    link = running.links()["casa-azul/vrbo"]
    status, body, _ = await asyncio.wait_for(running.ask("GET", link), 6)
    assert (status, len(nights_of(body))) == (200, 3)
    await running.until(lambda: asyncio.to_thread(running.words), lambda words: "looked=false" in words)
