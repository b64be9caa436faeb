"""The admin listener by TLS: a certificate that is renewed, one that is missing, and newcomers that never agree."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from icalsyncd.serving.encryption import HANDSHAKE, MAX_HANDSHAKES
from tests.end_to_end.daemon import Daemon, daemon

pytestmark = [pytest.mark.slow, pytest.mark.needs("openssl")]


def certify(folder: Path, name: str, to: str = "cert.pem", key: str = "key.pem") -> None:
    """A certificate made out to *name* by itself."""
    wanted = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "9"]
    place = ["-subj", f"/CN={name}", "-keyout", folder / key, "-out", folder / to]
    subprocess.run(["openssl", *wanted, *place], check=True, capture_output=True)


def shown(home: Daemon) -> bytes:
    """The certificate that it shows just now."""
    return ssl.get_server_certificate(("127.0.0.1", home.admin), timeout=10).encode()


async def get(home: Daemon, path: str) -> tuple[int, bytes]:
    """By a client that believes the certificate of the folder."""
    context = ssl.create_default_context(cafile=home.folder / "cert.pem")
    context.check_hostname = False
    reader, writer = await asyncio.open_connection("127.0.0.1", home.admin, ssl=context)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    return int(answer.split()[1]), answer.partition(b"\r\n\r\n")[2]


def write(home: Daemon, **server: str) -> None:
    home.write(
        home.head(admin_tls="{cert_file: cert.pem, key_file: key.pem}", **server)
        + "accommodations:\n  casa:\n    timezone: UTC\n    syncs:\n      office: {portal: office, direction: export}\n"
    )


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Daemon]:
    async with daemon(tmp_path) as made:
        certify(tmp_path, "one.lan")
        write(made)
        made.start()
        await made.until(lambda: get(made, "/-/healthy"), lambda answer: answer[0] == 200)
        yield made


async def test_it_encrypts_and_a_renewed_certificate_is_taken_up(home: Daemon) -> None:
    status, page = await get(home, "/")
    assert (status, b"casa" in page) == (200, True)
    # nothing is said as it is
    with socket.create_connection(("127.0.0.1", home.admin)) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        plain.settimeout(10)
        assert b"casa" not in plain.recv(1000)
    # the commands find their way
    assert len(home.links()) == 1
    first = shown(home)
    certify(home.folder, "two.lan", "cert.new", "key.new")
    # a renewal writes two files, one after the other: between them they do not fit together
    (home.folder / "cert.new").replace(home.folder / "cert.pem")
    await home.until(lambda: asyncio.sleep(0.05, home.words()), lambda words: "cannot be used together" in words)
    assert shown(home) == first
    (home.folder / "key.new").replace(home.folder / "key.pem")
    await home.until(lambda: asyncio.to_thread(shown, home), lambda now: now != first)
    assert (await get(home, "/"))[0] == 200
    # half a file, one without it: nothing goes over the network as it is
    home.write(home.config.read_text().replace("  admin_tls: {cert_file: cert.pem, key_file: key.pem}\n", ""))
    await home.until(lambda: asyncio.sleep(0.05, home.words()), lambda words: words.count("was taken over") >= 2)
    assert (await get(home, "/"))[0] == 200
    assert "Traceback" not in home.words()
    # what never ends, or never begins, is no certificate, and is not waited for
    os.mkfifo(home.folder / "pipe")
    (home.folder / "hollow").touch()
    os.truncate(home.folder / "hollow", 2**40)
    (home.folder / "empty").touch()
    (home.folder / "loop").symlink_to("loop")
    (home.folder / "place").mkdir()
    odd = {
        "pipe": "pipe or",
        "/dev/zero": "zero or",
        "hollow": "hollow is larger than any",
        "empty": "empty and",
        "loop": "loop or",
        "place": "place or",
        "nowhere": "nowhere or",
    }
    for minutes, (other, told) in enumerate(odd.items(), 20):
        write(home, removal_delay=f"{minutes}m")
        home.write(home.config.read_text().replace("cert.pem", other))
        await home.until(lambda: asyncio.sleep(0.05, home.words()), lambda words, told=told: told in words)
    assert (await get(home, "/"))[0] == 200


async def test_newcomers_that_never_agree_keep_nobody_out(home: Daemon) -> None:
    silent = [socket.create_connection(("127.0.0.1", home.admin)) for _ in range(MAX_HANDSHAKES * 3)]
    try:
        assert (await get(home, "/-/healthy"))[0] == 200
        for each in silent[:20]:
            each.sendall(b"\x16\x03\x01 this is no handshake")
        assert (await get(home, "/"))[0] == 200
        # the first ones gave way, long before their time to agree was over
        silent[0].settimeout(HANDSHAKE / 2)
        with suppress(ConnectionError):
            assert silent[0].recv(100) == b""
    finally:
        for each in silent:
            each.close()
    assert len(home.words().splitlines()) < 20


async def test_without_a_usable_certificate_portals_are_answered_and_nothing_is_said_in_the_open(
    tmp_path: Path,
) -> None:
    async with daemon(tmp_path) as home:
        write(home)
        home.start()
        link = await home.until(lambda: asyncio.sleep(0.1, home.links()), lambda links: "casa/office" in links)
        await home.until(lambda: home.ask("GET", link["casa/office"]), lambda answer: answer[0] == 200)
        assert "before its certificate can be used" in home.words()
        with pytest.raises(OSError, match=r"."):
            shown(home)
        # once it is there, it is used
        certify(tmp_path, "one.lan")
        await home.until(lambda: get(home, "/-/healthy"), lambda answer: answer[0] == 200)
