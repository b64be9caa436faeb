"""The admin listener: the status page, metrics, health, and what a host may ask the daemon to do.

It is for the host's own people and programs. A page in a browser must not be able to drive it: requests under a foreign
name (DNS rebinding) are refused, and so are POSTs from a foreign origin. Who may do what beyond that, the gate knows.
"""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import hdrs, web

from icalsyncd.admin import login
from icalsyncd.admin.asked import is_dry, language_of, name_of, night_asked, night_in
from icalsyncd.admin.board import Wanted
from icalsyncd.admin.caller import By, Caller, is_address, is_loopback, name_in
from icalsyncd.admin.gate import Gate, Stopped
from icalsyncd.admin.metrics import CONTENT_TYPE
from icalsyncd.admin.page import POLICY
from icalsyncd.admin.templates import STATIC, static
from icalsyncd.availability.explanation import WELL
from icalsyncd.calendars.nights import Night, Nights, date_of
from icalsyncd.language import speaking
from icalsyncd.pulling.report import Report
from icalsyncd.state.view import SyncName

_OPEN: Final = frozenset({"/-/healthy", "/-/ready"})
"""Asked for by monitors, under any Host: they tell nothing about the house."""
_NAMING: Final = frozenset({"/-/well"})
"""Asked for by monitors too, but it names houses: under no name that a page of the internet can give itself."""
_METRICS: Final = "/metrics"
_ACTS: Final = frozenset({"/-/accept", "/-/confirm", "/-/rotate"})
"""What opens nights, ends links or changes the config: for users, or who sits at the machine itself."""
_LASTING: Final = frozenset({"/-/events"})
"""Answers that go on for as long as somebody listens."""
LOOK_AGAIN: Final = 2.0
"""Seconds after which it is asked again whether who listens is let in."""
_NOT_YOURS: Final = (
    "this is for who sits at the machine itself, and nothing may stand between: ask for it as 127.0.0.1 or localhost, or "
    "give server.users"
)
GUARD: Final = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    # to no other site; but without any, a browser would not say of which page a form is
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""Headers of all answers that are no page."""

_MAX_LISTED: Final = 100
_WANTED: Final = "night must be a date such as 2026-12-24"

Json = dict[str, Any]
Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
Routes = Mapping[tuple[str, str], Handler]
"""Who answers which method and path."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """What was asked for cannot be done; for people."""

    why: str


@dataclass(frozen=True, slots=True)
class Hosts:
    """The names besides loopback under which may be asked, in lower case."""

    page: frozenset[str]
    """For all that the listener has."""
    metrics: frozenset[str]
    """For the metrics, which may be asked for by address as well: a name can be made to lead here, an address cannot."""


@dataclass(frozen=True, slots=True)
class Actions:
    """What the admin listener may ask of the daemon."""

    hosts: Callable[[], Hosts]
    status: Callable[[], Awaitable[bytes]]
    """The state of everything, as JSON."""
    page: Callable[[Wanted, str], Awaitable[bytes]]
    """The status page, or as much as is wanted of it, for whoever sends that Accept-Language; compressed by gzip."""
    night_page: Callable[[str, Night, str], Awaitable[bytes | Refusal]]
    """Why a night is taken or free, likewise."""
    live: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
    """What changes, as it changes."""
    language: Callable[[str], str]
    """What is spoken to whoever sends that Accept-Language."""
    metrics: Callable[[], Awaitable[bytes]]
    needs: Callable[[], Awaitable[tuple[str, ...]]]
    """What needs the host, in sentences; none where all is well."""
    unhealthy: Callable[[], str | None]
    unready: Callable[[], str | None]
    reload: Callable[[], Awaitable[tuple[str, ...]]]
    pull: Callable[[SyncName | None, bool], Awaitable[list[Report] | Refusal]]
    accept: Callable[[str, str | None, bool], Awaitable[Json | Refusal]]
    accept_clock: Callable[[bool], Awaitable[Json | Refusal]]
    confirm: Callable[[str, Nights, str | None, str | None, bool], Awaitable[Json | Refusal]]
    """The host's word on nights of an accommodation: the sync that has them, or None; what was seen; whether to only look."""
    rotate: Callable[[SyncName], Awaitable[Json | Refusal]]
    rotate_calendar: Callable[[str], Awaitable[Json | Refusal]]
    explain: Callable[[str, Night], Json | Refusal]
    history: Callable[[str, Night | None], Awaitable[list[Json] | Refusal]]
    """What happened to an accommodation, or to one night of it, oldest first."""
    links: Callable[[], Json]
    """The link of each sync that sends, for the host alone."""
    notify_test: Callable[[str | None], Awaitable[Json | Refusal]]
    """Send a trial to a receiver of messages, or to all."""


