"""A public calendar for the host's own website: free and taken, nothing else, as a small page and as JSON.

It is there for accommodations whose host has switched it on, on the listener that the internet sees; for all others there is
the same bare 404 as for anything else. It may be shown in a frame of any site, and takes two colours: `paper` behind the
nights, `taken` for those that are taken. It loads nothing and runs no script.
"""

from __future__ import annotations

import base64
import json
import re
from calendar import monthrange
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from html import escape
from typing import Final

from aiohttp import hdrs, web

from icalsyncd.calendars.nights import Night, Nights, date_of, horizon, night_of, union
from icalsyncd.language import chosen, month_of_year, say, speaking, spoken, weekday_letter
from icalsyncd.serving.listeners import Handler
from icalsyncd.state.view import House, View

FRESH: Final = 300
"""Seconds for which browsers and proxies may show what they have."""
KEPT: Final = 64
"""Pages that are kept as they were made."""
MONTHS: Final = 12
_PATH: Final = re.compile(r"(?:/[^?]*)?/website/(?P<id>[a-z0-9-]{1,64})(?P<json>\.json)?", re.ASCII)
_COLOUR: Final = re.compile(r"[0-9a-f]{6}", re.ASCII | re.IGNORECASE)
_MONDAY: Final = date(2024, 1, 1)
_STYLE: Final = (
    "*{box-sizing:border-box}body{margin:0;padding:.75rem;background:var(--paper);color:var(--ink);"
    "font:.875rem/1.4 system-ui,sans-serif}h1{margin:0 0 .5rem;font-size:1rem}"
    "main{display:grid;grid-template-columns:repeat(auto-fill,minmax(13rem,1fr));gap:1rem}"
    "table{border-collapse:collapse;width:100%}caption{padding:.25rem 0;font-weight:600;text-align:left}"
    "th{font-size:.6875rem;font-weight:400;opacity:.75}td{position:relative;padding:.25rem 0;text-align:center;width:14.28%}"
    # a night lies in the second half of its day and the first half of the next one
    ".n{background:linear-gradient(90deg,transparent 50%,var(--taken) 50%)}"
    ".m{background:linear-gradient(90deg,var(--taken) 50%,transparent 50%)}.m.n{background:var(--taken);color:var(--on)}"
    ".p{opacity:.45}.k{display:inline-block;width:1.25em;height:.8em;margin:0 .4em 0 1em;border:1px solid}"
    ".k.t{background:var(--taken)}.k:first-child{margin-left:0}p{margin:.75rem 0 0}"
    ".u{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}"
)
_PLAIN: Final = (
    ":root{color-scheme:light dark;--paper:#fff;--ink:#18212c;--taken:#2a69b0;--on:#fff}"
    "@media(prefers-color-scheme:dark){:root{--paper:#10151b;--ink:#e8edf3;--taken:#6fb0f2;--on:#0d1218}}"
)


@dataclass(frozen=True, slots=True)
class Made:
    """One answer, as it is kept."""

    body: bytes
    tag: str
    policy: str
    kind: str


class Website:
    """Answers for the accommodations that are public."""

    def __init__(
        self, view: Callable[[], View], public: Callable[[], Mapping[str, str]], may_answer: Callable[[], bool]
    ) -> None:
        """*public* are the accommodations that are to be shown, with their names."""
        self._view = view
        self._public = public
        self._may_answer = may_answer
        self._kept: OrderedDict[tuple[object, ...], Made] = OrderedDict()

    def serve(self, answer: Handler) -> Handler:
        """*answer*, and the public calendars under their own paths."""

        async def answered(request: web.BaseRequest) -> web.StreamResponse:
            match = _PATH.fullmatch(request.path)
            if match is None or match["id"] not in self._public() or request.method not in ("GET", "HEAD"):
                return await answer(request)
            return self._answer(request, match["id"], as_json=match["json"] is not None)

        return answered

    def _answer(self, request: web.BaseRequest, id: str, *, as_json: bool) -> web.Response:
        house = self._view().houses.get(id)
        if house is None or not house.state.ledger.complete or house.unsure or not self._may_answer():
            return web.Response(status=503, headers={"Retry-After": "600", "Cache-Control": "no-store"})
        language = "" if as_json else chosen(request.headers.get(hdrs.ACCEPT_LANGUAGE, ""))
        colours = () if as_json else tuple(_colour(request.query.get(name, "")) for name in ("paper", "taken"))
        made = self._made(id, house, language, colours)
        headers = {
            "ETag": made.tag,
            "Cache-Control": f"public, max-age={FRESH}",
            "Vary": "Accept-Language",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
        }
        if as_json:
            headers["Access-Control-Allow-Origin"] = "*"
        else:
            headers["Content-Security-Policy"] = made.policy
        known = {tag.strip().removeprefix("W/") for tag in request.headers.get(hdrs.IF_NONE_MATCH, "").split(",")}
        if made.tag in known:
            return web.Response(status=304, headers=headers)
        return web.Response(body=made.body, content_type=made.kind, charset="utf-8", headers=headers)

    def _made(self, id: str, house: House, language: str, colours: tuple[str, ...]) -> Made:
        name, today = self._public()[id], house.state.ledger.today
        taken = shown(house)
        key = (id, name, today, taken, language, colours)
        if key not in self._kept:
            if language:
                with speaking(language):
                    self._kept[key] = _page(name, today, taken, *colours)
            else:
                self._kept[key] = _json(id, name, today, taken)
        self._kept.move_to_end(key)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return self._kept[key]


