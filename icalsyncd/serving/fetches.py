"""Which answers of the feeds listener are fetches: those with a whole feed, to no browser, that went out in full.

An answer is given before it has gone out, and whether it has is looked at when the next one is given, or when somebody
wants to know.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

from aiohttp import HttpVersion, web
from aiohttp.hdrs import ACCEPT, ACCEPT_LANGUAGE, IF_MODIFIED_SINCE, IF_NONE_MATCH, RANGE, USER_AGENT

from icalsyncd.availability.stamps import Moment
from icalsyncd.clock import boottime
from icalsyncd.state.view import LinkTarget, SyncName

MAX_ANSWER: Final = 120.0
"""Seconds after which an answer that has not gone out in full is given up."""
_HELD: Final = 8
_SEC_FETCH: Final = ("Sec-Fetch-Mode", "Sec-Fetch-Dest", "Sec-Fetch-Site", "Sec-Fetch-User")


class RequestTally(Protocol):
    """Where requests are counted."""

    def requested(self, name: SyncName | None, code: int, *, old: bool) -> None:
        """One request was answered with *code*; *name* is None where it led nowhere."""


@dataclass(frozen=True, slots=True)
class Fetch:
    """A reading of a feed."""

    at: Moment
    """When it was asked for."""
    agent: str
    """The User-Agent, as it was sent."""
    manner: str = ""
    """How it asked: HTTP version, whether under a condition, and Accept."""


class Manner(NamedTuple):
    """How a program asks."""

    version: HttpVersion
    is_conditional: bool
    accept: str | None

    def __str__(self) -> str:
        major, minor = self.version
        conditional = "conditional" if self.is_conditional else "unconditional"
        accept = f", Accept: {self.accept}" if self.accept is not None else ""
        return f"HTTP/{major}.{minor}, {conditional}{accept}"


_Answer = tuple[web.Response, float, str, Manner]
"""With the machine's uptime at which it was given, the User-Agent, and how it was asked for. One that has not gone out in
full has no length."""


class Fetches:
    """The answers that are given at once: of feeds whose nights their portals know already, and to those who are none."""

    def __init__(self, tally: RequestTally) -> None:
        self._tally = tally
        self._last: dict[SyncName, _Answer] = {}
        """The last answer of each feed, on its way or not."""
        self._complete: dict[SyncName, _Answer] = {}
        """The last before it that has gone out in full."""
        self._slow: dict[SyncName, deque[_Answer]] = {}
        """Those that were on their way still when another was given."""

    def note(self, target: LinkTarget, request: web.BaseRequest, response: web.Response) -> None:
        """Count *request* of the link of *target*, to be answered by *response*, and remember it where it may be a fetch."""
        name = target.name
        self._tally.requested(name, response.status, old=target.old)
        asked = request.headers
        if is_fetch(request.method, asked):
            last = self._last.get(name)
            if last is not None:
                if last[0].body_length:
                    self._complete[name] = last
                else:
                    self._slow.setdefault(name, deque(maxlen=_HELD)).append(last)
            self._last[name] = response, boottime(), asked.get(USER_AGENT, ""), manner_of(request)

    def take(self, now: Moment) -> list[tuple[SyncName, Fetch]]:
        """The last fetch of each feed that went out in full since the last time; it may have come before one taken then."""
        up = boottime()
        taken: list[tuple[SyncName, Fetch]] = []
        for name in self._last.keys() | self._slow.keys():
            answers = [*self._slow.pop(name, ()), self._complete.pop(name, None), self._last.pop(name, None)]
            known = [answer for answer in answers if answer is not None]
            complete = [answer for answer in known if answer[0].body_length]
            if complete:
                _, since, agent, manner = max(complete, key=lambda answer: answer[1])
                taken.append((name, Fetch(now - (up - since), agent, str(manner))))
            slow = [answer for answer in known if not answer[0].body_length and up - answer[1] < MAX_ANSWER]
            if slow:
                self._slow[name] = deque(slow, maxlen=_HELD)
        return taken

    def forget(self, name: SyncName) -> None:
        """Drop the fetches of *name* that were not taken."""
        for answers in (self._last, self._complete, self._slow):
            answers.pop(name, None)


def manner_of(request: web.BaseRequest) -> Manner:
    """How a program asks: HTTP version, whether under a condition, and what it accepts, as far as it says."""
    asked = request.headers
    return Manner(request.version, IF_NONE_MATCH in asked or IF_MODIFIED_SINCE in asked, asked.get(ACCEPT))


def is_fetch(method: str, asked: Mapping[str, str]) -> bool:
    """Whether a request, once answered, is a fetch: no HEAD, no part of the feed, and no browser.

    *asked* are its headers, looked up whatever their case.
    """
    return method == "GET" and RANGE not in asked and not _is_browser(asked)


def _is_browser(asked: Mapping[str, str]) -> bool:
    """Whether somebody looks at the feed in a browser.

    Browsers say so over https; over plain http they do not, but they alone want a page in a language. `text/html` by
    itself tells nothing: some libraries for programs ask for it by default.
    """
    if any(name in asked for name in _SEC_FETCH):
        return asked.get("Sec-Fetch-Mode") == "navigate" or asked.get("Sec-Fetch-Dest") == "document"
    return "text/html" in asked.get(ACCEPT, "") and ACCEPT_LANGUAGE in asked
