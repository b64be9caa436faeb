"""A real browser drives every act: by mouse, by touch and by keyboard."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import bcrypt
import pytest

from tests.admin.browser import DESKTOP, PHONE, Browser, browser
from tests.admin.hands import NIGHT, TOAST, click, hold, key, middle, mouse, on_row, toast, touch, until
from tests.admin.test_acts import Home, at_home
from tests.end_to_end.daemon import daemon
from tests.end_to_end.portal import calendar, day, portals

pytestmark = [pytest.mark.slow, pytest.mark.needs("chromium", "chromedriver")]


async def seen(home: Home, look: Callable[[Browser], None], path: str = "/?accommodation=casa") -> None:
    def with_browser() -> None:
        with browser() as window:
            window.size(*DESKTOP)
            window.open(f"http://127.0.0.1:{home.daemon.admin}{path}")
            until(window, "document.documentElement.classList.contains('acting')")
            look(window)

    await asyncio.to_thread(with_browser)


async def test_every_act_by_mouse_touch_and_keyboard(tmp_path: Path) -> None:
    async with at_home(tmp_path, edit=True) as home:
        first = home.text

        def undone(window: Browser, by: Callable[[], None]) -> None:
            by()
            toast(window, "is as it was")
            assert home.text == first

        def look(window: Browser) -> None:
            # drawn over with the mouse: three nights
            start, end = middle(window, NIGHT, str(day(50))), middle(window, NIGHT, str(day(52)))
            start = middle(window, NIGHT, str(day(50)))
            end = dict(
                window.find(
                    f"((r) => ({{x: r.left + r.width / 2, y: r.top + r.height / 2}}))({NIGHT}.getBoundingClientRect())",
                    str(day(52)),
                )
            )
            mouse(window, "mousePressed", start)
            for part in (0.2, 0.5, 1.0):
                mouse(window, "mouseMoved", {at: start[at] + part * (end[at] - start[at]) for at in start})
            assert window.find("document.querySelectorAll('.night.chosen').length") == 3
            mouse(window, "mouseReleased", end, 0)
            said = toast(window, "Blocked from")
            line = f"      - {{from: {day(50)}, to: {day(53)}}}"
            assert home.text == first.replace("# mine\n", f"# mine\n{line}\n")
            assert f"config.yaml, line {home.text.splitlines().index(line) + 1}" in said
            # the link under the pointer was not followed, and the page shows the block
            assert "explain" not in window.find("location.href")
            until(window, f"{NIGHT}.classList.contains('taken')", str(day(50)))
            undone(window, lambda: click(window, "document.querySelector('.toast .undo')"))

            # the same over the row of the house, where nights begin in the middle of a day
            for _ in range(5):
                start, end = on_row(window, 3), on_row(window, 5)
                mouse(window, "mousePressed", start)
                mouse(window, "mouseMoved", {"x": (start["x"] + end["x"]) / 2, "y": start["y"]})
                mouse(window, "mouseMoved", end)
                if drawn := window.find("document.querySelectorAll('.chosen-run').length"):
                    break
                # the page was brought up to date just then
                mouse(window, "mouseReleased", start, 0)
            assert drawn == 1
            mouse(window, "mouseReleased", end, 0)
            toast(window, "Blocked from")
            assert f"{{from: {day(3)}, to: {day(6)}}}" in home.text
            assert window.find("document.querySelectorAll('.chosen-run').length") == 0
            undone(window, lambda: click(window, "document.querySelector('.toast .undo')"))
            # one night alone: the button is held for a moment
            hold(window, 4)
            mouse(window, "mouseReleased", on_row(window, 4), 0)
            toast(window, "Blocked from")
            assert f"{{from: {day(4)}, to: {day(5)}}}" in home.text
            undone(window, lambda: click(window, "document.querySelector('.toast .undo')"))

            # by keyboard: Shift and arrows, and Enter; taken back by keyboard, too
            window.find(f"{NIGHT}.focus()", str(day(60)))
            key(window, "ArrowRight", 8)
            key(window, "ArrowRight", 8)
            until(window, "document.querySelectorAll('.night.chosen').length === 3")
            key(window, "Enter")
            toast(window, "Blocked from")
            assert f"{{from: {day(60)}, to: {day(63)}}}" in home.text
            window.find("document.querySelector('.toast .undo').focus()")
            undone(window, lambda: key(window, "Enter"))
            window.find(f"{NIGHT}.focus()", str(day(60)))
            key(window, "ArrowRight", 8)
            until(window, "document.querySelectorAll('.night.chosen').length === 2")
            key(window, "Escape")
            assert window.find("document.querySelectorAll('.night.chosen').length") == 0
            window.find(f"{NIGHT}.focus()", str(day(61)))
            key(window, "b")
            toast(window, "Blocked from")
            assert f"{{from: {day(61)}, to: {day(62)}}}" in home.text
            undone(window, lambda: click(window, "document.querySelector('.toast .undo')"))

            # nights that somebody has: only once the host says so
            window.find(f"{NIGHT}.focus()", str(day(11)))
            key(window, "b")
            until(window, "document.querySelector('dialog[open]')?.innerText.includes('overbooked')")
            key(window, "Escape")
            until(window, "!document.querySelector('dialog')")
            assert home.text == first

            # a form for whoever draws nothing
            window.find("document.querySelector('button[data-act=block]').focus()")
            key(window, "Enter")
            until(window, "document.querySelector('dialog[open]')")
            window.find("document.querySelector('dialog [name=from]').value = arguments[0]", str(day(70)))
            window.find("document.querySelector('dialog [name=to]').value = arguments[0]", str(day(72)))
            window.find("document.querySelector('dialog [name=note]').value = 'aunt: Ana'")
            assert window.barriers() == []
            window.find("document.querySelector('dialog [name=note]').focus()")
            key(window, "Enter")
            toast(window, "Blocked from")
            assert window.barriers() == []
            assert f'{{from: {day(70)}, to: {day(72)}, note: "aunt: Ana"}}' in home.text
            undone(window, lambda: click(window, "document.querySelector('.toast .undo')"))

            # pulled
            home.portal.body = calendar((10, 14), (20, 23))
            click(window, "document.querySelector('button[data-act=pull][data-sync=\"casa/holidu\"]')")
            toast(window, "was pulled: updated")
            until(window, f"{NIGHT}.classList.contains('taken')", str(day(21)))

            # paused with all kept, taken back; then released, and resumed
            pause = "document.querySelector('button[data-act=pause][data-sync=\"casa/holidu\"]')"
            click(window, pause)
            until(window, f"document.querySelector('dialog[open]')?.innerText.includes({day(10).day})")
            assert window.barriers() == []
            click(window, "document.querySelector('dialog button[value=keep]')")
            toast(window, "no night opens")
            assert "paused: keep}" in home.text
            undone(window, lambda: click(window, "document.querySelector('.toast .undo')"))
            until(window, f"!!{pause}")
            click(window, pause)
            click(window, "document.querySelector('dialog button[value=release]')")
            toast(window, "is paused")
            assert "paused: true}" in home.text
            click(window, "document.querySelector('button[data-act=resume][data-sync=\"casa/holidu\"]')")
            until(window, "document.querySelector('dialog[open]')?.innerText.includes('too soon')")
            click(window, "document.querySelector('dialog button[value=resume]')")
            toast(window, "is resumed")
            assert "paused: false}" in home.text
            assert window.complaints() == []

        await seen(home, look)


async def test_a_finger_that_rests_draws_and_one_that_does_not_scrolls(tmp_path: Path) -> None:
    async with at_home(tmp_path, edit=True) as home:
        first = home.text

        def look(window: Browser) -> None:
            window.size(*PHONE)
            window.driver.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": True, "maxTouchPoints": 1})
            window.open(f"http://127.0.0.1:{home.daemon.admin}/?accommodation=casa")
            until(window, "document.documentElement.classList.contains('acting')")
            start = middle(window, NIGHT, str(day(50)))
            box = f"((r) => ({{x: r.left + r.width / 2, y: r.top + r.height / 2}}))({NIGHT}.getBoundingClientRect())"
            # the nights of one month run down: those beyond its end are another column
            last = next(each for each in (51, 49) if day(each).month == day(50).month)
            end = dict(window.find(box, str(day(last))))
            window.find("addEventListener('scrollend', () => { window.atRest = true; }, {once: true})")
            touch(window, "touchStart", start)
            touch(window, "touchMove", {"x": start["x"], "y": start["y"] - 60})
            touch(window, "touchEnd")
            assert window.find("document.querySelectorAll('.night.chosen').length") == 0
            # what a finger has pushed goes on for a while
            until(window, "window.atRest")
            # a page that moves under the finger that rests: nobody knows which night was meant
            window.find("addEventListener('touchstart', () => scrollBy({top: 60, behavior: 'instant'}), {once: true})")
            touch(window, "touchStart", middle(window, NIGHT, str(day(50))))
            window.driver.execute_async_script("setTimeout(arguments[0], 800)")
            assert window.find("document.querySelectorAll('.night.chosen').length") == 0
            touch(window, "touchCancel")
            start = middle(window, NIGHT, str(day(50)))
            end = dict(window.find(box, str(day(last))))
            touch(window, "touchStart", start)
            until(window, "document.querySelectorAll('.night.chosen').length === 1")
            touch(window, "touchMove", end)
            until(window, "document.querySelectorAll('.night.chosen').length >= 2")
            chosen = (
                "[...document.querySelectorAll('.night.chosen')].map((e) => new URL(e.href).searchParams.get('night'))"
            )
            nights = window.find(chosen)
            touch(window, "touchEnd")
            toast(window, "Blocked from")
            assert f"{{from: {nights[0]}, to: {date.fromisoformat(nights[-1]) + timedelta(1)}}}" in home.text
            place = middle(window, "document.querySelector('.toast .undo')")
            touch(window, "touchStart", place)
            touch(window, "touchEnd")
            until(window, f"({TOAST}).includes('is as it was')")
            assert home.text == first

        await seen(home, look)


async def test_a_hold_is_ended_and_a_read_only_service_shows_the_lines(tmp_path: Path) -> None:
    async with at_home(tmp_path, edit=False) as home:
        first = home.text
        # a stay over the end of a month, whose morning of departure stands in the month of the night in focus
        turn = (day(60).replace(day=1) - day(0)).days
        focused = day(turn + 10)
        home.portal.body = calendar((10, 14), (turn - 5, turn + 5))
        await home.daemon.pull()
        home.portal.body = calendar((10, 11))
        assert (await home.daemon.pull())[0]["outcome"] == "held"

        def look(window: Browser) -> None:
            click(window, "document.querySelector('button[data-act=accept][data-sync=\"casa/holidu\"]')")
            until(window, "document.querySelector('dialog[open]')?.innerText.includes('held, confirmed')")
            click(window, "document.querySelector('dialog button[value=accept]')")
            window.find(f"{NIGHT}.focus()", str(focused))
            toast(window, "the wait has ended")
            # the page is drawn anew, and the night in focus stays what it was
            until(window, f"{NIGHT}.classList.contains('free')", str(day(turn)))
            assert window.find("new URL(document.activeElement.href).searchParams.get('night')") == str(focused)
            key(window, "b")
            said = toast(window, "server.edit is not true")
            assert "Undo" not in said
            assert window.find("document.querySelector('.toast pre').textContent") == (
                f"accommodations:\n  casa:\n    blocks:\n      - {{from: {focused}, to: {focused + timedelta(1)}}}"
            )
            assert window.barriers() == []
            click(window, "document.querySelector('.toast .choices button')")
            assert "accommodations:" in window.find("String(getSelection())")

        await seen(home, look)
        assert home.text == first
        assert (await home.daemon.sync("casa/holidu"))["state"] == "ok"


async def test_nothing_moves_under_a_button_that_is_down(tmp_path: Path) -> None:
    async with at_home(tmp_path, edit=True) as home:
        loop = asyncio.get_running_loop()
        # asks for the page, each with its answer
        asked = "performance.getEntriesByType('resource').filter((e) => e.name.includes('accommodation=casa')).length"

        def look(window: Browser) -> None:
            hold(window, 3)
            before = window.find(asked)
            home.portal.body = calendar((10, 14), (20, 23))
            asyncio.run_coroutine_threadsafe(home.daemon.pull(), loop).result(20)
            until(window, f"{asked} > arguments[0]", before)
            window.driver.execute_async_script("requestAnimationFrame(() => setTimeout(arguments[0], 0))")
            assert window.find(f"{NIGHT}.classList.contains('free')", str(day(21)))
            end = on_row(window, 5)
            mouse(window, "mouseMoved", end)
            mouse(window, "mouseReleased", end, 0)
            toast(window, "Blocked from")
            assert f"{{from: {day(3)}, to: {day(6)}}}" in home.text
            until(window, f"{NIGHT}.classList.contains('taken')", str(day(21)))
            # a button that was let go where the page did not hear of it holds nothing up, and draws nothing
            hold(window, 30)
            home.portal.body = calendar((10, 14))
            asyncio.run_coroutine_threadsafe(home.daemon.pull(), loop).result(20)
            before = home.text
            mouse(window, "mouseMoved", on_row(window, 33), held=0)
            assert window.find("document.querySelector('.chosen-run')") is None
            until(window, f"{NIGHT}.classList.contains('free')", str(day(21)), patience=10)
            assert home.text == before

        await seen(home, look)


async def test_a_night_has_its_acts_and_a_browser_logs_in_and_out(tmp_path: Path) -> None:
    async with at_home(tmp_path, edit=True) as home:
        known = bcrypt.hashpw(b"correct horse", bcrypt.gensalt(8)).decode()
        home.daemon.write(home.text.replace("  edit:", f'  users: {{anna: "{known}"}}\n  edit:'))
        await home.daemon.post("/-/reload")

        def look(window: Browser) -> None:
            for width, height in (PHONE, DESKTOP):
                for scheme in ("light", "dark"):
                    window.size(width, height, scheme)
                    window.open(f"http://127.0.0.1:{home.daemon.admin}/explain?accommodation=casa&night={day(91)}")
                    assert window.barriers() == []
                    assert window.find("document.documentElement.scrollWidth") <= width
            for password in ("wrong", "correct horse"):
                window.find("document.getElementById('name').value = 'anna'")
                window.find("document.getElementById('password').value = arguments[0]", password)
                window.find("document.getElementById('password').focus()")
                key(window, "Enter")
                until(window, "!document.getElementById('name') || !!document.getElementById('wrong')")
            until(window, "location.pathname === '/explain' && document.documentElement.classList.contains('acting')")
            click(window, "document.querySelector('button[data-act=unblock]')")
            until(window, "document.querySelector('dialog[open]')")
            assert window.find("document.querySelector('dialog [name=from]').value") == str(day(91))
            click(window, "document.querySelector('dialog button[value=unblock]')")
            toast(window, "No longer blocked from")
            assert f"- {{from: {day(92)}, to: {day(95)}" in home.text
            window.open(f"http://127.0.0.1:{home.daemon.admin}/")
            click(window, "document.querySelector('form[action=logout] button')")
            until(window, "location.pathname === '/login'")
            window.open(f"http://127.0.0.1:{home.daemon.admin}/")
            until(window, "location.pathname === '/login'")
            assert [each for each in window.complaints() if "401" not in each] == []

        def with_browser() -> None:
            with browser() as window:
                look(window)

        await asyncio.to_thread(with_browser)


async def test_the_host_says_who_has_a_night(tmp_path: Path) -> None:
    async with portals(2) as (first, second), daemon(tmp_path) as made:
        first.body = second.body = calendar((20, 23, "Closed"))
        syncs = "".join(
            f"      {name}: {{portal: {name}, direction: bidirectional, url: '{each.url}/{name}'}}\n"
            for name, each in (("one", first), ("two", second))
        )
        made.write(made.head() + f"accommodations:\n  casa:\n    timezone: UTC\n    syncs:\n{syncs}")
        await made.up()
        await made.until(lambda: made.get("/-/ready"), lambda answer: answer[0] == 200)

        def look(window: Browser) -> None:
            click(window, "document.querySelector('button[data-act=confirm]')")
            until(window, "document.querySelector('dialog[open]')")
            window.find("document.querySelector('dialog [name=to]').value = arguments[0]", str(day(23)))
            assert window.barriers() == []
            click(window, "document.querySelector('dialog button[value=one]')")
            until(window, "document.querySelector('dialog[open]')?.innerText.includes('two:')")
            click(window, "document.querySelector('dialog button[value=confirm]')")
            toast(window, "Noted")

        await seen(Home(made, first), look, f"/explain?accommodation=casa&night={day(20)}")
        (house,) = (await made.status())["accommodations"]
        (run,) = house["nights"]
        assert (run["origins"], run["possible_ghost"]) == (["one"], False)