def routes_of(actions: Actions, gate: Gate) -> Routes:
    """All that is answered, but for what changes the config."""
    return {
        ("GET", "/"): lambda request: _page(actions, request),
        ("GET", "/explain"): lambda request: _night_page(actions, request),
        ("GET", "/-/events"): lambda request: actions.live(request),
        ("GET", "/metrics"): lambda request: _metrics(actions),
        ("GET", "/-/healthy"): lambda request: _health(actions.unhealthy),
        ("GET", "/-/ready"): lambda request: _health(actions.unready),
        ("GET", "/-/well"): lambda request: _well(actions),
        ("GET", "/api/v1/status"): lambda request: _status(actions),
        ("GET", "/api/v1/explain"): lambda request: _explain(actions, request),
        ("GET", "/api/v1/history"): lambda request: _history(actions, request),
        ("GET", "/-/links"): lambda request: _links(actions),
        ("POST", "/-/reload"): lambda request: _reload(actions),
        ("POST", "/-/pull"): lambda request: _pull(actions, request),
        ("POST", "/-/accept"): lambda request: _accept(actions, request),
        ("POST", "/-/confirm"): lambda request: _confirm(actions, request),
        ("POST", "/-/rotate"): lambda request: _rotate(actions, request),
        ("POST", "/-/notify-test"): lambda request: _notify_test(actions, request),
        ("GET", "/login"): lambda request: _spoken(actions, request, login.show(gate, request)),
        ("POST", "/login"): lambda request: _spoken(actions, request, login.log_in(gate, request)),
        ("POST", "/logout"): lambda request: login.log_out(gate, request),
        **{("GET", path): _static for path in STATIC},
    }


def application(actions: Actions, gate: Gate, acts: Routes) -> Handler:
    """The handler of the admin listener; *acts* are answered to those alone who may act."""
    routes = {**routes_of(actions, gate), **acts}

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        method = "GET" if request.method == "HEAD" else request.method
        handler = routes.get((method, request.path))
        if request.path not in _OPEN:
            if why := _foreign(request, actions.hosts(), guarded=gate.has_users):
                return _text(403, why)
            if request.path not in login.PATHS:
                caller = await gate.caller(request)
                if isinstance(caller, Stopped):
                    return _text(caller.status, caller.why, caller.headers)
                is_act = request.path in _ACTS or (method, request.path) in acts
                if method != "GET" and (why := _unfit(request, caller, is_act=is_act)):
                    return _text(403, why)
        if handler is None:
            return _text(404, "not found")
        if request.path in _LASTING and gate.has_users:
            return await _while_let_in(gate, request, handler)
        return await handler(request)

    return answer


async def _while_let_in(gate: Gate, request: web.BaseRequest, handler: Handler) -> web.StreamResponse:
    """An answer that lasts, for as long as whoever gets it is let in: a session that has ended hears nothing more."""
    work = asyncio.ensure_future(handler(request))
    try:
        while not (await asyncio.wait({work}, timeout=LOOK_AGAIN))[0]:
            if isinstance(await gate.caller(request), Stopped) and request.transport is not None:
                request.transport.close()
        return await work
    finally:
        work.cancel()


