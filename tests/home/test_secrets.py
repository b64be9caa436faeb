"""Every secret holds a marker, all that can go wrong goes wrong, and no marker is seen where it has no business."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from aiohttp import web

from tests.end_to_end.daemon import Daemon, daemon
from tests.end_to_end.portal import Portal, calendar, portals

pytestmark = pytest.mark.slow

MARKERS = ("m4rker-inline", "m4rker-in-file", "m4rker-in-variable", "m4rker-password", "m4rker-webdav")
INLINE, IN_FILE, IN_VARIABLE, PASSWORD, WEBDAV = MARKERS


def config(running: Daemon, inline: Portal) -> str:
    return running.head() + (
        "accommodations:\n"
        "  casa-azul:\n"
        "    timezone: UTC\n"
        "    syncs:\n"
        "      holidu:\n"
        "        portal: holidu\n"
        "        direction: bidirectional\n"
        f"        url: http://user:{PASSWORD}@127.0.0.1:{inline.port}/{INLINE}.ics?key={INLINE}\n"
        "      vrbo: {portal: vrbo, direction: bidirectional, url_file: vrbo.url}\n"
        "      agoda: {portal: agoda, direction: bidirectional, url_env: AGODA_URL}\n"
        "publish:\n"
        f"  - {{name: dav, type: webdav, url: 'http://127.0.0.1:{inline.port}/dav', username: me,\n"
        "     password_file: dav.password, public_url: https://files.example.org}\n"
    )


async def elsewhere(request: web.Request) -> web.StreamResponse:
    """A portal that sends its reader on with the whole address, as some do, to where nothing is."""
    raise web.HTTPFound(f"http://127.0.0.1:9/{request.path}?from={request.path}")


async def refusing(request: web.Request) -> web.StreamResponse:
    raise web.HTTPForbidden(text=f"<html>no {request.path}</html>", reason=request.path.strip("/"))


async def cut_off(request: web.Request) -> web.StreamResponse:
    return web.Response(body=calendar((1, 5))[:-30] + request.path.encode())


async def test_no_secret_is_ever_seen(tmp_path: Path) -> None:
    async with portals(3) as opened, daemon(tmp_path) as running:
        running.environment["AGODA_URL"] = f"http://127.0.0.1:{opened[2].port}/{IN_VARIABLE}.ics"
        (tmp_path / "vrbo.url").write_text(f"http://127.0.0.1:{opened[1].port}/{IN_FILE}.ics\n", encoding="utf-8")
        (tmp_path / "dav.password").write_text(WEBDAV, encoding="utf-8")
        good = config(running, opened[0])
        running.write(good)
        await running.up("--log-level", "debug")
        seen: dict[str, str] = {}
        for answer in (None, elsewhere, refusing, cut_off):
            for portal in opened:
                portal.answer = answer
            outcomes = await running.pull()
            seen[f"pull, {answer and answer.__name__}"] = str(outcomes)
            assert {each["outcome"] for each in outcomes} <= ({"updated"} if answer is None else {"failed"}), outcomes
        for portal in opened:
            await portal.close()
        seen["pull, nobody there"] = str(await running.pull())

        async def log() -> str:
            return running.words()

        await running.until(log, lambda text: "dav" in text)

        mistakes = {
            "not a scheme": good.replace("url: http://user", "url: htpp://user"),
            "no URL": good.replace("url: http://user:", "url: "),
            "twice": good.replace(
                "url_file: vrbo.url", f"url: 'http://user:{PASSWORD}@127.0.0.1:1/{INLINE}.ics?key={INLINE}'"
            ).replace("url_env: AGODA_URL", f"url: 'http://user:{PASSWORD}@127.0.0.1:1/{INLINE}.ics?key={INLINE}'"),
            "a file too many": good.replace("url_file: vrbo.url", f"url_file: vrbo.url, url: 'http://x/{IN_FILE}'"),
            "not YAML": good.replace("        url: http", "        url: ]http"),
            "a direction without url": good.replace("direction: bidirectional\n", "direction: export\n"),
            "an official portal": good.replace("127.0.0.1:", "www.airbnb.com/"),
        }
        for what, text in mistakes.items():
            assert text != good, what
            running.write(text)
            status, body = await running.post("/-/reload")
            assert status == 422, what
            seen[f"mistake, {what}"] = body.decode()
            made = await command(running, "check", str(running.config))
            assert made[0] == 1
            seen[f"check, {what}"] = made[1]
        running.write(good)
        (tmp_path / "vrbo.url").write_text(f"nonsense {IN_FILE}", encoding="utf-8")
        seen["mistake, in the file"] = (await running.post("/-/reload"))[1].decode()

        for path in ("/", "/metrics", "/api/v1/status", "/-/healthy", "/-/ready"):
            seen[path] = (await running.get(path))[1].decode()
        for words in (("status",), ("status", "--json"), ("check", "--plan"), ("pull", "--dry-run")):
            seen[" ".join(words)] = (await command(running, *words))[1]
        links = running.links()
        seen["log"] = running.words()
        assert "debug" in str(running.process.args if running.process else "")
        assert running.stop() == 0

        for where, text in seen.items():
            for marker in MARKERS:
                assert marker not in text, f"{marker} in: {where}\n{text}"
        # what is stored: neither a calendar's URL, nor the installation's secret, nor a link made of it
        secret = (running.state / "secret").read_text(encoding="ascii").strip()
        tokens = [link.rpartition("/")[2].removesuffix(".ics") for link in links.values()]
        for file in running.state.glob("state*"):
            content = file.read_bytes()
            for hidden in (*MARKERS, secret, *tokens):
                assert hidden.encode() not in content, f"{hidden} in {file.name}"
            assert file.stat().st_mode & 0o077 == 0
        for file in (running.state, *running.state.iterdir()):
            assert file.stat().st_mode & 0o077 == 0, f"others can read {file.name}"
        log = seen["log"]
        for hidden in (secret, *tokens):
            assert hidden not in log


async def command(running: Daemon, *words: str) -> tuple[int, str]:
    """A command's exit code, and all that it says."""
    made = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "icalsyncd", *words, "--config", running.config, "--state-dir", running.state],
        capture_output=True,
        text=True,
        env={**running.environment, "PATH": ""},
    )
    return made.returncode, made.stdout + made.stderr


async def test_files_of_secrets_that_others_can_read_are_warned_of(tmp_path: Path) -> None:
    async with portals(3) as opened, daemon(tmp_path) as running:
        running.environment["AGODA_URL"] = opened[2].url
        (tmp_path / "vrbo.url").write_text(opened[1].url, encoding="utf-8")
        (tmp_path / "vrbo.url").chmod(0o644)
        (tmp_path / "dav.password").write_text(WEBDAV, encoding="utf-8")
        (tmp_path / "dav.password").chmod(0o604)
        running.write(config(running, opened[0]))
        running.config.chmod(0o644)
        await running.up()

        async def warned() -> list[str]:
            return [line for line in running.words().splitlines() if "others can read this file" in line]

        lines = await running.until(warned, lambda lines: len(lines) == 3)
        assert any("url_file" in line for line in lines)
        assert any("password_file" in line for line in lines)
        assert (await command(running, "check"))[1].count("others can read this file") == 3
