"""A real browser uses the board of many houses: filter, search, keyboard, further weeks, what changes by itself."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest

from tests.admin.browser import Browser, browser
from tests.admin.pictures import measured, served
from tests.admin.scenes import scenes
from tests.end_to_end.daemon import daemon
from tests.end_to_end.portal import calendar, day, portals

A4 = round((210 - 2 * 12) / 25.4 * 96)
BOX = re.compile(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]")

pytestmark = [pytest.mark.slow, pytest.mark.needs("chromium", "chromedriver")]


def until(look: Callable[[], Any], patience: float = 15.0) -> Any:
    end = monotonic() + patience
    while not (found := look()) and monotonic() < end:
        sleep(0.05)
    return found


def shown(window: Browser) -> list[str]:
    found: list[str] = window.find(
        "[...document.querySelectorAll('.row:not([hidden]) > .head > h3')].map((e) => e.textContent.trim())"
    )
    return found


def test_filter_search_keyboard_and_further_weeks() -> None:
    with served({"twelve": scenes()["twelve"]()}) as address, browser() as window:
        for width in (320, 1280):
            window.size(width, 900)
            found = measured(window, f"{address}/twelve/")
            assert found["shift"] < 0.005, width
            assert found["bytes"] < 100 * 1024
            assert window.barriers() == [], width
            assert window.find("document.documentElement.scrollWidth") <= width
        # here is no stream of what changes: it is looked whether anybody is there, and the page is not fetched again for it
        asked = "performance.getEntriesByType('resource').map((each) => each.name)"
        assert until(lambda: any(each.endswith("/-/healthy") for each in window.find(asked)))
        assert f"{address}/twelve/" not in window.find(asked)
        assert len(shown(window)) == 12
        assert shown(window)[0] == "Finca del Mar"
        sought = window.driver.find_element("name", "q")
        sought.send_keys("torre")
        assert until(lambda: shown(window) == ["Torre Blanca"])
        assert until(lambda: "q=torre" in window.driver.current_url)
        window.driver.refresh()
        assert shown(window) == ["Torre Blanca"]
        window.driver.find_element("name", "q").clear()
        window.find("document.querySelector('[name=q]').dispatchEvent(new Event('input', {bubbles: true}))")
        assert until(lambda: len(shown(window)) == 12)
        # one stop of the Tab key for all bars; arrows go from bar to bar, and from house to house
        window.find("document.getElementById('scroller').focus()")
        window.press("ArrowDown")
        first = window.find("document.activeElement.href")
        assert "finca-del-mar" in first
        window.press("ArrowRight")
        assert window.find("document.activeElement.href") not in (first, None)
        window.press("ArrowDown")
        assert "mas-pinos" in window.find("document.activeElement.href")
        assert window.find("document.querySelectorAll('.bar[tabindex=\"0\"]').length") == 0
        # what is drawn grows while it scrolls, and the scale goes along
        lanes = "document.querySelectorAll('.row:first-child .lane').length"
        assert window.find(lanes) == 1
        window.find("document.getElementById('scroller').scrollBy({left: 500, behavior: 'instant'})")
        window.find("document.querySelector('.turn a[rel=next]').click()")
        assert until(lambda: window.find(lanes) >= 2)
        assert until(lambda: window.find("document.querySelectorAll('#scale > .lane').length") >= 2)
        at = "[document.getElementById('scroller').scrollLeft, document.getElementById('pinned').scrollLeft]"
        window.find("document.getElementById('scroller').scrollTo({left: 700, behavior: 'instant'})")
        assert until(lambda: window.find(at)[0] == window.find(at)[1] > 0)
        pdf = window.driver.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})["data"]
        sheets = [tuple(map(round, map(float, each))) for each in BOX.findall(base64.b64decode(pdf))]
        assert set(sheets) == {(595, 842)}
        assert len(sheets) <= 3
        # where nothing is found it is said once, however often the page asks
        window.open(f"{address}/twelve/?q=nowhere")
        window.driver.execute_async_script("const done = arguments[0]; refresh().then(refresh).then(done)")
        assert window.find("[...document.querySelectorAll('.rows > li')].map((e) => e.textContent)") == [
            "No accommodation is like that."
        ]
        assert not [each for each in window.complaints() if "/-/events" not in each]


def test_of_200_houses_little_is_fetched_and_drawn_and_no_row_is_styled_anew() -> None:
    with served({"many": scenes()["two-hundred"]()}) as address, browser() as window:
        for width, height in ((1280, 900), (390, 844)):
            window.size(width, height)
            found = measured(window, f"{address}/many/")
            assert found["shift"] < 0.005, width
            # all that is fetched for it, as it goes over the wire
            assert found["bytes"] <= 100 * 1024, (width, found)
            assert found["requests"] <= 12, (width, found)
            drawn = (
                "[...document.querySelectorAll('.row .lane')]"
                ".filter((each) => each.checkVisibility({contentVisibilityAuto: true})).length"
            )
            window.find("document.getElementById('scroller').scrollIntoView({behavior: 'instant'})")
            assert until(lambda: window.find(drawn) > 5), width  # noqa: B023 (it is asked at once)
            assert window.find(drawn) < 60, width
            # a row that is not in sight has no place of its own yet: it is as high as is guessed of each
            heights = (
                "[...document.querySelectorAll('.row')].slice(-100).map((each) => each.getBoundingClientRect().height)"
            )
            assert len(set(window.find(heights))) <= 2, width
        # a bar is told its place by its own rule: what is handed down or computed for each costs a host's tablet a blink
        sheet = "[...document.styleSheets].flatMap((s) => [...s.cssRules]).map((r) => r.cssText)"
        places = [each for each in window.find(sheet) if each.startswith((".s5 ", ".n5 "))]
        assert len(places) == 2
        assert all("var(" not in each for each in places)
        assert window.find("getComputedStyle(document.querySelector('.bar'), '::before').borderTopLeftRadius") == "0px"
        window.driver.execute_async_script("const done = arguments[0]; extend().then(done)")
        wide = "document.querySelector(arguments[0]).getBoundingClientRect().width"
        assert abs(window.find(wide, ".rows") / window.find(wide, ".lane") - 2) < 0.01
        handed = "[...document.querySelector('.rows').style].filter((name) => name.startsWith('--'))"
        assert window.find(handed) == []
        on_paper(window)


def on_paper(window: Browser) -> None:
    """Printed on A4, all 200 houses are there, in its width, and nothing that only a screen can use."""
    # what is between the margins, in the pixels of a style sheet
    window.size(A4, 1000)
    window.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert window.find("document.documentElement.scrollWidth") <= A4
    drawn = (
        "[...document.querySelectorAll(arguments[0])]"
        ".filter((each) => each.checkVisibility({contentVisibilityAuto: true})).length"
    )
    assert window.find(drawn, "button, input, select, footer, .turn") == 0
    assert window.find(drawn, ".row .lane") == 200


async def test_what_changes_shows_by_itself_and_a_daemon_that_ends_turns_it_red(tmp_path: Path) -> None:
    async with portals(4) as opened, daemon(tmp_path) as home:
        houses = ""
        for number, portal in enumerate(opened):
            portal.body = calendar((5, 8))
            sync = f"{{portal: vrbo, direction: import, url: '{portal.url}'}}"
            houses += f"  house-{number}:\n    timezone: UTC\n    syncs: {{vrbo: {sync}}}\n"
        home.write(f"{home.head()}accommodations:\n{houses}")
        await home.up()
        await home.until(lambda: home.get("/-/ready"), lambda answer: answer[0] == 200)
        loop = asyncio.get_running_loop()

        def look() -> None:
            with browser() as window:
                window.open(f"http://127.0.0.1:{home.admin}/")
                bar = f".bar[href$='house-2&night={day(20)}']"
                assert not window.find("document.querySelector(arguments[0])", bar)
                assert "All is well" in window.find("document.body.innerText")
                opened[2].body = calendar((5, 8), (20, 25))
                asyncio.run_coroutine_threadsafe(home.pull("house-2/vrbo"), loop).result(20)
                # long before it would ask by itself
                assert until(lambda: window.find("document.querySelector(arguments[0])", bar), 12)
                home.kill()
                assert until(lambda: window.find("document.querySelector('.dead') !== null"), 15)
                assert "does not answer" in window.driver.title
                for scheme in ("light", "dark"):
                    window.size(1280, 900, scheme)
                    assert window.barriers() == [], scheme
                assert window.find("document.querySelector('link[rel=icon]').href").endswith("trouble.svg")
                home.start()
                assert until(lambda: "All is well" in window.find("document.body.innerText"), 40)
                assert window.find("document.querySelector('.dead') === null")

        await asyncio.to_thread(look)