def _foreign(request: web.BaseRequest, hosts: Hosts, *, guarded: bool) -> str | None:
    """Why a request is refused for where it comes from; None if it is not. *guarded*: whoever asks says who it is.

    A name can be made to lead here by whoever has it, and the browser then takes us for that site; an address cannot.
    """
    name = name_in(request.headers.get(hdrs.HOST, ""))
    if request.path == _METRICS:
        if not (is_loopback(name) or is_address(name) or name in hosts.metrics):
            return "this name is not one of server.metrics_hosts or server.admin_hosts"
    elif not (is_loopback(name) or name in hosts.page or (is_address(name) and (guarded or request.path in _NAMING))):
        return "this name is not one of server.admin_hosts"
    if request.method not in ("GET", "HEAD"):
        origin = request.headers.get(hdrs.ORIGIN)
        if origin is not None and origin.partition("://")[2] != request.headers.get(hdrs.HOST):
            return "a page of another origin asked for this"
        if request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
            return "a page of another site asked for this"
    return None


def _unfit(request: web.BaseRequest, caller: Caller, *, is_act: bool) -> str | None:
    """Why *caller* may not have this done; None if it may."""
    if is_act and not caller.may_act:
        return _NOT_YOURS
    if caller.by is By.SESSION and not (
        hdrs.ORIGIN in request.headers or request.headers.get("Sec-Fetch-Site") == "same-origin"
    ):
        return "a browser says which page asked for this"
    return None


async def _spoken(
    actions: Actions, request: web.BaseRequest, answer: Coroutine[Any, Any, web.Response]
) -> web.Response:
    """*answer* in the language of whoever asks."""
    with speaking(actions.language(language_of(request))):
        return await answer


async def _page(actions: Actions, request: web.BaseRequest) -> web.Response:
    return _html(request, await actions.page(Wanted.of(request.query), language_of(request)))


async def _night_page(actions: Actions, request: web.BaseRequest) -> web.Response:
    night = night_asked(request)
    if night is None:
        return _text(400, _WANTED)
    made = await actions.night_page(request.query.get("accommodation", ""), night, language_of(request))
    return _text(404, made.why) if isinstance(made, Refusal) else _html(request, made)


async def _static(request: web.BaseRequest) -> web.Response:
    headers = {**GUARD, "Vary": "Accept-Encoding"}
    return _packed(request, static(request.path), STATIC[request.path], headers)


async def _metrics(actions: Actions) -> web.Response:
    return web.Response(body=await actions.metrics(), headers={**GUARD, "Content-Type": CONTENT_TYPE})


async def _health(trouble: Callable[[], str | None]) -> web.Response:
    why = trouble()
    return _text(200, "ok") if why is None else _text(503, why)


async def _well(actions: Actions) -> web.Response:
    needs = await actions.needs()
    return _text(503, "\n".join(needs)) if needs else _text(200, WELL)


async def _status(actions: Actions) -> web.Response:
    return web.Response(body=await actions.status(), content_type="application/json", charset="utf-8", headers=GUARD)


async def _explain(actions: Actions, request: web.BaseRequest) -> web.Response:
    night = night_asked(request)
    if night is None:
        return _json(400, {"error": _WANTED})
    return _answered(actions.explain(request.query.get("accommodation", ""), night), 404)


async def _history(actions: Actions, request: web.BaseRequest) -> web.Response:
    night = night_asked(request)
    if night is None and "night" in request.query:
        return _json(400, {"error": _WANTED})
    answer = await actions.history(request.query.get("accommodation", ""), night)
    return _json(404, {"error": answer.why}) if isinstance(answer, Refusal) else _json(200, answer)


async def _links(actions: Actions) -> web.Response:
    return _json(200, actions.links())


async def _reload(actions: Actions) -> web.Response:
    mistakes = await actions.reload()
    return _text(422, "\n".join(mistakes)) if mistakes else _text(200, "ok")


