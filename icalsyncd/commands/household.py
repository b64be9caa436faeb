"""What commands read of an installation without asking its daemon: config, secret, and what is stored."""

from __future__ import annotations

import os
from dataclasses import dataclass

from icalsyncd.availability.nights import Night
from icalsyncd.availability.roster import Plan
from icalsyncd.clock import Clock
from icalsyncd.commands.outcome import UNRUNNABLE, CommandError
from icalsyncd.config import Accepted, Config, Refused, load, parse
from icalsyncd.installation import Installation, SecretUnusable, open_installation
from icalsyncd.paths import Paths
from icalsyncd.seating import plans, todays
from icalsyncd.store import Stored, StoreFailed, StoreRefused, peek


@dataclass(frozen=True, slots=True)
class Household:
    """One installation as it lies on the disk, and the moment at which it was read."""

    config: Config
    text: str
    """Of the config file."""
    installation: Installation
    stored: Stored
    plans: dict[str, Plan]
    today: dict[str, Night]
    now: float


def household(paths: Paths) -> Household:
    """Read everything. Raises CommandError where something of it cannot be read."""
    accepted = accepted_config(paths)
    return household_under(paths, accepted)


def household_under(paths: Paths, accepted: Accepted) -> Household:
    """The same under a config that is at hand."""
    config = accepted.config
    installation = installation_of(paths, config)
    stored = stored_in(paths)
    clock = Clock(stored.last_commit)
    now = clock.now()
    days = todays(config, now, stored.states)
    return Household(config, accepted.text, installation, stored, plans(config, installation), days, now)


def accepted_config(paths: Paths) -> Accepted:
    """The config file's config. Raises CommandError with every mistake of one that cannot be run."""
    loaded = load(paths.config, os.environ)
    if isinstance(loaded, Refused):
        raise CommandError(refusal(loaded), UNRUNNABLE)
    return loaded


def refusal(refused: Refused) -> str:
    """What is wrong with a config, one mistake a line."""
    return "\n".join(["the config cannot be run", *map(str, refused.mistakes)])


def last_config(paths: Paths) -> Config | None:
    """The config that the daemon took over last; None where there is none."""
    text = paths.folder.accepted_text()
    if text is None:
        return None
    parsed = parse(text, paths.config, os.environ)
    return parsed.config if isinstance(parsed, Accepted) else None


def installation_of(paths: Paths, config: Config) -> Installation:
    """The installation, its secret made where there is none yet. Raises CommandError."""
    path = config.server.secret_file or paths.folder.secret
    folder = path.parent
    try:
        if not path.exists() and folder.exists() and folder.stat().st_uid != os.geteuid():
            # made by another user, the daemon could not read it
            raise CommandError(f"there is no secret in {folder} yet: the daemon makes it when it first starts")
        return open_installation(path)
    except SecretUnusable as error:
        raise CommandError(str(error)) from None
    except OSError as error:
        raise CommandError(f"the secret {path} cannot be used: {error.strerror}") from None


def stored_in(paths: Paths) -> Stored:
    """What the state file holds. Raises CommandError."""
    try:
        return peek(paths.folder.state)
    except (StoreRefused, StoreFailed) as error:
        raise CommandError(str(error)) from None
    except OSError as error:
        raise CommandError(f"{paths.folder.state} cannot be read: {error.strerror}") from None
