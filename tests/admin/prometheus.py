"""A real Prometheus that scrapes one daemon every second."""

from __future__ import annotations

import asyncio
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from tests.end_to_end.daemon import free_port

_CONFIG = """\
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: [rules.yaml]
scrape_configs:
  - job_name: icalsyncd
    static_configs:
      - targets: ["127.0.0.1:{port}"]
"""


@dataclass(frozen=True)
class Prometheus:
    """Its API."""

    port: int

    async def ask(self, path: str, **query: str) -> Any:
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://127.0.0.1:{self.port}/api/v1/{path}", params=query) as answer,
        ):
            told = await answer.json()
        assert told["status"] == "success", told
        return told["data"]

    async def query(self, text: str) -> list[Any]:
        """The samples that a query finds now."""
        found: list[Any] = (await self.ask("query", query=text))["result"]
        return found

    async def firing(self) -> dict[str, Any]:
        """The alerts that fire, by name."""
        alerts = (await self.ask("alerts"))["alerts"]
        return {alert["labels"]["alertname"]: alert for alert in alerts if alert["state"] == "firing"}

    async def until(self, satisfied: Callable[[set[str]], bool], patience: float) -> dict[str, Any]:
        """Wait until the names of what fires satisfy."""
        end = time.monotonic() + patience
        while not satisfied(set(found := await self.firing())):
            assert time.monotonic() < end, f"firing: {sorted(found)}"
            await asyncio.sleep(0.25)
        return found


@asynccontextmanager
async def prometheus(folder: Path, target: int, rules: str) -> AsyncIterator[Prometheus]:
    """A Prometheus in *folder* that scrapes the port *target* under *rules*; gone when the block ends."""
    folder.mkdir()
    (folder / "prometheus.yaml").write_text(_CONFIG.format(port=target), encoding="utf-8")
    (folder / "rules.yaml").write_text(rules, encoding="utf-8")
    running = Prometheus(free_port())
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                "prometheus",
                f"--config.file={folder / 'prometheus.yaml'}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{running.port}",
            ],
            stdout=log,
            stderr=log,
        )
    try:
        end = time.monotonic() + 20
        while True:
            try:
                await running.ask("status/runtimeinfo")
                break
            except (aiohttp.ClientError, OSError):
                assert process.poll() is None, (folder / "log").read_text(encoding="utf-8")
                assert time.monotonic() < end
                await asyncio.sleep(0.1)
        yield running
    finally:
        process.kill()
        process.wait()
