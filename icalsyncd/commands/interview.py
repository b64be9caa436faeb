"""What `icalsyncd add` asks a host: each answer is checked when it is given, so that none is lost to a later one."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from icalsyncd.commands.config_change import environ
from icalsyncd.commands.links import unreachable
from icalsyncd.commands.outcome import USAGE, CommandError
from icalsyncd.commands.read import machine_zone
from icalsyncd.commands.wizard import answered, one_of
from icalsyncd.config.edit import EditRefused, add_entry, set_value
from icalsyncd.config.loading import Refused, parse
from icalsyncd.config.portals import names, profile
from icalsyncd.config.resolved import Config

_DIRECTIONS: Final = ("bidirectional", "export", "import")
_ID: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
TERMS: Final = """\
Terms of use: only availability is carried, no prices, no guests, no reservations. Portals read calendars when they
like, often hours later; a double booking in between is the host's own risk. The README has the whole text."""
DIRECTION_HELP: Final = (
    "Does the portal give you a calendar URL, and take one from you too? bidirectional. "
    "It only takes one? export. It only gives one? import."
)


@dataclass(frozen=True, slots=True)
class Given:
    """What the command line says already; None is asked for."""

    portal: str | None
    accommodation: str | None
    timezone: str | None
    public_url: str | None
    accept_terms: bool
    name: str | None
    direction: str | None
    url: str | None
    """`-`: one line of standard input."""
    yes: bool
    """Write it though its calendar could not be read, and ask nothing."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What is to be written."""

    accommodation: str
    timezone: str | None
    """Of an accommodation that is not in the file yet."""
    public_url: str | None
    """How portals reach this machine, if the file does not say it yet."""
    name: str
    keys: dict[str, str]

    def into(self, text: str) -> str:
        """The config's text with it. Raises EditRefused."""
        if self.public_url is not None:
            text = set_value(text, ("server", "public_url"), self.public_url)
        if self.timezone is not None:
            text = add_entry(text, ("accommodations", self.accommodation), {"timezone": self.timezone})
        return add_entry(text, ("accommodations", self.accommodation, "syncs", self.name), {**self.keys})


