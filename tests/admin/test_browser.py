"""A real browser opens the pages of a running daemon."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from time import sleep

import pytest
from yarl import URL

from tests.admin.browser import DESKTOP, PHONE, Browser, browser
from tests.admin.households import VRBO, Household, household
from tests.end_to_end.portal import calendar, day

pytestmark = [pytest.mark.slow, pytest.mark.needs("chromium", "chromedriver")]


def at(house: Household, path: str = "/") -> str:
    return f"http://127.0.0.1:{house.daemon.admin}{path}"


async def seen(look: Callable[[Browser], None]) -> None:
    """Look with a browser, while the daemon and its portals go on."""

    def with_browser() -> None:
        with browser() as window:
            look(window)

    await asyncio.to_thread(with_browser)


async def test_the_pages_have_no_barriers_and_no_errors_and_ask_no_other_host(tmp_path: Path) -> None:
    pictures = Path(os.environ.get("ICALSYNCD_PICTURES", tmp_path / "pictures"))
    async with household(tmp_path) as house:
        pages = {"page": "/", "night": f"/explain?accommodation=casa-azul&night={day(66)}"}

        def look(window: Browser) -> None:
            for name, path in pages.items():
                for scheme in ("light", "dark"):
                    for width, height in (PHONE, DESKTOP):
                        window.size(width, height, scheme)
                        window.open(at(house, path))
                        assert window.barriers() == [], (name, scheme, width)
                        assert window.find("document.documentElement.scrollWidth") <= width, (name, width)
                        window.picture(pictures / f"{name}-{width}-{scheme}.png", width, scheme)
            assert window.complaints() == []
            assert window.hosts() == {f"127.0.0.1:{house.daemon.admin}"}

        await seen(look)
    assert len(list(pictures.glob("*.png"))) >= 8


async def test_a_night_tells_who_and_since_when_to_pointer_and_keyboard_alike(tmp_path: Path) -> None:
    async with household(tmp_path) as house:

        def look(window: Browser) -> None:
            window.size(*DESKTOP)
            window.open(at(house))
            first = "document.querySelector('a.night.taken.first')"
            shown = "getComputedStyle(document.activeElement.querySelector('span')).clipPath"
            window.find(f"{first}.focus()")
            window.press("Shift")
            assert window.find(shown) == "none"
            start = window.find("document.activeElement.href")
            assert "holidu since" in window.find("document.activeElement.textContent")
            window.press("ArrowRight")
            assert window.find("document.activeElement.href") == start.replace(str(day(2)), str(day(3)))
            window.press("ArrowDown")
            assert f"{day(3):%d}" == window.find("document.activeElement.href")[-2:]
            window.find("document.querySelector('a.night.overbooked').click()")
            assert "Overbooked: holidu and vrbo" in window.find("document.body.innerText")

        await seen(look)


async def test_it_refreshes_by_itself_without_losing_the_place(tmp_path: Path) -> None:
    async with household(tmp_path, well=True) as house:
        loop = asyncio.get_running_loop()
        for link in house.daemon.links().values():
            await house.daemon.ask("GET", f"http://127.0.0.1:{house.daemon.listen}{URL(link).path}")

        def books() -> None:
            house.vrbo.body = calendar(*VRBO, (300, 305, "Reserved - F"))
            asyncio.run_coroutine_threadsafe(house.daemon.pull("casa-azul/vrbo"), loop).result(10)

        def look(window: Browser) -> None:
            window.size(DESKTOP[0], 500)
            window.open(at(house))
            assert "All is well" in window.find("document.getElementById('attention').innerText")
            assert window.find("document.querySelectorAll('a.night.taken.c2').length") > 0
            where = f"a.night[href$='casa-azul&night={day(301)}']"
            window.find("document.querySelector(arguments[0]).focus()", where)
            window.find("window.scrollTo(0, 150)")
            before = window.find("[window.scrollY, document.querySelector(arguments[0]).className]", where)
            books()
            window.find("document.dispatchEvent(new Event('visibilitychange'))")
            for _ in range(100):
                if "taken" in window.find("document.querySelector(arguments[0]).className", where):
                    break
                sleep(0.05)
            after = window.find("[window.scrollY, document.querySelector(arguments[0]).className]", where)
            assert "free" in before[1]
            assert "taken c2" in after[1]
            assert after[0] == before[0]
            assert window.find("document.activeElement === document.querySelector(arguments[0])", where)
            house.daemon.kill()
            window.find("document.dispatchEvent(new Event('visibilitychange'))")
            for _ in range(100):
                if "does not answer" in window.find("document.querySelector('header').innerText"):
                    break
                sleep(0.05)
            # nothing green is left, and what is old looks old
            assert "All is well" not in window.find("document.body.innerText")
            assert "icalsyncd does not answer" in window.find("document.getElementById('attention').innerText")
            assert window.find("document.querySelectorAll('.well').length") == 0
            assert "grayscale" in window.find("getComputedStyle(document.querySelector('.house')).filter")
            house.daemon.start()
            for _ in range(200):
                window.find("document.dispatchEvent(new Event('visibilitychange'))")
                if "All is well" in window.find("document.body.innerText"):
                    break
                sleep(0.1)
            assert "All is well" in window.find("document.getElementById('attention').innerText")
            assert window.find("document.querySelectorAll('.dead, .stale').length") == 0
            assert "answer" not in window.find("document.title")

        await seen(look)


async def test_a_link_is_copied_by_a_button(tmp_path: Path) -> None:
    async with household(tmp_path, well=True) as house:

        def look(window: Browser) -> None:
            window.open(at(house))
            window.find("document.execCommand = (what) => { window.said = String(getSelection()); return true }, 0")
            window.find("Object.defineProperty(navigator, 'clipboard', {value: undefined}), 0")
            window.find("document.querySelector('button[data-copy]').click()")
            assert window.find("window.said").startswith("https://cal.example.org/")
            assert window.find("document.getElementById('said').textContent") == "Copied"

        await seen(look)


async def test_without_javascript_all_is_there_but_copying(tmp_path: Path) -> None:
    async with household(tmp_path) as house:

        def look(window: Browser) -> None:
            window.script(on=False)
            window.open(at(house))
            # asked while scripts are off: the style sheet knows whether they are on
            acts = "[...document.querySelectorAll('button[data-act]')].filter((each) => each.offsetParent).length"
            told = window.driver.execute_cdp_cmd("Runtime.evaluate", {"expression": acts, "returnByValue": True})
            assert told["result"]["value"] == 0
            window.script(on=True)
            assert window.find("document.querySelectorAll('button[data-copy]:not([hidden])').length") == 0
            assert window.find("document.querySelectorAll('a.night').length") > 600
            link = window.find("document.querySelector('.concerns .alarm a').href")
            window.script(on=False)
            window.open(link)
            window.script(on=True)
            assert "Overbooked" in window.find("document.querySelector('h2').innerText")

        await seen(look)
