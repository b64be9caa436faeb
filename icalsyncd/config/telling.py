"""What ``notify:`` and ``heartbeat:`` of the config come to: who is told what needs the host, and that all lives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from icalsyncd.config import schema
from icalsyncd.config.mistakes import Remark
from icalsyncd.config.secret import Secret
from icalsyncd.state.outbox import About

if TYPE_CHECKING:
    from icalsyncd.config.credentials import Credentials

AT: Final = "notify"
HEART_AT: Final = "heartbeat"


@dataclass(frozen=True, slots=True)
class Receiver:
    """Who is told what needs the host."""

    name: str
    url: Secret | None = field(repr=False)
    """An Apprise URL; None where what the file names for it is not there."""
    about: frozenset[About]
    language: str


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Who is told that all that must live lives."""

    url: Secret | None = field(repr=False)
    interval: int
    """Seconds."""


@dataclass(frozen=True, slots=True)
class Telling:
    """All who are told something."""

    receivers: tuple[Receiver, ...] = ()
    heartbeat: Heartbeat | None = None

    def secrets(self) -> Iterator[Secret]:
        """What no log may hold."""
        for each in (*self.receivers, self.heartbeat):
            if each is not None and each.url is not None:
                yield each.url


NOBODY: Final = Telling()


def resolve_telling(file: schema.File, credentials: Credentials) -> Telling:
    """What *file* means; what is wrong with its files and variables is remarked in *credentials*."""
    return Telling(
        tuple(
            Receiver(
                written.name,
                credentials.named(written, "url", (AT, index)),
                frozenset(map(About, written.about)),
                written.language,
            )
            for index, written in enumerate(file.notify)
        ),
        Heartbeat(credentials.named(file.heartbeat, "url", (HEART_AT,)), file.heartbeat.interval)
        if file.heartbeat is not None
        else None,
    )


def telling_refusals(file: schema.File) -> Iterator[Remark]:
    """What is refused of them in *file*."""
    seen: set[str] = set()
    for index, written in enumerate(file.notify):
        if written.name in seen:
            yield Remark((AT, index, "name"), "another one has this name: each needs its own")
        seen.add(written.name)
        if _has_no_url(written):
            yield Remark((AT, index, "url"), "this key is missing: an Apprise URL, as `url`, `url_file` or `url_env`")
        elif written.url is not None and "://" not in written.url:
            yield Remark((AT, index, "url"), "is no Apprise URL: one begins as `ntfy://` or `mailto://` does")
        if not written.about:
            yield Remark((AT, index, "about"), "is empty, so nothing would be told: leave the key out, or name what")
    if file.heartbeat is not None:
        if _has_no_url(file.heartbeat):
            yield Remark((HEART_AT, "url"), "this key is missing: what is fetched, as `url`, `url_file` or `url_env`")
        elif file.heartbeat.url is not None and not file.heartbeat.url.startswith(("https://", "http://")):
            yield Remark((HEART_AT, "url"), "begins with https:// or http://")


def _has_no_url(written: schema.Receiver | schema.Heartbeat) -> bool:
    return written.url is None and written.url_file is None and written.url_env is None
