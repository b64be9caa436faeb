from __future__ import annotations

import ssl
import subprocess
from collections.abc import AsyncIterator, Callable
from ipaddress import ip_network
from pathlib import Path

import aiohttp.connector
import pytest

from icalsyncd.pulling.order import Order
from icalsyncd.pulling.pull import Puller

LOOPBACK = (ip_network("127.0.0.0/8"),)


@pytest.fixture
async def puller() -> AsyncIterator[Puller]:
    async with Puller() as made:
        yield made


@pytest.fixture
def order() -> Callable[..., Order]:
    def make(url: str, **more: object) -> Order:
        settings = {"timeout": 5.0, "allow_private": LOOPBACK, **more}
        return Order("casa-azul/holidu", url, "icalsyncd/test (+https://example.org)", **settings)

    return make


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Key and certificate of `127.0.0.1`, signed by itself."""
    folder = tmp_path_factory.mktemp("certificate")
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-days", "2", "-subj", "/CN=portal", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", str(folder / "key.pem"), "-out", str(folder / "certificate.pem")),
        ],
        check=True,
        capture_output=True,
    )
    both = folder / "both.pem"
    both.write_text((folder / "key.pem").read_text() + (folder / "certificate.pem").read_text())
    return both


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture
async def trusting(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Puller]:
    """A puller on a machine whose administrator trusts the test's certificate."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    # as if the program were started now: it reads once whom the machine trusts
    monkeypatch.setattr(aiohttp.connector, "_SSL_CONTEXT_VERIFIED", aiohttp.connector._make_ssl_context(True))
    async with Puller() as made:
        yield made