def shown(house: House) -> Nights:
    """The nights from today on that are not to be had, as far as any portal is told; what is in doubt is taken."""
    ledger = house.state.ledger
    closed = union((house.blocked, house.trouble.possible_ghosts, *(feed.nights for feed in house.feeds.values())))
    return closed.since(ledger.today).until(horizon(ledger.today).check_out)


def _json(id: str, name: str, today: Night, taken: Nights) -> Made:
    text = json.dumps(
        {
            "accommodation": id,
            "name": name,
            "from": date_of(today).isoformat(),
            "to": date_of(horizon(today).check_out).isoformat(),
            "taken": [
                {"from": date_of(start).isoformat(), "to": date_of(end).isoformat()} for start, end in taken.stays()
            ],
        }
    )
    return _of(text.encode(), "", "application/json")


def _page(name: str, today: Night, taken: Nights, paper: str, colour: str) -> Made:
    style = _STYLE + (_PLAIN if not paper and not colour else _themed(paper or "ffffff", colour or "2a69b0"))
    mark = base64.b64encode(sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{mark}'; base-uri 'none'; form-action 'none'; frame-ancestors *"
    start = date_of(today)
    months = (divmod(start.year * 12 + start.month - 1 + step, 12) for step in range(MONTHS))
    tables = "".join(_month(date(year, month + 1, 1), today, taken) for year, month in months)
    html = (
        f'<!doctype html><html lang="{spoken()}"><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><title>{escape(name)}</title>'
        f"<style>{style}</style><h1>{escape(name)}</h1><main>{tables}</main>"
        f'<p><i class="k"></i>{escape(say("free"))}<i class="k t"></i>{escape(say("taken"))}</p></html>'
    )
    return _of(html.encode(), policy, "text/html")


def _month(first: date, today: Night, taken: Nights) -> str:
    letters = "".join(f"<th>{escape(weekday_letter(_MONDAY.replace(day=1 + number)))}" for number in range(7))
    cells = ["<td>"] * first.weekday()
    start = night_of(first)
    words = escape(say("taken"))
    for night in range(start, start + monthrange(first.year, first.month)[1]):
        looks = [look for look, at in (("m", night - 1), ("n", night)) if at in taken and night > today - (look == "n")]
        looks += ["p"] if night < today else []
        said = f'<span class="u"> {words}</span>' if night in taken else ""
        classes = f' class="{" ".join(looks)}"' if looks else ""
        cells.append(f"<td{classes}>{night - start + 1}{said}")
    rows = "".join(f"<tr>{''.join(cells[at : at + 7])}" for at in range(0, len(cells), 7))
    return f"<table><caption>{escape(month_of_year(first))}</caption><tr>{letters}{rows}</table>"


def _of(body: bytes, policy: str, kind: str) -> Made:
    return Made(body, f'"{sha256(body).hexdigest()[:32]}"', policy, kind)


def _colour(text: str) -> str:
    """A colour as six digits; empty for anything else, which may be anything."""
    text = text.removeprefix("#")
    return text.lower() if _COLOUR.fullmatch(text) else ""


def _themed(paper: str, taken: str) -> str:
    return f":root{{--paper:#{paper};--ink:{_on(paper)};--taken:#{taken};--on:{_on(taken)}}}"


def _on(colour: str) -> str:
    """Black or white, whichever is read better on *colour* (WCAG 2 relative luminance)."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#000" if luminance > 0.179 else "#fff"
