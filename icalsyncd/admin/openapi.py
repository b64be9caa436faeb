"""What the admin listener answers, as an OpenAPI document: made of values, so that it can be checked against it.

Answers may grow: a program that reads them takes no notice of keys that it does not know.
"""

from __future__ import annotations

from typing import Any, Final

from icalsyncd import __version__
from icalsyncd.admin.answers import DAY, SCHEMAS, SYNC, TEXT, list_of, named
from icalsyncd.admin.metrics import CONTENT_TYPE
from icalsyncd.admin.templates import STATIC

Json = dict[str, Any]

_PLAIN, _HTML, _EVENTS = "text/plain", "text/html", "text/event-stream"
_DESCRIPTION: Final = (
    "What the admin listener answers. Answers may get more keys; none goes without a new major version. HEAD is answered "
    "wherever GET is. Fields of a POST may also stand in a form as its body; those of the query hold. Where `server.users` "
    "is set, who asks gives a name and its password (HTTP Basic), the token in the state folder, or the cookie of a login."
)
_GIVEN: Final[Json] = {
    "password": {"type": "http", "scheme": "basic"},
    "token": {"type": "http", "scheme": "bearer", "description": "the line in the file `token` of the state folder"},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "icalsyncd",
        "description": "of a login; `__Host-icalsyncd` over https",
    },
}
"""How one may say who one is. `{}`: nobody is asked, where there are no users."""


def _asked(name: str, schema: Json, *, required: bool = False, words: str = "") -> Json:
    return {"name": name, "in": "query", "required": required, "schema": schema, "description": words}


def _said(words: str, form: Json | None = None, kind: str = "application/json") -> Json:
    """One answer: what it means, and its form, where it is not empty; a *kind* that is no JSON is a text."""
    if kind != "application/json":
        return {"description": words, "content": {kind: {"schema": TEXT}}}
    return {"description": words, "content": {kind: {"schema": form}}} if form is not None else {"description": words}


def _text(words: str) -> Json:
    return _said(words, kind=_PLAIN)


_REFUSED: Final = _said("cannot be done, or the question is no question; what is wrong, in words", named("Error"))
_FOREIGN: Final = _text("asked for under a foreign name, by a page of another site, or by who may not")
_LATER: Final = _text("too many passwords are being looked at: come again")
_STOPPED: Final[Json] = {
    "303": _said("to a browser that shows a page: to the login"),
    "401": _text("a name and its password are needed"),
    "403": _FOREIGN,
    "429": _text("too many wrong passwords; Retry-After says how many seconds to wait"),
    "503": _LATER,
}
"""What may stop whoever asks, where there are users; 403 also where there are none."""
_DRY: Final = _asked("dry_run", {"enum": ["1", "true"]}, words="say what it would do, and do nothing")
_DIGEST: Final = _asked("digest", TEXT, words="of the config as you saw it: config.digest of the status")
_SPAN: Final = [
    _asked("from", DAY, required=True, words="the first night"),
    _asked("to", DAY, required=True, words="the morning after the last night"),
]
_HOUSE: Final = _asked("accommodation", TEXT, required=True, words="its id")
_NIGHT: Final = _asked("night", DAY, required=True, words="the evening on which it begins")
_OPEN: Final[Json] = {"security": []}
"""Nobody is asked who it is."""


def _get(summary: str, answers: Json, asked: list[Json] | None = None, *, stops: bool = True) -> Json:
    before = {code: said for code, said in _STOPPED.items() if stops}
    return {"get": {"summary": summary, "parameters": asked or [], "responses": before | answers}}


def _post(summary: str, answers: Json, asked: list[Json] | None = None) -> Json:
    before = {code: said for code, said in _STOPPED.items() if code != "303"}
    return {"post": {"summary": summary, "parameters": asked or [], "responses": before | answers}}


def _act(summary: str, *asked: Json) -> Json:
    """A change of the config's file."""
    found = {"200": _said("what was written, or is to be pasted", named("Act")), "400": _REFUSED, "409": _REFUSED}
    return _post(summary, found, [*asked, _DIGEST, _DRY])


def _told() -> Json:
    """What is asked, and changes nothing."""
    unknown = {"400": _REFUSED, "404": _REFUSED}
    return {
        "/api/v1/status": _get("How everything is", {"200": _said("all of it", named("Status"))}),
        "/api/v1/explain": _get(
            "Why a night is taken or free",
            {"200": _said("who claims it", named("Explanation")), **unknown},
            [_HOUSE, _NIGHT],
        ),
        "/api/v1/history": _get(
            "What happened to an accommodation, or to one night, oldest first",
            {"200": _said("the latest 1,000", list_of(named("Event"))), **unknown},
            [_HOUSE, {**_NIGHT, "required": False}],
        ),
        "/-/links": _get("The links to paste; they are passwords", {"200": _said("all", named("Links"))}),
        "/-/healthy": _health("Whether the daemon is well", "it is", "why not"),
        "/-/ready": _health("Whether all is complete", "it is", "what lacks"),
        "/-/well": _get(
            "The verdict", {"200": _text("all is well"), "503": _text("what needs the host, one sentence a line")}
        ),
        "/metrics": _get("The metrics, for Prometheus", {"200": _said("all", kind=CONTENT_TYPE)}),
    }


