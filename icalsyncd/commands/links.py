"""`icalsyncd links`: what the host pastes into the portals.

The links are the daemon's. If one runs, it is asked for them; if none does, they are made of the secret that it has
left. A command never makes a secret: links made of another one lead nowhere.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from icalsyncd.availability.roster import reconcile
from icalsyncd.commands.client import Answer, Asked, ask, ask_at
from icalsyncd.commands.offline import Offline, read_offline
from icalsyncd.commands.outcome import DONE, CommandError
from icalsyncd.commands.terminal import Colour, painted, table
from icalsyncd.config.loading import Accepted, load
from icalsyncd.config.paths import Paths
from icalsyncd.config.resolved import Config
from icalsyncd.serving.people_links import calendar_paths
from icalsyncd.state.installation import SecretUnusable, path_of, read_installation

_NOWHERE: Final = ("localhost", "127.0.0.1", "::1", "0.0.0.0", "::")  # noqa: S104

Links = dict[tuple[str, str], str]


class Known(NamedTuple):
    """The links of an installation."""

    links: Links
    """By accommodation and sync, in the order of the config."""
    calendars: Mapping[str, str] = MappingProxyType({})
    """Those of the calendars for people, by id."""
    waiting: tuple[str, ...] = ()
    """Syncs that are in the file, and that the running daemon has not taken over."""


def links(paths: Paths, *, as_json: bool) -> int:
    """Print the link of each sync that has a feed, in the order of the config."""
    known = known_links(paths)
    if as_json:
        rows: list[dict[str, str]] = [
            {"accommodation": accommodation, "sync": sync, "url": url}
            for (accommodation, sync), url in known.links.items()
        ]
        rows += [{"calendar": id, "url": url} for id, url in known.calendars.items()]
        print(json.dumps(rows, indent=2))
    elif known.links or known.calendars:
        listed = [("/".join(name), url) for name, url in known.links.items()]
        listed += [(f"calendar {id}", url) for id, url in known.calendars.items()]
        print("\n".join(table(("SYNC", "LINK"), listed)))
    else:
        print("no sync has a feed: none sends")
    for warning in warnings(known):
        print(painted(warning, Colour.WARNING, sys.stderr), file=sys.stderr)
    return DONE


def known_links(paths: Paths) -> Known:
    """The links that the daemon answers, or will answer when it runs. Raises CommandError if nothing tells them."""
    loaded = load(paths.config, os.environ)
    config = loaded.config if isinstance(loaded, Accepted) else None
    served = _served(paths, config)
    if served is not None:
        wanted = [sync for sync in config.syncs() if sync.sends] if config else []
        waiting = tuple(sync.name for sync in wanted if (sync.accommodation, sync.id) not in served.links)
        return served._replace(waiting=waiting)
    offline = read_offline(paths)
    if offline.installation.is_new:
        raise CommandError(
            f"there is no secret in {paths.state_dir} yet, and links rest on it: the daemon makes it when it first starts"
        )
    start = offline.config.server.public_url
    paths_of = calendar_paths(offline.config, offline.stored.papers, offline.installation, offline.now)
    return Known(links_of(offline), {id: start + path for id, path in paths_of.items()})


def links_of(offline: Offline) -> Links:
    """The link of each sync that sends, under the config as it is in the file."""
    ledgers = {each: state.ledger for each, state in offline.stored.states.items()}
    # reconciled, since the link of a renamed sync is made of its first name
    ledgers = reconcile(ledgers, offline.plans, today=offline.today, now=offline.now)
    return {
        (sync.accommodation, sync.id): offline.config.public_url_of(sync.accommodation)
        + path_of(offline.installation.token(ledgers[sync.accommodation].syncs[sync.id].link))
        for sync in offline.config.syncs()
        if sync.sends
    }


def warnings(known: Known) -> list[str]:
    """What is to be known before any of them is pasted."""
    said = [f"{name} has no link yet: the daemon has not taken the file over" for name in known.waiting]
    if starts := list(dict.fromkeys(start for url in known.links.values() if (start := unreachable(url)) is not None)):
        said.append(
            f"no portal can reach {' or '.join(starts)}: set server.public_url in the config to how portals reach this "
            "machine, and paste the links that are printed then"
        )
    return said


def unreachable(url: str) -> str | None:
    """The start of a link that leads only to this machine; None if portals may reach it."""
    parts = urlsplit(url)
    if not parts.hostname:
        return "a link without a host"
    return f"{parts.scheme}://{parts.netloc}" if parts.hostname in _NOWHERE else None


def _served(paths: Paths, config: Config | None) -> Known | None:
    """The links as a running daemon answers them; None if none runs.

    Raises CommandError if it is not sure that this daemon is the one that is meant.
    """
    asked: Asked = ask(paths, "GET", "/-/links")
    place = str(paths.folder.address)
    if not isinstance(asked, Answer) and config is not None:
        admin = config.server.admin
        place = str(admin)
        asked = ask_at(admin.host, admin.port, "GET", "/-/links")
        if isinstance(asked, Answer) and asked.ok and not _is_same_file(asked.json()["config"], paths):
            raise CommandError(
                f"the daemon at {place} runs {asked.json()['config']}, not {paths.config.resolve()}: say which is meant, "
                "by --config, or by --state-dir"
            )
    if not isinstance(asked, Answer):
        return None
    if not asked.ok:
        raise CommandError(f"the daemon at {place} does not tell its links (it answers {asked.status})")
    found: dict[str, Any] = asked.json()
    other = _other_secret(paths, config, str(found["installation"]))
    if other is not None:
        raise CommandError(
            f"two installations could be meant: the daemon at {place} has its state in {found['state_dir']}, and {other} "
            f"holds another secret. For the daemon's links: --state-dir {found['state_dir']}"
        )
    calendars = {row["calendar"]: row["url"] for row in found.get("calendars", ())}
    return Known({(row["accommodation"], row["sync"]): row["url"] for row in found["links"]}, calendars)


def _is_same_file(config: str, paths: Paths) -> bool:
    return config == str(paths.config.resolve())


def _other_secret(paths: Paths, config: Config | None, mark: str) -> str | None:
    """Where a secret lies that is not the one of the installation *mark*; None if none does, or none can be read."""
    path = (config.server.secret_file if config else None) or paths.folder.secret
    try:
        return None if read_installation(path).mark == mark else str(path)
    except (OSError, SecretUnusable):
        return None