async def _pull(actions: Actions, request: web.BaseRequest) -> web.Response:
    wanted = request.query.get("sync")
    name = name_of(wanted) if wanted is not None else None
    if wanted is not None and name is None:
        return _json(400, {"error": "sync must be accommodation/sync"})
    reports = await actions.pull(name, is_dry(request))
    if isinstance(reports, Refusal):
        return _json(404, {"error": reports.why})
    return _json(
        200,
        [
            {
                "sync": report.sync,
                "outcome": report.outcome,
                "reason": report.reason.value if report.reason else None,
                "nights": report.nights,
                "new": report.new,
                "freed": report.freed,
                **_kept(report),
            }
            for report in reports
        ],
    )


def _kept(report: Report) -> dict[str, object]:
    """The nights that stay closed though the calendar lacks them; nothing where there are none."""
    stays = report.kept.stays()[:_MAX_LISTED]
    ranges = [{"from": date_of(stay.check_in).isoformat(), "to": date_of(stay.check_out).isoformat()} for stay in stays]
    return {"kept": ranges} if ranges else {}


async def _accept(actions: Actions, request: web.BaseRequest) -> web.Response:
    accommodation, sync = request.query.get("accommodation"), None
    if (wanted := request.query.get("sync")) is not None:
        name = name_of(wanted)
        if name is None:
            return _json(400, {"error": "sync must be accommodation/sync"})
        accommodation, sync = name
    if "clock" in request.query:
        return _answered(await actions.accept_clock(is_dry(request)), 409)
    if not accommodation:
        return _json(400, {"error": "say which sync or accommodation"})
    return _answered(await actions.accept(accommodation, sync, is_dry(request)), 409)


async def _confirm(actions: Actions, request: web.BaseRequest) -> web.Response:
    asked = request.query
    start, end = (night_in(asked.get(key, "")) for key in ("from", "to"))
    if start is None or end is None or end <= start:
        return _json(400, {"error": "from and to must be dates such as 2026-12-24, and to the later one"})
    by = asked.get("by")
    if (by is None) is ("nobody" not in asked):
        return _json(400, {"error": "say either by which sync, or nobody"})
    accommodation = asked.get("accommodation", "")
    nights = Nights.between(start, end)
    sync = by.removeprefix(f"{accommodation}/") if by is not None else None
    return _answered(await actions.confirm(accommodation, nights, sync, asked.get("seen"), is_dry(request)), 409)


async def _rotate(actions: Actions, request: web.BaseRequest) -> web.Response:
    if (calendar := request.query.get("calendar")) is not None:
        return _answered(await actions.rotate_calendar(calendar), 409)
    name = name_of(request.query.get("sync", ""))
    if name is None:
        return _json(400, {"error": "sync must be accommodation/sync"})
    return _answered(await actions.rotate(name), 409)


async def _notify_test(actions: Actions, request: web.BaseRequest) -> web.Response:
    return _answered(await actions.notify_test(request.query.get("name")), 404)


def _answered(answer: Json | Refusal, refused: int) -> web.Response:
    return _json(refused, {"error": answer.why}) if isinstance(answer, Refusal) else _json(200, answer)


def _html(request: web.BaseRequest, page: bytes) -> web.Response:
    headers = {**GUARD, "Content-Security-Policy": POLICY, "Vary": "Accept-Encoding, Accept-Language"}
    return _packed(request, page, "text/html", headers)


def _packed(request: web.BaseRequest, packed: bytes, kind: str, headers: Mapping[str, str]) -> web.Response:
    """An answer that is there as gzip, as whoever asks can read it."""
    made = web.Response(body=packed, content_type=kind, charset="utf-8", headers=headers)
    if "gzip" in request.headers.get(hdrs.ACCEPT_ENCODING, ""):
        made.headers[hdrs.CONTENT_ENCODING] = "gzip"
    else:
        made.body = gzip.decompress(packed)
    return made


def _text(status: int, text: str, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(status=status, text=text + "\n", headers={**GUARD, **(headers or {})})


def _json(status: int, answer: object) -> web.Response:
    return web.json_response(answer, status=status, headers=GUARD)
