"""Pictures of the page in every state, and what a real browser measures of it: `python -m tests.admin.pictures FOLDER`.

Each state in four widths, light and dark, in two languages; `--only NAME` for one state. What is measured is printed.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aiohttp import web

from icalsyncd.admin.board import Wanted
from icalsyncd.admin.overview import Overview
from icalsyncd.admin.page import POLICY, night_page, page
from icalsyncd.admin.templates import STATIC, static
from icalsyncd.calendars.nights import night_of
from icalsyncd.language import chosen, speaking
from tests.admin.browser import Browser, browser
from tests.admin.scenes import scenes

WIDTHS = (320, 390, 820, 1280)
LANGUAGES = ("en", "es")
MEASURES = """
const done = arguments[0];
const seen = { shift: 0, long: [] };
const watch = (type, note) =>
  new PerformanceObserver((list) => list.getEntries().forEach(note)).observe({ type, buffered: true });
watch('layout-shift', (entry) => { seen.shift += entry.value; });
watch('longtask', (entry) => seen.long.push(entry.duration));
setTimeout(() => {
  const all = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')];
  seen.paint = performance.getEntriesByName('first-contentful-paint')[0]?.startTime;
  seen.bytes = all.reduce((sum, e) => sum + e.transferSize, 0);
  seen.requests = all.length;
  done(seen);
}, 500);
"""
"""What a browser knows of how it loaded a page."""


@contextmanager
def served(
    overviews: Mapping[str, Overview], changed: Mapping[str, Callable[[str], str]] | None = None
) -> Iterator[str]:
    """The pages of *overviews*, each below its name, on loopback, some of them *changed*; the address."""

    async def answer(request: web.BaseRequest) -> web.Response:
        name, _, path = request.path[1:].partition("/")
        headers = {"Content-Encoding": "gzip"}
        if f"/{path}" in STATIC:
            return web.Response(body=static(f"/{path}"), content_type=STATIC[f"/{path}"], headers=headers)
        if path == "-/healthy":
            return web.Response(text="ok")
        if path not in ("", "explain") or name not in overviews:
            return web.Response(status=404)
        with speaking(chosen(request.headers.get("Accept-Language", ""))):
            html = _made(overviews[name], path, request)
        if changed and name in changed:
            html = changed[name](html)
        body = gzip.compress(html.encode(), 5)
        headers["Content-Security-Policy"] = POLICY
        return web.Response(body=body, content_type="text/html", charset="utf-8", headers=headers)

    loop = asyncio.new_event_loop()
    runners: list[web.ServerRunner] = []

    async def start() -> int:
        runner = web.ServerRunner(web.Server(answer))
        runners.append(runner)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        return int(site._server.sockets[0].getsockname()[1])  # type: ignore[union-attr]

    port = loop.run_until_complete(start())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        asyncio.run_coroutine_threadsafe(runners[0].cleanup(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def _made(overview: Overview, path: str, request: web.BaseRequest) -> str:
    if path == "":
        return page(overview, Wanted.of(request.query))
    from datetime import date

    night = night_of(date.fromisoformat(request.query["night"]))
    return night_page(overview, request.query["accommodation"], night) or ""


def measured(window: Browser, url: str) -> dict[str, Any]:
    """How the browser loads the page at *url*."""
    window.open(url)
    found: dict[str, Any] = window.driver.execute_async_script(MEASURES)
    return found


def speak(window: Browser, language: str) -> None:
    """Ask for pages in *language*."""
    window.driver.execute_cdp_cmd("Network.enable", {})
    window.driver.execute_cdp_cmd("Network.setExtraHTTPHeaders", {"headers": {"Accept-Language": language}})


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("folder", type=Path)
    asked.add_argument("--only")
    asked.add_argument("--manual", action="store_true", help="the picture of the manual alone: docs/page.png")
    asked.add_argument("--languages", default=",".join(LANGUAGES))
    asked.add_argument("--widths", default=",".join(map(str, WIDTHS)))
    asked.add_argument("--schemes", default="light,dark")
    options = asked.parse_args()
    if options.manual:
        with served({"page": scenes()["few"]()}) as address, browser() as window:
            speak(window, "en")
            window.open(f"{address}/page/")
            window.picture(Path("docs/page.png"), 1280, "light")
        return
    shown = {name: make() for name, make in scenes().items() if options.only in (None, name)}
    with served(shown) as address, browser() as window:
        for name in shown:
            window.size(1280, 900)
            speak(window, "en")
            print(name, json.dumps(measured(window, f"{address}/{name}/")), flush=True)
            for language in options.languages.split(","):
                speak(window, language)
                for scheme in options.schemes.split(","):
                    for width in map(int, options.widths.split(",")):
                        window.size(width, 900, scheme)
                        window.open(f"{address}/{name}/")
                        if name == "dead":
                            # the pages are served still; nobody asks for them any more
                            window.find("(window.refresh = () => {}, bury())")
                        path = options.folder / f"{name}-{width}-{scheme}-{language}.png"
                        window.picture(path, width, scheme)
                        if found := window.barriers():
                            print(path.name, found)
                        if window.find("document.documentElement.scrollWidth") > width:
                            print(path.name, "is wider than the window")


if __name__ == "__main__":
    main()
