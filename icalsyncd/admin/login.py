"""Logging in and out by a page; it works without JavaScript."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from aiohttp import hdrs, web

from icalsyncd.admin.form import form_of
from icalsyncd.admin.gate import Gate, Wait, Wrong, holding, later, session_in
from icalsyncd.admin.templates import templates
from icalsyncd.language import say

POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""The Content-Security-Policy of the page."""
PATHS: Final = frozenset({"/login", "/logout", "/static/login.css", "/static/icon.svg"})
"""For who is not logged in: they tell nothing of the house."""


async def show(gate: Gate, request: web.BaseRequest) -> web.Response:
    """The page with the form."""
    if not gate.has_users:
        return _elsewhere("./")
    return _page(200, "", later(request.query.get("next", "")))


async def log_in(gate: Gate, request: web.BaseRequest) -> web.Response:
    """Take name and password; a browser that gave the right ones holds a session."""
    fields = await form_of(request)
    if fields is None or not {"name", "password"} <= fields.keys():
        return _page(400, say("Name and password are needed."), "")
    wanted = later(fields.get("next", ""))
    match await gate.verify(request, fields["name"].strip().lower(), fields["password"]):
        case str() as user:
            # what it held before is of no use to anybody any more
            gate.sessions.end(session_in(request))
            answer = _elsewhere(f"./{wanted}")
            answer.headers[hdrs.SET_COOKIE] = holding(request, gate.begin(user))
            return answer
        case Wait(seconds):
            answer = _page(
                429, say("Too many wrong passwords. Try again in {seconds} seconds.", seconds=seconds), wanted
            )
            answer.headers[hdrs.RETRY_AFTER] = str(seconds)
            return answer
        case Wrong.BUSY:
            answer = _page(503, say("Too many are logging in just now. Try again."), wanted)
            answer.headers[hdrs.RETRY_AFTER] = "2"
            return answer
        case Wrong.WRONG:
            return _page(401, say("Name or password is not right."), wanted)


async def log_out(gate: Gate, request: web.BaseRequest) -> web.Response:
    """End the session."""
    gate.sessions.end(session_in(request))
    answer = _elsewhere("login")
    answer.headers[hdrs.SET_COOKIE] = holding(request, "")
    return answer


def _page(status: int, wrong: str, wanted: str) -> web.Response:
    text = templates().get_template("login.html").render(wrong=wrong, wanted=wanted)
    return web.Response(status=status, text=text, content_type="text/html", charset="utf-8", headers=_headers())


def _elsewhere(place: str) -> web.Response:
    return web.Response(status=303, headers={**_headers(), hdrs.LOCATION: quote(place, safe="/?=&.%+-_")})


def _headers() -> dict[str, str]:
    return {
        "Content-Security-Policy": POLICY,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cache-Control": "no-store",
    }