def _health(summary: str, well: str, ill: str) -> Json:
    """What monitors ask for, under any name."""
    made = _get(summary, {"200": _text(well), "503": _text(ill)}, stops=False)
    return {"get": made["get"] | _OPEN}


def _acts() -> Json:
    """What the daemon is asked to do."""
    by = [
        _HOUSE,
        *_SPAN,
        _asked("by", TEXT, words="the sync that has them"),
        _asked("nobody", TEXT, words="in its place: nobody has them"),
        _asked("seen", TEXT, words="what a dry run answered, so that nothing else is meant"),
        _DRY,
    ]
    sync = _asked("sync", SYNC, required=True)
    keep = _asked("keep", {"enum": ["1", "true"]}, words="no night opens")
    cannot = {"400": _REFUSED, "409": _REFUSED}
    return {
        "/-/reload": _post(
            "Read the config anew", {"200": _text("taken over"), "422": _text("the mistakes, one a line")}
        ),
        "/-/pull": _post(
            "Pull now, and wait until what came in is stored and served",
            {"200": _said("one a sync", list_of(named("Pull"))), "400": _REFUSED, "404": _REFUSED},
            [_asked("sync", SYNC, words="all that receive where it is missing"), _DRY],
        ),
        "/-/accept": _post(
            "End a wait now",
            {"200": _said("what waited", named("Wait")), **cannot},
            [_asked("sync", SYNC), _asked("accommodation", TEXT), _asked("clock", TEXT), _DRY],
        ),
        "/-/confirm": _post(
            "Say who has some nights, or that nobody has, once you have looked at the portals",
            {"200": _said("what it is about", named("Confirmed")), **cannot},
            by,
        ),
        "/-/pause": _act("Pause a sync", sync, keep),
        "/-/resume": _act("Resume a sync", sync),
        "/-/block": _act("Take nights", _HOUSE, *_SPAN, _asked("note", {**TEXT, "maxLength": 200})),
        "/-/unblock": _act("Give nights back", _HOUSE, *_SPAN),
        "/-/undo": _post(
            "Take the last change back",
            {"200": _said("what was written", named("Act")), "409": _REFUSED},
            [{**_DIGEST, "required": True}],
        ),
        "/-/rotate": _post(
            "End old links now",
            {"200": _said("how many", named("Ended")), **cannot},
            [_asked("sync", SYNC), _asked("calendar", TEXT)],
        ),
        "/-/notify-test": _post(
            "Send a trial to a receiver of messages, or to all",
            {"200": _said("what came of it", named("Trial")), "404": _REFUSED},
            [_asked("name", TEXT, words="all where it is missing")],
        ),
    }


def _pages() -> Json:
    """What browsers ask for."""
    view = [_asked(name, TEXT) for name in ("accommodation", "q", "show", "order", "from")]
    fields = {"name": TEXT, "password": {**TEXT, "format": "password"}, "next": {**TEXT, "description": "a page"}}
    form = {"type": "object", "required": ["name", "password"], "properties": fields}
    file = {"name": "file", "in": "path", "required": True}
    names = [path.removeprefix("/static/") for path in STATIC]
    login = _get("The page to log in", {"200": _said("it", kind=_HTML), "303": _said("there are no users")})
    log_in: Json = {
        "summary": "Log in",
        "parameters": [],
        "requestBody": {"required": True, "content": {"application/x-www-form-urlencoded": {"schema": form}}},
        "responses": {
            "303": _said("logged in; Set-Cookie holds the session"),
            "400": _said("name or password is missing", kind=_HTML),
            "401": _said("name or password is wrong", kind=_HTML),
            "403": _FOREIGN,
            "429": _said("too many wrong passwords", kind=_HTML),
            "503": _said("too many are logging in", kind=_HTML),
        },
    }
    log_out: Json = {
        "summary": "Log out",
        "parameters": [],
        "responses": {"303": _said("logged out, or nobody was logged in"), "403": _FOREIGN},
    }
    kinds = {kind: {"schema": TEXT} for kind in sorted(set(STATIC.values()))}
    return {
        "/": _get("The status page", {"200": _said("it", kind=_HTML)}, view),
        "/explain": _get(
            "Why a night is taken or free, as a page",
            {"200": _said("it", kind=_HTML), "400": _text("no night"), "404": _text("no such accommodation")},
            [_HOUSE, _NIGHT],
        ),
        "/-/events": _get(
            "What changes, as it changes: ids of accommodations as JSON, or an empty list for all",
            {
                "200": _said("it goes on for as long as you listen", kind=_EVENTS),
                "503": _text("sixteen listen already"),
            },
        ),
        "/login": {"get": login["get"] | _OPEN, "post": log_in | _OPEN},
        "/logout": {"post": log_out | _OPEN},
        "/static/{file}": _get(
            "What the pages use",
            {"200": {"description": "it", "content": kinds}, "404": _text("no such file")},
            [{**file, "schema": {"enum": names}}],
        ),
    }


def openapi() -> Json:
    """The document (OpenAPI 3.1)."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "icalsyncd",
            "version": __version__,
            "description": _DESCRIPTION,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "http://127.0.0.1:15545"}],
        "security": [{}, *({name: []} for name in _GIVEN)],
        "paths": {**_told(), **_acts(), **_pages()},
        "components": {"schemas": SCHEMAS, "securitySchemes": _GIVEN},
    }
