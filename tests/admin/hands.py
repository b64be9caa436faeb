"""What hands do to a page in a real browser: point, press, draw, touch, type; and what eyes wait for."""

from __future__ import annotations

from time import monotonic, sleep
from typing import Any

from tests.admin.browser import Browser

TOAST = "(document.querySelector('.toast')?.innerText ?? '')"
CODES = {"Enter": 13, "Escape": 27}
NIGHT = "document.querySelector(`.picture a.night[href$='accommodation=casa&night=${arguments[0]}']`)"


def until(window: Browser, expression: str, *arguments: object, patience: float = 20.0) -> Any:
    """What a JavaScript expression says, once it says something."""
    end = monotonic() + patience
    while not (found := window.find(expression, *arguments)):
        assert monotonic() < end, (expression, window.find(TOAST), window.complaints())
        sleep(0.03)
    return found


def middle(window: Browser, what: str, *arguments: object) -> dict[str, float]:
    """The middle of an element, in sight."""
    return dict(
        window.find(
            f"((e) => {{ e.scrollIntoView({{block: 'center', behavior: 'instant'}}); const r = e.getBoundingClientRect();"
            f" return {{x: r.left + r.width / 2, y: r.top + r.height / 2}} }})({what})",
            *arguments,
        )
    )


def on_row(window: Browser, night: int) -> dict[str, float]:
    """The middle of a night, so many days from today, in the row of the house."""
    place = window.find(
        "((lane) => { lane.scrollIntoView({block: 'center', behavior: 'instant'}); const r = lane.getBoundingClientRect();"
        " return [r.left, r.width, r.top + r.height / 2] })(document.querySelector('.row .lane'))"
    )
    return {"x": place[0] + place[1] / 56 * (night + 1), "y": place[2]}


def mouse(window: Browser, kind: str, place: dict[str, float], held: int = 1) -> None:
    window.driver.execute_cdp_cmd(
        "Input.dispatchMouseEvent",
        {"type": kind, **place, "button": "left" if kind != "mouseMoved" else "none", "buttons": held, "clickCount": 1},
    )


def hold(window: Browser, night: int) -> None:
    """Press the button on a night in the row of the house until it is chosen.

    Where the page is brought up to date just then, the row is elsewhere, and it is pressed again.
    """
    for _ in range(5):
        place = on_row(window, night)
        mouse(window, "mousePressed", place)
        end = monotonic() + 2
        while monotonic() < end:
            if window.find("document.querySelector('.chosen-run')"):
                return
        mouse(window, "mouseReleased", place, 0)
    raise AssertionError("no night is chosen however often the button is held on it")


def click(window: Browser, what: str, *arguments: object) -> None:
    until(window, f"!!({what})", *arguments)
    place = middle(window, what, *arguments)
    mouse(window, "mousePressed", place)
    mouse(window, "mouseReleased", place, 0)


def touch(window: Browser, kind: str, *places: dict[str, float]) -> None:
    window.driver.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": kind, "touchPoints": list(places)})


def key(window: Browser, name: str, modifiers: int = 0) -> None:
    text = {"text": "\r"} if name == "Enter" else {"text": name} if len(name) == 1 else {}
    for kind in ("keyDown", "keyUp"):
        window.driver.execute_cdp_cmd(
            "Input.dispatchKeyEvent",
            {"type": kind, "key": name, "modifiers": modifiers, **(text if kind == "keyDown" else {})}
            | ({"windowsVirtualKeyCode": CODES[name]} if name in CODES else {}),
        )


def toast(window: Browser, words: str) -> str:
    return str(until(window, f"(({TOAST}).includes(arguments[0]) && {TOAST})", words))