class Interview:
    """One host, asked in the order in which a channel manager's wizard asks."""

    def __init__(self, config: Config | None, text: str, path: Path, given: Given) -> None:
        """*config* is what *text*, that of the file at *path*, says; None if there is no file yet."""
        self._config = config
        self._text = text
        self._path = path
        self._given = given
        self._known = {each.id: each for each in config.accommodations} if config else {}

    def entry(self) -> Entry:
        """All answers. Raises CommandError if there is no terminal to ask at, or one on the command line will not do."""
        given, known = self._given, self._known
        if given.portal is None and sys.stdin.isatty():
            print(f"Portals with a profile: {', '.join(names())}. Any other name works too.")
        portal = answered(given.portal, "--portal", "Portal", accept=self._portal)
        if known and given.accommodation is None and sys.stdin.isatty():
            print(f"Accommodations so far: {', '.join(known)}. Another id makes a new one.")
        only = next(iter(known)) if len(known) == 1 else None
        accommodation = answered(given.accommodation, "--accommodation", "Accommodation", default=only, accept=_id)
        timezone = None
        if accommodation not in known:
            timezone = answered(
                given.timezone,
                "--timezone",
                f"Time zone of {accommodation}, such as Europe/Madrid",
                default=_place_of_machine(),
                accept=self._zone,
            )
        if self._config is None and not given.accept_terms:
            print(TERMS)
            answered(None, "--accept-terms", "Do you accept that? (yes/no)", accept=_yes)
        taken = {sync.id for sync in known[accommodation].syncs} if accommodation in known else set()
        usual = portal if _ID.fullmatch(portal) and portal not in taken else None
        name = answered(
            given.name if sys.stdin.isatty() else given.name or usual,
            "--name",
            "Name of the sync",
            default=usual,
            accept=lambda typed: _free(_id(typed), taken),
        )
        if given.direction is None and sys.stdin.isatty():
            print(DIRECTION_HELP)
        direction = answered(
            given.direction,
            "--direction",
            "Which way (bidirectional, export, import)",
            default="bidirectional",
            accept=one_of(_DIRECTIONS, "write bidirectional, export or import"),
        )
        made = Entry(accommodation, timezone, None, name, {"portal": portal, "direction": direction})
        if direction != "import":
            made = replace(made, public_url=self._public_url(accommodation))
        if direction != "export":
            made.keys["url"] = self._url(made)
        elif given.url is not None:
            raise CommandError("--url: an export pulls nothing and needs no URL", USAGE)
        return made

    def _public_url(self, accommodation: str) -> str | None:
        """How portals reach this machine, asked for where the config does not say it; None: not to be written."""
        given = self._given.public_url
        if given is not None:
            return answered(given, "--public-url", "", accept=self._origin)
        known = self._config is not None and unreachable(self._config.public_url_of(accommodation)) is None
        if known or not sys.stdin.isatty():
            return None
        print("Portals read the link over the internet, under a name of yours. Without one they cannot reach it.")
        question = "Start of the links, such as https://cal.example.org (empty: not known yet)"
        return (
            answered(None, "--public-url", question, accept=lambda typed: self._origin(typed) if typed else "") or None
        )

    def _url(self, made: Entry) -> str:
        given = sys.stdin.readline().strip() if self._given.url == "-" else self._given.url
        known = profile(made.keys["portal"])
        if known.export and given is None and sys.stdin.isatty():
            # the URL may depend on it
            print(f"Choose there first: {known.export}.")
        return answered(
            given,
            "--url",
            f"URL of the calendar that {known.name} gives you",
            # what the command line says is judged with the whole
            accept=_filled if given is not None else lambda typed: self._calendar(made, typed),
        )

    def _portal(self, typed: str) -> str:
        """*typed* where a sync at that portal is allowed; the words are those of the config's own refusal."""
        portal = _filled(typed).lower()
        self._try(portal=portal)
        return portal

    def _zone(self, typed: str) -> str:
        self._try(timezone=_filled(typed))
        return typed

    def _origin(self, typed: str) -> str:
        self._try(public_url=typed)
        if unreachable(typed) is not None:
            raise ValueError("no portal can reach that: it is this machine's own name for itself")
        return typed

    def _try(
        self, *, portal: str = "generic", timezone: str = "UTC", public_url: str = "https://cal.example.org"
    ) -> None:
        """Raises ValueError if a config with these cannot be run."""
        syncs = {"trial": {"portal": portal, "direction": "export"}}
        trial: dict[str, Any] = {
            "terms": "accepted",
            "server": {"public_url": public_url},
            **({"official_only": list(self._config.official_only)} if self._config else {}),
            "accommodations": {"trial": {"timezone": timezone, "syncs": syncs}},
        }
        # YAML 1.2 is a superset of JSON
        parsed = parse(json.dumps(trial), Path("config.yaml"), {})
        mistakes = parsed.mistakes if isinstance(parsed, Refused) else ()
        if mistakes:
            raise ValueError("; ".join(mistake.message for mistake in mistakes))

    def _calendar(self, made: Entry, typed: str) -> str:
        """*typed* where the whole config can be run with it as the calendar's URL."""
        url = _filled(typed)
        try:
            text = replace(made, keys={**made.keys, "url": url}).into(self._text)
        except EditRefused:
            # not for what was typed; said when all is known
            return url
        parsed = parse(text, self._path, environ())
        mistakes = parsed.mistakes if isinstance(parsed, Refused) else ()
        place = f"accommodations.{made.accommodation}.syncs.{made.name}.url"
        if wrong := [mistake.message for mistake in mistakes if mistake.path == place]:
            raise ValueError("; ".join(wrong))
        return url


def _place_of_machine() -> str | None:
    """This machine's time zone, if it is that of a place: a server's own clock says nothing of the house."""
    zone = machine_zone()
    return zone if "/" in zone and not zone.startswith("Etc/") and ZoneInfo(zone) else None


def _id(typed: str) -> str:
    if not _ID.fullmatch(typed):
        raise ValueError("an id has lower-case letters, digits and -, such as casa-azul")
    return typed


def _free(name: str, taken: set[str]) -> str:
    if name in taken:
        raise ValueError(f"there is a sync called {name} already")
    return name


def _filled(typed: str) -> str:
    if not typed:
        raise ValueError("an answer is needed")
    return typed


def _yes(typed: str) -> str:
    if typed.lower() not in ("y", "yes"):
        raise ValueError("without that there is nothing to add; Ctrl-C ends this")
    return typed
