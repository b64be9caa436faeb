"""What is known of each portal: read from ``portals.toml``, where every fact has its source."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from icalsyncd.config.units import parse_duration

GENERIC: Final = "generic"
FACTS: Final = (
    "hosts",
    "reservation",
    "block",
    "repeats",
    "dtend",
    "all_day_transparent",
    "empty_body",
    "reads_every",
    "echo_lag",
    "echo_padding",
    "paste",
    "export",
    "refresh",
    "limits",
    "horizon",
)
"""What a profile can know; each is written with its source, or listed as unknown."""

_TOP_LEVEL: Final = re.compile(r"(?:(?:com?|org|net)\.)?[a-z]{2,}")


@dataclass(frozen=True, slots=True)
class Profile:
    """What holds for a portal, unless a sync says otherwise; of what is not known, the generic value."""

    id: str
    name: str
    """For people."""
    hosts: tuple[str, ...]
    """Those of its URLs, and all below them; ``example.*`` is the same name under any country."""
    reservation: tuple[str, ...]
    """Summaries that mean a reservation: whole texts, or ``/regular expression/``."""
    block: tuple[str, ...]
    """Summaries that mean a closure, likewise."""
    repeats: bool | None
    """Whether its calendar repeats what it reads; None if that is not known."""
    dtend: str
    all_day_transparent: str
    empty_body: str
    reads_every: int
    """Seconds between two readings of our feed."""
    echo_lag: int
    """Seconds until it has acted on what it read."""
    echo_padding: int
    """Nights that it adds on each side of what it reads."""
    paste: str
    """Where the host pastes our link, for people."""
    export: str
    """What the host should choose there for the calendar that we pull; empty where nothing is known, like the next two."""
    refresh: str
    """How the host makes the portal read our feed at once."""
    limits: str
    """What it takes, of whom, and how often it may be asked."""
    horizon: int | None
    """Days ahead beyond which its calendar shows no closure; None if that is not known."""
    sources: Mapping[str, str]
    """Where each fact comes from; ``unknown`` for those that are not known."""


def profile(name: str) -> Profile:
    """The profile called *name*; one of that name with the generic facts where there is none."""
    return _profiles().get(name) or _profiles()[GENERIC]


def names() -> tuple[str, ...]:
    """The portals that have a profile, the generic one last."""
    return tuple(sorted(_profiles(), key=lambda name: (name == GENERIC, name)))


@cache
def recognise(host: str) -> str | None:
    """The portal that *host*, of a URL, belongs to; None for a host of no known portal."""
    host = host.lower().rstrip(".")
    for name, known in _profiles().items():
        if any(_belongs(host, pattern) for pattern in known.hosts):
            return name
    return None


def _belongs(host: str, pattern: str) -> bool:
    if not pattern.endswith(".*"):
        return host == pattern or host.endswith("." + pattern)
    _, found, after = f".{host}".rpartition(f".{pattern[:-2]}.")
    return bool(found) and _TOP_LEVEL.fullmatch(after) is not None


@cache
def _profiles() -> Mapping[str, Profile]:
    written = tomllib.loads(files("icalsyncd.config").joinpath("portals.toml").read_text(encoding="utf-8"))
    generic = written[GENERIC]
    return {name: _profile(name, facts, generic) for name, facts in written.items()}


def _profile(name: str, facts: dict[str, Any], generic: dict[str, Any]) -> Profile:
    def value(fact: str) -> Any:
        return facts.get(fact, generic.get(fact, {"value": None}))["value"]

    return Profile(
        id=name,
        name=facts["name"],
        hosts=tuple(value("hosts")),
        reservation=tuple(value("reservation")),
        block=tuple(value("block")),
        repeats=value("repeats"),
        dtend=value("dtend"),
        all_day_transparent=value("all_day_transparent"),
        empty_body=value("empty_body"),
        reads_every=parse_duration(value("reads_every")),
        echo_lag=parse_duration(value("echo_lag")),
        echo_padding=value("echo_padding"),
        paste=value("paste"),
        export=value("export") or "",
        refresh=value("refresh") or "",
        limits=value("limits") or "",
        horizon=value("horizon"),
        sources={fact: facts[fact]["source"] if fact in facts else "unknown" for fact in FACTS},
    )
